"""The provider that reaches the management account from a delegated administrator's stack."""

from __future__ import annotations

import pulumi_aws as aws

from components.inputs import Inputs


def management_provider(inputs: Inputs) -> aws.Provider | None:
    """A provider with the configured role or profile, None when the stack's own credentials serve.

    A delegated administrator can't touch permission sets that are provisioned in the management
    account (AWS user guide, "Delegated administration").
    """
    access = inputs.settings.identity_center.management_access
    if access is None or not inputs.plan.management_sets:
        return None
    return aws.Provider(
        "management",
        region=inputs.region,
        profile=access.profile,
        assume_roles=(
            [aws.ProviderAssumeRoleArgs(role_arn=access.role_arn)] if access.role_arn else None
        ),
    )
