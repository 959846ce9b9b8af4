"""AWS: the credentials, the instance and organization, and each IAM action."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from clouds.aws import AwsError
from clouds.caller import Caller, Permissions, Verdict, read_caller
from federation.access.organization import Organization
from federation.engine.phase import Phase
from federation.identity.instance import Instance, UnusableInstanceError, choose_instance
from federation.update.diagnosis import Findings
from federation.update.permissions import (
    Feature,
    Need,
    Purpose,
    grants_management,
    required_actions,
)
from federation.update.phases import phase_of
from federation.update.settings import Settings
from ops.preflight.entra import check_clock
from ops.session import Session

_T = TypeVar("_T")


@dataclass
class AwsChecks:
    """The checks of one stack; `run` says what it found and raises AwsError for a refusal."""

    session: Session
    purpose: Purpose
    features: Collection[Feature]
    findings: Findings
    _refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        """All of them. What a missing action keeps from being read is not told twice."""
        region = self.session.aws.region_name
        caller = read_caller(self.session.aws)
        self.findings.fine("aws-credentials", f"AWS: {caller.arn}, by {caller.kind}")
        check_clock(caller.answered, "AWS", self.findings)
        self._regions(region)
        organization = self._read(self.session.aws.organization)
        listed = self._read(self.session.aws.instances)
        instance = self._instance(listed, organization, region)
        features = set(self.features)
        if self._touches_management(caller, organization):
            features.add(Feature.MANAGEMENT_ASSIGNMENTS)
        permissions = Permissions(
            self.session.aws,
            caller,
            instance=instance,
            permission_set=self._permission_set(),
            account=next(
                (pin.assignment.account for pin in self.session.stack.checkpoint.assignments), ""
            ),
        )
        needs = {need.permission: need for need in required_actions(self.purpose, features)}
        verdict = permissions.check(needs)
        self._actions(verdict, needs, caller)
        if verdict.denied:
            return
        for sentence in self._refused:
            # A destroy reads neither organization nor instance.
            tell = self.findings.note if self.purpose is Purpose.DESTROY else self._problem
            tell("aws", sentence)

    def _problem(self, check: str, text: str) -> None:
        self.findings.problem(check, text)

    def _read(self, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except AwsError as error:
            self._refused.append(str(error))
            return None

    def _regions(self, region: str) -> None:
        settings = self.session.stack.any_settings
        provisioning = settings.provisioning if isinstance(settings, Settings) else None
        theirs = provisioning.region if provisioning else None
        if theirs and theirs != region:
            self.findings.problem(
                "region",
                f"aws:region is {region}, but provisioning.endpoint belongs to an instance in "
                f"{theirs}",
            )
        else:
            self.findings.fine("region", f"region {region}")

    def _instance(
        self, listed: list[Instance] | None, organization: Organization | None, region: str
    ) -> Instance | None:
        if listed is None:
            return None
        if organization is None:
            return listed[0] if listed else None
        try:
            instance = choose_instance(
                listed,
                management_account_id=organization.management_account_id,
                region=region,
            )
        except UnusableInstanceError as error:
            self.findings.problem("instance", str(error))
            return None
        if instance is not None:
            self.findings.fine("instance", f"IAM Identity Center: {instance.arn}, ACTIVE")
            return instance
        text = f"IAM Identity Center is not enabled in {region} (step 1)"
        settings, access = self.session.stack.any_settings, self.session.access
        if (
            isinstance(settings, Settings)
            and phase_of(settings, declares_access=bool(access.rules)) is Phase.APP
        ):
            self.findings.note("instance", f"{text}; phase app does without it")
        else:
            self.findings.problem(
                "instance",
                f"{text}: enable it in the management account "
                f"{organization.management_account_id}, or correct aws:region",
            )
        return None

    def _touches_management(self, caller: Caller, organization: Organization | None) -> bool:
        """Whether the caller itself writes assignments on the management account."""
        accounts = {pin.assignment.account for pin in self.session.stack.checkpoint.assignments}
        if organization is None:
            # A destroy may not read it; an assignment on the caller's own account then says it.
            return caller.account_id in accounts
        management = organization.management_account_id
        touches = management in accounts or grants_management(self.session.access, organization)
        if caller.account_id == management:
            self.findings.fine(
                "organization",
                f"the management account of {len(organization.accounts)} accounts",
            )
            return touches
        if touches and self.session.stack.any_settings.identity_center.management_access is None:
            self.findings.problem(
                "organization",
                f"the access file grants access to the management account {management}, which "
                f"{caller.account_id}, a delegated administrator, can't: set "
                "identityCenter.managementAccess",
            )
        else:
            self.findings.note(
                "organization",
                f"the caller's account {caller.account_id} is not the management account: it must "
                "be the delegated administrator of IAM Identity Center and see the organization",
            )
        return False

    def _permission_set(self) -> str:
        made = self.session.stack.one("PermissionSet")
        return str(made.outputs.get("arn") or "") if made else ""

    def _actions(self, verdict: Verdict, needs: Mapping[str, Need], caller: Caller) -> None:
        for action in sorted(verdict.denied):
            self.findings.problem(
                "iam-actions",
                f"the IAM action {action} is missing: {needs[action].reason} need it",
                permission=action,
            )
        if verdict.denied:
            self.findings.note(
                "iam-actions",
                f"allow IAM actions to {caller.principal}; docs/permissions.md has the policy",
            )
        if verdict.why:
            self.findings.note(
                "iam-actions",
                f"{verdict.why}, so only reading actions were tried, by calls that read; it takes "
                "iam:SimulatePrincipalPolicy",
            )
        if verdict.unknown:
            self.findings.note(
                "iam-actions",
                f"{len(verdict.unknown)} of {len(needs)} IAM actions can't be told: "
                f"{', '.join(sorted(verdict.unknown))}",
            )
        elif not verdict.denied:
            self.findings.fine("iam-actions", f"all {len(needs)} IAM actions are allowed")
