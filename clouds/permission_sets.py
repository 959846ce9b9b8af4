"""Permission sets as AWS has them, and the repair of one; calls go by set, never by assignment."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from clouds.aws import CONCURRENCY, Aws, AwsError
from clouds.set_writes import writes
from federation.access.organization import Organization
from federation.access.quotas import estimated_duration
from federation.engine.repairs import PermissionSetRepair
from federation.engine.set_content import LiveSet, SetContent, path_and_name
from federation.identity.instance import Instance
from federation.update.set_repairs import failed_provisioning, missing_set
from federation.update.settings import ManagementAccess

_GONE: Final = "ResourceNotFoundException"
# AWS refuses a write to a set while the one before it still spreads.
_BUSY: Final = "ConflictException"
_BUSY_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 1.0
# What the provider waits for a set's provisioning (terraform-provider-aws, permission_set.go).
_PROVISIONING: Final = timedelta(minutes=10)


def read_permission_sets(
    aws: Aws, instance_arn: str, arns: Collection[str]
) -> dict[str, LiveSet | None]:
    """Sets by ARN, None for one that AWS no longer has: seven list calls each. Raises AwsError."""
    if not arns:
        return {}
    client = aws.client("sso-admin")

    def read(arn: str) -> LiveSet | None:
        try:
            return _read(aws, client, InstanceArn=instance_arn, PermissionSetArn=arn)
        except AwsError as error:
            if error.code == _GONE:
                return None
            raise

    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="sso-admin") as pool:
        return dict(zip(arns, pool.map(read, arns), strict=True))


def _read(aws: Aws, client: Any, **named: str) -> LiveSet:
    described = aws.ask(lambda: client.describe_permission_set(**named))["PermissionSet"]
    managed = aws.pages(
        client, "list_managed_policies_in_permission_set", "AttachedManagedPolicies", **named
    )
    customer = aws.pages(
        client,
        "list_customer_managed_policy_references_in_permission_set",
        "CustomerManagedPolicyReferences",
        **named,
    )
    inline = aws.ask(lambda: client.get_inline_policy_for_permission_set(**named))
    tags = aws.pages(
        client,
        "list_tags_for_resource",
        "Tags",
        InstanceArn=named["InstanceArn"],
        ResourceArn=named["PermissionSetArn"],
    )
    return LiveSet(
        content=SetContent(
            description=described.get("Description") or "",
            session=described.get("SessionDuration") or SetContent().session,
            relay_state=described.get("RelayState") or "",
            tags={tag["Key"]: tag["Value"] for tag in tags},
            managed=frozenset(policy["Arn"] for policy in managed),
            customer=frozenset(path_and_name(one["Name"], one.get("Path")) for one in customer),
            inline=inline.get("InlinePolicy") or None,
            boundary=_boundary(aws, client, **named),
        ),
        outdated=tuple(_outdated(aws, client, **named)),
    )


def _boundary(aws: Aws, client: Any, **named: str) -> str:
    try:
        answer = aws.ask(lambda: client.get_permissions_boundary_for_permission_set(**named))
    except AwsError as error:
        # AWS's answer for a set without one.
        if error.code == _GONE:
            return ""
        raise
    found = answer["PermissionsBoundary"]
    reference = found.get("CustomerManagedPolicyReference")
    if reference:
        return path_and_name(reference["Name"], reference.get("Path"))
    return str(found["ManagedPolicyArn"])


def _outdated(aws: Aws, client: Any, **named: str) -> list[Any]:
    return aws.pages(
        client,
        "list_accounts_for_provisioned_permission_set",
        "AccountIds",
        ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED",
        **named,
    )


def set_repairer(
    aws: Aws,
    instance: Instance | None,
    organization: Organization,
    *,
    access: ManagementAccess | None,
    management_sets: Collection[str],
) -> Callable[[PermissionSetRepair], None]:
    """The maker of repairs of permission sets.

    Sets with assignments in the management account are written with its `access`, where one is
    configured: a delegated administrator can't (AWS user guide, "Delegated administration").
    """
    management = (
        Aws(region=aws.region, profile=access.profile, role_arn=access.role_arn) if access else aws
    )
    return PermissionSetRepairer(
        aws=aws,
        management=management,
        management_sets=management_sets,
        instance_arn=instance.arn if instance else "",
        organization=organization,
    )


@dataclass(frozen=True, kw_only=True)
class PermissionSetRepairer:
    """Makes repairs of permission sets: their content, then one provisioning of all accounts.

    `management` writes the sets in `management_sets`, `aws` the others.
    """

    aws: Aws
    management: Aws
    management_sets: Collection[str]
    instance_arn: str
    organization: Organization

    def __call__(self, repair: PermissionSetRepair) -> None:
        """Make one repair. Raises AwsError with a sentence that names the set."""
        if repair.missing:
            raise AwsError(missing_set(repair))
        aws = self.management if repair.permission_set in self.management_sets else self.aws
        named = {"InstanceArn": self.instance_arn, "PermissionSetArn": repair.arn}
        client = aws.client("sso-admin")
        try:
            for write in writes(client, repair.differences, named):
                _patiently(aws, write)
            if repair.accounts or any(one.aspect != "tag" for one in repair.differences):
                self._provision(aws, client, named)
        except AwsError as error:
            message = f"permission set {repair.permission_set} can't be repaired: {error}"
            raise AwsError(message, code=error.code) from None

    def _provision(self, aws: Aws, client: Any, named: Mapping[str, str]) -> None:
        status = _patiently(
            aws,
            lambda: client.provision_permission_set(TargetType="ALL_PROVISIONED_ACCOUNTS", **named),
        )["PermissionSetProvisioningStatus"]
        accounts = aws.pages(
            client, "list_accounts_for_provisioned_permission_set", "AccountIds", **named
        )
        limit = _PROVISIONING + estimated_duration(added=len(accounts))
        end = time.monotonic() + limit.total_seconds()
        while status["Status"] == "IN_PROGRESS":
            if time.monotonic() > end:
                raise AwsError(f"AWS has not provisioned it within {limit}: run pulumi up again")
            time.sleep(_PAUSE_SECONDS)
            status = aws.ask(
                partial(
                    client.describe_permission_set_provisioning_status,
                    InstanceArn=self.instance_arn,
                    ProvisionPermissionSetRequestId=status["RequestId"],
                )
            )["PermissionSetProvisioningStatus"]
        if status["Status"] != "FAILED":
            return
        left = [
            account
            for account in _outdated(aws, client, **named)
            if account in self.organization.by_id and self.organization.by_id[account].active
        ]
        # In accounts that are not ACTIVE every provisioning fails.
        if left:
            reason = str(status.get("FailureReason") or "")
            raise AwsError(failed_provisioning(reason, left, self.organization))


def _patiently(aws: Aws, call: Callable[[], Any]) -> Any:
    end = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return aws.ask(call)
        except AwsError as error:
            if error.code != _BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE_SECONDS)
