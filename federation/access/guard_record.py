"""What each guard forbids, as an update records it so that the next review can compare meanings.

A guard that is taken away changes no resource; without a record, nobody would be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, get_args

from federation.access.declared import Access, GuardName, Guards, Selector
from federation.access.guards import admin_sets
from federation.access.organization import Organization
from federation.access.selection import Selection


def guard_record(access: Access, organization: Organization) -> dict[str, Any]:
    """The guards as plain data: accounts and selectors, names, numbers and levels.

    `scopes` is None where no file is held to one: then every file may touch everything. `apart` are
    pairs of permission sets. `administrative` are the sets that are guarded as such, declared or
    found by their policies.
    """
    guards, selection = access.guards, Selection(organization)

    def accounts(selectors: Sequence[Selector]) -> dict[str, Any]:
        return {
            "accounts": sorted(selection.ids(selectors)),
            "selectors": sorted({one.text for one in selectors}),
        }

    return {
        "file": guards.location.file,
        "levels": _levels(guards),
        "protectedAccounts": accounts(guards.protected_accounts),
        "never": accounts(guards.never),
        "adminPermissionSets": sorted(guards.admin_permission_sets),
        "harmlessPolicies": sorted(set(guards.harmless_policies)),
        "administrative": sorted(admin_sets(access)),
        "breakGlass": sorted(guards.break_glass),
        "apart": _pairs(guards),
        "maxRemovals": guards.max_removals,
        "scopes": {file: accounts(selectors) for file, selectors in sorted(guards.scopes.items())}
        or None,
    }


def _pairs(guards: Guards) -> list[list[str]]:
    found = {
        pair for sets in guards.separation_of_duties for pair in combinations(sorted(set(sets)), 2)
    }
    return [list(pair) for pair in sorted(found)]


def _levels(guards: Guards) -> dict[str, str | None]:
    """What a violation of each guard comes to, None for a guard that is off."""
    return {name: guards.level(name) for name in get_args(GuardName)}
