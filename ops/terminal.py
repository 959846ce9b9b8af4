"""What a terminal shows beyond plain text: colour, a table, and that a command is at work.

Where output is piped, or NO_COLOR is set (no-color.org), it is the plain text and nothing else.
No text is read as markup, and control characters are shown as escapes: names and errors come from
outside. rich is imported only for a terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

from federation.core.errors import printable

# The first sign of a line, and how the line looks; the sign says the same without colour.
_STYLES: Final = {
    "✔": "green",
    "✘": "bold red",
    "!": "bold red",
    "⚠": "bold yellow",
    "+": "green",
    "-": "red",
    "·": "dim",
}
# A longer table is read by a program or a pager, and takes rich seconds to lay out.
_LONGEST: Final = 1000


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads the stream, at a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def show(text: str) -> None:
    """Write text to standard output, coloured line by line for a terminal."""
    if not is_terminal(sys.stdout) or os.environ.get("NO_COLOR"):
        sys.stdout.write(text)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False)
    for line in text.split("\n")[:-1] if text.endswith("\n") else text.split("\n"):
        style = _STYLES.get(line.lstrip()[:1], "")
        console.print(Text(printable(line), style=style), soft_wrap=True)


def show_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> bool:
    """Draw a table on a terminal; False, with nothing written, where plain text has to do."""
    if not is_terminal(sys.stdout) or os.environ.get("NO_COLOR") or len(lines) > _LONGEST:
        return False
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for line in lines:
        table.add_row(*(Text(printable(cell)) for cell in line))
    Console(file=sys.stdout, highlight=False).print(table)
    return True


def one_line(text: str) -> str:
    """Text from outside as one line, so that no name can look like a line of the program's own."""
    return printable(text).replace("\n", "\\n")


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on a terminal's standard error what goes on and for how long; gone when it is done."""
    if not is_terminal(sys.stderr):
        yield
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        # Standard output may be a pipe: it stays what it is.
        redirect_stdout=False,
    ) as progress:
        progress.add_task(printable(what), total=None)
        yield
