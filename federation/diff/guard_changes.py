"""Guards that became looser or tighter, by what they forbid (federation/access/guard_record.py).

Whatever was forbidden before and is allowed afterwards makes a guard looser, also where the
accounts of today make no difference: a guard is for what comes tomorrow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from federation.core.wording import Code, Name, Sentence, listed

_RANKS: Final[Mapping[str | None, int]] = {None: 0, "warn": 1, "error": 2}
_EVERYTHING: Final = "ou: /"
_NO_LONGER, _NOW = "no longer", "now"
_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class GuardChange:
    """One guard that became looser or tighter; `accounts` are concerned, where it names some."""

    loosened: bool
    sentence: Sentence
    accounts: tuple[str, ...] = ()


def guard_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], principals: Mapping[str, str]
) -> tuple[GuardChange, ...]:
    """Every guard that differs between two records, loosened ones first. `principals` are the
    labels of groups and people by key.
    """
    found = [
        *_accounts(before["protectedAccounts"], after["protectedAccounts"], "protected"),
        *_accounts(before["never"], after["never"], "closed to every rule (never)"),
        *_rescue(before, after),
        *_administrative(before, after),
        *_harmless(before.get("harmlessPolicies", ()), after.get("harmlessPolicies", ())),
        *_break_glass(before["breakGlass"], after["breakGlass"], principals),
        *_apart(before["apart"], after["apart"]),
        *_removals(before["maxRemovals"], after["maxRemovals"]),
        *_levels(before["levels"], after["levels"]),
        *_scopes(before, after),
    ]
    return tuple(sorted(found, key=lambda one: (not one.loosened, one.sentence, one.accounts)))


def _accounts(
    before: Mapping[str, Any], after: Mapping[str, Any], what: str
) -> Iterator[GuardChange]:
    """A guard that forbids something on accounts: fewer of them forbid less."""
    for old, new, loosened in ((before, after, True), (after, before, False)):
        verb = "no longer" if loosened else "now"
        yield from _gone(old, new, loosened=loosened, sentence=(f"{verb} {what}: ",))


def _gone(
    old: Mapping[str, Any], new: Mapping[str, Any], *, loosened: bool, sentence: Sentence
) -> Iterator[GuardChange]:
    """What accounts and selectors `new` lacks of `old`; selectors where no account shows it."""
    accounts = tuple(sorted(set(old["accounts"]) - set(new["accounts"])))
    if accounts:
        yield GuardChange(loosened=loosened, sentence=sentence, accounts=accounts)
        return
    selectors = [one for one in old["selectors"] if not _covered(one, new["selectors"])]
    if selectors:
        names = listed(Code(one) for one in selectors)
        yield GuardChange(loosened=loosened, sentence=(*sentence, "whatever comes to ", *names))


def _covered(selector: str, others: Collection[str]) -> bool:
    """Whether one of the others means at least the accounts of a selector, today and tomorrow."""
    if selector in others:
        return True
    kind, _, path = selector.partition(": ")
    if kind != "ou":
        return False
    return any(one == _EVERYTHING or f"{path}/".startswith(f"{_unit(one)}/") for one in others)


def _unit(selector: str) -> str:
    """The path of a selector of a whole OU, another text for all others."""
    kind, _, path = selector.partition(": ")
    return path if kind == "ou" else "\0"


def _rescue(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GuardChange]:
    """`never` beats break-glass: what it closes needs no way in any more."""
    if before["breakGlass"] and after["breakGlass"]:
        closed = set(after["never"]["accounts"]) - set(before["never"]["accounts"])
        lost = closed & set(before["protectedAccounts"]["accounts"])
        if lost:
            sentence = ("break-glass needs no way in (never): ",)
            yield GuardChange(loosened=True, sentence=sentence, accounts=tuple(sorted(lost)))


def _administrative(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GuardChange]:
    """A set that is administrative by its own policies needs no mention."""
    old, new = set(before["adminPermissionSets"]), set(after["adminPermissionSets"])
    for verb, names in (
        (_NO_LONGER, old - new - set(after["administrative"])),
        (_NOW, new - old - set(before["administrative"])),
    ):
        yield from _guarded(verb, "admin permission set", names)


def _harmless(before: Iterable[str], after: Iterable[str]) -> Iterator[GuardChange]:
    """A customer-managed policy that is harmless makes no set escalate."""
    for verb, policies in _differences(after, before):
        yield from _guarded(verb, "policy that may administer (harmlessPolicies)", policies)


def _break_glass(
    before: Iterable[str], after: Iterable[str], principals: Mapping[str, str]
) -> Iterator[GuardChange]:
    for verb, keys in _differences(before, after):
        yield from _guarded(verb, "break-glass access", {principals.get(key, key) for key in keys})


def _apart(before: Iterable[list[str]], after: Iterable[list[str]]) -> Iterator[GuardChange]:
    for verb, pairs in _differences(map(tuple, before), map(tuple, after)):
        for one, other in sorted(pairs):
            sets = (Name(one), " and ", Name(other))
            sentence = (f"{verb} kept apart (separationOfDuties): ", *sets)
            yield GuardChange(loosened=verb is _NO_LONGER, sentence=sentence)


def _differences(guarded: Iterable[_Item], then: Iterable[_Item]) -> list[tuple[str, set[_Item]]]:
    """What is guarded no longer, and what is now."""
    old, new = set(guarded), set(then)
    return [(_NO_LONGER, old - new), (_NOW, new - old)]


def _guarded(verb: str, what: str, names: Collection[str]) -> Iterator[GuardChange]:
    if names:
        sentence = (f"{verb} guarded as {what}: ", *listed(Name(one) for one in sorted(names)))
        yield GuardChange(loosened=verb is _NO_LONGER, sentence=sentence)


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
        old, new = before.get(guard), after.get(guard)
        if old != new:
            yield GuardChange(
                loosened=_RANKS[new] < _RANKS[old],
                sentence=(f"{guard}: {new or 'off'} instead of {old or 'off'}",),
            )


def _scopes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GuardChange]:
    """Without scopes every file may touch everything; with them, a file that has none nothing."""
    old, new = before["scopes"], after["scopes"]
    if (old is None) != (new is None):
        held = "no file is held to accounts any more" if new is None else "files are held to scopes"
        yield GuardChange(loosened=new is None, sentence=(f"{held} (scopes)",))
        return
    if old is None or new is None:
        return
    nothing: Mapping[str, Any] = {"accounts": (), "selectors": ()}
    for file in sorted(old.keys() | new.keys()):
        was, now = old.get(file, nothing), new.get(file, nothing)
        for left, right, loosened in ((now, was, True), (was, now, False)):
            verb = "may now touch" if loosened else "may no longer touch"
            sentence = ("rules in ", Name(file), f" {verb} ")
            yield from _gone(left, right, loosened=loosened, sentence=sentence)
    if before["file"] != after["file"]:
        sentence = ("no scope holds ", Name(after["file"]), ", which has the guards now")
        yield GuardChange(loosened=True, sentence=sentence)
