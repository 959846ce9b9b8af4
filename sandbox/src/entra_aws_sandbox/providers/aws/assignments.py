"""Account assignments (terraform-provider-aws `account_assignment.go`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from entra_aws_sandbox.providers.aws.base import SsoResource, doing, parts
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties

_PROPERTIES = frozenset(
    {"instanceArn", "permissionSetArn", "principalId", "principalType", "targetId", "targetType"}
)
_ID = (
    "PRINCIPAL_ID",
    "PRINCIPAL_TYPE",
    "TARGET_ID",
    "TARGET_TYPE",
    "PERMISSION_SET_ARN",
    "INSTANCE_ARN",
)
_PRINCIPAL = re.compile(r"([0-9a-f]{10}-|)[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ACCOUNT = re.compile(r"\d{12}")


class AccountAssignment(SsoResource):
    """One principal, one permission set, one account."""

    schema: ClassVar = Schema(
        token="aws:ssoadmin/accountAssignment:AccountAssignment",
        required=_PROPERTIES,
        optional=frozenset({"region"}),
        replaces=_PROPERTIES | {"region"},
    )

    def validate(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """Forms of ids, as the real plugin checks them."""
        principal, account = inputs.get("principalId"), inputs.get("targetId")
        if isinstance(principal, str) and not _PRINCIPAL.fullmatch(principal):
            yield "principalId", f"invalid value for principal_id: must match {_PRINCIPAL.pattern}"
        if isinstance(account, str) and not _ACCOUNT.fullmatch(account):
            yield "targetId", f'"target_id" doesn\'t look like AWS Account ID: {account}'
        if inputs.get("principalType") not in {"USER", "GROUP"}:
            yield "principalType", "expected principal_type to be one of [USER GROUP]"

    def create(self, inputs: Properties) -> str:
        """List first, since AWS accepts duplicates; then assign, and wait for the outcome."""
        identity = ",".join(
            (
                inputs["principalId"],
                inputs["principalType"],
                inputs["targetId"],
                inputs["targetType"],
                inputs["permissionSetArn"],
                inputs["instanceArn"],
            )
        )
        who = f"{inputs['principalType']} ({inputs['principalId']})"
        with doing(
            f"listing SSO Account Assignments for Account ID ({inputs['targetId']}) Permission Set"
            f" ({inputs['permissionSetArn']})"
        ):
            exists = self._exists(identity, inputs)
        if exists:
            raise ProviderError(f"creating SSO Account Assignment for {who}: already exists")
        with doing(f"creating SSO Account Assignment for {who}"):
            started = self.aws.call(
                "CreateAccountAssignment", region=self.region(inputs), **_assignment(identity)
            )
        request = started["AccountAssignmentCreationStatus"]["RequestId"]
        with doing(f"waiting for SSO Account Assignment for {who} create"):
            self.aws.wait(
                lambda: self.aws.call(
                    "DescribeAccountAssignmentCreationStatus",
                    region=self.region(inputs),
                    AccountAssignmentCreationRequestId=request,
                    InstanceArn=inputs["instanceArn"],
                )["AccountAssignmentCreationStatus"]
            )
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Find it among the assignments of its account and permission set."""
        principal, kind, account, target_type, permission_set, instance = parts(identity, *_ID)
        with doing(f"reading SSO Account Assignment for Principal ({principal})"):
            exists = self._exists(identity, known)
        if not exists:
            return None
        return {
            "instanceArn": instance,
            "permissionSetArn": permission_set,
            "principalId": principal,
            "principalType": kind,
            "region": self.region(known),
            "targetId": account,
            "targetType": target_type,
        }

    def delete(self, identity: str, state: Properties) -> None:
        """Revoke it, and wait for the outcome."""
        principal, *_, instance = parts(identity, *_ID)
        with doing(f"deleting SSO Account Assignment for Principal ({principal})"):
            started = self.removed("DeleteAccountAssignment", state, **_assignment(identity))
        if started is None:
            return
        request = started["AccountAssignmentDeletionStatus"]["RequestId"]
        with doing(f"waiting for SSO Account Assignment for Principal ({principal}) delete"):
            self.aws.wait(
                lambda: self.aws.call(
                    "DescribeAccountAssignmentDeletionStatus",
                    region=self.region(state),
                    AccountAssignmentDeletionRequestId=request,
                    InstanceArn=instance,
                )["AccountAssignmentDeletionStatus"]
            )

    def _exists(self, identity: str, properties: Properties) -> bool:
        principal, kind, account, _, permission_set, instance = parts(identity, *_ID)
        assignments = self.listed(
            "ListAccountAssignments",
            "AccountAssignments",
            properties,
            AccountId=account,
            InstanceArn=instance,
            PermissionSetArn=permission_set,
        )
        return any(
            assignment["PrincipalId"] == principal and assignment["PrincipalType"] == kind
            for assignment in assignments
        )


def _assignment(identity: str) -> dict[str, str]:
    principal, kind, account, target_type, permission_set, instance = parts(identity, *_ID)
    return {
        "InstanceArn": instance,
        "PermissionSetArn": permission_set,
        "PrincipalId": principal,
        "PrincipalType": kind,
        "TargetId": account,
        "TargetType": target_type,
    }
