"""The aws double sends the calls that the real plugin sends, in their order.

The lists follow terraform-provider-aws `internal/service/ssoadmin`.
"""

from __future__ import annotations

from typing import Any

import grpc

from sandbox_tests.providers.support import (
    Recorder,
)

INSTANCE = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"


SET = "arn:aws:sso:::permissionSet/ssoins-7223a1b2c3d4e5f6/ps-1111222233334444"


PERMISSION_SET = "aws:ssoadmin/permissionSet:PermissionSet"


ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"


OF_SET = {"instanceArn": INSTANCE, "permissionSetArn": SET}


PROVISIONED = ["ProvisionPermissionSet", "DescribePermissionSetProvisioningStatus"]


class Cloud(Recorder):
    """An AWS that also tells callers who they are, which is not part of the lists."""

    def answer(self, line: str) -> tuple[int, Any]:
        """Identity first."""
        if line == "POST /":
            self.calls.pop()
            self.bodies.pop()
            return 200, None
        return super().answer(line)


def refused(code: str, message: str = "No.") -> tuple[int, Any]:
    return 400, {"__type": code, "message": message}


NOT_FOUND = refused("ResourceNotFoundException", "It is not there.")


def status(kind: str, state: str, reason: str = "") -> tuple[int, Any]:
    return 200, {kind: {"Status": state, "RequestId": REQUEST, "FailureReason": reason}}


REQUEST = "11111111-2222-3333-4444-555555555555"


PROVISIONING: dict[str, Any] = {
    "ProvisionPermissionSet": status("PermissionSetProvisioningStatus", "IN_PROGRESS"),
    "DescribePermissionSetProvisioningStatus": status(
        "PermissionSetProvisioningStatus", "SUCCEEDED"
    ),
}


FAILED_PROVISIONING: dict[str, Any] = {
    **PROVISIONING,
    "DescribePermissionSetProvisioningStatus": status(
        "PermissionSetProvisioningStatus", "FAILED", "No role could be written."
    ),
}


def refusal(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.details())


GROUP = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


LISTED = {"AccountId": "711111111111", "PermissionSetArn": SET}


OWN = {**LISTED, "PrincipalType": "GROUP", "PrincipalId": GROUP}


LIST = "ListAccountAssignments"
