"""The operations of the identitystore API on people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from entra_aws_sandbox.aws.errors import invalid
from entra_aws_sandbox.aws.identitystore.attributes import UPDATABLE, from_api, stored_value, to_api
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
from entra_aws_sandbox.aws.identitystore.store import IdentityStore, User
from entra_aws_sandbox.aws.paging import listed


def user_handlers() -> dict[str, Handler]:
    """Operation → what answers it."""
    return {
        "CreateUser": _create_user,
        "DescribeUser": _describe_user,
        "UpdateUser": _update_user,
        "DeleteUser": _delete_user,
        "ListUsers": _list_users,
        "GetUserId": _get_user_id,
    }


def _create_user(store: IdentityStore, body: Body) -> Body:
    attributes = from_api(body)
    _require_complete(attributes)
    return _user_identity(store, store.add_user(attributes))


def _describe_user(store: IdentityStore, body: Body) -> Body:
    user = store.user(plain_id(body["UserId"]))
    return _shown_user(store, user, extensions=bool(body.get("Extensions")))


def _update_user(store: IdentityStore, body: Body) -> Body:
    user = store.user(plain_id(body["UserId"]))
    refuse_stale(user, body)
    attributes = dict(user.attributes)
    for operation in body["Operations"]:
        _apply(attributes, operation["AttributePath"], operation.get("AttributeValue"))
    _require_complete(attributes)
    return _user_identity(store, store.change_user(user, attributes, user.external_id))


def _delete_user(store: IdentityStore, body: Body) -> Body:
    user_id = plain_id(body["UserId"])
    if user_id in store.users:
        refuse_stale(store.users[user_id], body)
        store.remove_user(user_id)
    return {}


def _list_users(store: IdentityStore, body: Body) -> Body:
    users: Sequence[User] = list(store.users.values())
    for condition in body.get("Filters") or ():
        if condition["AttributePath"].casefold() != "username":
            raise invalid(f"The attribute {condition['AttributePath']} cannot be filtered on")
        users = store.users_named(condition["AttributeValue"])
    extensions = bool(body.get("Extensions"))
    return listed(
        "Users",
        users,
        body,
        size=DEFAULT_PAGE,
        shown=lambda each: _shown_user(store, each, extensions=extensions),
    )


def _get_user_id(store: IdentityStore, body: Body) -> Body:
    paths = {
        "username": store.users_named,
        "emails.value": store.users_with_email,
    }
    user = alternate(store, body, "USER", paths, store.users_with_external_id)
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
        **history(store, user),
        "UserStatus": "ENABLED" if user.active else "DISABLED",
    }


def _require_complete(attributes: dict[str, Any]) -> None:
    """What AWS asks of every person."""
    name = attributes.get("name") or {}
    for required, value in (
        ("userName", attributes.get("userName")),
        ("displayName", attributes.get("displayName")),
        ("name.familyName", name.get("familyName")),
        ("name.givenName", name.get("givenName")),
    ):
        if not value:
            raise invalid(f"{required} is a required attribute")
    refuse_reserved(attributes["userName"])


def _apply(attributes: dict[str, Any], path: str, value: Any) -> None:
    """One operation of UpdateUser: set an attribute or a sub-attribute; no value removes it."""
    head, _, sub = path.partition(".")
    head, sub = first_lower(head), first_lower(sub)
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
