"""Members in the access diff: steps of the engine and repairs, one line for all of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from federation.access.assignments import PrincipalKey
from federation.access.labels import Identity
from federation.core.errors import InvalidInput
from federation.core.wording import plain
from federation.diff.changes import Context, access_diff
from federation.diff.rendering.story import tell
from federation.engine.preview import Preview
from federation.engine.repairs import GroupRepair, RepairLog
from tests.federation.diff.steps import preview, step

GROUP, MEMBER = "azuread:index/group:Group", "azuread:index/groupMember:GroupMember"
REPAIRS = "federation:index:Repairs"
CONTEXT = Context(principals={PrincipalKey("GROUP", "team"): Identity(name="Team")})
REMOVED = GroupRepair(
    group="team",
    group_name="Team",
    group_id="g-1",
    relation="members",
    action="remove",
    object_id="mal",
    name="mallory@example.com",
)


def _member(op: str, ident: str, group: str = "team") -> dict[str, Any]:
    inputs = {"groupObjectId": "g-1", "memberObjectId": ident}
    return step(
        op,
        MEMBER,
        f"group/{group}/{ident}",
        before=None if op in ("create", "import") else inputs,
        after=None if op == "delete" else inputs,
    )


def _group(op: str) -> dict[str, Any]:
    return step(
        op,
        GROUP,
        "group/team",
        before=None if op == "create" else {"displayName": "Team"},
        after=None if op == "delete" else {"displayName": "Team"},
    )


def _lines(found: Preview) -> list[str]:
    diff = access_diff(found, CONTEXT, today=date(2026, 11, 24))
    return [plain(line.sentence) for line in tell(diff).lines]


def test_members_who_come_go_or_stay_are_one_line_each() -> None:
    steps = [_member("create", one) for one in ("ann", "bob")]
    steps += [_member("delete", "cid"), _member("import", "dan"), _member("same", "eve")]
    assert _lines(preview(_group("same"), *steps)) == [
        "Team gets 2 members: ann and bob",
        "Team loses 1 member: cid",
        "Team keeps 1 member, from now on in the state: dan",
    ]


@pytest.mark.parametrize(
    ("op", "line"),
    [
        ("create", "Team is a new group with 2 members: ann and bob"),
        ("delete", "Team is deleted in Entra"),
        ("replace", "Team is deleted in Entra and made anew"),
    ],
)
def test_a_group_that_comes_or_goes_does_so_with_its_members(op: str, line: str) -> None:
    assert _lines(preview(_group(op), _member(op, "bob"), _member(op, "ann"))) == [line]


def test_a_step_that_fits_no_line_is_told_all_the_same() -> None:
    assert _lines(preview(_member("replace", "ann"))) == ["replace of GroupMember group/team/ann"]
    stray = step("create", MEMBER, "stray", after={"memberObjectId": "ann"})
    assert _lines(preview(stray)) == ["create of GroupMember stray"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "Team loses 1 member that nobody declares: mallory@example.com"),
        (
            {"action": "add"},
            "Team gets 1 member declared here that Entra lacks: mallory@example.com",
        ),
        (
            {"relation": "owners"},
            "Team loses 1 owner that nobody declares: mallory@example.com",
        ),
        (
            {"relation": "owners", "action": "add"},
            (
                "Team gets 1 owner declared here that Entra lacks, who decides who is in it: "
                "mallory@example.com"
            ),
        ),
    ],
)
def test_repairs_are_shown_by_name(change: Mapping[str, Any], line: str) -> None:
    data = RepairLog().following([REMOVED]).to_dict()
    data["repairs"][0] |= change
    assert _lines(preview(step("create", REPAIRS, "repairs", after=data))) == [line]


def test_repairs_of_an_update_before_are_no_change() -> None:
    data = RepairLog().following([REMOVED]).to_dict()
    assert _lines(preview(step("same", REPAIRS, "repairs", before=data, after=data))) == []


def test_repairs_in_an_unknown_form_stop_the_diff() -> None:
    with pytest.raises(InvalidInput):
        preview(step("create", REPAIRS, "repairs", after={"number": 1, "repairs": [{"kind": "x"}]}))
