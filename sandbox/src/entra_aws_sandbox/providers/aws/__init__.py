"""The aws package: the resources of IAM Identity Center over one client."""

from __future__ import annotations

from collections.abc import Mapping

from entra_aws_sandbox.providers.aws.access_control import InstanceAccessControlAttributes
from entra_aws_sandbox.providers.aws.assignments import AccountAssignment
from entra_aws_sandbox.providers.aws.client import Aws
from entra_aws_sandbox.providers.aws.permission_sets import PermissionSet
from entra_aws_sandbox.providers.aws.policies import (
    CustomerManagedPolicyAttachment,
    ManagedPolicyAttachment,
    PermissionsBoundaryAttachment,
    PermissionSetInlinePolicy,
)
from entra_aws_sandbox.providers.resource import Package

_RESOURCES = (
    AccountAssignment,
    CustomerManagedPolicyAttachment,
    InstanceAccessControlAttributes,
    ManagedPolicyAttachment,
    PermissionSet,
    PermissionSetInlinePolicy,
    PermissionsBoundaryAttachment,
)


def connect(config: Mapping[str, str]) -> Package:
    """The package for a provider configuration; asks AWS twice whose credentials these are.

    Once to validate them, and once for the account id, as the real plugin was seen to do.
    """
    aws = Aws(config)
    if not (
        config.get("skipCredentialsValidation") == "true"
        and config.get("skipRequestingAccountId") == "true"
    ):
        aws.verify()
        aws.verify()
    return Package(
        resources={kind.schema.token: kind(aws) for kind in _RESOURCES},
        functions={},
    )
