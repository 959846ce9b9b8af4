"""A declared permission set, as its component takes it."""

from __future__ import annotations

from collections.abc import Collection

from components.permission_set import (
    CustomerManagedPolicy,
    PermissionsBoundary,
    PermissionSetArgs,
)
from federation.access.declared import Boundary, CustomerPolicy, PermissionSet
from federation.engine.set_content import name_and_path
from federation.identity.instance import Instance


def permission_set_args(
    model: PermissionSet, instance: Instance, *, arn: str, attached: Collection[str]
) -> PermissionSetArgs:
    """The set's Args. `attached` are policies that AWS has and the state lacks, of the set `arn`.

    They are ARNs, or path and name of customer-managed ones.
    """
    return PermissionSetArgs(
        instance_arn=instance.arn,
        name=model.name,
        description=model.description,
        session_duration=model.session_duration,
        relay_state=model.relay_state,
        tags=dict(model.tags) or None,
        managed_policies=list(model.managed_policy_arns(instance.partition)),
        customer_managed_policies=[_customer(one) for one in model.customer_managed_policies],
        inline_policy=model.inline_policy_json,
        permissions_boundary=_boundary(model.permissions_boundary, instance.partition),
        # The attachments' ids (terraform-provider-aws, "Import" of both).
        imports={
            policy: f"{_reference(policy)},{arn},{instance.arn}" for policy in sorted(attached)
        },
    )


def _reference(policy: str) -> str:
    return policy if policy.startswith("arn:") else ",".join(name_and_path(policy))


def _customer(policy: CustomerPolicy) -> CustomerManagedPolicy:
    return CustomerManagedPolicy(name=policy.name, path=policy.path)


def _boundary(boundary: Boundary | None, partition: str) -> PermissionsBoundary | None:
    if boundary is None:
        return None
    customer = boundary.customer_managed_policy
    return PermissionsBoundary(
        managed_policy_arn=boundary.managed_policy_arn(partition),
        customer_managed_policy=_customer(customer) if customer else None,
    )
