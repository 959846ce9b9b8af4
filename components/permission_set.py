"""Step 13: one permission set with its policies."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from federation.declared import PermissionSet as PermissionSetModel


@dataclass(frozen=True, kw_only=True)
class PermissionSetArgs:
    """`model` is the declared permission set; `partition` completes AWS-managed policies' names."""

    instance_arn: str
    partition: str
    model: PermissionSetModel


class PermissionSet(pulumi.ComponentResource):
    """A permission set and everything attached to it.

    **Pulumi type:** `federation:aws:PermissionSet`. Makes: PermissionSet, ManagedPolicyAttachment
    and CustomerManagedPolicyAttachment for each policy, PermissionSetInlinePolicy and
    PermissionsBoundaryAttachment where declared.

    Rows depend on this component, hence on all of its policies: on destroy they go first. AWS
    refuses to provision policies of a set whose last assignment is gone, and to delete a set that
    has assignments. Policies depend on the boundary, which comes before them and goes after them;
    a changed one is taken off before the new one is put on, since a set has one and the provider's
    resource can't change it in place.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PermissionSetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:aws:PermissionSet", name, None, opts)
        model = args.model
        permission_set = aws.ssoadmin.PermissionSet(
            name,
            instance_arn=args.instance_arn,
            name=model.name,
            description=model.description,
            session_duration=model.session_duration,
            relay_state=model.relay_state,
            tags=dict(model.tags) or None,
            # A replacement makes the new access before it ends the old one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        self.arn = permission_set.arn
        self._attach_policies(name, args)
        self.register_outputs({"arn": self.arn})

    def _attach_policies(self, name: str, args: PermissionSetArgs) -> None:
        model, instance = args.model, args.instance_arn
        boundary = self._attach_boundary(name, args)
        # Nothing widens a set before its boundary is there, or stays wide after it went.
        child = pulumi.ResourceOptions(parent=self, depends_on=[boundary] if boundary else None)
        for arn in model.managed_policy_arns(args.partition):
            aws.ssoadmin.ManagedPolicyAttachment(
                f"{name}/{arn.partition(':policy/')[2]}",
                instance_arn=instance,
                permission_set_arn=self.arn,
                managed_policy_arn=arn,
                opts=child,
            )
        for policy in model.customer_managed_policies:
            aws.ssoadmin.CustomerManagedPolicyAttachment(
                f"{name}{policy.path}{policy.name}",
                instance_arn=instance,
                permission_set_arn=self.arn,
                customer_managed_policy_reference=_reference(policy.name, policy.path),
                opts=child,
            )
        if model.inline_policy_json:
            aws.ssoadmin.PermissionSetInlinePolicy(
                name,
                instance_arn=instance,
                permission_set_arn=self.arn,
                inline_policy=model.inline_policy_json,
                opts=child,
            )

    def _attach_boundary(self, name: str, args: PermissionSetArgs) -> pulumi.Resource | None:
        boundary = args.model.permissions_boundary
        if boundary is None:
            return None
        customer = boundary.customer_managed_policy
        attached: pulumi.Resource = aws.ssoadmin.PermissionsBoundaryAttachment(
            name,
            instance_arn=args.instance_arn,
            permission_set_arn=self.arn,
            permissions_boundary=aws.ssoadmin.PermissionsBoundaryAttachmentPermissionsBoundaryArgs(
                managed_policy_arn=boundary.managed_policy_arn(args.partition),
                customer_managed_policy_reference=(
                    aws.ssoadmin.PermissionsBoundaryAttachmentPermissionsBoundaryCustomerManagedPolicyReferenceArgs(
                        name=customer.name, path=customer.path
                    )
                    if customer
                    else None
                ),
            ),
            # A set has one boundary: deleting the old one afterwards would delete the new one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return attached


def _reference(
    name: str, path: str
) -> aws.ssoadmin.CustomerManagedPolicyAttachmentCustomerManagedPolicyReferenceArgs:
    return aws.ssoadmin.CustomerManagedPolicyAttachmentCustomerManagedPolicyReferenceArgs(
        name=name, path=path
    )
