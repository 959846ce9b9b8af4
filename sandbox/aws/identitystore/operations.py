"""The operations of the identitystore API (target `AWSIdentityStore`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.aws.errors import AwsError, conflict, invalid
from sandbox.aws.identitystore.attributes import UPDATABLE, from_api, stored_value, to_api
from sandbox.aws.identitystore.store import (
    Group,
    IdentityStore,
    Membership,
    Principal,
    User,
    missing,
)
from sandbox.aws.paging import page_of
from sandbox.aws.wire import Call

# "Administrator and AWSAdministrators are reserved names" (identitystore API, CreateUser,
# CreateGroup).
RESERVED_NAMES = frozenset({"administrator", "awsadministrators"})
DEFAULT_PAGE = 100

StoreOf = Callable[[Call], IdentityStore | None]
Body = dict[str, Any]


class IdentityStoreOperations:
    """Answers calls from the store that `store_of` finds for the caller, if there is one."""

    def __init__(self, store_of: StoreOf) -> None:
        self._store_of = store_of
        self._handlers: dict[str, Callable[[IdentityStore, Body], Body]] = {
            "CreateUser": _create_user,
            "DescribeUser": _describe_user,
            "UpdateUser": _update_user,
            "DeleteUser": _delete_user,
            "ListUsers": _list_users,
            "GetUserId": _get_user_id,
            "CreateGroup": _create_group,
            "DescribeGroup": _describe_group,
            "UpdateGroup": _update_group,
            "DeleteGroup": _delete_group,
            "ListGroups": _list_groups,
            "GetGroupId": _get_group_id,
            "CreateGroupMembership": _create_membership,
            "DescribeGroupMembership": _describe_membership,
            "DeleteGroupMembership": _delete_membership,
            "GetGroupMembershipId": _get_membership_id,
            "ListGroupMemberships": _list_memberships,
            "ListGroupMembershipsForMember": _list_memberships_for_member,
            "IsMemberInGroups": _is_member_in_groups,
            "DescribeIdentityStore": _describe_identity_store,
            "UpdateIdentityStore": _update_identity_store,
        }

    def handle(self, call: Call) -> Body:
        """See Operations."""
        store = self._store_of(call)
        if call.operation == "ListIdentityStores":
            found = [_store_identity(store)] if store else []
            return {"IdentityStores": found}
        handler = self._handlers.get(call.operation)
        if handler is None:
            raise NotImplementedError(call.operation)
        if store is None or store.id != _plain_id(call.body["IdentityStoreId"]):
            raise missing("IDENTITY_STORE")
        with store.lock:
            return handler(store, call.body)


def _store_identity(store: IdentityStore) -> Body:
    return {"IdentityStoreId": store.id, "IdentityStoreArn": store.arn}


def _describe_identity_store(store: IdentityStore, _body: Body) -> Body:
    shown = _store_identity(store)
    return {**shown, "NetworkConfiguration": store.network} if store.network else shown


def _update_identity_store(store: IdentityStore, body: Body) -> Body:
    store.network = body.get("NetworkConfiguration") or store.network
    return _store_identity(store)


# People


def _create_user(store: IdentityStore, body: Body) -> Body:
    attributes = from_api(body)
    name = attributes.get("name") or {}
    for missing_name, value in (
        ("userName", attributes.get("userName")),
        ("displayName", attributes.get("displayName")),
        ("name.familyName", name.get("familyName")),
        ("name.givenName", name.get("givenName")),
    ):
        if not value:
            raise invalid(f"{missing_name} is a required attribute")
    _refuse_reserved(attributes["userName"])
    return _user_identity(store, store.add_user(attributes))


def _describe_user(store: IdentityStore, body: Body) -> Body:
    user = store.user(_plain_id(body["UserId"]))
    return _shown_user(store, user, extensions=bool(body.get("Extensions")))


def _update_user(store: IdentityStore, body: Body) -> Body:
    user = store.user(_plain_id(body["UserId"]))
    _refuse_stale(user, body)
    attributes = dict(user.attributes)
    for operation in body["Operations"]:
        _apply(attributes, operation["AttributePath"], operation.get("AttributeValue"))
    _refuse_reserved(attributes.get("userName"))
    return _user_identity(store, store.change_user(user, attributes, user.external_id))


def _delete_user(store: IdentityStore, body: Body) -> Body:
    user_id = _plain_id(body["UserId"])
    if user_id in store.users:
        _refuse_stale(store.users[user_id], body)
        store.remove_user(user_id)
    return {}


def _list_users(store: IdentityStore, body: Body) -> Body:
    users: Sequence[User] = list(store.users.values())
    for condition in body.get("Filters") or ():
        if condition["AttributePath"].casefold() != "username":
            raise invalid(f"The attribute {condition['AttributePath']} cannot be filtered on")
        found = store.users_named(condition["AttributeValue"])
        users = [user for user in users if user in found]
    extensions = bool(body.get("Extensions"))
    users, token = page_of(users, body.get("NextToken"), body.get("MaxResults", DEFAULT_PAGE))
    return _page("Users", [_shown_user(store, u, extensions=extensions) for u in users], token)


def _get_user_id(store: IdentityStore, body: Body) -> Body:
    paths = {
        "username": store.users_named,
        "emails.value": store.users_with_email,
    }
    user = _alternate(store, body, "USER", paths, store.users_with_external_id)
    identity = _user_identity(store, user)
    del identity["Revision"]
    return identity


def _user_identity(store: IdentityStore, user: User) -> Body:
    return {
        "IdentityStoreId": store.id,
        "UserId": user.id,
        "UserArn": f"arn:aws:identitystore:::user/{user.id}",
        "Revision": str(user.revision),
    }


def _shown_user(store: IdentityStore, user: User, *, extensions: bool) -> Body:
    return {
        **_user_identity(store, user),
        **to_api(user.attributes, extensions=extensions),
        **_history(store, user),
        "UserStatus": "ENABLED" if user.active else "DISABLED",
    }


# Groups


def _create_group(store: IdentityStore, body: Body) -> Body:
    _refuse_reserved(body.get("DisplayName"))
    group = store.add_group(body.get("DisplayName"), description=body.get("Description"))
    return _group_identity(store, group)


def _describe_group(store: IdentityStore, body: Body) -> Body:
    return _shown_group(store, store.group(_plain_id(body["GroupId"])))


def _update_group(store: IdentityStore, body: Body) -> Body:
    group = store.group(_plain_id(body["GroupId"]))
    _refuse_stale(group, body)
    wanted = {"displayName": group.display_name, "description": group.description}
    for operation in body["Operations"]:
        path = _first_lower(operation["AttributePath"])
        if path not in wanted:
            raise invalid(f"The attribute {operation['AttributePath']} cannot be updated")
        wanted[path] = operation.get("AttributeValue")
    _refuse_reserved(wanted["displayName"])
    changed = store.change_group(
        group,
        display_name=wanted["displayName"],
        description=wanted["description"],
        external_id=group.external_id,
    )
    return _group_identity(store, changed)


def _delete_group(store: IdentityStore, body: Body) -> Body:
    group_id = _plain_id(body["GroupId"])
    if group_id in store.groups:
        _refuse_stale(store.groups[group_id], body)
        store.remove_group(group_id)
    return {}


def _list_groups(store: IdentityStore, body: Body) -> Body:
    groups: Sequence[Group] = list(store.groups.values())
    for condition in body.get("Filters") or ():
        if condition["AttributePath"].casefold() != "displayname":
            raise invalid(f"The attribute {condition['AttributePath']} cannot be filtered on")
        found = store.groups_named(condition["AttributeValue"])
        groups = [group for group in groups if group in found]
    groups, token = page_of(groups, body.get("NextToken"), body.get("MaxResults", DEFAULT_PAGE))
    return _page("Groups", [_shown_group(store, group) for group in groups], token)


def _get_group_id(store: IdentityStore, body: Body) -> Body:
    paths = {"displayname": store.groups_named}
    group = _alternate(store, body, "GROUP", paths, store.groups_with_external_id)
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
    shown = {**_group_identity(store, group), **_history(store, group)}
    if group.display_name:
        shown["DisplayName"] = group.display_name
    if group.description:
        shown["Description"] = group.description
    return shown


# Memberships


def _create_membership(store: IdentityStore, body: Body) -> Body:
    membership = store.add_membership(_plain_id(body["GroupId"]), _member_id(body))
    return _membership_identity(store, membership)


def _describe_membership(store: IdentityStore, body: Body) -> Body:
    return _shown_membership(store, store.membership(_plain_id(body["MembershipId"])))


def _delete_membership(store: IdentityStore, body: Body) -> Body:
    store.remove_membership(_plain_id(body["MembershipId"]))
    return {}


def _get_membership_id(store: IdentityStore, body: Body) -> Body:
    group_id = _plain_id(body["GroupId"])
    membership = store.membership_of(group_id, _member_id(body))
    if membership is None:
        raise missing("GROUP_MEMBERSHIP")
    return _membership_identity(store, membership)


def _list_memberships(store: IdentityStore, body: Body) -> Body:
    group = store.group(_plain_id(body["GroupId"]))
    return _membership_page(store, body, store.members(group.id))


def _list_memberships_for_member(store: IdentityStore, body: Body) -> Body:
    user = store.user(_member_id(body))
    return _membership_page(store, body, list(store.groups_of(user.id)))


def _membership_page(store: IdentityStore, body: Body, found: list[Membership]) -> Body:
    page, token = page_of(found, body.get("NextToken"), body.get("MaxResults", DEFAULT_PAGE))
    return _page("GroupMemberships", [_shown_membership(store, each) for each in page], token)


def _is_member_in_groups(store: IdentityStore, body: Body) -> Body:
    user_id = _member_id(body)
    results = []
    for group_id in (_plain_id(each) for each in body["GroupIds"]):
        exists = store.membership_of(store.group(group_id).id, user_id) is not None
        results.append(
            {"GroupId": group_id, "MemberId": {"UserId": user_id}, "MembershipExists": exists}
        )
    return {"Results": results}


def _membership_identity(store: IdentityStore, membership: Membership) -> Body:
    return {
        "IdentityStoreId": store.id,
        "MembershipId": membership.id,
        "MembershipArn": f"arn:aws:identitystore:::membership/{membership.id}",
    }


def _shown_membership(store: IdentityStore, membership: Membership) -> Body:
    return {
        **_membership_identity(store, membership),
        "GroupId": membership.group_id,
        "MemberId": {"UserId": membership.user_id},
        "CreatedAt": membership.created,
        "UpdatedAt": membership.created,
    }


# What they share


def _alternate(
    store: IdentityStore,
    body: Body,
    kind: str,
    paths: Mapping[str, Callable[[str], Sequence[Any]]],
    by_external_id: Callable[[str], Sequence[Any]],
) -> Any:
    """The principal an AlternateIdentifier means; ResourceNotFoundException if there is none."""
    external_id = body["AlternateIdentifier"].get("ExternalId")
    unique = body["AlternateIdentifier"].get("UniqueAttribute")
    if (external_id is None) == (unique is None):
        raise invalid("Exactly one of ExternalId and UniqueAttribute must be given")
    if external_id is not None:
        wanted = external_id["Id"]
        found = by_external_id(wanted) if external_id["Issuer"] == store.issuer else []
    else:
        wanted = str(unique["AttributeValue"])
        if unique["AttributePath"].casefold() not in paths:
            raise invalid(f"The attribute path {unique['AttributePath']} is not unique")
        found = paths[unique["AttributePath"].casefold()](wanted)
    if not found:
        raise missing(kind)
    return found[0]


def _history(store: IdentityStore, principal: Principal) -> Body:
    shown: Body = {"CreatedAt": principal.created, "UpdatedAt": principal.updated}
    if principal.external_id:
        shown["ExternalIds"] = [{"Issuer": store.issuer, "Id": principal.external_id}]
    return shown


def _apply(attributes: dict[str, Any], path: str, value: Any) -> None:
    """One operation of UpdateUser: set an attribute or a sub-attribute; no value removes it."""
    head, _, sub = path.partition(".")
    head, sub = _first_lower(head), _first_lower(sub)
    if head not in UPDATABLE:
        raise invalid(f"The attribute {path} cannot be updated")
    if sub:
        inner = dict(attributes.get(head) or {})
        inner[sub] = stored_value(value)
        attributes[head] = {name: each for name, each in inner.items() if each is not None}
    elif value is None:
        attributes.pop(head, None)
    else:
        attributes[head] = stored_value(value)


def _refuse_stale(principal: Principal, body: Body) -> None:
    """The optimistic lock: a Revision that is not the current one is refused."""
    if body.get("Revision") not in (None, str(principal.revision)):
        raise _stale()


def _stale() -> AwsError:
    return conflict("The resource was changed since.", Reason="CONCURRENT_MODIFICATION")


def _refuse_reserved(name: str | None) -> None:
    if name and name.casefold() in RESERVED_NAMES:
        raise invalid(f"{name} is a reserved name")


def _member_id(body: Body) -> str:
    return _plain_id(body["MemberId"].get("UserId", ""))


def _plain_id(identifier: str) -> str:
    """An id, given as such or as an ARN."""
    return identifier.rpartition("/")[2]


def _first_lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _page(name: str, items: list[Body], token: str | None) -> Body:
    return {name: items, "NextToken": token} if token else {name: items}
