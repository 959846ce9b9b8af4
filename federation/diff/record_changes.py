"""What changes no resource and yet what is allowed, or for how long: read from two records.

The records are those of federation/update/review_record.py, of the last update and of this one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from federation.access.assignments import Assignment, PrincipalKey
from federation.core.wording import Code, Name, Sentence, listed

_TOKEN: Final = "provisioning.tokenExpires"  # noqa: S105 - the name of a setting
# Settings of which a higher value, or one that is not this, allows more.
# A later end of a token that is not a new one only silences the reminder.
_HIGHER_ALLOWS: Final = frozenset({"provisioning.deleteThreshold", _TOKEN})
_STRICT: Final[Mapping[str, Any]] = {
    "requireReviewed": True,
    "unmanaged": "fail",
    "protect": True,
    "allowPhaseBack": None,
}
# Who writes, and what the stack builds upon: any change counts.
_ANY: Final = frozenset({"identityCenter.managementAccess", "federationStack"})


@dataclass(frozen=True, kw_only=True)
class RecordChange:
    """One change. `weakens` says that something is allowed, or lasts longer, than before.

    `principal` comes before the sentence, `accounts` after it, where the change is about some.
    """

    weakens: bool
    sentence: Sentence
    principal: PrincipalKey | None = None
    accounts: tuple[str, ...] = ()


def record_changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    was: Collection[Assignment],
    now: Collection[Assignment],
    new_token: bool = False,
) -> tuple[RecordChange, ...]:
    """Every difference but guards and accounts, weakening ones first. `was` and `now` are the
    assignments before and after the update, as far as the preview names them. `new_token` says that
    the SCIM credentials change: then the end of the token is that of another one.
    """
    found = [
        *_ends(before["ends"], after["ends"], was, set(now) - _named(after["frozen"])),
        *_rules(before["rules"], after["rules"]),
        *_listed(before, after, "optional", "may match nothing without an error", Code),
        *_listed(before, after, "adopt", "may join a group made by hand in Identity Center", Name),
        *_moved(before["moved"], after["moved"]),
        *_quotas(before["quotas"], after["quotas"]),
        *(
            one
            for name, one in _settings(before["settings"], after["settings"])
            if not (new_token and name == _TOKEN)
        ),
    ]
    return tuple(sorted(found, key=lambda one: (not one.weakens, one.sentence, one.accounts)))


def _ends(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    was: Collection[Assignment],
    now: Collection[Assignment],
) -> Iterator[RecordChange]:
    """Access that lasts longer, or ends earlier, than it was reviewed for."""
    old, new = _days(before), _days(after)
    staying = (old.keys() | set(was)) & (new.keys() | set(now))
    found: dict[tuple[PrincipalKey, str, str, str], list[str]] = defaultdict(list)
    for one in staying & (old.keys() | new.keys()):
        days = old.get(one, ""), new.get(one, "")
        if days[0] != days[1]:
            found[one.principal, one.permission_set, *days].append(one.account)
    for (principal, permission_set, first, last), accounts in found.items():
        ends = f" until {last}" if last else " without an end"
        instead = f" instead of until {first}" if first else " instead of without an end"
        yield RecordChange(
            weakens=bool(first) and (not last or last > first),
            sentence=("has ", Name(permission_set), f"{ends}{instead}"),
            principal=principal,
            accounts=tuple(sorted(accounts)),
        )


def _days(ends: Mapping[str, Mapping[str, Any]]) -> dict[Assignment, str]:
    """The last day of each assignment that has one."""
    return {
        Assignment.parse(f"{holder}/{account}"): day
        for day, holders in ends.items()
        for holder, accounts in holders.items()
        for account in accounts
    }


def _named(names: Collection[str]) -> set[Assignment]:
    return {Assignment.parse(name) for name in names}


def _rules(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[RecordChange]:
    for name, now in sorted(after.items()):
        was = before.get(name, {"owner": now["owner"], "acknowledged": False})
        if now["acknowledged"] != was["acknowledged"]:
            verb = "may give" if now["acknowledged"] else "no longer may give"
            yield RecordChange(
                weakens=now["acknowledged"],
                sentence=(
                    "rule ",
                    Name(name),
                    f" {verb} admin sets in protected accounts (protected: acknowledged)",
                ),
            )
        if now["owner"] != was["owner"]:
            owner = Name(now["owner"]) if now["owner"] else "nobody"
            instead = Name(was["owner"]) if was["owner"] else "nobody"
            yield RecordChange(
                weakens=not now["owner"],
                sentence=("rule ", Name(name), " has the owner ", owner, " instead of ", instead),
            )


def _listed(
    before: Mapping[str, Any], after: Mapping[str, Any], key: str, what: str, word: type[Name]
) -> Iterator[RecordChange]:
    """Names for which something is allowed."""
    for names, verb, weakens in (
        (set(after[key]) - set(before[key]), what, True),
        (set(before[key]) - set(after[key]), f"no longer {what}", False),
    ):
        if names:
            shown = listed(word(one) for one in sorted(names))
            yield RecordChange(weakens=weakens, sentence=(*shown, f" {verb} ({key})"))


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[RecordChange]:
    for old, new in sorted(after.items()):
        if before.get(old) != new:
            yield RecordChange(
                weakens=False, sentence=("the key ", Name(old), " is now ", Name(new), " (moved)")
            )


def _quotas(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[RecordChange]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was != now:
            shown = [f"{one:,}" if one is not None else "the default" for one in (now, was)]
            yield RecordChange(
                # What a default is, AWS may change: only a lower limit of one's own surely is one.
                weakens=now is None or was is None or now > was,
                sentence=(f"quotas.{name}: {shown[0]} instead of {shown[1]}",),
            )


def _settings(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, RecordChange]]:
    """The changes by the name of the setting."""
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        # The phase says that provisioning begins, or ends.
        if was == now or (name.startswith("provisioning.") and None in (was, now)):
            continue
        if name == "acceptRecreated":
            yield from ((name, one) for one in _accepted(was or {}, now or {}))
            continue
        sentence = (f"setting {name}: ", _shown(now), " instead of ", _shown(was))
        yield name, RecordChange(weakens=_weakens(name, was, now), sentence=sentence)


def _weakens(name: str, was: Any, now: Any) -> bool:
    if name in _HIGHER_ALLOWS:
        return was is not None and now is not None and now > was
    if name in _STRICT:
        return bool(now != _STRICT[name])
    return name in _ANY and was is not None


def _accepted(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[RecordChange]:
    for key, ident in sorted(after.items()):
        if before.get(key) != ident:
            yield RecordChange(
                weakens=True,
                sentence=(
                    "the key ",
                    Name(key),
                    " may mean another object, ",
                    Name(ident),
                    " (acceptRecreated)",
                ),
            )


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return Name(", ".join(value) if isinstance(value, list) else str(value))
