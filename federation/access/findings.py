"""What a guard, a quota or the resolution has to say about declared access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import GuardName, Guards
from federation.access.labels import beside
from federation.core.errors import NOWHERE, Location, printable

Severity = Literal["error", "warning"]
# The guard of a finding that only says what is not known.
UNVERIFIED: Final = "unverified"
_SHOWN_ASSIGNMENTS = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding. `guard` names the check, `message` is one sentence that names the rule.

    An `error` stops a preview, a `warning` does not. `assignments` are the assignments it is about,
    sorted, and `labels` say who their principals are (federation/access/labels.py).
    """

    severity: Severity
    guard: str
    message: str
    location: Location = NOWHERE
    assignments: tuple[Assignment, ...] = ()
    labels: Mapping[PrincipalKey, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def assignment_lines(self) -> list[str]:
        """The first assignments, one a line, with who is meant, and how many more there are."""
        lines = [
            assignment.logical_name
            + beside(assignment.principal, self.labels.get(assignment.principal))
            for assignment in self.assignments[:_SHOWN_ASSIGNMENTS]
        ]
        more = len(self.assignments) - _SHOWN_ASSIGNMENTS
        return [*lines, f"and {more} more assignments"] if more > 0 else lines

    def __str__(self) -> str:
        """Location, sentence, and the first assignments."""
        lines = [f"  {self.severity}: {self.message} [{self.guard}]"]
        if str(self.location):
            lines.insert(0, str(self.location))
        lines += [f"    {line}" for line in self.assignment_lines]
        return printable("\n".join(lines))


def level_of(guards: Guards, guard: GuardName) -> Severity:
    """How much a guard's findings weigh: errors unless its level is `warn`."""
    return "warning" if guards.level(guard) == "warn" else "error"


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by place and sentence."""
    return tuple(sorted(findings, key=lambda f: (f.severity, f.guard, f.location, f.message)))
