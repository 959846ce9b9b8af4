"""The access diff in words, in order of risk; how they are printed is the renderers' business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from federation.access.assignments import PrincipalKey
from federation.access.labels import Identity, shown
from federation.core.wording import Code, Name, Sentence, Words, count
from federation.diff.changes import AccessDiff
from federation.diff.rendering.access_lines import access_lines
from federation.diff.rendering.accounts import place
from federation.diff.rendering.line import MARKS, Line, who
from federation.diff.rendering.other_lines import other_lines, situation_lines, warning_lines
from federation.diff.rendering.title import number, title
from federation.diff.rendering.unmanaged_lines import unmanaged_lines
from federation.engine.unmanaged import REMEDY
from federation.update.status import Expiry


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One assignment in the list of all; `sign` is + for new access, - for access that ends."""

    sign: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A diff, told. `assignments_title` heads `assignments`, `meant_title` heads `meant`: who the
    groups and people are in Entra. `closing` sentences come last.
    """

    title: str
    stack: str
    lines: tuple[Line, ...]
    assignments_title: str
    assignments: tuple[TableRow, ...]
    meant_title: str
    meant: tuple[tuple[str, ...], ...]
    closing: tuple[Sentence, ...]


def tell(diff: AccessDiff) -> Story:
    """Put a diff in words."""
    if diff.errors and not diff.changed:
        return _failed(diff)
    errors = [Line(mark="danger", sentence=(Words(error),)) for error in diff.errors]
    lines = sorted(
        [
            *situation_lines(diff),
            *access_lines(diff),
            *other_lines(diff),
            *unmanaged_lines(diff),
        ],
        key=lambda line: MARKS.index(line.mark),
    )
    assignments = tuple(_assignments(diff))
    meant = _meant(diff)
    return Story(
        title=f"Access: {'stopped: ' if errors else ''}{title(diff)}",
        stack=diff.stack,
        lines=(*errors, *lines),
        assignments_title=_assignments_title(diff),
        assignments=assignments if len(assignments) > 1 else (),
        meant_title=_meant_title(meant),
        meant=tuple(_identified(diff, key) for key in meant),
        closing=tuple(_closing(diff)),
    )


def _failed(diff: AccessDiff) -> Story:
    errors = [Line(mark="danger", sentence=(Words(error),)) for error in diff.errors]
    return Story(
        title="Access: the preview failed, nothing would be changed",
        stack=diff.stack,
        lines=(*errors, *unmanaged_lines(diff), *warning_lines(diff)),
        assignments_title="",
        assignments=(),
        meant_title="",
        meant=(),
        closing=(),
    )


def _assignments_title(diff: AccessDiff) -> str:
    parts = [
        *number(diff.count("gained"), "assignment gained", "assignments gained"),
        *number(diff.count("lost"), "assignment lost", "assignments lost"),
        *number(diff.count("moved"), "assignment moved", "assignments moved"),
        *number(diff.count("again"), "assignment made anew", "assignments made anew"),
        *number(diff.count("adopted"), "assignment adopted", "assignments adopted"),
    ]
    return f"Every assignment: {', '.join(parts)}"


_SIGNS: Final = {"gained": "+", "lost": "-", "moved": "!", "again": "!", "adopted": "+"}


def _assignments(diff: AccessDiff) -> Iterator[TableRow]:
    for change in diff.of("gained", "moved", "adopted", "lost", "again"):
        for account in change.accounts:
            cells = (
                who(diff, change.principal),
                change.permission_set,
                *place(diff.context, account),
            )
            yield TableRow(sign=_SIGNS[change.what], cells=cells)


def _meant(diff: AccessDiff) -> list[PrincipalKey]:
    """Every principal that the lines name, and everybody who holds a changed permission set."""
    trust = {change.principal for change in diff.trust if change.principal}
    changed = {change.principal for change in diff.access} | {one.principal for one in diff.holds}
    holders = {
        assignment.principal
        for change in diff.sets
        if change.changes
        for assignment in diff.holders.get(change.name, ())
    }
    labels = diff.context.labels
    return sorted(trust | changed | holders, key=lambda key: (key.type, labels[key], key))


def _meant_title(meant: list[PrincipalKey]) -> str:
    groups = sum(key.type == "GROUP" for key in meant)
    parts = [*number(groups, "group"), *number(len(meant) - groups, "person", "people")]
    return f"In Entra: {' and '.join(parts)}"


def _identified(diff: AccessDiff, key: PrincipalKey) -> tuple[str, ...]:
    known = diff.context.principals.get(key, Identity())
    ident = known.object_id or "no object id yet"
    return (shown(known.name) or "name not read", ident, f"{key.word} key {key.key}")


def _closing(diff: AccessDiff) -> Iterator[Sentence]:
    if diff.unmanaged.fails:
        yield (
            "What was granted by hand fails the update after all its work (unmanaged: fail): ",
            f"{REMEDY}, ",
            Code("docs/operations.md#granted-by-hand"),
            ".",
        )
    if not (diff.warnings or diff.errors) and diff.changed:
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
