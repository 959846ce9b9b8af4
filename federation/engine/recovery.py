"""A checkpoint after a killed update: what was being made, and how the state takes it in. Pure."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from federation.core.urn import Urn, kind_of

Json = dict[str, Any]

# A killed engine's plugins may live on for longer, but make no call after about a second (measured
# with the real azuread plugin; the sandbox's doubles end by then).
SETTLE_SECONDS: Final = 5.0


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
        return Urn.parse(self.urn).name

    @property
    def type(self) -> str:
        """The resource type, `aws:ssoadmin/accountAssignment:AccountAssignment`."""
        return Urn.parse(self.urn).type


class TwoNamesError(ValueError):
    """One object would stand in the state twice; the message names both resources, by URN here."""

    def __init__(self, one: str, other: str, ident: str) -> None:
        super().__init__(
            f"{resource_name(one)} is there already, as {resource_name(other)} in this stack's "
            f"state ({ident}): one object can't be two resources, since what deletes the one would "
            "take away the other; declare it under its old name, or run the update that deletes "
            "that one first"
        )


def interrupted(export: Mapping[str, Any]) -> list[Interrupted]:
    """The unfinished operations in the JSON of `pulumi stack export`.

    Those of components are left out: nothing is behind them in a cloud.
    """
    operations = export["deployment"].get("pending_operations") or []
    return [
        Interrupted(
            urn=operation["resource"]["urn"],
            kind=kind_of(operation["resource"]["type"]),
            what=operation["type"],
            inputs=operation["resource"].get("inputs") or {},
        )
        for operation in operations
        if operation["resource"].get("custom")
    ]


def unrecorded(export: Mapping[str, Any], preview: Mapping[str, Any]) -> Json:
    """The export, with an unfinished creation for each resource that may be there already.

    `preview` is the JSON of `pulumi preview`. The creation was carried out, but its answer got
    lost: a provider sends no write again, so that the engine saw a failure and forgot it. Only what
    LOST names, and only with inputs that are all known.
    """
    result: Json = copy.deepcopy(dict(export))
    operations = [
        {"type": "creating", "resource": step["newState"]}
        for step in preview.get("steps") or ()
        if step["op"] == "create" and _may_be_there(step["newState"])
    ]
    result["deployment"].setdefault("pending_operations", []).extend(operations)
    return result


def _may_be_there(state: Mapping[str, Any]) -> bool:
    return kind_of(state["type"]) in LOST and not _has_unknown(
        [state.get("inputs"), state.get("provider")]
    )


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return isinstance(value, str) and _UNKNOWN in value


def deletions(preview: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The states of the resources that the next update would delete, of `pulumi preview --json`."""
    return [
        step["oldState"]
        for step in preview.get("steps") or ()
        if step["op"] == "delete" and step["oldState"].get("custom")
    ]


def unread(export: Mapping[str, Any]) -> dict[str, str]:
    """What was made and could not be read back, and has no update to be read by: names by URN."""
    return {
        one["urn"]: resource_name(one["urn"])
        for one in export["deployment"].get("resources") or ()
        if one.get("initErrors") and kind_of(one["type"]) in _WITHOUT_UPDATE
    }


def complete_until(
    export: Mapping[str, Any], history: Iterable[Mapping[str, Any]]
) -> datetime | None:
    """When this stack had last made everything that was declared (aware); None when unknown.

    `history` is the JSON of `pulumi stack history`, newest first. What this stack is missing was
    made after its last successful update, or since its first one began. A `destroy` that takes
    away single resources is none.
    """
    for entry in history:
        if (entry.get("kind"), entry.get("result")) == ("update", "succeeded"):
            return moment(entry.get("endTime") or entry["startTime"])
    resources = export["deployment"].get("resources") or ()
    root: Mapping[str, Any] = next(
        (one for one in resources if one["type"] == "pulumi:pulumi:Stack"), {}
    )
    return moment(root["created"]) if root.get("created") else None


def known_ids(export: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The URN of each resource of the state, by its type and id."""
    resources = export["deployment"].get("resources") or ()
    return {(one["type"], one["id"]): one["urn"] for one in resources if one.get("id")}


def written_at(export: Mapping[str, Any]) -> datetime:
    """When the engine last wrote the checkpoint (aware)."""
    return moment(export["deployment"]["manifest"]["time"])


def moment(text: str) -> datetime:
    """A time of the engine or of Graph (aware), to the second: some have seven or nine digits."""
    head, _, tail = str(text).partition(".")
    zone = tail.lstrip("0123456789") or "Z"
    return datetime.fromisoformat(head + zone if tail else head)


def taken_in(export: Mapping[str, Any], ids: Mapping[str, str]) -> Json:
    """The export without unfinished operations, and with a resource for each of `ids` (by URN).

    Each begins with its inputs for outputs: a refresh afterwards reads what there really is, and
    drops what there is not. Where a replacement was being made, the old resource is left to be
    deleted by the next update, as the engine itself would have done. Raises TwoNamesError for an id
    that another resource of the same type has, whatever becomes of that one.
    """
    result: Json = copy.deepcopy(dict(export))
    known = known_ids(export)
    deployment = result["deployment"]
    resources: list[Json] = deployment.setdefault("resources", [])
    for operation in deployment.pop("pending_operations", None) or []:
        made = operation["resource"]
        ident = ids.get(made["urn"]) if operation["type"] == "creating" else None
        if not ident:
            continue
        other = known.setdefault((made["type"], ident), made["urn"])
        if other != made["urn"]:
            raise TwoNamesError(made["urn"], other, ident)
        current = [one for one in resources if one["urn"] == made["urn"] and not one.get("delete")]
        if any(one.get("id") == ident for one in current):
            continue
        for one in current:
            one["delete"] = True
        outputs = {k: v for k, v in (made.get("inputs") or {}).items() if k != "__defaults"}
        resources.append({**made, "id": ident, "outputs": outputs})
    return result


def resource_name(urn: str) -> str:
    """Kind and logical name, as a person reads them."""
    return str(Urn.parse(urn))


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
# What a lost answer may leave behind and the provider then refuses to make, or would make twice.
LOST: Final = frozenset(
    {
        *("AccountAssignment", "AppRoleAssignment", "PermissionSet", "Group"),
        *("ApplicationFromTemplate", "ApplicationIdentifierUri", "ApplicationRedirectUris"),
        *("ServicePrincipalTokenSigningCertificate", "SynchronizationJob"),
    }
)
# The azuread provider's resources that are only ever replaced. After a creation that failed at its
# end, the engine asks for an update at each run; others have one, which reads.
_WITHOUT_UPDATE: Final = frozenset(
    {
        *("AppRoleAssignment", "GroupMember", "ApplicationIdentifierUri"),
        "ServicePrincipalTokenSigningCertificate",
    }
)
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
