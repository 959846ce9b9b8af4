"""How an attribute of a person is spelled: SCIM's way (stored) and the identitystore API's way.

Both have the same attributes (AWS's API follows the SCIM core schema) and differ in the first
letter: SCIM `name.givenName`, the API `Name.GivenName`.
"""

from __future__ import annotations

from typing import Any

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_EXTENSION = "aws:identitystore:enterprise"

# Attributes of identitystore's CreateUser and DescribeUser; the API shows `active` as UserStatus.
API_ATTRIBUTES = (
    "userName",
    "name",
    "displayName",
    "nickName",
    "profileUrl",
    "emails",
    "addresses",
    "phoneNumbers",
    "userType",
    "title",
    "preferredLanguage",
    "locale",
    "timezone",
    "photos",
    "website",
    "birthdate",
    "roles",
)
API_ONLY = frozenset({"photos", "website", "birthdate"})

# What an API caller may address in UpdateUser's Operations, beside sub-attributes of these.
UPDATABLE = frozenset(API_ATTRIBUTES)


def to_api(attributes: dict[str, Any], *, extensions: bool = False) -> dict[str, Any]:
    """A stored person's attributes as the identitystore API shows them."""
    shown = {
        _upper(name): _recased(attributes[name], _upper)
        for name in API_ATTRIBUTES
        if attributes.get(name)
    }
    if extensions and attributes.get(ENTERPRISE):
        shown["Extensions"] = {_EXTENSION: attributes[ENTERPRISE]}
    return shown


def from_api(body: dict[str, Any]) -> dict[str, Any]:
    """The attributes of an identitystore request, as they are stored."""
    stored = {
        name: _recased(body[_upper(name)], _lower)
        for name in API_ATTRIBUTES
        if body.get(_upper(name)) is not None
    }
    extension = (body.get("Extensions") or {}).get(_EXTENSION)
    if extension is not None:
        stored[ENTERPRISE] = extension
    return stored


def stored_value(value: Any) -> Any:
    """An UpdateUser operation's AttributeValue, as it is stored."""
    return _recased(value, _lower)


def _recased(value: Any, case: Any) -> Any:
    if isinstance(value, dict):
        return {case(name): _recased(inner, case) for name, inner in value.items()}
    if isinstance(value, list):
        return [_recased(inner, case) for inner in value]
    return value


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
