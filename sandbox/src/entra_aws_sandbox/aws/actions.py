"""Which IAM actions an API call needs.

Source: Service Authorization Reference, sections AWS IAM Identity Center (prefix `sso`), AWS
Identity Store, AWS Organizations, AWS STS and IAM: an action has its operation's name, unless it is
named here.
"""

from __future__ import annotations

from entra_aws_sandbox.aws.wire import Call

_PREFIXES = {"sso-admin": "sso"}
_SERVICES = ("sso-admin", "identitystore", "organizations", "sts", "iam")
# "No permissions are required to perform this operation" (AWS STS API reference).
_FREE = {("sts", "GetCallerIdentity")}
_ON_AN_ACCOUNT = ("CreateAccountAssignment", "DeleteAccountAssignment")
# IAM Identity Center user guide, "Identity-based policy examples", example 2: besides sso actions,
# what it takes to make assignments in the management account.
_ON_THE_MANAGEMENT_ACCOUNT = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:GetRole",
    "iam:GetSAMLProvider",
    "iam:ListAttachedRolePolicies",
    "iam:ListPolicies",
    "iam:ListRolePolicies",
    "iam:ListRoles",
    "iam:PutRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)


def actions_of(call: Call) -> tuple[str, ...]:
    """The actions that a call needs; none for a free operation, and for what is no API call."""
    if call.service not in _SERVICES or (call.service, call.operation) in _FREE:
        return ()
    own = f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"
    if call.operation == "CreatePermissionSet" and call.body.get("Tags"):
        return own, "sso:TagResource"
    # A call that is let in is the management account's, or its delegated administrator's, which
    # AWS refuses there anyway.
    if call.operation in _ON_AN_ACCOUNT and call.body.get("TargetId") == call.account_id:
        return own, *_ON_THE_MANAGEMENT_ACCOUNT
    return (own,)


def resource_of(call: Call) -> str:
    """The resource that AWS names when it refuses the call."""
    if call.service == "sso-admin":
        if call.operation in _ON_AN_ACCOUNT and call.body.get("TargetId"):
            return f"arn:aws:sso:::account/{call.body['TargetId']}"
        return str(call.body.get("PermissionSetArn") or call.body.get("InstanceArn") or "*")
    if call.service == "identitystore" and call.body.get("IdentityStoreId"):
        store = call.body["IdentityStoreId"]
        return f"arn:aws:identitystore::{call.account_id}:identitystore/{store}"
    if call.service == "sts":
        return str(call.body.get("RoleArn") or "*")
    if call.service == "iam":
        return str(call.body.get("PolicySourceArn") or "*")
    return "*"
