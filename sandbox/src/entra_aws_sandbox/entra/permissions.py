"""Which Graph app roles allow which operation: a table to read, and its check.

Source: the "Permissions" section, row "Application", of each operation's page in the Microsoft
Graph reference. A role marked `owned` counts only on objects that the calling application owns.
"""

from __future__ import annotations

from dataclasses import dataclass

from entra_aws_sandbox.entra.errors import forbidden
from entra_aws_sandbox.entra.login import Caller
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json


@dataclass(frozen=True)
class Grant:
    """One sufficient set of app roles; with `owned` only on the caller's own objects."""

    roles: frozenset[str]
    owned: bool = False


Grants = tuple[Grant, ...]


def one_of(*roles: str) -> Grants:
    """Each of these roles suffices on its own."""
    return tuple(Grant(frozenset({role})) for role in roles)


def all_of(*roles: str) -> Grants:
    """These roles suffice together."""
    return (Grant(frozenset(roles)),)


def owned(*roles: str) -> Grants:
    """Each of these roles suffices on objects that the caller owns."""
    return tuple(Grant(frozenset({role}), owned=True) for role in roles)


ANYBODY: Grants = (Grant(frozenset()),)

DIRECTORY_READ = one_of("Directory.Read.All", "Directory.ReadWrite.All")
READ_APPS = one_of("Application.Read.All", "Application.ReadWrite.All") + DIRECTORY_READ
# "This scope of access has been allowed for the permission" (permissions reference,
# Application.ReadWrite.OwnedBy): it lists all applications and service principals.
LIST_APPS = READ_APPS + one_of("Application.ReadWrite.OwnedBy")
READ_OWN_APPS = READ_APPS + owned("Application.ReadWrite.OwnedBy")
WRITE_APPS = one_of("Application.ReadWrite.All") + owned("Application.ReadWrite.OwnedBy")
CREATE_APPS = one_of("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy")
ASSIGN = (
    all_of("AppRoleAssignment.ReadWrite.All", "Application.Read.All")
    + all_of("AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All")
    + all_of("AppRoleAssignment.ReadWrite.All", "Directory.Read.All")
    + one_of("Directory.ReadWrite.All")
)
READ_SYNC = one_of(
    "Synchronization.Read.All",
    "Synchronization.ReadWrite.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
) + owned("Application.ReadWrite.OwnedBy")
WRITE_SYNC = one_of(
    "Synchronization.ReadWrite.All", "Application.ReadWrite.All", "Directory.ReadWrite.All"
) + owned("Application.ReadWrite.OwnedBy")
READ_GROUPS = one_of("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All") + (
    DIRECTORY_READ
)
WRITE_GROUPS = one_of("Group.ReadWrite.All", "Directory.ReadWrite.All")
CREATE_GROUPS = one_of("Group.Create") + WRITE_GROUPS
WRITE_MEMBERS = one_of("GroupMember.ReadWrite.All") + WRITE_GROUPS
READ_USERS = one_of("User.Read.All", "User.ReadWrite.All") + DIRECTORY_READ
WRITE_USERS = one_of("User.ReadWrite.All", "Directory.ReadWrite.All")
READ_POLICIES = one_of("Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration")
WRITE_POLICIES = one_of("Policy.ReadWrite.ApplicationConfiguration")
LINK_POLICIES = all_of("Policy.ReadWrite.ApplicationConfiguration", "Application.ReadWrite.All") + (
    all_of("Policy.ReadWrite.ApplicationConfiguration", "Policy.Read.All")
)
READ_ANY_OBJECT = READ_APPS + READ_GROUPS + READ_USERS
READ_BY_KIND = {
    "application": READ_OWN_APPS,
    "servicePrincipal": READ_OWN_APPS,
    "group": READ_GROUPS,
    "user": READ_USERS,
}
WRITE_BY_KIND = {
    "application": WRITE_APPS,
    "servicePrincipal": WRITE_APPS,
    "group": WRITE_GROUPS,
    "user": WRITE_USERS,
}

_APP = "/applications/<application>"
_SP = "/servicePrincipals/<service_principal>"
_SYNC = f"{_SP}/synchronization"
_JOB = f"{_SYNC}/jobs/<job>"
_GROUP = "/groups/<group>"
_USER = "/users/<user>"

TABLE: dict[str, Grants] = {
    "GET /organization": ANYBODY,
    "GET /subscribedSkus": one_of("Organization.Read.All") + DIRECTORY_READ,
    "GET /policies/defaultAppManagementPolicy": one_of("Policy.Read.All"),
    "GET /domains": one_of("Domain.Read.All") + DIRECTORY_READ,
    "GET /applicationTemplates": ANYBODY,
    "GET /applicationTemplates/<template>": ANYBODY,
    "POST /applicationTemplates/<template>/instantiate": CREATE_APPS,
    "GET /applications": LIST_APPS,
    "POST /applications": CREATE_APPS,
    f"GET {_APP}": READ_OWN_APPS,
    f"PATCH {_APP}": WRITE_APPS,
    f"DELETE {_APP}": WRITE_APPS,
    f"GET {_APP}/owners": READ_OWN_APPS,
    f"POST {_APP}/owners/$ref": WRITE_APPS,
    f"DELETE {_APP}/owners/<owner>/$ref": WRITE_APPS,
    "GET /servicePrincipals": LIST_APPS,
    "POST /servicePrincipals": CREATE_APPS,
    f"GET {_SP}": READ_OWN_APPS,
    f"PATCH {_SP}": WRITE_APPS,
    f"DELETE {_SP}": WRITE_APPS,
    f"GET {_SP}/owners": READ_OWN_APPS,
    f"POST {_SP}/owners/$ref": WRITE_APPS,
    f"DELETE {_SP}/owners/<owner>/$ref": WRITE_APPS,
    f"POST {_SP}/addTokenSigningCertificate": WRITE_APPS,
    f"GET {_SP}/appRoleAssignedTo": READ_OWN_APPS,
    f"GET {_SP}/appRoleAssignedTo/<assignment>": READ_OWN_APPS,
    f"POST {_SP}/appRoleAssignedTo": ASSIGN,
    f"DELETE {_SP}/appRoleAssignedTo/<assignment>": ASSIGN,
    f"GET {_SP}/claimsMappingPolicies": all_of("Policy.Read.All", "Application.Read.All")
    + all_of("Policy.Read.All", "Application.ReadWrite.All")
    + LINK_POLICIES,
    f"POST {_SP}/claimsMappingPolicies/$ref": LINK_POLICIES,
    f"DELETE {_SP}/claimsMappingPolicies/<policy>/$ref": LINK_POLICIES,
    "GET /policies/claimsMappingPolicies": READ_POLICIES,
    "POST /policies/claimsMappingPolicies": WRITE_POLICIES,
    "GET /policies/claimsMappingPolicies/<policy>": READ_POLICIES,
    "PATCH /policies/claimsMappingPolicies/<policy>": WRITE_POLICIES,
    "DELETE /policies/claimsMappingPolicies/<policy>": WRITE_POLICIES,
    f"GET {_SYNC}/templates": READ_SYNC,
    f"GET {_SYNC}/secrets": READ_SYNC,
    f"PUT {_SYNC}/secrets": WRITE_SYNC,
    f"GET {_SYNC}/jobs": READ_SYNC,
    f"POST {_SYNC}/jobs": WRITE_SYNC,
    f"POST {_SYNC}/jobs/validateCredentials": WRITE_SYNC,
    f"GET {_JOB}": READ_SYNC,
    f"DELETE {_JOB}": WRITE_SYNC,
    f"POST {_JOB}/start": WRITE_SYNC,
    f"POST {_JOB}/pause": WRITE_SYNC,
    f"POST {_JOB}/restart": WRITE_SYNC,
    f"POST {_JOB}/validateCredentials": WRITE_SYNC,
    f"POST {_JOB}/provisionOnDemand": WRITE_SYNC,
    "GET /groups": READ_GROUPS,
    "POST /groups": CREATE_GROUPS,
    f"GET {_GROUP}": READ_GROUPS,
    f"PATCH {_GROUP}": WRITE_GROUPS,
    f"DELETE {_GROUP}": WRITE_GROUPS,
    f"GET {_GROUP}/members": READ_GROUPS,
    f"GET {_GROUP}/transitiveMembers": READ_GROUPS,
    f"POST {_GROUP}/members/$ref": WRITE_MEMBERS,
    f"DELETE {_GROUP}/members/<member>/$ref": WRITE_MEMBERS,
    f"GET {_GROUP}/owners": READ_GROUPS,
    f"POST {_GROUP}/owners/$ref": WRITE_GROUPS,
    f"DELETE {_GROUP}/owners/<owner>/$ref": WRITE_GROUPS,
    f"GET {_GROUP}/memberOf": READ_GROUPS,
    f"GET {_GROUP}/appRoleAssignments": READ_APPS,
    "GET /users": READ_USERS,
    "POST /users": WRITE_USERS,
    f"GET {_USER}": READ_USERS,
    f"PATCH {_USER}": WRITE_USERS,
    f"DELETE {_USER}": WRITE_USERS,
    f"GET {_USER}/manager": READ_USERS,
    f"GET {_USER}/memberOf": READ_USERS,
    f"GET {_USER}/appRoleAssignments": READ_APPS,
    "GET /directoryObjects/<object>": READ_ANY_OBJECT,
    "POST /directoryObjects/getByIds": READ_ANY_OBJECT,
    "GET /directory/deletedItems/<object>": READ_ANY_OBJECT,
    "GET /directory/deletedItems/microsoft.graph.<kind>": READ_ANY_OBJECT,
    "POST /directory/deletedItems/<object>/restore": CREATE_APPS + WRITE_USERS,
    "DELETE /directory/deletedItems/<object>": CREATE_APPS + WRITE_USERS,
}


def check(tenant: Tenant, caller: Caller, operation: str, arguments: dict[str, str]) -> None:
    """Raise the 403 of Graph unless the caller's app roles allow the operation."""
    owned_kinds = ("service_principal", "application", "object")
    target = next((arguments[kind] for kind in owned_kinds if kind in arguments), None)
    kind = arguments.get("kind") or _kind(tenant, arguments.get("object", ""))
    by_kind = READ_BY_KIND if operation.startswith("GET ") else WRITE_BY_KIND
    grants = by_kind.get(kind, TABLE[operation])
    if not allowed(tenant, caller, grants, target):
        raise forbidden()
    tenant.operations[operation] = tenant.operations.get(operation, 0) + 1
    if not _owns(tenant, caller, target):
        tenant.foreign.add(operation)


def _kind(tenant: Tenant, object_id: str) -> str:
    """The kind of a live or soft-deleted object; empty for an unknown id."""
    if object_id in tenant.deleted:
        return tenant.deleted[object_id].kind
    found = tenant.find(object_id)
    return found[0] if found else ""


def used(tenant: Tenant) -> Json:
    """The operations allowed so far: how often, and which app roles each could have had.

    A role that counts only on the caller's own objects is marked `(owned)`; `owned` says whether
    every call was for one of these.
    """
    return {
        operation: {
            "calls": calls,
            "owned": operation not in tenant.foreign,
            "anyOf": [_shown(grant) for grant in TABLE[operation]],
        }
        for operation, calls in sorted(tenant.operations.items())
    }


def _shown(grant: Grant) -> list[str]:
    return sorted(f"{role} (owned)" if grant.owned else role for role in grant.roles)


def allowed(tenant: Tenant, caller: Caller, grants: Grants, target: str | None) -> bool:
    """Whether one of the grants is met on the target object."""
    owns = _owns(tenant, caller, target)
    return any(g.roles <= caller.roles and (owns or not g.owned) for g in grants)


def _owns(tenant: Tenant, caller: Caller, target: str | None) -> bool:
    return target is not None and caller.object_id in tenant.owners.get(target, {})


def readable(tenant: Tenant, caller: Caller, kind: str, resource: Json) -> Json:
    """The object as a member list shows it: only type and id without the right to read it.

    Source: Graph documentation, "limited information returned for inaccessible member objects".
    """
    shown = {"@odata.type": f"#microsoft.graph.{kind}"}
    if allowed(tenant, caller, READ_BY_KIND[kind], resource["id"]):
        return {**shown, **resource}
    hidden = dict.fromkeys(("displayName", "userPrincipalName", "mail"))
    return {**shown, "id": resource["id"], **hidden}
