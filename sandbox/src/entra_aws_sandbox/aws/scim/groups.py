"""PatchGroup: a new name, a new externalId, members added and removed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from scim2_models import ResourceType, UniquenessException

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.scim.rules import MAX_MEMBER_CHANGES, refused, require_group
from entra_aws_sandbox.aws.scim.storage import IdentityStoreStorage

_MEMBER_PATH = re.compile(r'members\[\s*value\s+eq\s+"([^"]+)"\s*\]', re.IGNORECASE)
# Entra repeats these beside what it changes.
_IGNORED = frozenset({"id", "schemas"})


@dataclass
class _Changes:
    """What the operations of one request ask for."""

    attributes: dict[str, str | None] = field(default_factory=dict)
    members: list[tuple[str, str]] = field(default_factory=list)


def patch_group(
    storage: IdentityStoreStorage,
    resource_type: ResourceType,
    group_id: str,
    operations: list[dict[str, Any]],
) -> None:
    """Apply a PatchGroup request, all of it or nothing.

    Raises a SCIMException for what AWS refuses: anything but displayName, externalId and members,
    replacing or removing all members, more than 100 membership changes.
    """
    group = storage.principal(resource_type, group_id)
    changes = _Changes()
    for operation in operations:
        _read(operation, changes)
    if len(changes.members) > MAX_MEMBER_CHANGES:
        raise refused(f"at most {MAX_MEMBER_CHANGES} members can be changed in a request")
    for kind, user_id in changes.members:
        if kind == "add":
            storage.require_member(user_id)
    if changes.attributes:
        current = getattr(group, "display_name", None)
        name = changes.attributes.get("displayName", current)
        require_group({"displayName": name})
        external_id = changes.attributes.get("externalId", group.external_id)
        try:
            storage.rename_group(group_id, name, external_id)
        except AwsError as error:
            raise UniquenessException(detail=error.message) from None
    for kind, user_id in changes.members:
        _change_member(storage, group_id, kind, user_id)


def _change_member(storage: IdentityStoreStorage, group_id: str, kind: str, user_id: str) -> None:
    """Adding a member twice and removing one who is none both succeed."""
    membership = storage.store.membership_of(group_id, user_id)
    if kind == "add" and membership is None:
        storage.store.add_membership(group_id, user_id)
    elif kind == "remove" and membership is not None:
        storage.store.remove_membership(membership.id)


def _read(operation: dict[str, Any], changes: _Changes) -> None:
    kind = str(operation.get("op", "")).lower()
    path, value = operation.get("path"), operation.get("value")
    if kind not in ("add", "replace", "remove"):
        raise refused("op must be add, replace or remove")
    if path is None:
        if kind == "remove" or not isinstance(value, dict):
            raise refused("path is required")
        for name, inner in value.items():
            if name not in _IGNORED:
                _read_one(kind, name, inner, changes)
    else:
        _read_one(kind, str(path), value, changes)


def _read_one(kind: str, path: str, value: Any, changes: _Changes) -> None:
    filtered = _MEMBER_PATH.fullmatch(path)
    if filtered and kind == "remove":
        changes.members.append((kind, filtered[1]))
    elif path.lower() == "members":
        changes.members += [(kind, each) for each in _members(kind, value)]
    elif path.lower() == "displayname" and kind != "remove":
        changes.attributes["displayName"] = _text(value)
    elif path.lower() == "externalid":
        changes.attributes["externalId"] = None if kind == "remove" else _text(value)
    else:
        raise refused(f"{path} of a group cannot be changed by {kind}")


def _members(kind: str, value: Any) -> list[str]:
    entries = value if isinstance(value, list) else [value] if value else []
    if kind == "replace" or not entries:
        raise refused("replacing or removing all members is not supported")
    identifiers = [each.get("value") if isinstance(each, dict) else None for each in entries]
    if not all(isinstance(each, str) and each for each in identifiers):
        raise refused("a member must be an object with a value")
    return [str(each) for each in identifiers]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refused("the value must be a string")
    return value
