"""The azuread package: its resources and functions over one Graph client."""

from __future__ import annotations

from collections.abc import Mapping

from entra_aws_sandbox.providers.azuread.applications import (
    ApplicationFromTemplate,
    ApplicationIdentifierUri,
    ApplicationRedirectUris,
)
from entra_aws_sandbox.providers.azuread.assignments import AppRoleAssignment
from entra_aws_sandbox.providers.azuread.certificates import ServicePrincipalTokenSigningCertificate
from entra_aws_sandbox.providers.azuread.functions import Functions
from entra_aws_sandbox.providers.azuread.graph import Credentials, Graph
from entra_aws_sandbox.providers.azuread.group_members import GroupMember
from entra_aws_sandbox.providers.azuread.groups import Group
from entra_aws_sandbox.providers.azuread.service_principals import ServicePrincipal
from entra_aws_sandbox.providers.azuread.synchronization import (
    SynchronizationJob,
    SynchronizationSecret,
)
from entra_aws_sandbox.providers.resource import Package

_RESOURCES = (
    ApplicationFromTemplate,
    ApplicationIdentifierUri,
    ApplicationRedirectUris,
    AppRoleAssignment,
    Group,
    GroupMember,
    ServicePrincipal,
    ServicePrincipalTokenSigningCertificate,
    SynchronizationJob,
    SynchronizationSecret,
)


def connect(config: Mapping[str, str]) -> Package:
    """The package for a provider configuration; fetches the metadata document and a token."""
    graph = Graph(Credentials.of(config))
    functions = Functions(graph)
    return Package(
        resources={kind.schema.token: kind(graph) for kind in _RESOURCES},
        functions={
            "azuread:index/getApplication:getApplication": functions.get_application,
            "azuread:index/getClientConfig:getClientConfig": functions.get_client_config,
        },
    )
