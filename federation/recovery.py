"""A checkpoint after a killed update: what was being made, and how the state takes it in. Pure."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

Json = dict[str, Any]

# The plugins of a killed engine end within ten seconds; until then a call may still be on its way.
SETTLE_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """An operation that had begun; `kind` is the resource's, such as `AccountAssignment`.

    `what` is what was being done with it: creating, updating, deleting, reading or importing.
    """

    urn: str
    kind: str
    what: str
    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[3]


def interrupted(export: Mapping[str, Any]) -> list[Interrupted]:
    """The unfinished operations in the JSON of `pulumi stack export`.

    Those of components are left out: nothing is behind them in a cloud.
    """
    operations = export["deployment"].get("pending_operations") or []
    return [
        Interrupted(
            urn=operation["resource"]["urn"],
            kind=operation["resource"]["type"].rpartition(":")[2],
            what=operation["type"],
            inputs=operation["resource"].get("inputs") or {},
        )
        for operation in operations
        if operation["resource"].get("custom")
    ]


def unrecorded(export: Mapping[str, Any], preview: Mapping[str, Any]) -> Json:
    """The export, with an unfinished creation for each row that a preview would make.

    `preview` is the JSON of `pulumi preview`. A row may be there already: its creation was
    carried out, but the answer got lost, and the second try met what the first one had made. Only
    rows, which are nothing but who has what where, and only those whose inputs are all known:
    what has a name of its own is never taken in for its name.
    """
    result: Json = copy.deepcopy(dict(export))
    operations = [
        {"type": "creating", "resource": step["newState"]}
        for step in preview.get("steps") or ()
        if step["op"] == "create" and _is_known_row(step["newState"])
    ]
    result["deployment"].setdefault("pending_operations", []).extend(operations)
    return result


def _is_known_row(state: Mapping[str, Any]) -> bool:
    return (
        state["type"].rpartition(":")[2] in ROWS
        and _UNKNOWN not in (state.get("inputs") or {}).values()
        and _UNKNOWN not in str(state.get("provider"))
    )


def written_at(export: Mapping[str, Any]) -> datetime:
    """When the engine last wrote the checkpoint (aware)."""
    # Nanoseconds, which datetime does not read.
    text = export["deployment"]["manifest"]["time"]
    head, _, tail = str(text).partition(".")
    zone = tail.lstrip("0123456789") or "Z"
    return datetime.fromisoformat(head + zone if tail else head)


def taken_in(export: Mapping[str, Any], ids: Mapping[str, str]) -> Json:
    """The export without unfinished operations, and with a resource for each of `ids` (by URN).

    Each begins with its inputs for outputs: a refresh afterwards reads what there really is, and
    drops what there is not. Where a replacement was being made, the old resource is left to be
    deleted by the next update, as the engine itself would have done.
    """
    result: Json = copy.deepcopy(dict(export))
    deployment = result["deployment"]
    resources: list[Json] = deployment.setdefault("resources", [])
    for operation in deployment.pop("pending_operations", None) or []:
        made = operation["resource"]
        ident = ids.get(made["urn"]) if operation["type"] == "creating" else None
        if not ident:
            continue
        current = [one for one in resources if one["urn"] == made["urn"] and not one.get("delete")]
        if any(one.get("id") == ident for one in current):
            continue
        for one in current:
            one["delete"] = True
        outputs = {k: v for k, v in (made.get("inputs") or {}).items() if k != "__defaults"}
        resources.append({**made, "id": ident, "outputs": outputs})
    return result


def _assignment(inputs: Mapping[str, Any]) -> str:
    keys = ("principalId", "principalType", "targetId", "targetType", *_SET)
    return ",".join(str(inputs[key]) for key in keys)


def _customer_policy(inputs: Mapping[str, Any]) -> str:
    reference = inputs["customerManagedPolicyReference"]
    parts = (reference["name"], reference.get("path") or "/", *(inputs[key] for key in _SET))
    return ",".join(parts)


def _identifier_uri(inputs: Mapping[str, Any]) -> str:
    segment = base64.b64encode(inputs["identifierUri"].encode()).decode()
    return f"{inputs['applicationId']}/identifierUris/{segment}"


# What stands for a value that is not known yet (pulumi/pulumi, plugin/rpc.go, UnknownStringValue).
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ROWS: Final = frozenset({"AccountAssignment", "AppRoleAssignment"})
_SET: Final = ("permissionSetArn", "instanceArn")
# Ids that follow from the inputs, as the "Import" sections of the Terraform providers give them
# (aws: ssoadmin; azuread: application). What a second creation merely overwrites (inline policy,
# boundary, synchronization secret, the existing service principal) is left to be made again.
DERIVED_IDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "AccountAssignment": _assignment,
    "ManagedPolicyAttachment": lambda inputs: ",".join(
        str(inputs[key]) for key in ("managedPolicyArn", *_SET)
    ),
    "CustomerManagedPolicyAttachment": _customer_policy,
    "InstanceAccessControlAttributes": lambda inputs: str(inputs["instanceArn"]),
    "ApplicationIdentifierUri": _identifier_uri,
    "ApplicationRedirectUris": lambda inputs: (
        f"{inputs['applicationId']}/redirectUris/{inputs['type']}"
    ),
}
