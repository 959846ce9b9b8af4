"""Groups, their members and owners."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from entra_aws_sandbox.entra.errors import bad_request
from entra_aws_sandbox.entra.graph.merge import merge
from entra_aws_sandbox.entra.graph.references import bound, link, linked_page, reference, unlink
from entra_aws_sandbox.entra.odata import page, selected
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

READ_ONLY = {"id", "createdByAppId", "createdDateTime", "deletedDateTime"}
REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")
MAX_NAME = 256
"""Characters of a group's display name (Graph reference, resource group)."""


def new_group(tenant: Tenant, given: Json) -> Json:
    """Store a group with every property a read of Graph shows."""
    now = tenant.timestamp()
    group: Json = {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "assignedLabels": [],
        "assignedLicenses": [],
        "classification": None,
        # Only beta's answers carry it (Graph beta reference, group).
        "createdByAppId": None,
        "createdDateTime": now,
        "creationOptions": [],
        "description": None,
        "displayName": None,
        "expirationDateTime": None,
        "groupTypes": [],
        "isAssignableToRole": None,
        "isManagementRestricted": None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": None,
        "membershipRule": None,
        "membershipRuleProcessingState": None,
        "onPremisesDomainName": None,
        "onPremisesLastSyncDateTime": None,
        "onPremisesNetBiosName": None,
        "onPremisesSamAccountName": None,
        "onPremisesSecurityIdentifier": None,
        "onPremisesSyncEnabled": None,
        "preferredDataLocation": None,
        "preferredLanguage": None,
        "proxyAddresses": [],
        "renewedDateTime": now,
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [],
        "securityEnabled": True,
        "securityIdentifier": None,
        "theme": None,
        "uniqueName": None,
        "visibility": None,
        "writebackConfiguration": {"isEnabled": None, "onPremisesGroupType": None},
        "onPremisesProvisioningErrors": [],
        "serviceProvisioningErrors": [],
        # Only the Exchange-backed answers of beta carry these; the provider writes and reads them.
        "accessType": None,
        "allowExternalSenders": None,
        "autoSubscribeNewMembers": None,
        "hideFromAddressLists": None,
        "hideFromOutlookClients": None,
        "isSubscribedByMail": None,
        "unseenCount": None,
    }
    merge(group, given, read_only=set())
    return tenant.add("group", group)


@route("GET", "/groups")
def list_groups(call: Call) -> Json:
    """All groups, filtered."""
    return page(call, call.tenant.listed("group"), "groups")


@route("POST", "/groups")
def create_group(call: Call) -> Reply:
    """A new group with the owners and members named in the request."""
    tenant, body = call.tenant, call.body()
    for name in REQUIRED:
        if body.get(name) in (None, ""):
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    _check_name(body["displayName"])
    owners, members = bound(body, "owners"), bound(body, "members")
    for target in (*owners, *members):
        if tenant.find(target) is None:
            raise bad_request(f"Resource '{target}' does not exist.", "Request_ResourceNotFound")
    group = new_group(
        tenant,
        {
            **{k: v for k, v in body.items() if k not in READ_ONLY},
            "createdByAppId": call.caller.app_id,
        },
    )
    for owner in owners:
        link(tenant, tenant.owners, group["id"], owner)
    for member in members:
        link(tenant, tenant.members, group["id"], member)
    return Reply({"@odata.context": call.context("groups/$entity"), **group}, HTTPStatus.CREATED)


@route("GET", "/groups/<group>")
def get_group(call: Call, group: str) -> Json:
    """One group."""
    found = call.tenant.get("group", group)
    return selected(call, {"@odata.context": call.context("groups/$entity"), **found})


@route("PATCH", "/groups/<group>")
def update_group(call: Call, group: str) -> None:
    """Change properties; `members@odata.bind` adds members."""
    found, body = call.tenant.get("group", group), call.body()
    if "displayName" in body:
        _check_name(body["displayName"])
    merge(found, body, read_only=READ_ONLY)
    for member in bound(body, "members"):
        link(call.tenant, call.tenant.members, group, member)
    rename_assignments(call.tenant, found)


@route("DELETE", "/groups/<group>")
def delete_group(call: Call, group: str) -> None:
    """Delete a security group: for good, with its memberships and app role assignments."""
    call.tenant.get("group", group)
    del call.tenant.groups[group]
    forget(call.tenant, group)


@route("GET", "/groups/<group>/members")
def list_members(call: Call, group: str) -> Json:
    """Direct members."""
    call.tenant.get("group", group)
    return linked_page(call, list(call.tenant.members.get(group, {})))


@route("GET", "/groups/<group>/transitiveMembers")
def list_transitive_members(call: Call, group: str) -> Json:
    """Members of the group and of the groups in it."""
    call.tenant.get("group", group)
    found: dict[str, None] = {}
    waiting = [group]
    while waiting:
        for member in call.tenant.members.get(waiting.pop(), {}):
            if member not in found and member != group:
                found[member] = None
                waiting.append(member)
    return linked_page(call, list(found))


@route("POST", "/groups/<group>/members/$ref")
def add_member(call: Call, group: str) -> None:
    """Add a member."""
    member = reference(call)
    call.tenant.get("group", group)
    if member == group:
        raise bad_request("A group cannot be a member of itself.")
    link(call.tenant, call.tenant.members, group, member)


@route("DELETE", "/groups/<group>/members/<member>/$ref")
def remove_member(call: Call, group: str, member: str) -> None:
    """Remove a member."""
    call.tenant.get("group", group)
    unlink(call.tenant.members, group, member)


@route("GET", "/groups/<group>/owners")
def list_owners(call: Call, group: str) -> Json:
    """Who owns the group."""
    call.tenant.get("group", group)
    return linked_page(call, list(call.tenant.owners.get(group, {})))


@route("POST", "/groups/<group>/owners/$ref")
def add_owner(call: Call, group: str) -> None:
    """Add an owner."""
    call.tenant.get("group", group)
    link(call.tenant, call.tenant.owners, group, reference(call))


@route("DELETE", "/groups/<group>/owners/<owner>/$ref")
def remove_owner(call: Call, group: str, owner: str) -> None:
    """Remove an owner."""
    call.tenant.get("group", group)
    unlink(call.tenant.owners, group, owner)


@route("GET", "/groups/<group>/memberOf")
def list_parents(call: Call, group: str) -> Json:
    """The groups that this group is in."""
    call.tenant.get("group", group)
    return linked_page(call, groups_with(call.tenant, group))


@route("GET", "/groups/<group>/appRoleAssignments")
def list_assignments(call: Call, group: str) -> Json:
    """The app role assignments the group has."""
    call.tenant.get("group", group)
    return page(call, assignments_to(call.tenant, group), "appRoleAssignments")


def groups_with(tenant: Tenant, member: str) -> list[str]:
    """Ids of the groups that have this direct member."""
    return [group for group, members in tenant.members.items() if member in members]


def assignments_to(tenant: Tenant, principal: str) -> list[Json]:
    """The app role assignments of a principal."""
    return [a for a in tenant.assignments.values() if a["principalId"] == principal]


def forget(tenant: Tenant, object_id: str) -> None:
    """Remove every link to and from an object that is gone."""
    for links in (tenant.members, tenant.owners):
        links.pop(object_id, None)
        for linked in links.values():
            linked.pop(object_id, None)
    for assignment in assignments_to(tenant, object_id):
        del tenant.assignments[assignment["id"]]


def rename_assignments(tenant: Tenant, principal: Json) -> None:
    """Keep the principal's name in its assignments as it is now."""
    for assignment in assignments_to(tenant, principal["id"]):
        assignment["principalDisplayName"] = principal["displayName"]


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise bad_request("Invalid value specified for property 'displayName' of resource 'Group'.")
