"""What an update records for the next review, since the engine's steps do not show it.

A guard that is taken away, or an account that moves to another OU, changes no resource by itself;
what the component IdentityCenter keeps in the checkpoint lets the access diff tell of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from federation.access.declared import Access
from federation.access.guards import admin_sets
from federation.access.organization import Organization
from federation.access.selection import Selection


def baseline(access: Access, organization: Organization) -> dict[str, Any]:
    """What to keep: guards as resolved, every account by id with its path."""
    return {
        "accounts": dict(account_paths(organization)),
        "guards": guards(access, organization),
    }


def account_paths(organization: Organization) -> Iterator[tuple[str, str]]:
    """`Workloads/Dev/web-dev` by account id, sorted by id."""
    for account in organization.by_id.values():
        unit = organization.unit_paths.get(account.parent_id, ())
        yield account.id, "/".join((*unit, account.name))


def guards(access: Access, organization: Organization) -> dict[str, Any]:
    """The guards with accounts by id, as plain data."""
    configured, selection = access.guards, Selection(organization)
    return {
        "protectedAccounts": sorted(selection.ids(configured.protected_accounts)),
        "never": sorted(selection.ids(configured.never)),
        "adminPermissionSets": sorted(admin_sets(access)),
        "breakGlass": sorted(configured.break_glass),
        "separationOfDuties": sorted(", ".join(sets) for sets in configured.separation_of_duties),
        "maxRemovals": configured.max_removals,
        "levels": {
            "requireOwner": configured.require_owner,
            "usersInsteadOfGroups": configured.users_instead_of_groups,
            **configured.severity,
        },
        "scopes": {
            file: sorted(selection.ids(selectors))
            for file, selectors in sorted(configured.scopes.items())
        },
    }
