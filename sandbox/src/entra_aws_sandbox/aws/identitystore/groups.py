"""The operations of the identitystore API on groups."""

from __future__ import annotations

from collections.abc import Sequence

from entra_aws_sandbox.aws.errors import invalid
from entra_aws_sandbox.aws.identitystore.shared import (
    DEFAULT_PAGE,
    Body,
    Handler,
    alternate,
    first_lower,
    history,
    plain_id,
    refuse_reserved,
    refuse_stale,
)
from entra_aws_sandbox.aws.identitystore.store import Group, IdentityStore
from entra_aws_sandbox.aws.paging import listed


def group_handlers() -> dict[str, Handler]:
    """Operation → what answers it."""
    return {
        "CreateGroup": _create_group,
        "DescribeGroup": _describe_group,
        "UpdateGroup": _update_group,
        "DeleteGroup": _delete_group,
        "ListGroups": _list_groups,
        "GetGroupId": _get_group_id,
    }


def _create_group(store: IdentityStore, body: Body) -> Body:
    refuse_reserved(body.get("DisplayName"))
    group = store.add_group(body.get("DisplayName"), description=body.get("Description"))
    return _group_identity(store, group)


def _describe_group(store: IdentityStore, body: Body) -> Body:
    return _shown_group(store, store.group(plain_id(body["GroupId"])))


def _update_group(store: IdentityStore, body: Body) -> Body:
    group = store.group(plain_id(body["GroupId"]))
    refuse_stale(group, body)
    wanted = {"displayName": group.display_name, "description": group.description}
    for operation in body["Operations"]:
        path = first_lower(operation["AttributePath"])
        if path not in wanted:
            raise invalid(f"The attribute {operation['AttributePath']} cannot be updated")
        wanted[path] = operation.get("AttributeValue")
    refuse_reserved(wanted["displayName"])
    changed = store.change_group(
        group,
        display_name=wanted["displayName"],
        description=wanted["description"],
        external_id=group.external_id,
    )
    return _group_identity(store, changed)


def _delete_group(store: IdentityStore, body: Body) -> Body:
    group_id = plain_id(body["GroupId"])
    if group_id in store.groups:
        refuse_stale(store.groups[group_id], body)
        store.remove_group(group_id)
    return {}


def _list_groups(store: IdentityStore, body: Body) -> Body:
    groups: Sequence[Group] = list(store.groups.values())
    for condition in body.get("Filters") or ():
        if condition["AttributePath"].casefold() != "displayname":
            raise invalid(f"The attribute {condition['AttributePath']} cannot be filtered on")
        groups = store.groups_named(condition["AttributeValue"])
    return listed(
        "Groups", groups, body, size=DEFAULT_PAGE, shown=lambda each: _shown_group(store, each)
    )


def _get_group_id(store: IdentityStore, body: Body) -> Body:
    paths = {"displayname": store.groups_named}
    group = alternate(store, body, "GROUP", paths, store.groups_with_external_id)
    identity = _group_identity(store, group)
    del identity["Revision"]
    return identity


def _group_identity(store: IdentityStore, group: Group) -> Body:
    return {
        "IdentityStoreId": store.id,
        "GroupId": group.id,
        "GroupArn": f"arn:aws:identitystore:::group/{group.id}",
        "Revision": str(group.revision),
    }


def _shown_group(store: IdentityStore, group: Group) -> Body:
    shown = {**_group_identity(store, group), **history(store, group)}
    if group.display_name:
        shown["DisplayName"] = group.display_name
    if group.description:
        shown["Description"] = group.description
    return shown
