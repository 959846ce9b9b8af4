"""Lines about access: assignments, and what changes inside permission sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from federation.core.wording import Name, Sentence, Strong, count, several
from federation.diff.changes import AccessChange, AccessDiff
from federation.diff.rendering.accounts import on_accounts
from federation.diff.rendering.line import Line, Mark, people, who
from federation.diff.rendering.title import becomes_admin, renamed
from federation.diff.set_changes import Aspect, SetChange

_SHOWN_HOLDERS: Final = 4


def access_lines(diff: AccessDiff) -> Iterator[Line]:
    """Who gains and loses what, then the permission sets."""
    moved = renamed(diff)
    for change in diff.access:
        if change in moved:
            yield from _in_place(diff, change, moved[change])
        else:
            yield from _access(diff, change)
    for one in diff.sets:
        yield from _not_as_left(diff, one)
        if one.changes:
            yield _set(diff, one)


def _not_as_left(diff: AccessDiff, change: SetChange) -> Iterator[Line]:
    """What of a set is in effect although the last update said otherwise."""
    name = Strong(change.name) if change.admin_after else Name(change.name)
    if change.missing:
        gone = " no longer exists in AWS, nor does the access that it gave: pulumi up --refresh"
        yield Line(mark="danger", sentence=(name, gone, " makes both anew"))
    if change.outdated:
        older = " is still provisioned with an older version"
        where = on_accounts(diff.context, change.outdated)
        new = ", and is provisioned anew: what was taken out of it is in effect there"
        yield Line(mark="danger", sentence=(name, older, *where, new))


def _in_place(diff: AccessDiff, change: AccessChange, old: str) -> Iterator[Line]:
    if old:
        sentence = (
            *(who(diff, change.principal), " has ", _named(change)),
            *(" in the place of ", Name(old), *on_accounts(diff.context, change.accounts)),
            *people(diff, change.principal),
        )
        yield Line(mark="interrupt", sentence=sentence)


def _access(diff: AccessDiff, change: AccessChange) -> Iterator[Line]:
    protected = tuple(one for one in change.accounts if diff.context.protected(one))
    if change.what in ("gained", "moved") and change.admin and protected:
        others = tuple(one for one in change.accounts if one not in protected)
        yield _access_line(diff, change, protected, "danger")
        if others:
            yield _access_line(diff, change, others, "gain")
        return
    yield _access_line(diff, change, change.accounts, _ACCESS[change.what][0])


_ACCESS: Final[dict[str, tuple[Mark, str, str]]] = {
    "gained": ("gain", " gains ", ""),
    "moved": ("danger", ", re-created, takes over ", ""),
    "adopted": ("other", " has ", " already, which comes under the stack's management"),
    "lost": ("loss", " loses ", ""),
    "again": ("interrupt", " gets ", " made anew"),
    "leftover": ("other", ": what an interrupted update left of ", " is taken away"),
    "renamed": ("other", " keeps ", " under a new key"),
}


def _access_line(
    diff: AccessDiff, change: AccessChange, accounts: tuple[str, ...], mark: Mark
) -> Line:
    _, verb, after = _ACCESS[change.what]
    gap = ", missing for a moment" if change.gap else ""
    ended = f", which ended on {change.ended}" if change.ended else ""
    late = ", as soon as it arrives in Identity Center" if change.late else ""
    return Line(
        mark=mark,
        sentence=(
            *(who(diff, change.principal), verb, _named(change)),
            *on_accounts(diff.context, accounts),
            f"{after}{gap}{late}{ended}",
            *people(diff, change.principal),
        ),
    )


def _named(change: AccessChange) -> Name:
    return Strong(change.permission_set) if change.admin else Name(change.permission_set)


def _set(diff: AccessDiff, change: SetChange) -> Line:
    name = Strong(change.name) if change.admin_after else Name(change.name)
    below = tuple((_aspect(diff, change, one), one.sentence) for one in change.aspects)
    holders = _holders(diff, change.name)
    if change.what == "new":
        admin = ", for administration" if change.admin_after else ""
        return Line(mark="wider", sentence=("new permission set ", name, admin), below=below)
    if change.what == "renamed":
        old: Sentence = ("permission set ", Name(change.instead_of), " is made anew as ", name)
        follow = ": the same policies, but other roles; key policies and EKS access that name them"
        return Line(mark="interrupt", sentence=(*old, f"{follow} have to follow"))
    if change.what == "removed":
        return Line(mark="loss", sentence=("permission set ", name, " is removed"))
    if change.repaired:
        below = (*below, ("other", ("AWS had it otherwise than the last update left it",)))
    if change.replaced:
        below = (*below, ("interrupt", ("its roles are made anew in every account",)))
    mark: Mark = _direction(change.direction)
    if becomes_admin(change) or any(one == "danger" for one, _ in below):
        mark = "danger"
    if becomes_admin(change):
        gains: Sentence = (name, " now allows administration")
        return Line(mark=mark, sentence=(*gains, *holders), below=below)
    if change.replaced and mark == "other":
        mark = "interrupt"
    if len(below) == 1:
        return Line(mark=mark, sentence=(name, ": ", *below[0][1], *holders))
    verb = {"wider": "widened", "narrower": "narrowed", "neutral": "changed"}[change.direction]
    return Line(mark=mark, sentence=(name, f" is {verb}", *holders), below=below)


def _aspect(diff: AccessDiff, change: SetChange, aspect: Aspect) -> Mark:
    longer = aspect.longer_session and change.name in diff.admins
    return "danger" if longer else _direction(aspect.direction)


def _direction(direction: str) -> Mark:
    marks: dict[str, Mark] = {"wider": "wider", "narrower": "narrower"}
    return marks.get(direction, "other")


def _holders(diff: AccessDiff, name: str) -> Sentence:
    assignments = diff.holders.get(name, ())
    if not assignments:
        return (" · held by nobody",) if diff.assignments is not None else ()
    principals = sorted({assignment.principal for assignment in assignments})
    accounts = {assignment.account for assignment in assignments}
    protected = sum(map(diff.context.protected, accounts))
    where = count(len(accounts), "account")
    if protected == len(accounts):
        where = count(protected, "protected account")
    elif protected:
        where = f"{where}, {protected} of them protected"
    return (
        " · held by ",
        *several((who(diff, key) for key in principals), shown=_SHOWN_HOLDERS),
        f" on {where}",
    )
