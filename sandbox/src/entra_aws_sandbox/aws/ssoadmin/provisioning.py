"""Bringing what is in a permission set into the accounts, as IAM roles."""

from __future__ import annotations

from entra_aws_sandbox.aws.errors import denied, invalid, not_found
from entra_aws_sandbox.aws.organizations.directory import Organization
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site, page
from entra_aws_sandbox.aws.ssoadmin.state import PermissionSet
from entra_aws_sandbox.aws.wire import Call

PROVISIONING = "provisioning"
_LATEST = "LATEST_PERMISSION_SET_PROVISIONED"


class Provisioning:
    """ProvisionPermissionSet, its status, and which set is provisioned where."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handlers(self) -> dict[str, Handler]:
        """Operation → what answers it."""
        return {
            "ProvisionPermissionSet": self._provision,
            "DescribePermissionSetProvisioningStatus": self._status,
            "ListPermissionSetProvisioningStatus": self._statuses,
            "ListAccountsForProvisionedPermissionSet": self._accounts,
            "ListPermissionSetsProvisionedToAccount": self._sets,
        }

    def _provision(self, call: Call) -> Body:
        permission_set = self._site.permission_set(call)
        accounts = self._targets(call, permission_set)
        about: Body = {"PermissionSetArn": permission_set.arn}
        if call.body["TargetType"] == "AWS_ACCOUNT":
            about["AccountId"] = call.body["TargetId"]
        status = self._site.jobs.start(
            call.operation,
            PROVISIONING,
            about,
            accounts,
            lambda: self._carry_out(permission_set, accounts),
        )
        return {"PermissionSetProvisioningStatus": status}

    def _targets(self, call: Call, permission_set: PermissionSet) -> list[str]:
        accounts = self._site.center.accounts_of(permission_set.arn)
        management = self._site.organization.management_account_id
        if call.body["TargetType"] == "AWS_ACCOUNT":
            target = call.body.get("TargetId")
            if target is None:
                raise invalid("TargetId is required when the TargetType is AWS_ACCOUNT.")
            if target not in accounts:
                raise not_found(
                    f"PermissionSet {permission_set.name} is not provisioned in {target}."
                )
            accounts = [target]
        if management in accounts and call.account_id != management:
            raise denied("You can't modify permission sets provisioned in the management account.")
        return accounts

    def _carry_out(self, permission_set: PermissionSet, accounts: list[str]) -> str | None:
        """Provision in each account; the reason of the first one where AWS cannot."""
        center = self._site.center
        if permission_set.arn not in center.permission_sets:
            return "Received a 404 status error: PermissionSet not found."
        still = center.accounts_of(permission_set.arn)
        reason = None
        for account_id in accounts:
            failure = (
                obstacle(self._site.organization, permission_set, account_id)
                if account_id in still
                else "Received a 404 status error: Assignment not found."
            )
            if failure is None:
                center.mark_provisioned(permission_set.arn, [account_id])
            reason = reason or failure
        return reason

    def _status(self, call: Call) -> Body:
        request_id = call.body["ProvisionPermissionSetRequestId"]
        status = self._site.jobs.status(PROVISIONING, request_id)
        return {"PermissionSetProvisioningStatus": status}

    def _statuses(self, call: Call) -> Body:
        state = call.body.get("Filter", {}).get("Status")
        listed = self._site.jobs.listed(PROVISIONING, state)
        return page("PermissionSetsProvisioningStatus", listed, call)

    def _accounts(self, call: Call) -> Body:
        arn = self._site.permission_set(call).arn
        wanted = call.body.get("ProvisioningStatus")
        accounts = [
            account_id
            for account_id in self._site.center.accounts_of(arn)
            if self._matches(account_id, arn, wanted)
        ]
        return page("AccountIds", accounts, call)

    def _sets(self, call: Call) -> Body:
        account_id = call.body["AccountId"]
        wanted = call.body.get("ProvisioningStatus")
        arns = [
            arn
            for arn in self._site.center.sets_of(account_id)
            if self._matches(account_id, arn, wanted)
        ]
        return page("PermissionSets", arns, call)

    def _matches(self, account_id: str, arn: str, wanted: str | None) -> bool:
        latest = self._site.center.is_latest(account_id, arn)
        return wanted is None or latest == (wanted == _LATEST)


def obstacle(
    organization: Organization, permission_set: PermissionSet | None, account_id: str
) -> str | None:
    """Why AWS cannot make a role of a permission set in an account, or None if it can.

    Without a permission set only the account itself is looked at.
    """
    account = organization.account(account_id)
    if account is None or account.state != "ACTIVE":
        return (
            "AWS SSO is unable to complete your request at this time. Obtaining permissions to "
            f"manage your AWS account '{account_id}' takes longer than usual. This is usually "
            "required when you have recently accepted a new AWS account to your organization."
        )
    for path, name in _needed_policies(permission_set) if permission_set else ():
        if not organization.has_policy(account_id, path, name):
            arn = f"arn:aws:iam::{account_id}:policy{path}{name}"
            return f"Received a 404 status error: Not supported policy {arn}."
    return None


def _needed_policies(permission_set: PermissionSet) -> list[tuple[str, str]]:
    """Path and name of the customer managed policies that must exist in the account."""
    needed = [(each.path, each.name) for each in permission_set.customer_policies]
    boundary = (permission_set.boundary or {}).get("CustomerManagedPolicyReference")
    return [*needed, (boundary["Path"], boundary["Name"])] if boundary else needed
