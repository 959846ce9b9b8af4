"""What people do by hand beside a stack: assignments in the console and in the portal."""

from __future__ import annotations

import time

from tests.engine.federation import Federation


def assign(federation: Federation, account: str, group: str) -> None:
    """Assign ReadOnly to a group in an account, as a person does in the console."""
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    (arn,) = [arn for arn, name in aws.permission_sets().items() if name == "ReadOnly"]
    request = aws.sso_admin.create_account_assignment(
        InstanceArn=instance["InstanceArn"],
        PermissionSetArn=arn,
        PrincipalType="GROUP",
        PrincipalId=aws.groups()[group],
        TargetType="AWS_ACCOUNT",
        TargetId=account,
    )["AccountAssignmentCreationStatus"]["RequestId"]
    for _ in range(100):
        told = aws.sso_admin.describe_account_assignment_creation_status(
            InstanceArn=instance["InstanceArn"], AccountAssignmentCreationRequestId=request
        )["AccountAssignmentCreationStatus"]
        if told["Status"] == "SUCCEEDED":
            return
        time.sleep(0.1)
    raise AssertionError(told)


def assign_to_application(federation: Federation, person: str) -> None:
    """Assign a person to the enterprise app, as its owner does in the portal."""
    graph, principal = federation.sandbox.graph, federation.service_principal()["id"]
    path = f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo"
    role = next(iter(graph.all(path)))["appRoleId"]
    user = graph.call("GET", f"/v1.0/users/{person}")["id"]
    body = {"principalId": user, "resourceId": principal, "appRoleId": role}
    graph.call("POST", path, body)
