"""What is attached to a permission set: policies of three kinds and the permissions boundary."""

from __future__ import annotations

from entra_aws_sandbox.aws.errors import conflict, invalid, not_found
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site, page
from entra_aws_sandbox.aws.ssoadmin.policies import (
    require_managed_policy,
    require_policy_document,
    require_room,
)
from entra_aws_sandbox.aws.ssoadmin.state import PolicyReference
from entra_aws_sandbox.aws.wire import Call


class Attachments:
    """Every change here reaches the accounts only when the set is provisioned again."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handlers(self) -> dict[str, Handler]:
        """Operation → what answers it."""
        return {
            "AttachManagedPolicyToPermissionSet": self._attach_managed,
            "DetachManagedPolicyFromPermissionSet": self._detach_managed,
            "ListManagedPoliciesInPermissionSet": self._list_managed,
            "AttachCustomerManagedPolicyReferenceToPermissionSet": self._attach_customer,
            "DetachCustomerManagedPolicyReferenceFromPermissionSet": self._detach_customer,
            "ListCustomerManagedPolicyReferencesInPermissionSet": self._list_customer,
            "PutInlinePolicyToPermissionSet": self._put_inline,
            "GetInlinePolicyForPermissionSet": self._get_inline,
            "DeleteInlinePolicyFromPermissionSet": self._delete_inline,
            "PutPermissionsBoundaryToPermissionSet": self._put_boundary,
            "GetPermissionsBoundaryForPermissionSet": self._get_boundary,
            "DeletePermissionsBoundaryFromPermissionSet": self._delete_boundary,
        }

    def _attach_managed(self, call: Call) -> Body:
        changed, arn = self._site.changeable(call), call.body["ManagedPolicyArn"]
        if arn in changed.managed_policies:
            raise conflict(
                f"Permission set with id {changed.arn.rpartition('/')[2]} already has a typed "
                f"link attachment to a manged policy with {arn}"
            )
        require_room(changed)
        require_managed_policy(arn)
        changed.managed_policies.append(arn)
        self._site.write(changed)
        return {}

    def _detach_managed(self, call: Call) -> Body:
        changed, arn = self._site.changeable(call), call.body["ManagedPolicyArn"]
        if arn not in changed.managed_policies:
            raise not_found(f"Could not find ManagedPolicy with arn {arn}")
        changed.managed_policies.remove(arn)
        self._site.write(changed)
        return {}

    def _list_managed(self, call: Call) -> Body:
        arns = self._site.permission_set(call).managed_policies
        attached = [{"Name": arn.rpartition("/")[2], "Arn": arn} for arn in arns]
        return page("AttachedManagedPolicies", attached, call)

    def _attach_customer(self, call: Call) -> Body:
        changed, reference = self._site.changeable(call), _reference(call)
        if reference in changed.customer_policies:
            raise conflict(
                f"Given customer managed policy with name: {reference.name}  and path "
                f"{reference.path} already attached"
            )
        require_room(changed)
        changed.customer_policies.append(reference)
        self._site.write(changed)
        return {}

    def _detach_customer(self, call: Call) -> Body:
        changed, reference = self._site.changeable(call), _reference(call)
        if reference not in changed.customer_policies:
            raise not_found(
                f"Given managed policy with name: {reference.name}  and path {reference.path} "
                "does not exist on PermissionSet"
            )
        changed.customer_policies.remove(reference)
        self._site.write(changed)
        return {}

    def _list_customer(self, call: Call) -> Body:
        references = self._site.permission_set(call).customer_policies
        shown = [reference.shown() for reference in references]
        return page("CustomerManagedPolicyReferences", shown, call)

    def _put_inline(self, call: Call) -> Body:
        changed, text = self._site.changeable(call), call.body["InlinePolicy"]
        require_policy_document(text)
        changed.inline_policy = text
        self._site.write(changed)
        return {}

    def _get_inline(self, call: Call) -> Body:
        """Without a policy AWS answers without the member."""
        text = self._site.permission_set(call).inline_policy
        return {"InlinePolicy": text} if text else {}

    def _delete_inline(self, call: Call) -> Body:
        changed = self._site.changeable(call)
        if changed.inline_policy is None:
            raise not_found(f"Could not find inline policy in {changed.arn.rpartition('/')[2]}")
        changed.inline_policy = None
        self._site.write(changed)
        return {}

    def _put_boundary(self, call: Call) -> Body:
        changed, boundary = self._site.changeable(call), call.body["PermissionsBoundary"]
        reference, arn = (
            boundary.get("CustomerManagedPolicyReference"),
            boundary.get("ManagedPolicyArn"),
        )
        if (reference is None) == (arn is None):
            raise invalid(
                "Only ManagedPolicyArn or CustomerManagedPolicyReference should be given."
            )
        if arn is not None:
            require_managed_policy(arn)
            changed.boundary = {"ManagedPolicyArn": arn}
        else:
            shown = PolicyReference(reference["Name"], reference.get("Path", "/")).shown()
            changed.boundary = {"CustomerManagedPolicyReference": shown}
        self._site.write(changed)
        return {}

    def _get_boundary(self, call: Call) -> Body:
        found = self._site.permission_set(call)
        if found.boundary is None:
            raise _no_boundary(found.arn)
        return {"PermissionsBoundary": found.boundary}

    def _delete_boundary(self, call: Call) -> Body:
        changed = self._site.changeable(call)
        if changed.boundary is None:
            raise _no_boundary(changed.arn)
        changed.boundary = None
        self._site.write(changed)
        return {}


def _reference(call: Call) -> PolicyReference:
    given = call.body["CustomerManagedPolicyReference"]
    return PolicyReference(given["Name"], given.get("Path", "/"))


def _no_boundary(arn: str) -> Exception:
    return not_found(f"Could not find PermissionsBoundary in {arn.rpartition('/')[2]}")
