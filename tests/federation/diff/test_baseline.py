"""What became looser since the last update, guard by guard."""

from __future__ import annotations

from typing import Any

import pytest

from federation.core.wording import plain
from federation.diff.guard_changes import GuardChange, guard_changes

GUARDS: dict[str, Any] = {
    "protectedAccounts": ["711111111111", "722222222222"],
    "never": ["999999999999"],
    "adminPermissionSets": ["Administrator", "Rescue"],
    "breakGlass": ["break-glass"],
    "separationOfDuties": ["Deploy, Audit"],
    "maxRemovals": 20,
    "levels": {"requireOwner": "error", "usersInsteadOfGroups": None},
    "scopes": {"access/team-a.yaml": ["611111111111"]},
}

BREAK_GLASS = "Everyone (key break-glass, id 1)"


def _told(**changes: Any) -> list[tuple[bool, str, tuple[str, ...]]]:
    found = guard_changes(
        GUARDS,
        {**GUARDS, **changes},
        sets=["Administrator", "ReadOnly"],
        principals={"break-glass": BREAK_GLASS},
    )
    return [(one.loosened, plain(one.sentence), one.accounts) for one in found]


def test_the_same_guards_are_no_change() -> None:
    assert _told() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"protectedAccounts": ["711111111111", "733333333333"]},
            [
                (True, "no longer protected: ", ("722222222222",)),
                (False, "now protected: ", ("733333333333",)),
            ],
        ),
        (
            {"never": []},
            [(True, "no longer closed to every rule (never): ", ("999999999999",))],
        ),
        (
            {"adminPermissionSets": ["ReadOnly"]},
            # Rescue is gone as a set, and ReadOnly is one more: neither loosens a guard.
            [(True, "no longer guarded as admin permission set: Administrator", ())],
        ),
        (
            {"breakGlass": []},
            [(True, f"no longer guarded as break-glass access: {BREAK_GLASS}", ())],
        ),
        (
            {"separationOfDuties": ["Deploy, Audit, Look"]},
            [
                (True, "no longer kept apart (separationOfDuties): Deploy, Audit", ()),
                (False, "now kept apart (separationOfDuties): Deploy, Audit, Look", ()),
            ],
        ),
        ({"maxRemovals": 21}, [(True, "assignments removed at most: 21 instead of 20", ())]),
        ({"maxRemovals": 19}, [(False, "assignments removed at most: 19 instead of 20", ())]),
        (
            {"maxRemovals": None},
            [(True, "assignments removed at most: no limit instead of 20", ())],
        ),
        (
            {"levels": {"requireOwner": "warn", "usersInsteadOfGroups": "warn", "never": "warn"}},
            [
                (True, "never: warn instead of error", ()),
                (True, "requireOwner: warn instead of error", ()),
                (False, "usersInsteadOfGroups: warn instead of off", ()),
            ],
        ),
        (
            {"scopes": {"access/team-a.yaml": ["611111111111", "622222222222"]}},
            [(True, "rules in access/team-a.yaml may now touch ", ("622222222222",))],
        ),
        (
            {"scopes": {}},
            [(False, "rules in access/team-a.yaml may no longer touch ", ("611111111111",))],
        ),
    ],
)
def test_a_guard_that_changes_is_looser_or_tighter(
    changes: dict[str, Any], told: list[tuple[bool, str, tuple[str, ...]]]
) -> None:
    assert _told(**changes) == told


def test_a_limit_where_there_was_none_is_tighter() -> None:
    before = {**GUARDS, "maxRemovals": None}
    assert guard_changes(before, GUARDS, sets=(), principals={}) == (
        GuardChange(
            loosened=False, sentence=("assignments removed at most: 20 instead of no limit",)
        ),
    )
