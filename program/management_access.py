"""The provider that reaches the management account from a delegated administrator's stack."""

from __future__ import annotations

import pulumi_aws as aws

from federation.update.plan import Plan
from federation.update.settings import ManagementAccess
from program.inputs import Inputs


def management_provider(inputs: Inputs) -> aws.Provider | None:
    """A provider with the configured role or profile, None when the stack's own credentials serve.

    A delegated administrator can't touch permission sets that are provisioned in the management
    account (AWS user guide, "Delegated administration").
    """
    return provider_of(
        inputs.settings.identity_center.management_access, inputs.plan, region=inputs.region
    )


def provider_of(access: ManagementAccess | None, plan: Plan, *, region: str) -> aws.Provider | None:
    """The same for a stack whose configuration is another one."""
    if access is None or not plan.management_sets:
        return None
    return aws.Provider(
        "management",
        region=region,
        profile=access.profile,
        assume_roles=(
            [aws.ProviderAssumeRoleArgs(role_arn=access.role_arn)] if access.role_arn else None
        ),
    )
