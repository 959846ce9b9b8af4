"""The access diff on a terminal; nothing is left out."""

from __future__ import annotations

from typing import Final

from federation.core.errors import printable
from federation.core.wording import Code, Sentence, Words
from federation.diff.changes import AccessDiff
from federation.diff.rendering.line import Mark
from federation.diff.rendering.story import Story, TableRow, tell

_MARKS: Final[dict[Mark, str]] = {
    "danger": "⚠",
    "gain": "+",
    "wider": "+",
    "loss": "-",
    "narrower": "-",
    "interrupt": "!",
    "other": "·",
    "hold": "…",
    "warning": "?",
}


def as_text(diff: AccessDiff) -> str:
    """Lines for a person; foreign text can't move the cursor."""
    story = tell(diff)
    lines = [f"{story.title}   (stack {printable(story.stack)})"]
    for line in story.lines:
        lines.append(f"{_MARKS[line.mark]} {_shown(line.sentence)}")
        lines += [f"    {_MARKS[mark]} {_shown(sentence)}" for mark, sentence in line.below]
    lines += _rows(story)
    lines += _meant(story)
    lines += [_shown(sentence) for sentence in story.closing]
    return "\n".join(lines) + "\n"


def _rows(story: Story) -> list[str]:
    if not story.assignments:
        return []
    return [f"{story.assignments_title}", *table(story.assignments)]


def _meant(story: Story) -> list[str]:
    if not story.meant:
        return []
    return [f"{story.meant_title}", *(f"  {line}" for line in columns(story.meant))]


def table(rows: tuple[TableRow, ...]) -> list[str]:
    """Rows in aligned columns, one a line."""
    lines = columns(tuple(row.cells for row in rows))
    return [f"{row.sign} {line}" for row, line in zip(rows, lines, strict=True)]


def columns(rows: tuple[tuple[str, ...], ...]) -> list[str]:
    """Cells in aligned columns, one row a line; foreign text stays in its line."""
    cells = [[_one_line(cell) for cell in row] for row in rows]
    widths = [
        max((len(row[at]) for row in cells if at < len(row)), default=0)
        for at in range(max(map(len, cells), default=0))
    ]
    return [
        "  ".join(cell.ljust(widths[at]) for at, cell in enumerate(row)).rstrip() for row in cells
    ]


def _one_line(text: str) -> str:
    return printable(text).replace("\n", " ")


def _shown(sentence: Sentence) -> str:
    return "".join(_part(part) for part in sentence)


def _part(part: str) -> str:
    if isinstance(part, Code):
        return f"`{_one_line(part)}`" if " " in part else _one_line(part)
    if isinstance(part, Words):
        return printable(part).replace("\n", "\n    ")
    return _one_line(part)
