"""App role assignments: who may use the enterprise app, and is therefore provisioned."""

from __future__ import annotations

import base64
import secrets
import uuid
from http import HTTPStatus

from entra_aws_sandbox.entra.errors import GraphError, bad_request, not_found
from entra_aws_sandbox.entra.odata import page
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role id of apps that declare no roles; refused by all others."""

_ASSIGNED_TO = "/servicePrincipals/<service_principal>/appRoleAssignedTo"


@route("GET", _ASSIGNED_TO)
def list_assigned_to(call: Call, service_principal: str) -> Json:
    """Everybody assigned to the service principal's application."""
    call.tenant.get("servicePrincipal", service_principal)
    return page(call, call.tenant.assignments_of(service_principal), "appRoleAssignments")


@route("GET", f"{_ASSIGNED_TO}/<assignment>")
def get_assigned_to(call: Call, service_principal: str, assignment: str) -> Json:
    """One assignment."""
    return _assignment(call.tenant, service_principal, assignment)


@route("POST", _ASSIGNED_TO)
def assign(call: Call, service_principal: str) -> Reply:
    """Assign a group, user or service principal to an app role of this service principal.

    The refusals' sentences are Graph's own.
    """
    tenant, body = call.tenant, call.body()
    resource = tenant.get("servicePrincipal", service_principal)
    if body.get("resourceId") != service_principal:
        raise bad_request("The resourceId must be the id of the service principal addressed.")
    principal_id, role_id = str(body.get("principalId")), str(body.get("appRoleId"))
    principal = tenant.find(principal_id)
    if principal is None or not tenant.replicated(principal_id):
        raise bad_request("Not a valid reference update.")
    kind, who = principal
    _check_role(resource, role_id, "Application" if kind == "servicePrincipal" else "User")
    if kind == "group":
        _check_group(tenant, who)
    if any(
        a["principalId"] == principal_id and a["appRoleId"] == role_id
        for a in tenant.assignments_of(service_principal)
    ):
        raise bad_request("Permission being assigned already exists on the object")
    assignment = {
        "id": _assignment_id(principal_id),
        "deletedDateTime": None,
        "appRoleId": role_id,
        "createdDateTime": tenant.timestamp(),
        "principalDisplayName": who["displayName"],
        "principalId": principal_id,
        "principalType": kind[0].upper() + kind[1:],
        "resourceDisplayName": resource["displayName"],
        "resourceId": service_principal,
    }
    tenant.assignments[assignment["id"]] = assignment
    return Reply(
        {"@odata.context": call.context("appRoleAssignments/$entity"), **assignment},
        HTTPStatus.CREATED,
    )


@route("DELETE", f"{_ASSIGNED_TO}/<assignment>")
def unassign(call: Call, service_principal: str, assignment: str) -> None:
    """Take an assignment away."""
    found = _assignment(call.tenant, service_principal, assignment)
    del call.tenant.assignments[found["id"]]


def _assignment(tenant: Tenant, service_principal: str, assignment: str) -> Json:
    tenant.get("servicePrincipal", service_principal)
    found = tenant.assignments.get(assignment)
    if found is None or found["resourceId"] != service_principal:
        raise not_found(assignment)
    return found


def _check_role(resource: Json, role_id: str, member_type: str) -> None:
    roles = {r.get("id"): r for r in resource["appRoles"] if r.get("isEnabled", True)}
    role = roles.get(role_id)
    if role_id == DEFAULT_ACCESS and not roles:
        return
    if role is None or member_type not in (role.get("allowedMemberTypes") or []):
        raise bad_request(
            f"Permission being assigned was not found on application '{resource['appId']}'."
        )


def _check_group(tenant: Tenant, group: Json) -> None:
    if not tenant.switches.group_licence:
        raise GraphError(
            HTTPStatus.FORBIDDEN,
            "Authorization_RequestDenied",
            "Groups can't be assigned to applications due to your Active Directory plan level.",
        )
    if not group["securityEnabled"]:
        raise bad_request("Only security-enabled groups can be assigned to applications.")


def _assignment_id(principal_id: str) -> str:
    """43 characters of base64url, as Graph's own ids of assignments."""
    token = uuid.UUID(principal_id).bytes + secrets.token_bytes(16)
    return base64.urlsafe_b64encode(token).decode().rstrip("=")
