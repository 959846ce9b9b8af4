"""What is attached to a permission set: policies and the boundary.

Each change provisions the permission set to all its accounts and waits. Calls as in
terraform-provider-aws `{managed_policy,customer_managed_policy,permissions_boundary}_attachment.go`
and `permission_set_inline_policy.go`.
"""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from entra_aws_sandbox.providers.aws.base import SET_AND_INSTANCE, SsoResource, doing, parts
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties

_PARENTS = frozenset({"instanceArn", "permissionSetArn"})
_REGION = frozenset({"region"})
_MANAGED_ID = ("MANAGED_POLICY_ARN", *SET_AND_INSTANCE)
_CUSTOMER_ID = (
    "CUSTOMER_MANAGED_POLICY_NAME",
    "CUSTOMER_MANAGED_POLICY_PATH",
    *SET_AND_INSTANCE,
)


class Attachment(SsoResource):
    """Something attached to a permission set, whose id ends with the set and the instance."""

    def settle(self, identity: str, inputs: Properties) -> None:
        """Provision: what fails here leaves the policy attached."""
        arn, instance = identity.split(",")[-2:]
        self.provision(inputs, arn, instance)

    def _detach(self, operation: str, identity: str, state: Properties, **more: Any) -> None:
        arn, instance = identity.split(",")[-2:]
        answer = self.removed(operation, state, InstanceArn=instance, PermissionSetArn=arn, **more)
        if answer is not None:
            self.provision(state, arn, instance)


class ManagedPolicyAttachment(Attachment):
    """A policy that AWS manages."""

    schema: ClassVar = Schema(
        token="aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
        required=_PARENTS | {"managedPolicyArn"},
        optional=_REGION,
        outputs=frozenset({"managedPolicyName"}),
        replaces=_PARENTS | _REGION | {"managedPolicyArn"},
    )

    def create(self, inputs: Properties) -> str:
        """Look for it first; refused where it is attached already."""
        policy, arn, instance = (
            inputs["managedPolicyArn"],
            inputs["permissionSetArn"],
            inputs["instanceArn"],
        )
        identity = f"{policy},{arn},{instance}"
        what = f"attaching Managed Policy ({policy}) to SSO Permission Set ({arn})"
        if self._find(identity, inputs):
            raise ProviderError(f"{what}: already attached")
        with doing(what):
            self.aws.call(
                "AttachManagedPolicyToPermissionSet",
                region=self.region(inputs),
                InstanceArn=instance,
                ManagedPolicyArn=policy,
                PermissionSetArn=arn,
            )
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Find it in the list of those attached."""
        _, arn, instance = parts(identity, *_MANAGED_ID)
        found = self._find(identity, known)
        return found and {
            "instanceArn": instance,
            "managedPolicyArn": found["Arn"],
            "managedPolicyName": found.get("Name", ""),
            "permissionSetArn": arn,
            "region": self.region(known),
        }

    def delete(self, identity: str, state: Properties) -> None:
        """Detach it and provision."""
        policy, arn, _ = parts(identity, *_MANAGED_ID)
        with doing(f"detaching Managed Policy ({policy}) from SSO Permission Set ({arn})"):
            self._detach(
                "DetachManagedPolicyFromPermissionSet", identity, state, ManagedPolicyArn=policy
            )

    def _find(self, identity: str, properties: Properties) -> Properties | None:
        policy, arn, instance = parts(identity, *_MANAGED_ID)
        with doing(f"reading SSO Managed Policy ({policy}) Attachment ({arn})"):
            attached = self.listed(
                "ListManagedPoliciesInPermissionSet",
                "AttachedManagedPolicies",
                properties,
                InstanceArn=instance,
                PermissionSetArn=arn,
            )
        return next((one for one in attached if one["Arn"] == policy), None)


class CustomerManagedPolicyAttachment(Attachment):
    """A policy that must exist, by name and path, in every account of the permission set."""

    schema: ClassVar = Schema(
        token="aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment",
        required=_PARENTS | {"customerManagedPolicyReference"},
        optional=_REGION,
        replaces=_PARENTS | _REGION | {"customerManagedPolicyReference"},
        nested={"customerManagedPolicyReference": {"path": "/"}},
    )

    def create(self, inputs: Properties) -> str:
        """Attach it; AWS itself refuses one that is attached already."""
        reference = inputs["customerManagedPolicyReference"]
        name, path = reference["name"], reference.get("path", "/")
        arn, instance = inputs["permissionSetArn"], inputs["instanceArn"]
        identity = f"{name},{path},{arn},{instance}"
        with doing(f"creating SSO Customer Managed Policy Attachment ({identity})"):
            self.aws.call(
                "AttachCustomerManagedPolicyReferenceToPermissionSet",
                region=self.region(inputs),
                CustomerManagedPolicyReference={"Name": name, "Path": path},
                InstanceArn=instance,
                PermissionSetArn=arn,
            )
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Find it in the list of those attached."""
        name, path, arn, instance = parts(identity, *_CUSTOMER_ID)
        with doing(f"reading SSO Customer Managed Policy Attachment ({identity})"):
            attached = self.listed(
                "ListCustomerManagedPolicyReferencesInPermissionSet",
                "CustomerManagedPolicyReferences",
                known,
                InstanceArn=instance,
                PermissionSetArn=arn,
            )
        if not any(one["Name"] == name and one.get("Path") == path for one in attached):
            return None
        return {
            "customerManagedPolicyReference": {"name": name, "path": path},
            "instanceArn": instance,
            "permissionSetArn": arn,
            "region": self.region(known),
        }

    def delete(self, identity: str, state: Properties) -> None:
        """Detach it and provision."""
        name, path, *_ = parts(identity, *_CUSTOMER_ID)
        with doing(f"deleting SSO Customer Managed Policy Attachment ({identity})"):
            self._detach(
                "DetachCustomerManagedPolicyReferenceFromPermissionSet",
                identity,
                state,
                CustomerManagedPolicyReference={"Name": name, "Path": path},
            )


class PermissionSetInlinePolicy(Attachment):
    """The one inline policy of a permission set."""

    reads_updated: ClassVar = True
    schema: ClassVar = Schema(
        token="aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy",
        required=_PARENTS | {"inlinePolicy"},
        optional=_REGION,
        replaces=_PARENTS | _REGION,
    )

    def validate(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """The policy must be a JSON object."""
        policy = inputs.get("inlinePolicy")
        if isinstance(policy, str) and not isinstance(_json(policy), dict):
            yield "inlinePolicy", '"inline_policy" contains an invalid JSON policy'

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Policies compare as JSON."""
        if name == "inlinePolicy" and isinstance(old, str) and isinstance(new, str):
            return _json(old) == _json(new) if _json(old) is not None else old == new
        return super().same(name, old, new)

    def create(self, inputs: Properties) -> str:
        """Put it: one that is there already is overwritten."""
        self._put(inputs)
        return f"{inputs['permissionSetArn']},{inputs['instanceArn']}"

    def read(self, identity: str, known: Properties) -> Properties | None:
        """The policy; an equivalent one is kept as it was written."""
        arn, instance = parts(identity, *SET_AND_INSTANCE)
        with doing(f"reading SSO Permission Set Inline Policy ({identity})"):
            answer = self.found(
                "GetInlinePolicyForPermissionSet",
                known,
                InstanceArn=instance,
                PermissionSetArn=arn,
            )
        policy = (answer or {}).get("InlinePolicy")
        if not policy:
            return None
        written = known.get("inlinePolicy")
        return {
            "inlinePolicy": written if self.same("inlinePolicy", written, policy) else policy,
            "instanceArn": instance,
            "permissionSetArn": arn,
            "region": self.region(known),
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Put it again and provision."""
        self._put(new)
        self.settle(identity, new)

    def delete(self, identity: str, state: Properties) -> None:
        """Delete it and provision."""
        with doing(f"deleting SSO Permission Set ({identity}) Inline Policy"):
            self._detach("DeleteInlinePolicyFromPermissionSet", identity, state)

    def _put(self, inputs: Properties) -> None:
        arn = inputs["permissionSetArn"]
        with doing(f"putting SSO Permission Set ({arn}) Inline Policy"):
            self.aws.call(
                "PutInlinePolicyToPermissionSet",
                region=self.region(inputs),
                InlinePolicy=_normalized(inputs["inlinePolicy"]),
                InstanceArn=inputs["instanceArn"],
                PermissionSetArn=arn,
            )


class PermissionsBoundaryAttachment(Attachment):
    """The one permissions boundary of a permission set."""

    schema: ClassVar = Schema(
        token="aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment",
        required=_PARENTS | {"permissionsBoundary"},
        optional=_REGION,
        replaces=_PARENTS | _REGION | {"permissionsBoundary"},
        nested={
            "permissionsBoundary": {"managedPolicyArn": ""},
            "permissionsBoundary.customerManagedPolicyReference": {"path": "/"},
        },
    )

    def create(self, inputs: Properties) -> str:
        """Put it: one that is there already is overwritten."""
        arn, instance = inputs["permissionSetArn"], inputs["instanceArn"]
        identity = f"{arn},{instance}"
        with doing(f"creating SSO Permissions Boundary Attachment ({identity})"):
            self.aws.call(
                "PutPermissionsBoundaryToPermissionSet",
                region=self.region(inputs),
                InstanceArn=instance,
                PermissionSetArn=arn,
                PermissionsBoundary=_boundary(inputs["permissionsBoundary"]),
            )
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """The boundary, of either kind."""
        arn, instance = parts(identity, *SET_AND_INSTANCE)
        with doing(f"reading SSO Permissions Boundary Attachment ({identity})"):
            answer = self.found(
                "GetPermissionsBoundaryForPermissionSet",
                known,
                InstanceArn=instance,
                PermissionSetArn=arn,
            )
        found = (answer or {}).get("PermissionsBoundary")
        if not found:
            return None
        return {
            "instanceArn": instance,
            "permissionSetArn": arn,
            "permissionsBoundary": _flattened(found),
            "region": self.region(known),
        }

    def delete(self, identity: str, state: Properties) -> None:
        """Delete it and provision."""
        with doing(f"deleting SSO Permissions Boundary Attachment ({identity})"):
            self._detach("DeletePermissionsBoundaryFromPermissionSet", identity, state)


def _boundary(block: Properties) -> dict[str, Any]:
    reference = block.get("customerManagedPolicyReference")
    if reference:
        named = {"Name": reference["name"], "Path": reference.get("path", "/")}
        return {"CustomerManagedPolicyReference": named}
    return {"ManagedPolicyArn": block["managedPolicyArn"]}


def _flattened(boundary: dict[str, Any]) -> Properties:
    if "ManagedPolicyArn" in boundary:
        return {"managedPolicyArn": boundary["ManagedPolicyArn"]}
    reference = boundary["CustomerManagedPolicyReference"]
    named = {"name": reference["Name"], "path": reference.get("Path", "/")}
    return {"customerManagedPolicyReference": named, "managedPolicyArn": ""}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _normalized(policy: str) -> str:
    """As Go's JSON writes it: sorted keys, no spaces."""
    return json.dumps(json.loads(policy), sort_keys=True, separators=(",", ":"))
