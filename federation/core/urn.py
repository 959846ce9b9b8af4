"""How Pulumi names resources and their types (pulumi/pulumi, sdk/go/common/resource/urn).

A URN is `urn:pulumi:<stack>::<project>::<types>::<name>`, where `<types>` are those of the parents
and of the resource itself, joined by `$`. A type is `<package>:<module>:<Kind>`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ASSIGNMENT: Final = "aws:ssoadmin/accountAssignment:AccountAssignment"
PERMISSION_SET: Final = "aws:ssoadmin/permissionSet:PermissionSet"
ACCESS_ATTRIBUTES: Final = (
    "aws:ssoadmin/instanceAccessControlAttributes:InstanceAccessControlAttributes"
)
APPLICATION: Final = "azuread:index/applicationFromTemplate:ApplicationFromTemplate"
APP_ROLE_ASSIGNMENT: Final = "azuread:index/appRoleAssignment:AppRoleAssignment"
CERTIFICATE: Final = (
    "azuread:index/servicePrincipalTokenSigningCertificate:ServicePrincipalTokenSigningCertificate"
)
GROUP: Final = "azuread:index/group:Group"
GROUP_MEMBER: Final = "azuread:index/groupMember:GroupMember"
IDENTIFIER: Final = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
REPLY_URLS: Final = "azuread:index/applicationRedirectUris:ApplicationRedirectUris"
SERVICE_PRINCIPAL: Final = "azuread:index/servicePrincipal:ServicePrincipal"
SYNCHRONIZATION_JOB: Final = "azuread:index/synchronizationJob:SynchronizationJob"
SYNCHRONIZATION_SECRET: Final = "azuread:index/synchronizationSecret:SynchronizationSecret"  # noqa: S105 - a type
# The program's own components.
ASSIGNMENTS: Final = "federation:aws:AccountAssignments"
DESIRED_STATE: Final = "federation:index:DesiredState"
HOLDS: Final = "federation:index:Holds"
REPAIRS: Final = "federation:index:Repairs"
UNMANAGED: Final = "federation:index:Unmanaged"
STACK: Final = "pulumi:pulumi:Stack"


class Urn(NamedTuple):
    """A URN in its parts; `types` are those of the parents and of the resource, outermost first."""

    stack: str
    types: tuple[str, ...]
    name: str

    @classmethod
    def parse(cls, text: str) -> Urn:
        """Take a URN apart; a name may hold `::`. Raises ValueError for other text."""
        head, _, types, name = text.split("::", 3)
        return cls(head.rpartition(":")[2], tuple(types.split("$")), name)

    @property
    def type(self) -> str:
        """The type of the resource, `aws:ssoadmin/accountAssignment:AccountAssignment`."""
        return self.types[-1]

    @property
    def kind(self) -> str:
        """The type without package and module, `AccountAssignment`."""
        return kind_of(self.type)

    def __str__(self) -> str:
        """Kind and logical name, as a person reads them."""
        return f"{self.kind} {self.name}"


def kind_of(type_: str) -> str:
    """A type without package and module."""
    return type_.rpartition(":")[2]
