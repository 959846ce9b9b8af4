"""What there is in both clouds, by names: two worlds with one picture are the same to people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from entra_aws_sandbox.admin import GraphError
from tests.engine.federation import Federation

Picture = dict[str, Any]


def picture(federation: Federation) -> Picture:
    """Everything that an update makes or changes; ids and secrets are left out."""
    return {**_aws(federation), **_entra(federation)}


def differences(found: Any, wanted: Any, place: str = "") -> list[str]:
    """Where two pictures differ, as `place: found instead of wanted`."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return [] if found == wanted else [f"{place}: {found!r} instead of {wanted!r}"]
    return [
        line
        for key in sorted(found.keys() | wanted.keys())
        for line in differences(found.get(key), wanted.get(key), f"{place}/{key}")
    ]


def _aws(federation: Federation) -> Picture:
    state = federation.sandbox.control_aws("state")
    return {
        "permission sets": {
            one["name"]: {
                **{key: one[key] for key in ("description", "sessionDuration", "relayState")},
                **{key: one[key] for key in ("tags", "permissionsBoundary", "outdatedAccounts")},
                "inlinePolicy": json.loads(one["inlinePolicy"] or "null"),
                "managedPolicies": sorted(map(str, one["managedPolicies"])),
                "customerManagedPolicies": sorted(map(str, one["customerManagedPolicies"])),
            }
            for one in state["permissionSets"]
        },
        "assignments": sorted(
            f"{one['permissionSet']} {one['principalName']} {one['accountName']}"
            for one in state["assignments"]
        ),
    }


def _entra(federation: Federation) -> Picture:
    graph = federation.sandbox.graph
    groups = {
        one["displayName"]: {
            relation: sorted(
                str(member.get("userPrincipalName") or member.get("displayName"))
                for member in graph.all(f"/v1.0/groups/{one['id']}/{relation}")
            )
            for relation in ("members", "owners")
        }
        for one in graph.all("/v1.0/groups")
    }
    return {"groups": groups, "application": _application(federation)}


def _application(federation: Federation) -> Picture:
    graph = federation.sandbox.graph
    name = federation.stack.config()["enterpriseApp"]["name"]
    found = [one for one in graph.all("/v1.0/applications") if one["displayName"] == name]
    if len(found) != 1:
        return {"applications": len(found)}
    (principal,) = graph.all(f"/v1.0/servicePrincipals?$filter=appId eq '{found[0]['appId']}'")
    path = f"/v1.0/servicePrincipals/{principal['id']}"
    shown = ("appRoleAssignmentRequired", "loginUrl", "notificationEmailAddresses", "tags")
    return {
        "identifiers": found[0]["identifierUris"],
        "reply URLs": sorted(found[0]["web"]["redirectUris"]),
        **{key: principal.get(key) for key in (*shown, "preferredSingleSignOnMode")},
        "certificates": len(
            {key["customKeyIdentifier"] for key in principal.get("keyCredentials") or ()}
        ),
        "assigned": sorted(
            one["principalDisplayName"] for one in graph.all(f"{path}/appRoleAssignedTo")
        ),
        "jobs": [
            one["schedule"]["state"] for one in _listed(federation, f"{path}/synchronization/jobs")
        ],
        "settings": {
            one["key"]: one["value"]
            for one in _listed(federation, f"{path}/synchronization/secrets")
            if one["key"] != "SecretToken"
        },
    }


def _listed(federation: Federation, path: str) -> list[Mapping[str, Any]]:
    try:
        return list(federation.sandbox.graph.all(path))
    except GraphError as error:
        if error.status == 404:
            return []
        raise
