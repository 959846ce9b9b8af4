"""Lines about what was granted by hand, which the update leaves as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from federation.core.wording import Name, Sentence, Strong, several
from federation.diff.changes import AccessDiff
from federation.diff.rendering.accounts import on_accounts
from federation.diff.rendering.line import Line, Mark
from federation.engine.unmanaged import AppGrant, AssignmentGrant, Grant, who

_SHOWN: Final = 8


def unmanaged_lines(diff: AccessDiff) -> Iterator[Line]:
    """One line for the application, and one for each permission set and whoever has it."""
    people: list[Name] = []
    accounts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for grant in diff.unmanaged.grants:
        if isinstance(grant, AppGrant):
            people.append(Name(who(grant)))
        else:
            accounts[grant.permission_set, _holder(grant)].append(grant.account)
    if people:
        subject = several(people, shown=_SHOWN)
        verb = "is" if len(people) == 1 else "are"
        yield Line(
            mark=_mark(diff, risky=False),
            sentence=(*subject, f" {verb} assigned to the application by hand, not declared"),
        )
    for (name, holder), where in accounts.items():
        risky = name in diff.admins or any(map(diff.context.protected, where))
        yield Line(mark=_mark(diff, risky=risky), sentence=_sentence(diff, name, holder, where))


def _holder(grant: Grant) -> str:
    return who(grant) if isinstance(grant, AssignmentGrant) else ""


def _sentence(diff: AccessDiff, name: str, holder: str, where: list[str]) -> Sentence:
    shown = Strong(name) if name in diff.admins else Name(name)
    place = on_accounts(diff.context, tuple(where))
    if holder:
        return (Name(holder), " has ", shown, *place, " by hand, not declared")
    return (shown, " is assigned by hand", *place, ", where nothing of it is declared")


def _mark(diff: AccessDiff, *, risky: bool) -> Mark:
    return "danger" if risky or diff.unmanaged.fails else "warning"
