"""What people do by hand beside a stack: assignments in the console and in the portal."""

from __future__ import annotations

from tests.engine.federation import Federation


def assign(federation: Federation, account: str, group: str) -> None:
    """Assign ReadOnly to a group in an account, as a person does in the console."""
    aws = federation.sandbox.aws
    aws.assign(aws.permission_set("ReadOnly"), account, aws.groups()[group])


def unassign(federation: Federation, account: str, group: str) -> None:
    """End the assignment of ReadOnly to a group in an account."""
    aws = federation.sandbox.aws
    aws.unassign(aws.permission_set("ReadOnly"), account, aws.groups()[group])


def assign_to_application(federation: Federation, person: str) -> None:
    """Assign a person to the enterprise app, as its owner does in the portal."""
    graph, principal = federation.sandbox.graph, federation.service_principal()["id"]
    path = f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo"
    role = next(iter(graph.all(path)))["appRoleId"]
    user = graph.call("GET", f"/v1.0/users/{person}")["id"]
    body = {"principalId": user, "resourceId": principal, "appRoleId": role}
    graph.call("POST", path, body)
