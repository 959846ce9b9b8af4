"""What a guard, a quota or the resolution has to say about declared access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from federation.errors import NOWHERE, Location, printable
from federation.rows import Row

Severity = Literal["error", "warning"]
_SHOWN_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding. `guard` names the check, `message` is one sentence that names the rule.

    An `error` stops a preview, a `warning` does not. `rows` are the rows it is about, sorted.
    """

    severity: Severity
    guard: str
    message: str
    location: Location = NOWHERE
    rows: tuple[Row, ...] = ()

    def __str__(self) -> str:
        """Location, sentence, and the first rows."""
        lines = [f"  {self.severity}: {self.message} [{self.guard}]"]
        if str(self.location):
            lines.insert(0, str(self.location))
        lines += [f"    {row.logical_name}" for row in self.rows[:_SHOWN_ROWS]]
        if len(self.rows) > _SHOWN_ROWS:
            lines.append(f"    and {len(self.rows) - _SHOWN_ROWS} more rows")
        return printable("\n".join(lines))


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by place and sentence."""
    return tuple(sorted(findings, key=lambda f: (f.severity, f.guard, f.location, f.message)))
