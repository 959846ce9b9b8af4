"""What a guard, a quota or the resolution has to say about declared access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from federation.access.labels import beside
from federation.access.rows import PrincipalKey, Row
from federation.core.errors import NOWHERE, Location, printable

Severity = Literal["error", "warning"]
_SHOWN_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding. `guard` names the check, `message` is one sentence that names the rule.

    An `error` stops a preview, a `warning` does not. `rows` are the rows it is about, sorted, and
    `labels` say who their principals are (federation/access/labels.py).
    """

    severity: Severity
    guard: str
    message: str
    location: Location = NOWHERE
    rows: tuple[Row, ...] = ()
    labels: Mapping[PrincipalKey, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def row_lines(self) -> list[str]:
        """The first rows, one a line, with who is meant, and how many more there are."""
        lines = [
            row.logical_name + beside(row.principal, self.labels.get(row.principal))
            for row in self.rows[:_SHOWN_ROWS]
        ]
        more = len(self.rows) - _SHOWN_ROWS
        return [*lines, f"and {more} more rows"] if more > 0 else lines

    def __str__(self) -> str:
        """Location, sentence, and the first rows."""
        lines = [f"  {self.severity}: {self.message} [{self.guard}]"]
        if str(self.location):
            lines.insert(0, str(self.location))
        lines += [f"    {line}" for line in self.row_lines]
        return printable("\n".join(lines))


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by place and sentence."""
    return tuple(sorted(findings, key=lambda f: (f.severity, f.guard, f.location, f.message)))
