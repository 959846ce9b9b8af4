"""Step 13: one permission set with its policies."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.completion import completed
from federation.access.declared import PermissionSet as PermissionSetModel
from federation.engine.set_content import path_and_name


@dataclass(frozen=True, kw_only=True)
class PermissionSetArgs:
    """`model` is the declared permission set; `partition` completes AWS-managed policies' names.

    `attached` are the policies that AWS has already and the state lacks (ARN, or path and name), of
    the set with the ARN `arn`: they are imported, since AWS refuses to attach them again.
    """

    instance_arn: str
    partition: str
    model: PermissionSetModel
    arn: str = ""
    attached: Collection[str] = ()


class PermissionSet(pulumi.ComponentResource):
    """A permission set and everything attached to it.

    **Pulumi type:** `federation:aws:PermissionSet`. Makes: PermissionSet, ManagedPolicyAttachment
    and CustomerManagedPolicyAttachment for each policy, PermissionSetInlinePolicy and
    PermissionsBoundaryAttachment where declared.

    Assignments depend on this component, hence on all of its policies: on destroy they go first.
    AWS refuses to provision policies of a set whose last assignment is gone, and to delete a set
    that has assignments. Policies depend on the boundary, which comes before them and goes after
    them; a changed one is taken off before the new one is put on, since a set has one and the
    provider's resource can't change it in place.
    """

    arn: pulumi.Output[str]
    completed: asyncio.Future[pulumi.Resource]

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
        boundary = self._attach_boundary(name, args)
        policies = [*self._attach_policies(name, args, boundary)]
        self.completed = completed(self, [permission_set, *boundary, *policies])
        self.register_outputs({"arn": self.arn})

    def _attach_policies(
        self, name: str, args: PermissionSetArgs, boundary: list[pulumi.CustomResource]
    ) -> Iterator[pulumi.CustomResource]:
        model, instance = args.model, args.instance_arn
        # Nothing widens a set before its boundary is there, or stays wide after it went.
        child = pulumi.ResourceOptions(
            parent=self, depends_on=[completed(self, boundary)] if boundary else None
        )
        for arn in model.managed_policy_arns(args.partition):
            yield aws.ssoadmin.ManagedPolicyAttachment(
                f"{name}/{arn.partition(':policy/')[2]}",
                instance_arn=instance,
                permission_set_arn=self.arn,
                managed_policy_arn=arn,
                opts=_taken_in(child, args, arn, arn),
            )
        for policy in model.customer_managed_policies:
            yield aws.ssoadmin.CustomerManagedPolicyAttachment(
                f"{name}{policy.path}{policy.name}",
                instance_arn=instance,
                permission_set_arn=self.arn,
                customer_managed_policy_reference=_reference(policy.name, policy.path),
                opts=_taken_in(
                    child,
                    args,
                    path_and_name(policy.name, policy.path),
                    f"{policy.name},{policy.path}",
                ),
            )
        if model.inline_policy_json:
            yield aws.ssoadmin.PermissionSetInlinePolicy(
                name,
                instance_arn=instance,
                permission_set_arn=self.arn,
                inline_policy=model.inline_policy_json,
                opts=child,
            )

    def _attach_boundary(self, name: str, args: PermissionSetArgs) -> list[pulumi.CustomResource]:
        boundary = args.model.permissions_boundary
        if boundary is None:
            return []
        customer = boundary.customer_managed_policy
        attached = aws.ssoadmin.PermissionsBoundaryAttachment(
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
        return [attached]


def _taken_in(
    options: pulumi.ResourceOptions, args: PermissionSetArgs, policy: str, prefix: str
) -> pulumi.ResourceOptions:
    """The options, with the attachment's id (terraform-provider-aws) where it is to be imported."""
    if policy not in args.attached:
        return options
    ident = f"{prefix},{args.arn},{args.instance_arn}"
    return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(import_=ident))


def _reference(
    name: str, path: str
) -> aws.ssoadmin.CustomerManagedPolicyAttachmentCustomerManagedPolicyReferenceArgs:
    return aws.ssoadmin.CustomerManagedPolicyAttachmentCustomerManagedPolicyReferenceArgs(
        name=name, path=path
    )
