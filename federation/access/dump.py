"""An `Access` as the mapping that an access file holds: what was left out stays left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pydantic.alias_generators import to_camel

from federation.access.declared import (
    Access,
    Boundary,
    CustomerPolicy,
    Group,
    Guards,
    PermissionSet,
    Rule,
    Selector,
)


def access_to_dict(access: Access) -> dict[str, Any]:
    """One access file that declares everything; as JSON (`default=str`) it is valid YAML."""
    return _without_empty(
        {
            "groups": {key: _group(group) for key, group in access.groups.items()},
            "users": {
                key: {"userPrincipalName": user.user_principal_name}
                for key, user in access.users.items()
            },
            "permissionSets": {
                name: _permission_set(entry) for name, entry in access.permission_sets.items()
            },
            "rules": [_rule(rule) for rule in access.rules],
            "guards": _guards(access.guards),
            "quotas": _camel(asdict(access.quotas)),
            "moved": dict(access.moved),
        }
    )


def _group(group: Group) -> dict[str, Any]:
    return _without_empty(
        {
            "displayName": group.display_name,
            "objectId": group.object_id,
            "create": group.create,
            "owners": list(group.owners),
            "members": list(group.members),
            "adopt": group.adopt,
        }
    )


def _permission_set(entry: PermissionSet) -> dict[str, Any]:
    return _without_empty(
        {
            "description": entry.description,
            "sessionDuration": entry.session_duration,
            "managedPolicies": list(entry.managed_policies),
            "customerManagedPolicies": [
                _customer_policy(policy) for policy in entry.customer_managed_policies
            ],
            "inlinePolicy": entry.inline_policy,
            "permissionsBoundary": _boundary(entry.permissions_boundary),
            "relayState": entry.relay_state,
            "tags": dict(entry.tags),
        }
    )


def _customer_policy(policy: CustomerPolicy) -> dict[str, str]:
    return {"name": policy.name, "path": policy.path}


def _boundary(boundary: Boundary | None) -> dict[str, Any]:
    if boundary is None:
        return {}
    customer = boundary.customer_managed_policy
    return _without_empty(
        {
            "managedPolicy": boundary.managed_policy,
            "customerManagedPolicy": _customer_policy(customer) if customer else None,
        }
    )


def _rule(rule: Rule) -> dict[str, Any]:
    return _without_empty(
        {
            "id": rule.id,
            "owner": rule.owner,
            "group" if rule.principal.type == "GROUP" else "user": rule.principal.key,
            "permissionSets": list(rule.permission_sets),
            "targets": _selectors(rule.targets),
            "except": _selectors(rule.exceptions),
            "until": rule.until,
            "protected": "acknowledged" if rule.acknowledged else None,
        }
    )


def _selectors(selectors: Iterable[Selector]) -> list[dict[str, Any]]:
    return [_selector(selector) for selector in selectors]


def _selector(selector: Selector) -> dict[str, Any]:
    value = selector.value
    made: dict[str, Any] = {selector.kind: value if isinstance(value, str) else dict(value)}
    if not selector.children:
        made["children"] = False
    if selector.optional:
        made["optional"] = True
    return made


def _guards(guards: Guards) -> dict[str, Any]:
    made = {
        "breakGlass": list(guards.break_glass),
        "protectedAccounts": _selectors(guards.protected_accounts),
        "adminPermissionSets": list(guards.admin_permission_sets),
        "harmlessPolicies": list(guards.harmless_policies),
        "never": _selectors(guards.never),
        "separationOfDuties": [list(sets) for sets in guards.separation_of_duties],
        "requireOwner": guards.require_owner,
        "usersInsteadOfGroups": guards.users_instead_of_groups,
        "scopes": {file: _selectors(selectors) for file, selectors in guards.scopes.items()},
        "severity": dict(guards.severity),
    }
    made = _without_empty(made)
    # Zero removals is a limit, not an empty value.
    return made if guards.max_removals is None else {**made, "maxRemovals": guards.max_removals}


def _camel(fields: dict[str, Any]) -> dict[str, Any]:
    return _without_empty({to_camel(name): value for name, value in fields.items()})


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    # Tag values may be empty texts, but they never stand at this level.
    return {key: value for key, value in fields.items() if value not in (None, False, [], {})}
