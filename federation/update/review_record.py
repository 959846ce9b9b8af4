"""What an update records for the next review, since no resource shows it.

A guard that is taken away, a later end of a rule or a higher threshold changes no resource by
itself. The component DesiredState keeps this record, so that the engine's
own steps hold it before and after the update, and the access diff can compare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from federation.access.declared import Access, Rule, Selector
from federation.access.guard_record import guard_record
from federation.access.organization import Organization
from federation.access.targets import Resolution
from federation.update.access_stack import AccessStackSettings
from federation.update.settings import Settings


def review_record(
    settings: Settings | AccessStackSettings,
    access: Access,
    organization: Organization,
    resolution: Resolution,
) -> dict[str, Any]:
    """The record as plain data; it holds no secret."""
    return {
        "guards": guard_record(access, organization),
        "ends": _ends(access, resolution),
        "frozen": [one.logical_name for one in resolution.frozen],
        "rules": _rules(access),
        "optional": sorted(set(_optional(access))),
        "adopt": sorted(key for key, group in access.groups.items() if group.adopt),
        "moved": dict(access.moved),
        "quotas": _quotas(access),
        "settings": _settings(settings),
    }


def _ends(access: Access, resolution: Resolution) -> dict[str, dict[str, list[str]]]:
    """Account ids by the last day and `<permission set>/<principal>`, of assignments with an end.

    An assignment ends with the last of its rules, and never where one of them has no end.
    """
    last = {(rule.location.file, rule.label): rule.until for rule in access.rules}
    if not any(last.values()):
        return {}
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for assignment, reasons in resolution.explained:
        days = {last[reason.file, reason.rule] for reason in reasons}
        known = [day for day in days if day is not None]
        if len(known) == len(days):
            holder = f"{assignment.permission_set}/{assignment.principal.logical_name}"
            found[max(known).isoformat()][holder].append(assignment.account)
    return {day: dict(holders) for day, holders in sorted(found.items())}


def _rules(access: Access) -> dict[str, dict[str, Any]]:
    """Owner and acknowledgement by rule."""
    return {
        name: {"owner": rule.owner, "acknowledged": rule.acknowledged}
        for name, rule in _named(access)
    }


def _named(access: Access) -> Iterator[tuple[str, Rule]]:
    """The rules by a name that stays when others come or go: the id, or what they give to whom."""
    seen: dict[str, int] = defaultdict(int)
    for rule in access.rules:
        name = rule.id or f"{', '.join(rule.permission_sets)} for {rule.principal}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})", rule


def _optional(access: Access) -> Iterator[str]:
    """The selectors that may match nothing, with the rule or guard that they belong to."""

    def those(selectors: tuple[Selector, ...], place: str) -> Iterator[str]:
        yield from (f"{place}: {one.text}" for one in selectors if one.optional)

    for name, rule in _named(access):
        yield from those(rule.targets, f"targets of {name}")
        yield from those(rule.exceptions, f"except of {name}")
    guards = access.guards
    yield from those(guards.protected_accounts, "guards.protectedAccounts")
    yield from those(guards.never, "guards.never")
    for file, selectors in guards.scopes.items():
        yield from those(selectors, f"guards.scopes of {file}")


def _quotas(access: Access) -> dict[str, int]:
    limits = access.quotas
    found: Mapping[str, int | None] = {
        "permissionSets": limits.permission_sets,
        "permissionSetsPerAccount": limits.permission_sets_per_account,
        "managedPoliciesPerRole": limits.managed_policies_per_role,
        "groups": limits.groups,
        "assignments": limits.assignments,
    }
    return {name: limit for name, limit in found.items() if limit is not None}


def _settings(settings: Settings | AccessStackSettings) -> dict[str, Any]:
    """The settings that change no resource, or whose resource does not show what they mean."""
    management = settings.identity_center.management_access
    found: dict[str, Any] = {
        "acceptRecreated": dict(settings.accept_recreated),
        "requireReviewed": settings.require_reviewed,
        "unmanaged": settings.unmanaged,
        "identityCenter.managementAccess": (management.role_arn or management.profile)
        if management
        else None,
    }
    if isinstance(settings, AccessStackSettings):
        return {
            **found,
            "federationStack": settings.federation_stack,
            "waitMinutes": settings.wait_minutes,
        }
    provisioning = settings.provisioning
    return {
        **found,
        "allowPhaseBack": settings.allow_phase_back,
        "protect": settings.protect,
        "provisioning.deleteThreshold": provisioning.delete_threshold if provisioning else None,
        "provisioning.waitMinutes": provisioning.wait_minutes if provisioning else None,
        "provisioning.tokenExpires": _day(provisioning.token_expires if provisioning else None),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
