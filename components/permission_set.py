"""Step 13: one permission set with its policies."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.completion import completed


@dataclass(frozen=True, kw_only=True)
class CustomerManagedPolicy:
    """A policy that exists under this name and path (`/` by default) in every target account."""

    name: str
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class PermissionsBoundary:
    """Exactly one of the two."""

    managed_policy_arn: str | None = None
    customer_managed_policy: CustomerManagedPolicy | None = None


@dataclass(frozen=True, kw_only=True)
class PermissionSetArgs:
    """A permission set as AWS has it; `managed_policies` are ARNs, `inline_policy` is JSON.

    `session_duration` is an ISO 8601 duration. `imports` has the id under which an attachment that
    AWS has already is taken into the state, since AWS refuses to attach a policy again: by the
    policy's ARN, or its path and name.
    """

    instance_arn: pulumi.Input[str]
    name: pulumi.Input[str]
    description: pulumi.Input[str] | None = None
    session_duration: pulumi.Input[str] | None = None
    relay_state: pulumi.Input[str] | None = None
    tags: pulumi.Input[dict[str, str]] | None = None
    managed_policies: list[str] | None = None
    customer_managed_policies: list[CustomerManagedPolicy] | None = None
    inline_policy: pulumi.Input[str] | None = None
    permissions_boundary: PermissionsBoundary | None = None
    imports: dict[str, str] | None = None


class PermissionSet(pulumi.ComponentResource):
    """A permission set and everything attached to it.

    **Pulumi type:** `federation:aws:PermissionSet`. Makes: PermissionSet, ManagedPolicyAttachment
    and CustomerManagedPolicyAttachment for each policy, PermissionSetInlinePolicy and
    PermissionsBoundaryAttachment where declared.

    Assignments depend on `completed`, hence on all of its policies: on destroy they go first.
    AWS refuses to provision policies of a set whose last assignment is gone, and to delete a set
    that has assignments. Policies depend on the boundary, which comes before them and goes after
    them; a changed one is taken off before the new one is put on, since a set has one and the
    provider's resource can't change it in place.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PermissionSetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:aws:PermissionSet", name, None, opts)
        permission_set = aws.ssoadmin.PermissionSet(
            name,
            instance_arn=args.instance_arn,
            name=args.name,
            description=args.description,
            session_duration=args.session_duration,
            relay_state=args.relay_state,
            tags=args.tags,
            # A replacement makes the new access before it ends the old one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        self.arn = permission_set.arn
        boundary = self._attach_boundary(name, args)
        policies = [*self._attach_policies(name, args, boundary)]
        self.completed: asyncio.Future[pulumi.Resource] = completed(
            self, [permission_set, *boundary, *policies]
        )
        self.register_outputs({"arn": self.arn})

    def _attach_policies(
        self, name: str, args: PermissionSetArgs, boundary: list[pulumi.CustomResource]
    ) -> Iterator[pulumi.CustomResource]:
        instance = args.instance_arn
        # Nothing widens a set before its boundary is there, or stays wide after it went.
        child = pulumi.ResourceOptions(
            parent=self, depends_on=[completed(self, boundary)] if boundary else None
        )
        for arn in sorted(args.managed_policies or ()):
            yield aws.ssoadmin.ManagedPolicyAttachment(
                f"{name}/{arn.partition(':policy/')[2]}",
                instance_arn=instance,
                permission_set_arn=self.arn,
                managed_policy_arn=arn,
                opts=_taken_in(child, args, arn),
            )
        for policy in args.customer_managed_policies or ():
            place = f"{policy.path or '/'}{policy.name}"
            yield aws.ssoadmin.CustomerManagedPolicyAttachment(
                f"{name}{place}",
                instance_arn=instance,
                permission_set_arn=self.arn,
                customer_managed_policy_reference=_reference(policy),
                opts=_taken_in(child, args, place),
            )
        if args.inline_policy is not None:
            yield aws.ssoadmin.PermissionSetInlinePolicy(
                name,
                instance_arn=instance,
                permission_set_arn=self.arn,
                inline_policy=args.inline_policy,
                opts=child,
            )

    def _attach_boundary(self, name: str, args: PermissionSetArgs) -> list[pulumi.CustomResource]:
        boundary = args.permissions_boundary
        if boundary is None:
            return []
        customer = boundary.customer_managed_policy
        attached = aws.ssoadmin.PermissionsBoundaryAttachment(
            name,
            instance_arn=args.instance_arn,
            permission_set_arn=self.arn,
            permissions_boundary=aws.ssoadmin.PermissionsBoundaryAttachmentPermissionsBoundaryArgs(
                managed_policy_arn=boundary.managed_policy_arn,
                customer_managed_policy_reference=(
                    aws.ssoadmin.PermissionsBoundaryAttachmentPermissionsBoundaryCustomerManagedPolicyReferenceArgs(
                        name=customer.name, path=customer.path or "/"
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
    options: pulumi.ResourceOptions, args: PermissionSetArgs, policy: str
) -> pulumi.ResourceOptions:
    """The options, with the attachment's id where it is to be imported."""
    ident = (args.imports or {}).get(policy)
    return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(import_=ident))


def _reference(
    policy: CustomerManagedPolicy,
) -> aws.ssoadmin.CustomerManagedPolicyAttachmentCustomerManagedPolicyReferenceArgs:
    return aws.ssoadmin.CustomerManagedPolicyAttachmentCustomerManagedPolicyReferenceArgs(
        name=policy.name, path=policy.path or "/"
    )
