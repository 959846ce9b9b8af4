"""Accounts in words: by name, grouped by OU, the protected ones marked."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from federation.core.wording import Name, Sentence, count, listed
from federation.diff.changes import Context

LOCK: Final = "🔒"
_SHOWN: Final = 8
_ROOT: Final = "below the root"


def on_accounts(context: Context, accounts: tuple[str, ...]) -> Sentence:
    """` on 3 protected accounts (Workloads/Prod: billing, core and web)`."""
    protected = [one for one in accounts if context.protected(one)]
    if len(accounts) == 1:
        return _on_one(context, accounts[0])
    number = count(len(accounts), "account")
    if len(protected) == len(accounts):
        number = f"{len(accounts):,} protected accounts"
    elif protected:
        number = f"{number}, {len(protected):,} of them protected {LOCK}"
    return (
        f" on {number} (",
        *_by_unit(context, accounts, mark=len(protected) < len(accounts)),
        ")",
    )


def named(context: Context, accounts: tuple[str, ...]) -> Sentence:
    """`Workloads/Prod: billing and web`, or by id where there are no names."""
    return _by_unit(context, accounts, mark=False)


def _on_one(context: Context, account: str) -> Sentence:
    label = context.accounts.get(account)
    if label is None:
        return (f" on account {account}",)
    prefix = " on the protected account " if label.protected else " on "
    return (prefix, Name(label.name), " (", _unit(label.unit), ")")


def _unit(unit: str) -> str:
    return Name(unit) if unit else _ROOT


def _by_unit(context: Context, accounts: tuple[str, ...], *, mark: bool) -> Sentence:
    units: dict[str | None, list[str]] = defaultdict(list)
    for account in accounts:
        label = context.accounts.get(account)
        units[label.unit if label else None].append(account)
    # Units with protected accounts come first; without a name, accounts come last.
    ordered = sorted(
        units.items(),
        key=lambda unit: (
            unit[0] is None,
            not any(map(context.protected, unit[1])),
            unit[0] or "",
        ),
    )
    parts: list[str] = []
    shown = 0
    for unit, members in ordered:
        room = _SHOWN - shown
        if room <= 0:
            break
        named = sorted(members, key=lambda one: _name(context, one))
        parts += ["; "] * bool(parts)
        parts += [] if unit is None else [_unit(unit), ": "]
        words = [_name(context, one) for one in named[:room]]
        locked = [mark and context.protected(one) for one in named[:room]]
        parts += listed(words) if not any(locked) else _locked(words, locked)
        shown += len(words)
    if shown < len(accounts):
        parts.append(f" and {len(accounts) - shown:,} more")
    return tuple(parts)


def _locked(words: list[Name], locked: list[bool]) -> Sentence:
    parts: list[str] = []
    for index, (word, lock) in enumerate(zip(words, locked, strict=True)):
        if index:
            parts.append(" and " if index == len(words) - 1 else ", ")
        parts += [word, f" {LOCK}"] if lock else [word]
    return tuple(parts)


def _name(context: Context, account: str) -> Name:
    label = context.accounts.get(account)
    return Name(label.name if label else account)


def place(context: Context, account: str) -> tuple[str, ...]:
    """Cells for a list: the account's path, its id, and whether it is protected."""
    label = context.accounts.get(account)
    if label is None:
        return (account,)
    return (label.path, account, *(["protected"] if label.protected else []))
