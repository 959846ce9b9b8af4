"""The access diff in words, in order of risk; how they are printed is the renderers' business."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from federation.changes import AccessChange, AccessDiff
from federation.row_changes import Hold
from federation.rows import PrincipalKey
from federation.set_changes import SetChange
from federation.status import Expiry
from federation.trust_changes import TrustChange
from federation.wording import Code, Name, Sentence, Strong, Words, count, listed, several
from ops.diff.accounts import named, on_accounts, place

Mark = Literal[
    "danger", "gain", "wider", "loss", "narrower", "interrupt", "other", "hold", "warning"
]
_MARKS: Final[tuple[Mark, ...]] = (
    *("danger", "gain", "wider", "loss", "narrower", "interrupt", "other", "hold", "warning"),
)
_SHOWN_HOLDERS: Final = 4
_SHOWN_PERSONS: Final = 8


@dataclass(frozen=True, kw_only=True)
class Line:
    """One change; `below` says more about it."""

    mark: Mark
    sentence: Sentence
    below: tuple[tuple[Mark, Sentence], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row in the list of all; `sign` is + for access that is new, - for one that ends."""

    sign: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A diff, told. `rows_title` heads `rows`; `closing` sentences come last."""

    title: str
    stack: str
    lines: tuple[Line, ...]
    rows_title: str
    rows: tuple[Row, ...]
    closing: tuple[Sentence, ...]


def tell(diff: AccessDiff) -> Story:
    """Put a diff in words."""
    if diff.errors:
        return _failed(diff)
    lines = sorted(_lines(diff), key=lambda line: _MARKS.index(line.mark))
    rows = tuple(_rows(diff))
    return Story(
        title=f"Access: {_title(diff)}",
        stack=diff.stack,
        lines=tuple(lines),
        rows_title=_rows_title(diff),
        rows=rows if len(rows) > 1 else (),
        closing=tuple(_closing(diff)),
    )


def _failed(diff: AccessDiff) -> Story:
    errors = [Line(mark="danger", sentence=(Words(error),)) for error in diff.errors]
    return Story(
        title="Access: the preview failed, nothing would be changed",
        stack=diff.stack,
        lines=tuple(errors + list(_warnings(diff))),
        rows_title="",
        rows=(),
        closing=(),
    )


def _title(diff: AccessDiff) -> str:
    sets = [
        change.direction
        for change in diff.sets
        if change.what == "changed" and not _becomes_admin(change)
    ]
    parts = [
        *_number(_pairs(diff, "gained"), "gain"),
        *_number(_pairs(diff, "moved"), "access moved to a re-created principal", "accesses moved"),
        *_number(_pairs(diff, "lost"), "loss", "losses"),
        *_sets(sum(map(_becomes_admin, diff.sets)), "now for administration"),
        *_sets(sets.count("wider"), "widened"),
        *_sets(sets.count("narrower"), "narrowed"),
        *_sets(sets.count("neutral"), "changed"),
        *_number(_members(diff, "more"), "member gained", "members gained"),
        *_number(_members(diff, "less"), "member lost", "members lost"),
        *_number(sum(change.what == "new" for change in diff.sets), "new permission set"),
        *_sets(sum(change.what == "renamed" for change in diff.sets), "renamed"),
        *_sets(sum(change.what == "removed" for change in diff.sets), "removed"),
        *_number(sum(one.loosened for one in diff.guards), "guard loosened", "guards loosened"),
        *_number(_others(diff), "other change"),
    ]
    return ", ".join(parts) or "no changes"


def _others(diff: AccessDiff) -> int:
    rest = {
        (one.principal, one.permission_set)
        for one in diff.of("adopted", "again", "renamed", "leftover")
    }
    return sum(not change.members for change in diff.trust) + len(rest)


def _members(diff: AccessDiff, effect: str) -> int:
    return sum(len(one.persons) for one in diff.trust if one.members and one.effect == effect)


def _pairs(diff: AccessDiff, what: Literal["gained", "lost", "moved"]) -> int:
    moved = _renamed(diff)
    return len({(one.principal, one.permission_set) for one in diff.of(what) if one not in moved})


def _renamed(diff: AccessDiff) -> dict[AccessChange, str]:
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


def _in_place(diff: AccessDiff, change: AccessChange, old: str) -> Iterator[Line]:
    if old:
        sentence = (
            *(who(diff, change.principal), " has ", Name(change.permission_set)),
            *(" in the place of ", Name(old), *on_accounts(diff.context, change.accounts)),
            *_people(diff, change.principal),
        )
        yield Line(mark="interrupt", sentence=sentence)


def _number(number: int, word: str, plural: str = "") -> list[str]:
    return [count(number, word, plural)] if number else []


def _sets(number: int, word: str) -> list[str]:
    return [f"{count(number, 'permission set')} {word}"] if number else []


def _lines(diff: AccessDiff) -> Iterator[Line]:
    yield from _phase(diff)
    yield from _guards(diff)
    yield from _accounts(diff)
    moved = _renamed(diff)
    for change in diff.access:
        if change in moved:
            yield from _in_place(diff, change, moved[change])
        else:
            yield from _access(diff, change)
    for one in diff.sets:
        yield _set(diff, one)
    yield from _trust(diff)
    for hold in diff.holds:
        yield _hold(diff, hold)
    yield from _warnings(diff)


def _phase(diff: AccessDiff) -> Iterator[Line]:
    before, after = diff.phase_before, diff.phase_after
    if before is after or after is None:
        return
    if before is None:
        sentence = f"the first update of this stack, up to phase {after}"
        yield Line(mark="other", sentence=(sentence,))
    elif after.step < before.step:
        sentence = f"the stack goes back from phase {before} to phase {after}"
        yield Line(mark="danger", sentence=(sentence,))
    else:
        yield Line(mark="other", sentence=(f"the stack goes on from phase {before} to {after}",))


def _guards(diff: AccessDiff) -> Iterator[Line]:
    for change in diff.guards:
        yield Line(
            mark="danger" if change.loosened else "other",
            sentence=(
                f"guard {'loosened' if change.loosened else 'tightened'}: ",
                *change.sentence,
                *(named(diff.context, change.accounts) if change.accounts else ()),
            ),
        )


def _accounts(diff: AccessDiff) -> Iterator[Line]:
    for change in diff.accounts:
        if change.before:
            moved = ("the account ", Name(change.before), " is now ", Name(change.after))
            yield Line(mark="other", sentence=moved)
        else:
            yield Line(mark="other", sentence=("the account ", Name(change.after), " is new"))


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
    name = Strong(change.permission_set) if change.admin else Name(change.permission_set)
    gap = ", missing for a moment" if change.gap else ""
    late = ", as soon as it arrives in Identity Center" if change.late else ""
    return Line(
        mark=mark,
        sentence=(
            *(who(diff, change.principal), verb, name),
            *on_accounts(diff.context, accounts),
            f"{after}{gap}{late}",
            *_people(diff, change.principal),
        ),
    )


def who(diff: AccessDiff, key: PrincipalKey) -> Name:
    """What people call a group or person."""
    return Name(diff.context.principals.get(key) or key.key)


def _people(diff: AccessDiff, key: PrincipalKey) -> Sentence:
    number = diff.context.people.get(key)
    return () if number is None else (f" · {count(number, 'person', 'people')}",)


def _becomes_admin(change: SetChange) -> bool:
    return change.what == "changed" and change.admin_after and not change.admin_before


def _set(diff: AccessDiff, change: SetChange) -> Line:
    becomes_admin = _becomes_admin(change)
    name = Strong(change.name) if change.admin_after else Name(change.name)
    below = tuple((_direction(one.direction), one.sentence) for one in change.aspects)
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
    if change.replaced:
        below = (*below, ("interrupt", ("its roles are made anew in every account",)))
    mark: Mark = "danger" if becomes_admin else _direction(change.direction)
    if becomes_admin:
        gains: Sentence = (name, " now allows administration")
        return Line(mark=mark, sentence=(*gains, *holders), below=below)
    if len(below) == 1:
        return Line(mark=mark, sentence=(name, ": ", *below[0][1], *holders))
    verb = {"wider": "widened", "narrower": "narrowed", "neutral": "changed"}[change.direction]
    return Line(mark=mark, sentence=(name, f" is {verb}", *holders), below=below)


def _direction(direction: str) -> Mark:
    marks: dict[str, Mark] = {"wider": "wider", "narrower": "narrower"}
    return marks.get(direction, "other")


def _holders(diff: AccessDiff, name: str) -> Sentence:
    rows = diff.holders.get(name, ())
    if not rows:
        return (" · held by nobody",) if diff.rows is not None else ()
    principals = sorted({row.principal for row in rows})
    accounts = {row.account for row in rows}
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


_EFFECTS: Final[dict[str, Mark]] = {
    "opens": "danger",
    "interrupts": "interrupt",
    "more": "gain",
    "less": "loss",
    "changes": "other",
}


def _trust(diff: AccessDiff) -> Iterator[Line]:
    """One line for all principals of whom the same is said."""
    together: dict[tuple[str, Sentence], list[TrustChange]] = defaultdict(list)
    for change in diff.trust:
        if change.principal is not None and not change.persons:
            together[change.effect, change.sentence].append(change)
        else:
            yield Line(mark=_trust_mark(diff, change), sentence=tuple(_told(diff, change)))
    for (effect, sentence), changes in together.items():
        names = [who(diff, one.principal) for one in changes if one.principal]
        subject = several(names, shown=_SHOWN_PERSONS)
        yield Line(mark=_EFFECTS[effect], sentence=(*subject, " ", *_plural(sentence, len(names))))


def _trust_mark(diff: AccessDiff, change: TrustChange) -> Mark:
    """A new member of a group that administers protected accounts is as much as the rows."""
    if change.members and change.effect == "more" and change.principal is not None:
        for row in diff.rows_of(change.principal):
            if row.permission_set in diff.admins and diff.context.protected(row.account):
                return "danger"
    return _EFFECTS[change.effect]


def _plural(sentence: Sentence, number: int) -> Sentence:
    if number == 1 or not sentence[0].startswith("is "):
        return sentence
    return (f"are {sentence[0].removeprefix('is ')}", *sentence[1:])


def _told(diff: AccessDiff, change: TrustChange) -> Iterator[str]:
    if change.principal is not None:
        yield who(diff, change.principal)
        yield " "
    yield from change.sentence
    if change.persons:
        names = [Name(diff.context.persons.get(one, one)) for one in change.persons]
        yield ": "
        yield from several(names, shown=_SHOWN_PERSONS)
    if change.members and change.principal is not None:
        yield from _with_access(diff, change.principal)


def _with_access(diff: AccessDiff, principal: PrincipalKey) -> Iterator[str]:
    """What members of a group get or lose with it."""
    sets: dict[str, list[str]] = defaultdict(list)
    for row in diff.rows_of(principal):
        sets[row.permission_set].append(row.account)
    for index, (name, accounts) in enumerate(sorted(sets.items())):
        yield ", and with it " if index == 0 else "; "
        yield Strong(name) if name in diff.admins else Name(name)
        yield from on_accounts(diff.context, tuple(accounts))


def _hold(diff: AccessDiff, hold: Hold) -> Line:
    sets = sorted({row.permission_set for row in hold.rows})
    accounts = tuple(sorted({row.account for row in hold.rows}))
    access: Sentence = ("some rows",)
    if hold.rows:
        access = (*listed(Name(one) for one in sets), *on_accounts(diff.context, accounts))
    sentence = (who(diff, hold.principal), " does not get ", *access, " yet: ", Words(hold.reason))
    return Line(mark="hold", sentence=sentence)


def _warnings(diff: AccessDiff) -> Iterator[Line]:
    for warning in diff.warnings:
        yield Line(mark="warning", sentence=(Words(warning),))


def _rows_title(diff: AccessDiff) -> str:
    parts = [
        *_number(diff.count("gained"), "row gained", "rows gained"),
        *_number(diff.count("lost"), "row lost", "rows lost"),
        *_number(diff.count("moved"), "row moved", "rows moved"),
        *_number(diff.count("again"), "row made anew", "rows made anew"),
        *_number(diff.count("adopted"), "row adopted", "rows adopted"),
    ]
    return f"Every row: {', '.join(parts)}"


_SIGNS: Final = {"gained": "+", "lost": "-", "moved": "!", "again": "!", "adopted": "+"}


def _rows(diff: AccessDiff) -> Iterator[Row]:
    for change in diff.of("gained", "moved", "adopted", "lost", "again"):
        for account in change.accounts:
            cells = (
                who(diff, change.principal),
                change.permission_set,
                *place(diff.context, account),
            )
            yield Row(sign=_SIGNS[change.what], cells=cells)


def _closing(diff: AccessDiff) -> Iterator[Sentence]:
    if not diff.warnings and diff.changed:
        yield ("No guard is violated.",)
    for one in diff.expiries:
        yield _expiry(one, diff)
    for note in (*diff.notes, *diff.context.notes):
        yield ("Note: ", Words(note), ".")


def _expiry(one: Expiry, diff: AccessDiff) -> Sentence:
    kind, _, name = one.what.partition(" ")
    subject: Iterable[str] = (
        ("The SCIM token",) if kind == "token" else ("Certificate ", Name(name))
    )
    days = one.days_left(diff.today)
    when = f"expires in {count(days, 'day')}" if days >= 0 else f"expired {count(-days, 'day')} ago"
    page = "scim-token" if kind == "token" else "signing-certificate"
    return (*subject, f" {when} ({one.on}): rotate it, ", Code(f"docs/operations.md#{page}"), ".")
