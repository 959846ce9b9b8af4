"""Finds the enterprise application of a federation that this program did not make. Only reads.

Source: Microsoft Graph v1.0, resource types application, servicePrincipal, synchronizationJob.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from clouds.entra import EntraError
from clouds.graph import Graph
from federation.core.domain import OBJECT_ID, quoted
from federation.identity.application import GALLERY_TEMPLATE, Application, Certificate

_PAGE: Final = 999
_ROLE: Final = "User"
_SELECT: Final = (
    "id,appRoles,appRoleAssignmentRequired,keyCredentials,loginUrl,notificationEmailAddresses,"
    "preferredSingleSignOnMode"
)


def read_application(graph: Graph, wanted: str | None) -> Application:
    """The application with a name, object id or client id; by default the gallery's only one.

    Raises EntraError for none, for several, and for refusals.
    """
    application = _one(_found(graph, wanted), wanted)
    principals = list(
        graph.entries(f"/servicePrincipals?$filter={_equal('appId', application['appId'])}")
    )
    if len(principals) != 1:
        raise EntraError(
            f"the application {quoted(application['displayName'])} has no service principal in "
            "this tenant: nobody can sign in by it; name another one with --application"
        )
    path = f"/servicePrincipals/{principals[0]['id']}"
    # Of one object only: lists leave credentials out.
    principal = graph.call("GET", f"{path}?$select={_SELECT}")
    assigned = [
        one
        for one in graph.entries(f"{path}/appRoleAssignedTo?$top={_PAGE}")
        if one["principalType"] in ("Group", "User")
    ]
    role = next(
        (one["id"] for one in principal.get("appRoles") or () if one["displayName"] == _ROLE), ""
    )
    return Application(
        name=application["displayName"],
        object_id=application["id"],
        service_principal_id=principal["id"],
        sign_on_mode=principal.get("preferredSingleSignOnMode") or "",
        sign_on_url=principal.get("loginUrl") or "",
        assignment_required=bool(principal.get("appRoleAssignmentRequired")),
        notification_emails=tuple(principal.get("notificationEmailAddresses") or ()),
        identifier_uris=tuple(application.get("identifierUris") or ()),
        reply_urls=tuple((application.get("web") or {}).get("redirectUris") or ()),
        certificates=tuple(
            Certificate(
                name=str(key.get("displayName") or ""),
                key_id=str(key["keyId"]),
                ends=str(key["endDateTime"])[:10],
            )
            for key in principal.get("keyCredentials") or ()
            if key.get("usage") == "Verify"
        ),
        jobs={
            one["templateId"]: one["id"] for one in graph.entries(f"{path}/synchronization/jobs")
        },
        assigned=frozenset(one["principalId"] for one in assigned),
        in_role={one["principalId"]: one["id"] for one in assigned if one["appRoleId"] == role},
        in_other_roles=tuple(
            sorted(
                str(one.get("principalDisplayName") or one["principalId"])
                for one in assigned
                if one["appRoleId"] != role
            )
        ),
    )


def _found(graph: Graph, wanted: str | None) -> list[dict[str, Any]]:
    if wanted is None:
        condition = _equal("applicationTemplateId", GALLERY_TEMPLATE)
        return list(graph.entries(f"/applications?$filter={condition}"))
    if OBJECT_ID.problem_with(wanted):
        listed = graph.entries(f"/applications?$filter={_equal('displayName', wanted)}")
        # Graph ignores upper and lower case; names compare exactly.
        return [one for one in listed if one["displayName"] == wanted]
    for attribute in ("id", "appId"):
        found = list(graph.entries(f"/applications?$filter={_equal(attribute, wanted)}"))
        if found:
            return found
    return []


def _one(found: list[dict[str, Any]], wanted: str | None) -> dict[str, Any]:
    if len(found) == 1:
        return found[0]
    what = quoted(wanted) if wanted else "made from the gallery's AWS IAM Identity Center"
    if not found:
        raise EntraError(
            f"Entra has no application {what}: name the one that people sign in by with "
            "--application, by its display name or object id"
        )
    listed = ", ".join(sorted(f"{one['displayName']} ({one['id']})" for one in found))
    raise EntraError(
        f"Entra has {len(found)} applications {what}: {listed}; name one with --application, "
        "by its object id"
    )


def _equal(attribute: str, value: str) -> str:
    return quote(f"{attribute} eq '{value.replace(chr(39), chr(39) * 2)}'")
