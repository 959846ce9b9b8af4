"""Steps 12 to 14: permission sets, and their assignments for principals that have arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pulumi

from components.account_assignments import AccountAssignments, AccountAssignmentsArgs
from components.permission_set import PermissionSet, PermissionSetArgs
from components.synced_principals import SyncedPrincipals, SyncedPrincipalsArgs
from federation.access.assignments import PrincipalKey
from federation.identity.instance import Instance
from federation.identity.principals import Arrivals
from federation.update.plan import Plan
from program.holds import register_holds


@dataclass(frozen=True, kw_only=True)
class Grants:
    """What a stack gives; `app_assignments` are its own app-role assignments, if it makes any.

    `management` writes what touches the management account, None for the default provider.
    """

    instance: Instance
    plan: Plan
    job_path: pulumi.Output[str]
    object_ids: Mapping[PrincipalKey, pulumi.Output[str]]
    wait: Callable[[str, Mapping[PrincipalKey, str]], Arrivals]
    management: pulumi.ProviderResource | None = None
    app_assignments: Mapping[PrincipalKey, pulumi.Resource] = field(default_factory=dict)


def grant(args: Grants) -> None:
    """Register the components, and export what is held and what is frozen."""
    instance, plan = args.instance, args.plan
    providers = {name: args.management for name in plan.management_sets if args.management}
    permission_sets = {
        name: PermissionSet(
            name,
            PermissionSetArgs(
                instance_arn=instance.arn,
                partition=instance.partition,
                model=permission_set,
                arn=plan.sets.arns.get(name, ""),
                attached=plan.sets.attached.get(name, ()),
            ),
            pulumi.ResourceOptions(provider=providers.get(name)),
        )
        for name, permission_set in plan.sets.models.items()
    }
    synced = SyncedPrincipals(
        "synced-principals",
        SyncedPrincipalsArgs(
            job_path=args.job_path,
            object_ids=args.object_ids,
            expected=plan.expected,
            wait=args.wait,
        ),
    )
    assignments = AccountAssignments(
        "account-assignments",
        AccountAssignmentsArgs(
            instance_arn=instance.arn,
            permission_sets=permission_sets,
            app_assignments=args.app_assignments,
            plan=plan.assignments,
            arrivals=synced.arrivals,
            reasons=plan.reasons,
            old_names=plan.old_names,
            holders=plan.holders,
            principals=plan.principals,
            labels=plan.labels,
            providers=providers,
        ),
    )
    pulumi.export("held", register_holds(assignments.held))
    pulumi.export("frozen", [assignment.logical_name for assignment in plan.resolution.frozen])
