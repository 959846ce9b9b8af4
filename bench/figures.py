"""Figures with their bounds, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


class Unmeasurable(Exception):  # noqa: N818 - a situation, not a mistake
    """The bench can't run here; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One value in `unit` (s, MB, calls, ratio), and the most it may be (None: no bound)."""

    what: str
    assignments: int
    value: float
    unit: str
    bound: float | None = None
    note: str = ""

    @property
    def within(self) -> bool:
        """True if the value keeps its bound."""
        return self.bound is None or self.value <= self.bound

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "within": self.within}


def table(title: str, figures: Sequence[Figure]) -> str:
    """Aligned columns: what, assignments, value, bound, share of the bound."""
    lines = [("what", "assignments", "value", "bound", "of bound", "")]
    for figure in figures:
        bound = "" if figure.bound is None else _number(figure.bound, figure.unit)
        share = f"{figure.value / figure.bound:.0%}" if figure.bound else ""
        note = figure.note if figure.within else f"OVER THE BOUND  {figure.note}"
        lines.append(
            (
                figure.what,
                f"{figure.assignments:,}",
                _number(figure.value, figure.unit),
                bound,
                share,
                note,
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    template = (
        f"{{:<{widths[0]}}}  " + "  ".join(f"{{:>{width}}}" for width in widths[1:5]) + "  {}"
    )
    return "\n".join([title, *(template.format(*line).rstrip() for line in lines)])


def _number(value: float, unit: str) -> str:
    digits = 0 if unit in {"MB", "calls"} else 3
    return f"{value:,.{digits}f} {unit}"
