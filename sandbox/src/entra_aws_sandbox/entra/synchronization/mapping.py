"""The gallery app's default attribute mappings: directory attribute to SCIM path.

Source: Entra tutorial "Configure AWS IAM Identity Center for automatic user provisioning".
externalId is mailNickname for people and objectId for groups.
"""

from __future__ import annotations

from typing import Any

from entra_aws_sandbox.entra.values import Json

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER_SCHEMAS = ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]
GROUP_SCHEMAS = [
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
]
EMAIL = 'emails[type eq "work"].value'
PHONE = 'phoneNumbers[type eq "work"].value'


def user_attributes(user: Json) -> Json:
    """A person's attributes by SCIM path; empty ones do not flow."""
    given, family = user["givenName"], user["surname"]
    mapped: dict[str, Any] = {
        "userName": user["userPrincipalName"],
        "active": user["accountEnabled"] is not False,
        "displayName": user["displayName"],
        "title": user["jobTitle"],
        EMAIL: user["mail"],
        "preferredLanguage": user["preferredLanguage"],
        "name.givenName": given,
        "name.familyName": family,
        "name.formatted": f"{given} {family}" if given and family else None,
        PHONE: (user["businessPhones"] or [None])[0],
        "externalId": user["mailNickname"],
        f"{ENTERPRISE}:employeeNumber": user["employeeId"],
        f"{ENTERPRISE}:department": user["department"],
    }
    return {path: value for path, value in mapped.items() if value not in (None, "")}


def group_attributes(group: Json) -> Json:
    """A group's own attributes by SCIM path."""
    return {"displayName": group["displayName"], "externalId": group["id"]}


def user_resource(attributes: Json) -> Json:
    """The body that creates a person."""
    resource: Json = {"schemas": USER_SCHEMAS, "meta": {"resourceType": "User"}}
    for path, value in attributes.items():
        if path == EMAIL:
            resource["emails"] = [{"primary": True, "type": "work", "value": value}]
        elif path == PHONE:
            resource["phoneNumbers"] = [{"type": "work", "value": value}]
        elif path.startswith(ENTERPRISE):
            resource.setdefault(ENTERPRISE, {})[path.rpartition(":")[2]] = value
        elif path.startswith("name."):
            resource.setdefault("name", {})[path.removeprefix("name.")] = value
        else:
            resource[path] = value
    return resource


def group_resource(attributes: Json) -> Json:
    """The body that creates a group: without members, which follow in patches."""
    return {"schemas": GROUP_SCHEMAS, "meta": {"resourceType": "Group"}, **attributes}


def known_attributes(resource: Json, paths: Json) -> Json:
    """What a resource found in the target already has at these paths."""
    found = {path: _at(resource, path) for path in paths}
    return {path: value for path, value in found.items() if value is not None}


def changes(before: Json, after: Json) -> list[Json]:
    """Patch operations in Entra's spelling; booleans go as "True" and "False".

    Source: Entra documentation, SCIM compliance of the provisioning service (behaviour without
    the `aadOptscim062020` flag).
    """
    return [
        {
            "op": "Replace" if path in before else "Add",
            "path": path,
            "value": str(value) if isinstance(value, bool) else value,
        }
        for path, value in after.items()
        if before.get(path) != value
    ]


def member_changes(operation: str, target_ids: list[str]) -> list[Json]:
    """One patch operation that adds or removes these members."""
    values = [{"$ref": None, "value": target_id} for target_id in target_ids]
    return [{"op": operation, "path": "members", "value": values}]


def _at(resource: Json, path: str) -> Any:
    if path in (EMAIL, PHONE):
        entries = resource.get(path.partition("[")[0]) or []
        return next((e.get("value") for e in entries if e.get("type") == "work"), None)
    if path.startswith(ENTERPRISE):
        return (resource.get(ENTERPRISE) or {}).get(path.rpartition(":")[2])
    if path.startswith("name."):
        return (resource.get("name") or {}).get(path.removeprefix("name."))
    return resource.get(path)
