"""The access diff in one line: how much of what."""

from __future__ import annotations

from typing import Literal

from federation.core.wording import count
from federation.diff.changes import AccessChange, AccessDiff
from federation.diff.set_changes import SetChange


def title(diff: AccessDiff) -> str:
    """`2 gains, 1 loss, 1 permission set widened`, or `no changes`."""
    sets = [
        change.direction
        for change in diff.sets
        if change.what == "changed" and change.changes and not becomes_admin(change)
    ]
    parts = [
        *number(_pairs(diff, "gained"), "gain"),
        *number(_pairs(diff, "moved"), "access moved to a re-created principal", "accesses moved"),
        *number(_pairs(diff, "lost"), "loss", "losses"),
        *_sets(sum(map(becomes_admin, diff.sets)), "now for administration"),
        *_sets(sets.count("wider"), "widened"),
        *_sets(sets.count("narrower"), "narrowed"),
        *_sets(sets.count("neutral"), "changed"),
        *_sets(sum(bool(one.outdated) for one in diff.sets), "to be provisioned anew"),
        *_sets(sum(one.missing for one in diff.sets), "missing in AWS"),
        *number(_members(diff, "more"), "member gained", "members gained"),
        *number(_members(diff, "less"), "member lost", "members lost"),
        *number(sum(change.what == "new" for change in diff.sets), "new permission set"),
        *_sets(sum(change.what == "renamed" for change in diff.sets), "renamed"),
        *_sets(sum(change.what == "removed" for change in diff.sets), "removed"),
        *number(sum(one.loosened for one in diff.guards), "guard loosened", "guards loosened"),
        *number(
            sum(one.weakens for one in diff.record),
            "rule or setting loosened",
            "rules and settings loosened",
        ),
        *number(_others(diff), "other change"),
    ]
    by_hand = number(len(diff.unmanaged.grants), "grant by hand", "grants by hand")
    return ", ".join([*(parts or ["no changes"]), *by_hand])


def _others(diff: AccessDiff) -> int:
    rest = {
        (one.principal, one.permission_set)
        for one in diff.of("adopted", "again", "renamed", "leftover")
    }
    recorded = [one for one in diff.record if not one.weakens]
    return sum(not change.members for change in diff.trust) + len(rest) + len(recorded)


def _members(diff: AccessDiff, effect: str) -> int:
    return sum(len(one.persons) for one in diff.trust if one.members and one.effect == effect)


def _pairs(diff: AccessDiff, what: Literal["gained", "lost", "moved"]) -> int:
    moved = renamed(diff)
    return len({(one.principal, one.permission_set) for one in diff.of(what) if one not in moved})


def renamed(diff: AccessDiff) -> dict[AccessChange, str]:
    """Gains and losses that come to nothing, since the set has only got another name."""
    found: dict[AccessChange, str] = {}
    for change in diff.sets:
        if change.what != "renamed":
            continue
        new = {
            (one.principal, one.accounts): one
            for one in diff.of("gained")
            if one.permission_set == change.name
        }
        for old in diff.of("lost"):
            gained = new.get((old.principal, old.accounts))
            if gained is not None and old.permission_set == change.instead_of:
                found |= {gained: old.permission_set, old: ""}
    return found


def becomes_admin(change: SetChange) -> bool:
    """Whether a set that was none becomes one for administration."""
    return change.what == "changed" and change.admin_after and not change.admin_before


def number(found: int, word: str, plural: str = "") -> list[str]:
    """`2 assignments` as a list of one, an empty list for 0."""
    return [count(found, word, plural)] if found else []


def _sets(number: int, word: str) -> list[str]:
    return [f"{count(number, 'permission set')} {word}"] if number else []
