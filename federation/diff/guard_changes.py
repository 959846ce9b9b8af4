"""Guards that became looser or tighter, from what two updates recorded.

What they record is in federation/access/baseline.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from federation.core.wording import Name, Sentence, listed

# Guards that hold for accounts, for permission sets or for principals: fewer entries guard less.
_ACCOUNTS: Final = ("protectedAccounts", "never")
_NAMES: Final = ("adminPermissionSets", "breakGlass", "separationOfDuties")
_RANKS: Final[Mapping[str | None, int]] = {None: 0, "warn": 1, "error": 2}


@dataclass(frozen=True, kw_only=True)
class GuardChange:
    """One guard that became looser or tighter; `accounts` are concerned, where it names some."""

    loosened: bool
    sentence: Sentence
    accounts: tuple[str, ...] = ()


def guard_changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    sets: Iterable[str],
    principals: Mapping[str, str],
) -> tuple[GuardChange, ...]:
    """Every guard that differs, loosened ones first. `sets` are the permission sets that stay,
    `principals` the labels of groups and people by key.
    """
    found = [
        *_account_guards(before, after),
        *_name_guards(before, after, frozenset(sets), principals),
        *_removals(before.get("maxRemovals"), after.get("maxRemovals")),
        *_levels(before.get("levels") or {}, after.get("levels") or {}),
        *_scopes(before.get("scopes") or {}, after.get("scopes") or {}),
    ]
    return tuple(sorted(found, key=lambda one: (not one.loosened, one.sentence, one.accounts)))


def _account_guards(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GuardChange]:
    words = {"protectedAccounts": "protected", "never": "closed to every rule (never)"}
    for guard in _ACCOUNTS:
        old, new = set(before.get(guard) or ()), set(after.get(guard) or ())
        for accounts, loosened in ((old - new, True), (new - old, False)):
            if accounts:
                verb = "no longer" if loosened else "now"
                yield GuardChange(
                    loosened=loosened,
                    sentence=(f"{verb} {words[guard]}: ",),
                    accounts=tuple(sorted(accounts)),
                )


def _name_guards(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    sets: frozenset[str],
    principals: Mapping[str, str],
) -> Iterator[GuardChange]:
    words = {
        "adminPermissionSets": "guarded as admin permission set",
        "breakGlass": "guarded as break-glass access",
        "separationOfDuties": "kept apart (separationOfDuties)",
    }
    for guard in _NAMES:
        old, new = set(before.get(guard) or ()), set(after.get(guard) or ())
        gone, added = old - new, new - old
        if guard == "adminPermissionSets":
            # A set that is new or gone, or whose policies change, is told of as such.
            gone, added = gone & sets, set()
        for names, loosened in ((gone, True), (added, False)):
            if names:
                verb = "no longer" if loosened else "now"
                called = principals if guard == "breakGlass" else {}
                listing = listed(Name(called.get(name, name)) for name in sorted(names))
                yield GuardChange(
                    loosened=loosened, sentence=(f"{verb} {words[guard]}: ", *listing)
                )


def _removals(before: int | None, after: int | None) -> Iterator[GuardChange]:
    if before == after:
        return
    shown = ["no limit" if one is None else str(one) for one in (after, before)]
    loosened = after is None or (before is not None and after > before)
    yield GuardChange(
        loosened=loosened,
        sentence=(f"assignments removed at most: {shown[0]} instead of {shown[1]}",),
    )


def _levels(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GuardChange]:
    for guard in sorted(before.keys() | after.keys()):
        # A guard that is not mentioned is an error by itself, but for those of their own.
        unset = None if guard in ("requireOwner", "usersInsteadOfGroups") else "error"
        unset = "warn" if guard == "escalatesOnProtected" else unset
        old, new = before.get(guard, unset), after.get(guard, unset)
        if old != new:
            yield GuardChange(
                loosened=_RANKS.get(new, 0) < _RANKS.get(old, 0),
                sentence=(f"{guard}: {new or 'off'} instead of {old or 'off'}",),
            )


def _scopes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GuardChange]:
    for file in sorted(before.keys() | after.keys()):
        old, new = set(before.get(file) or ()), set(after.get(file) or ())
        for accounts, loosened in ((new - old, True), (old - new, False)):
            if accounts:
                verb = "may now touch" if loosened else "may no longer touch"
                yield GuardChange(
                    loosened=loosened,
                    sentence=("rules in ", Name(file), f" {verb} "),
                    accounts=tuple(sorted(accounts)),
                )
