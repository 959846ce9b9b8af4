"""Who the AWS credentials are, and which IAM actions they allow; nothing here changes anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from clouds.aws import Aws, AwsError
from federation.identity.instance import Instance

_ASSUMED: Final = re.compile(
    r"arn:(?P<partition>[^:]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+"
)
_REFUSED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# IAM takes this many resources and actions together without trouble; it documents no limit.
_AT_ONCE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks. `principal` is the ARN of the user or role whose policies count.

    `kind` says where botocore found the credentials (env, shared-credentials-file, sso,
    assume-role-with-web-identity …); `answered` is AWS's own clock.
    """

    arn: str
    account_id: str
    principal: str
    kind: str
    answered: datetime | None = None

    @property
    def is_root(self) -> bool:
        """The account's root user, which every action is allowed to."""
        return self.arn.endswith(":root")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known about actions: those allowed, those not, those nobody can tell.

    `how` is "simulation" or "probes"; `why` says what kept a simulation from being made.
    """

    allowed: frozenset[str]
    denied: frozenset[str]
    unknown: frozenset[str] = frozenset()
    how: str = "simulation"
    why: str = ""


@dataclass(frozen=True)
class Permissions:
    """The caller's permissions on one instance; `permission_set` is an ARN of one that exists."""

    aws: Aws
    caller: Caller
    instance: Instance | None = None
    permission_set: str = ""
    account: str = ""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def check(self, actions: Collection[str]) -> Verdict:
        """Simulate the caller's policies; where that is not allowed, try the reading actions.

        IAM API reference, SimulatePrincipalPolicy. Raises AwsError when AWS can't be reached.
        """
        wanted = frozenset(actions)
        if self.caller.is_root:
            return Verdict(allowed=wanted, denied=frozenset())
        try:
            denied = self._denied(wanted)
        except ClientError as error:
            return self._probed(wanted, why=_reason(error))
        except BotoCoreError as error:
            raise AwsError(f"AWS can't be reached: {error}") from None
        return Verdict(allowed=wanted - denied, denied=denied)

    def _denied(self, actions: frozenset[str]) -> frozenset[str]:
        denied = self._simulate(actions, ("*",))
        resources = self._resources()
        # A policy that names resources denies "*"; it is enough if it allows what there is.
        return self._simulate(denied, resources) if denied and resources else denied

    def _resources(self) -> tuple[str, ...]:
        if self.instance is None:
            return ()
        partition = self.instance.partition
        found = [self.instance.arn]
        if self.permission_set:
            found.append(self.permission_set)
        if self.account:
            found.append(f"arn:{partition}:sso:::account/{self.account}")
        return tuple(found)

    def _simulate(self, actions: Iterable[str], resources: tuple[str, ...]) -> frozenset[str]:
        """Those of the actions that are allowed on none of the resources."""
        names = sorted(actions)
        allowed: set[str] = set()
        for start in range(0, len(names), _AT_ONCE):
            pages = (
                self._client("iam")
                .get_paginator("simulate_principal_policy")
                .paginate(
                    PolicySourceArn=self.caller.principal,
                    ActionNames=names[start : start + _AT_ONCE],
                    ResourceArns=list(resources),
                )
            )
            allowed |= {
                result["EvalActionName"]
                for page in pages
                for result in page["EvaluationResults"]
                if result["EvalDecision"] == "allowed"
            }
        return frozenset(names) - allowed

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.aws.client(service)
        return self._clients[service]

    def _probed(self, actions: frozenset[str], *, why: str) -> Verdict:
        probes = {name: probe for name, probe in self._probes().items() if name in actions}
        outcomes = {name: _is_allowed(probe) for name, probe in probes.items()}
        known = {name for name, outcome in outcomes.items() if outcome is not None}
        allowed = frozenset(name for name in known if outcomes[name])
        return Verdict(
            allowed=allowed,
            denied=frozenset(known - allowed),
            unknown=actions - known,
            how="probes",
            why=why,
        )

    def _probes(self) -> Mapping[str, Callable[[], object]]:
        """A call that reads, and is small, for each action that has one."""
        sso, organizations = self._client("sso-admin"), self._client("organizations")
        store = self._client("identitystore")
        account = self.caller.account_id
        probes: dict[str, Callable[[], object]] = {
            "sso:ListInstances": lambda: sso.list_instances(MaxResults=1),
            "organizations:DescribeOrganization": organizations.describe_organization,
            "organizations:ListRoots": lambda: organizations.list_roots(MaxResults=1),
            "organizations:ListAccounts": lambda: organizations.list_accounts(MaxResults=1),
            "organizations:ListOrganizationalUnitsForParent": lambda: (
                organizations.list_organizational_units_for_parent(
                    ParentId=_root(organizations), MaxResults=1
                )
            ),
            "organizations:ListTagsForResource": lambda: organizations.list_tags_for_resource(
                ResourceId=account
            ),
        }
        instance, store_id = self._place()
        if not instance:
            return probes
        probes |= {
            "sso:DescribeInstance": lambda: sso.describe_instance(InstanceArn=instance),
            "sso:DescribeInstanceAccessControlAttributeConfiguration": lambda: (
                sso.describe_instance_access_control_attribute_configuration(InstanceArn=instance)
            ),
            "sso:ListPermissionSets": lambda: sso.list_permission_sets(
                InstanceArn=instance, MaxResults=1
            ),
            "identitystore:ListGroups": lambda: store.list_groups(
                IdentityStoreId=store_id, MaxResults=1
            ),
            "identitystore:ListUsers": lambda: store.list_users(
                IdentityStoreId=store_id, MaxResults=1
            ),
        }
        if not self.permission_set:
            return probes
        one = {"InstanceArn": instance, "PermissionSetArn": self.permission_set}
        return probes | {
            "sso:DescribePermissionSet": lambda: sso.describe_permission_set(**one),
            "sso:GetInlinePolicyForPermissionSet": lambda: sso.get_inline_policy_for_permission_set(
                **one
            ),
            "sso:GetPermissionsBoundaryForPermissionSet": lambda: (
                sso.get_permissions_boundary_for_permission_set(**one)
            ),
            "sso:ListAccountsForProvisionedPermissionSet": lambda: (
                sso.list_accounts_for_provisioned_permission_set(**one, MaxResults=1)
            ),
            "sso:ListAccountAssignments": lambda: sso.list_account_assignments(
                **one, AccountId=self.account or account, MaxResults=1
            ),
            "sso:ListCustomerManagedPolicyReferencesInPermissionSet": lambda: (
                sso.list_customer_managed_policy_references_in_permission_set(**one)
            ),
            "sso:ListManagedPoliciesInPermissionSet": lambda: (
                sso.list_managed_policies_in_permission_set(**one)
            ),
            "sso:ListTagsForResource": lambda: sso.list_tags_for_resource(
                InstanceArn=instance, ResourceArn=self.permission_set
            ),
        }

    def _place(self) -> tuple[str, str]:
        """ARN and identity store id of the instance, which may be listed but not be described."""
        if self.instance is not None:
            return self.instance.arn, self.instance.identity_store_id
        try:
            listed = self._client("sso-admin").list_instances()["Instances"]
        except (ClientError, BotoCoreError):
            return "", ""
        return (listed[0]["InstanceArn"], listed[0]["IdentityStoreId"]) if listed else ("", "")


def _root(organizations: Any) -> str:
    return str(organizations.list_roots(MaxResults=1)["Roots"][0]["Id"])


def _is_allowed(probe: Callable[[], object]) -> bool | None:
    """True, False, or None when the answer says nothing about permissions."""
    try:
        probe()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _REFUSED:
            return False
        # What is not there may be asked for all the same.
        return True if "NotFound" in code else None
    except (BotoCoreError, LookupError):
        return None
    return True


def _reason(error: ClientError) -> str:
    detail = error.response.get("Error", {})
    if detail.get("Code") in _REFUSED:
        return "the caller may not call iam:SimulatePrincipalPolicy on itself"
    return f"IAM refuses to simulate: {detail.get('Message') or detail.get('Code')}"


def read_caller(aws: Aws) -> Caller:
    """Ask AWS who the credentials are. Raises AwsError."""
    try:
        credentials = aws.session.get_credentials()
        known = aws.client("sts").get_caller_identity()
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise AwsError(
            f"AWS refused the credentials: {detail.get('Message') or detail.get('Code')}"
        ) from None
    except BotoCoreError as error:
        raise AwsError(f"AWS can't be asked who the credentials are: {error}") from None
    date = known["ResponseMetadata"]["HTTPHeaders"].get("date")
    return Caller(
        arn=known["Arn"],
        account_id=known["Account"],
        principal=_principal(aws, known["Arn"]),
        kind=str(credentials.method) if credentials else "unknown",
        answered=parsedate_to_datetime(date) if date else None,
    )


def _principal(aws: Aws, arn: str) -> str:
    """The ARN of the role behind a session; a session's ARN leaves the role's path out."""
    assumed = _ASSUMED.fullmatch(arn)
    if assumed is None:
        return arn
    try:
        role = aws.client("iam").get_role(RoleName=assumed["role"])["Role"]
    except (ClientError, BotoCoreError):
        return f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{assumed['role']}"
    return str(role["Arn"])
