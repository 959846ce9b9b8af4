"""Previews of a few steps, as the engine prints them, for what a sandbox seldom comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from federation.engine.preview import Preview, parse_preview

ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"
SET = "aws:ssoadmin/permissionSet:PermissionSet"
INLINE = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
MANAGED = "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"
CERTIFICATE = (
    "azuread:index/servicePrincipalTokenSigningCertificate:ServicePrincipalTokenSigningCertificate"
)
SERVICE_PRINCIPAL = "azuread:index/servicePrincipal:ServicePrincipal"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
Inputs = Mapping[str, Any]


def urn(kind: str, name: str) -> str:
    """The URN of a resource of stack prod."""
    return f"urn:pulumi:prod::entra-identity-center::{kind}::{name}"


def step(
    op: str,
    kind: str,
    name: str,
    *,
    before: Inputs | None = None,
    after: Inputs | None = None,
    old_name: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One step; `before` and `after` are inputs, None where the resource does not exist."""
    found: dict[str, Any] = {"op": op, "urn": urn(kind, name), **more}
    if before is not None:
        found["oldState"] = {"urn": urn(kind, old_name or name), "type": kind, "inputs": before}
    if after is not None:
        found["newState"] = {"urn": urn(kind, name), "type": kind, "inputs": after}
    return found


def assignment(
    op: str, name: str, *, principal: str = "g-1", old: str = "g-1", **more: Any
) -> dict[str, Any]:
    """A step about one assignment."""
    account = name.rpartition("/")[2]
    before: Inputs | None = {"principalId": old, "targetId": account}
    after: Inputs | None = {"principalId": principal, "targetId": account}
    if op in ("create", "import"):
        before = before if op == "import" else None
    if op == "delete":
        after = None
    return step(op, ASSIGNMENT, name, before=before, after=after, **more)


def preview(*steps: dict[str, Any], **more: Any) -> Preview:
    """A complete preview of some steps."""
    root = step("same", "pulumi:pulumi:Stack", "entra-identity-center-prod", before={}, after={})
    return parse_preview({"steps": [root, *steps], **more})
