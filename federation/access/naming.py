"""What a finding calls the accounts and rules of its assignments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from federation.access.assignments import Assignment
from federation.access.organization import Organization
from federation.access.targets import Resolution

_SHOWN: Final = 5


def account_names(organization: Organization, assignments: Iterable[Assignment]) -> str:
    """`web-dev (622222222222), web-prod (722222222222) and 3 more`, by account id."""
    names = [
        str(organization.by_id[ident])
        for ident in sorted({assignment.account for assignment in assignments})
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def rule_names(resolution: Resolution, assignments: Iterable[Assignment]) -> str:
    """`rule "audit", rule "deploy"`: all rules that give one of the assignments."""
    wanted = set(assignments)
    names = {
        f'rule "{reason.rule}"'
        for assignment, reasons in resolution.explained
        if assignment in wanted
        for reason in reasons
    }
    return ", ".join(sorted(names))
