"""Access that ended by its own `until`: what a person decided when the rule was reviewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from federation.access.assignments import Assignment
from federation.access.declared import Access
from federation.access.organization import Organization
from federation.access.targets import resolve


def expired_assignments(
    access: Access, organization: Organization, *, today: date
) -> dict[Assignment, date]:
    """Assignments that only a passed `until` keeps from being declared, and the latest such day.

    One that another rule still gives is not among them, nor one that its rule would not give today
    either: the account has moved, or is excluded by now.
    """
    expired = [rule for rule in access.rules if rule.expired(today)]
    if not expired:
        return {}
    declared = frozenset(resolve(access, organization, today=today).assignments)
    found: dict[Assignment, date] = {}
    for rule in expired:
        alone = replace(access, rules=(replace(rule, until=None),))
        for assignment in resolve(alone, organization, today=today).assignments:
            if assignment not in declared and rule.until is not None:
                found[assignment] = max(found.get(assignment, rule.until), rule.until)
    return found
