"""Reading resources as a policy sees them, with values that are not known yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from pulumi_policy import PolicyResource, StackValidationArgs
from pulumi_policy.proxy import UnknownValueError

PERMISSION_SET: Final = "aws:ssoadmin/permissionSet:PermissionSet"
INLINE_POLICY: Final = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
MANAGED_POLICY: Final = "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"
CUSTOMER_POLICY: Final = (
    "aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment"
)
BOUNDARY: Final = "aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment"
ASSIGNMENT: Final = "aws:ssoadmin/accountAssignment:AccountAssignment"
AWS_PROVIDER: Final = "pulumi:providers:aws"
APPLICATION: Final = "azuread:index/applicationFromTemplate:ApplicationFromTemplate"
SERVICE_PRINCIPAL: Final = "azuread:index/servicePrincipal:ServicePrincipal"
CERTIFICATE: Final = (
    "azuread:index/servicePrincipalTokenSigningCertificate:ServicePrincipalTokenSigningCertificate"
)
REPLY_URLS: Final = "azuread:index/applicationRedirectUris:ApplicationRedirectUris"
SECRET: Final = "azuread:index/synchronizationSecret:SynchronizationSecret"  # noqa: S105 - a type
JOB: Final = "azuread:index/synchronizationJob:SynchronizationJob"

_Default = TypeVar("_Default")


def known(props: Mapping[str, Any], key: str, default: _Default) -> Any | _Default:
    """A property's value, `default` where it is absent or not known before the update."""
    try:
        value = props.get(key)
    except UnknownValueError:
        return default
    return default if value is None else value


def of_type(args: StackValidationArgs, *types: str) -> Iterator[PolicyResource]:
    """The resources of these types."""
    return (one for one in args.resources if one.resource_type in types)


def owner(resource: PolicyResource, key: str) -> str:
    """What a property refers to: the URN of the resource it comes from, else its own value.

    In a preview the ids of new resources are not known, but where they will come from is.
    """
    sources = resource.property_dependencies.get(key, [])
    return sources[0].urn if len(sources) == 1 else str(known(resource.props, key, ""))


def is_excepted(name: str, patterns: Iterable[str]) -> bool:
    """Whether a logical name matches one of the globs of `except`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def document(text: object) -> Mapping[str, Any]:
    """A JSON document, empty for what is none: AWS and Entra refuse that themselves."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def moment(text: object) -> datetime | None:
    """An RFC 3339 time as Entra and its provider write it; a day counts from its midnight, UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
