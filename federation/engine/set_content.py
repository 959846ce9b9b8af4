"""What is in a permission set: as declared, as the checkpoint has it, and as AWS has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from federation.access.declared import PermissionSet
from federation.core.urn import Urn

# AWS SDK model sso-admin, CreatePermissionSet: sessions last one hour unless said otherwise.
DEFAULT_SESSION: Final = "PT1H"
_MODULE: Final = "aws:ssoadmin/"


@dataclass(frozen=True, kw_only=True)
class SetContent:
    """Everything that a permission set gives, in a form that compares.

    `managed` are ARNs, `customer` path and name, as `/platform/deploy`; `boundary` is either. An
    empty text, and None for the inline policy, mean that there is none.
    """

    description: str = ""
    session: str = DEFAULT_SESSION
    relay_state: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    managed: frozenset[str] = frozenset()
    customer: frozenset[str] = frozenset()
    inline: str | None = None
    boundary: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredSet:
    """A permission set in the checkpoint."""

    arn: str
    content: SetContent = SetContent()


@dataclass(frozen=True, kw_only=True)
class LiveSet:
    """A permission set in AWS; `outdated` are the ids of the accounts whose role is of an older
    version (sso-admin: `LATEST_PERMISSION_SET_NOT_PROVISIONED`).
    """

    content: SetContent = SetContent()
    outdated: tuple[str, ...] = ()


def declared_content(model: PermissionSet, partition: str) -> SetContent:
    """What the access file declares, as AWS would have it."""
    boundary = model.permissions_boundary
    customer = boundary and boundary.customer_managed_policy
    return SetContent(
        description=model.description or "",
        session=model.session_duration or DEFAULT_SESSION,
        relay_state=model.relay_state or "",
        tags=model.tags,
        managed=frozenset(model.managed_policy_arns(partition)),
        customer=frozenset(
            path_and_name(one.name, one.path) for one in model.customer_managed_policies
        ),
        inline=model.inline_policy_json,
        boundary=(
            path_and_name(customer.name, customer.path)
            if customer
            else (boundary and boundary.managed_policy_arn(partition)) or ""
        ),
    )


def stored_sets(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, StoredSet]:
    """The permission sets of a checkpoint by logical name, from all resources' outputs by URN."""
    names: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    for urn, outputs in resources.items():
        resource = Urn.parse(urn)
        if not resource.type.startswith(_MODULE):
            continue
        kind = resource.kind
        if kind == "PermissionSet":
            names[resource.name] = str(outputs.get("arn"))
        arn = str(outputs.get("arn" if kind == "PermissionSet" else "permissionSetArn"))
        content = values.setdefault(arn, {"managed": set(), "customer": set()})
        _gather(content, kind, outputs)
    return {
        name: StoredSet(
            arn=arn,
            content=SetContent(
                **{
                    **values[arn],
                    "managed": frozenset(values[arn]["managed"]),
                    "customer": frozenset(values[arn]["customer"]),
                }
            ),
        )
        for name, arn in names.items()
    }


def _gather(content: dict[str, Any], kind: str, outputs: Mapping[str, Any]) -> None:
    if kind == "PermissionSet":
        content |= {
            "description": outputs.get("description") or "",
            "session": outputs.get("sessionDuration") or DEFAULT_SESSION,
            "relay_state": outputs.get("relayState") or "",
            # With the provider's default tags.
            "tags": outputs.get("tagsAll") or outputs.get("tags") or {},
        }
    elif kind == "ManagedPolicyAttachment":
        content["managed"].add(str(outputs.get("managedPolicyArn")))
    elif kind == "CustomerManagedPolicyAttachment":
        content["customer"].add(_reference(outputs.get("customerManagedPolicyReference") or {}))
    elif kind == "PermissionSetInlinePolicy":
        content["inline"] = outputs.get("inlinePolicy")
    elif kind == "PermissionsBoundaryAttachment":
        value = outputs.get("permissionsBoundary") or {}
        reference = value.get("customerManagedPolicyReference")
        content["boundary"] = (
            _reference(reference) if reference else value.get("managedPolicyArn") or ""
        )


def _reference(value: Mapping[str, Any]) -> str:
    return path_and_name(str(value.get("name")), value.get("path"))


def path_and_name(name: str, path: str | None) -> str:
    """A customer-managed policy as one text; a path begins and ends with a slash."""
    return f"{path or '/'}{name}"


def name_and_path(text: str) -> tuple[str, str]:
    """What `path_and_name` put together: no policy's name holds a slash."""
    path, _, name = text.rpartition("/")
    return name, f"{path}/"


def same_policy(one: str | None, other: str | None) -> bool:
    """Whether two inline policies are the same document, in whatever order it is written."""
    return one == other or (bool(one) and bool(other) and _ordered(one) == _ordered(other))


def _ordered(text: str | None) -> Any:
    try:
        return _sorted(json.loads(text or ""))
    except ValueError:
        return text


def _sorted(value: Any) -> Any:
    """Lists as sets, and one element as good as a list of it: so IAM reads policies."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((_sorted(item) for item in value), key=json.dumps)
        return items[0] if len(items) == 1 else items
    return value
