"""AWS's limits on what a SCIM client sends, on the JSON as it came.

Source: SCIM developer guide, "Limitations of the IAM Identity Center SCIM implementation" and the
pages of the single operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scim2_models import InvalidValueException

from entra_aws_sandbox.aws.identitystore.attributes import ENTERPRISE

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

UNSUPPORTED = frozenset({"ims", "photos", "x509Certificates", "entitlements", "password", "groups"})
PATCHABLE = frozenset(
    {
        "userName",
        "active",
        "externalId",
        "displayName",
        "nickName",
        "profileUrl",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "name",
        "emails",
        "addresses",
        "phoneNumbers",
        "roles",
        ENTERPRISE,
    }
)
MAX_MEMBER_CHANGES = 100
MAX_USER_NAME = 128

_SINGLE = ("emails", "addresses", "phoneNumbers", "roles")
_NAMES = ("userName", "displayName", "nickName", "title", "userType")
# Microsoft's provisioning tutorial for this app lists what Identity Center refuses in names.
_FORBIDDEN = frozenset("\t\n\r<>;:%")


def require_user(body: dict[str, Any]) -> None:
    """Raises InvalidValueException unless Identity Center would keep this person."""
    name = body.get("name") or {}
    required = {
        "userName": body.get("userName"),
        "displayName": body.get("displayName"),
        "name.givenName": name.get("givenName"),
        "name.familyName": name.get("familyName"),
    }
    for attribute, value in required.items():
        if not isinstance(value, str) or not value.strip():
            raise refused(f"{attribute} is required")
    if len(body["userName"]) > MAX_USER_NAME or " " in body["userName"]:
        raise refused(f"userName has at most {MAX_USER_NAME} characters and no space")
    for attribute in sorted(UNSUPPORTED & body.keys()):
        raise refused(f"{attribute} is not supported")
    for attribute in _SINGLE:
        _require_single(attribute, body.get(attribute))
    for attribute, value in _name_values(body):
        if _FORBIDDEN & set(value):
            raise refused(f"{attribute} contains a character that is not allowed")


def require_group(body: dict[str, Any]) -> None:
    """Raises InvalidValueException unless Identity Center would keep this group."""
    name = body.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise refused("displayName is required")
    if _FORBIDDEN & set(name):
        raise refused("displayName contains a character that is not allowed")
    members = body.get("members") or []
    if len(members) > MAX_MEMBER_CHANGES:
        raise refused(f"at most {MAX_MEMBER_CHANGES} members can be given")


def require_user_patch(operations: list[dict[str, Any]]) -> None:
    """Raises InvalidValueException for operations that PatchUser does not know."""
    counts: dict[str, int] = {}
    for operation in operations:
        kind = str(operation.get("op", "")).lower()
        path = operation.get("path")
        if kind not in ("add", "replace", "remove"):
            raise refused("op must be add, replace or remove")
        if kind == "remove" and not path:
            raise refused("path is required for remove")
        if kind != "remove" and operation.get("value") is None:
            raise refused("value is required for add and replace")
        for attribute in _targets(path, operation.get("value")):
            if attribute not in _LOWER_PATCHABLE:
                raise refused(f"{attribute} cannot be patched")
            if kind == "remove" and attribute in ("username", "active"):
                raise refused(f"{attribute} cannot be removed")
            counts[attribute] = counts.get(attribute, 0) + 1
    for attribute in ("username", "active"):
        if counts.get(attribute, 0) > 1:
            raise refused(f"{attribute} can be changed only once in a request")


def with_manager_as_object(operation: dict[str, Any]) -> dict[str, Any]:
    """Entra sends a manager as plain text, which the schema knows as an object with a value."""
    path, value = str(operation.get("path", "")), operation.get("value")
    if path.lower() == f"{ENTERPRISE}:manager".lower() and isinstance(value, str):
        return {**operation, "value": {"value": value}}
    return operation


_LOWER_PATCHABLE = frozenset(each.lower() for each in PATCHABLE)


def _targets(path: str | None, value: Any) -> list[str]:
    """The attributes an operation is about, in lower case, without sub-attributes and filters."""
    if path:
        return [_head(path)]
    return [_head(name) for name in value] if isinstance(value, dict) else []


def _head(path: str) -> str:
    lower = path.lower()
    if lower.startswith(ENTERPRISE.lower()):
        return ENTERPRISE.lower()
    lower = lower.removeprefix(f"{CORE_USER.lower()}:")
    return lower.partition("[")[0].partition(".")[0]


def _require_single(attribute: str, value: Any) -> None:
    if not value:
        return
    if not isinstance(value, list) or len(value) > 1:
        raise refused(f"{attribute}: Currently list attributes only allow single item")
    if not isinstance(value[0], dict):
        raise refused(f"{attribute} must hold an object")
    if value[0].get("display") is not None:
        raise refused(f"{attribute}.display is not supported")
    if attribute == "emails" and str(value[0].get("primary", True)).lower() == "false":
        raise refused("the e-mail address must be the primary one")


def _name_values(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    name = body.get("name") or {}
    values = {attribute: body.get(attribute) for attribute in _NAMES}
    values |= {f"name.{attribute}": value for attribute, value in name.items()}
    yield from ((key, value) for key, value in values.items() if isinstance(value, str))


def refused(reason: str) -> InvalidValueException:
    """A ValidationException with its reason."""
    return InvalidValueException(detail=reason)
