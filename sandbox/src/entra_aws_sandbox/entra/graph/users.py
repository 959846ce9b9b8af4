"""People of the directory."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from entra_aws_sandbox.entra.errors import bad_request, not_found
from entra_aws_sandbox.entra.graph.groups import (
    assignments_to,
    forget,
    groups_with,
    rename_assignments,
)
from entra_aws_sandbox.entra.graph.merge import merge
from entra_aws_sandbox.entra.graph.references import linked_page
from entra_aws_sandbox.entra.odata import page, selected
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.tenant import Deleted, Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

READ_ONLY = {"id", "createdDateTime", "deletedDateTime"}
REQUIRED = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName")
DEFAULT = frozenset(
    {
        "id",
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
    }
)
"""What v1.0 shows of a person without `$select` (Graph reference, resource user)."""

_NAMES = """
    aboutMe ageGroup city companyName consentProvidedForMinor country department employeeHireDate
    employeeId employeeOrgData employeeType externalUserState externalUserStateChangeDateTime
    faxNumber givenName jobTitle lastPasswordChangeDateTime legalAgeGroupClassification mail
    mobilePhone officeLocation onPremisesDistinguishedName onPremisesDomainName
    onPremisesExtensionAttributes onPremisesImmutableId onPremisesLastSyncDateTime
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled
    onPremisesUserPrincipalName passwordPolicies postalCode preferredDataLocation
    preferredLanguage preferredName showInAddressList state streetAddress surname usageLocation
"""


def new_user(tenant: Tenant, given: Json) -> Json:
    """Store a person with every property a read of Graph can show; no password is kept."""
    user: Json = {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "accountEnabled": True,
        "businessPhones": [],
        "createdDateTime": tenant.timestamp(),
        "creationType": None,
        "displayName": None,
        "identities": [],
        "imAddresses": [],
        "mailNickname": None,
        "otherMails": [],
        "proxyAddresses": [],
        "userPrincipalName": None,
        "userType": "Member",
        **dict.fromkeys(_NAMES.split()),
    }
    merge(user, {k: v for k, v in given.items() if k != "passwordProfile"}, read_only=set())
    return tenant.add("user", user)


@route("GET", "/users")
def list_users(call: Call) -> Json:
    """All people, filtered."""
    return page(call, call.tenant.listed("user"), "users", _default(call))


@route("POST", "/users")
def create_user(call: Call) -> Reply:
    """A new person."""
    tenant, body = call.tenant, call.body()
    for name in REQUIRED:
        if body.get(name) in (None, ""):
            raise bad_request(f"A value is required for property '{name}' of resource 'User'.")
    check_name(tenant, body["userPrincipalName"], None)
    user = new_user(tenant, {k: v for k, v in body.items() if k not in READ_ONLY})
    return Reply({"@odata.context": call.context("users/$entity"), **user}, HTTPStatus.CREATED)


@route("GET", "/users/<user>")
def get_user(call: Call, user: str) -> Json:
    """One person, by object id or user principal name."""
    found = _user(call.tenant, user)
    shown = {"@odata.context": call.context("users/$entity"), **found}
    return selected(call, shown, _default(call))


@route("PATCH", "/users/<user>")
def update_user(call: Call, user: str) -> None:
    """Change properties."""
    found, body = _user(call.tenant, user), call.body()
    if "userPrincipalName" in body:
        check_name(call.tenant, body["userPrincipalName"], found["id"])
    body.pop("passwordProfile", None)
    merge(found, body, read_only=READ_ONLY)
    rename_assignments(call.tenant, found)


@route("DELETE", "/users/<user>")
def delete_user(call: Call, user: str) -> None:
    """Soft-delete the person; memberships end until a restore, assignments for good."""
    tenant, found = call.tenant, _user(call.tenant, user)
    del tenant.users[found["id"]]
    found["deletedDateTime"] = tenant.timestamp()
    groups = groups_with(tenant, found["id"])
    tenant.deleted[found["id"]] = Deleted("user", found, tenant.clock.now(), groups)
    forget(tenant, found["id"])


@route("GET", "/users/<user>/manager")
def get_manager(call: Call, user: str) -> Json:
    """Nobody in the sandbox has a manager, for which Graph answers 404."""
    found = _user(call.tenant, user)
    raise not_found(f"{found['id']}/manager")


@route("GET", "/users/<user>/memberOf")
def list_groups_of(call: Call, user: str) -> Json:
    """The groups a person is directly in."""
    return linked_page(call, groups_with(call.tenant, _user(call.tenant, user)["id"]))


@route("GET", "/users/<user>/appRoleAssignments")
def list_assignments(call: Call, user: str) -> Json:
    """The app role assignments a person has directly."""
    found = _user(call.tenant, user)
    return page(call, assignments_to(call.tenant, found["id"]), "appRoleAssignments")


def user_named(tenant: Tenant, name: str) -> Json | None:
    """The person with this user principal name, in any case."""
    wanted = name.casefold()
    return next(
        (u for u in tenant.users.values() if u["userPrincipalName"].casefold() == wanted), None
    )


def _user(tenant: Tenant, key: str) -> Json:
    found = user_named(tenant, key) if "@" in key else None
    return tenant.get("user", found["id"] if found else key)


def _default(call: Call) -> frozenset[str] | None:
    return DEFAULT if call.version == "v1.0" else None


def check_name(tenant: Tenant, name: object, own_id: str | None) -> None:
    """Raise the 400 of Graph for a user principal name that is taken or of a foreign domain."""
    if not isinstance(name, str) or name.rpartition("@")[2] not in tenant.verified_domains:
        raise bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of "
            "the verified domain names in your organization."
        )
    other = user_named(tenant, name)
    if other is not None and other["id"] != own_id:
        raise bad_request(
            "Another object with the same value for property userPrincipalName already exists."
        )
