"""Steps 12 to 14: permission sets, and their assignments for principals that have arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.account_assignments import (
    AccountAssignment,
    AccountAssignments,
    AccountAssignmentsArgs,
)
from components.permission_set import PermissionSet
from components.synced_principals import SyncedPrincipals, SyncedPrincipalsArgs, unknown
from federation.access.assignments import Assignment, PrincipalKey
from federation.identity.holds import Hold, holds
from federation.identity.instance import Instance
from federation.identity.principals import Arrivals
from federation.update.plan import Plan
from program.holds import register_holds
from program.permission_set_args import permission_set_args


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

    def provider(self, permission_set: str) -> pulumi.ProviderResource | None:
        """The provider of a set and its assignments, None for the default one."""
        return self.management if permission_set in self.plan.management_sets else None


def grant(args: Grants) -> None:
    """Register the components, and export what is held and what is frozen."""
    plan = args.plan
    permission_sets = {
        name: PermissionSet(
            name,
            permission_set_args(
                permission_set,
                args.instance,
                arn=plan.sets.arns.get(name, ""),
                attached=plan.sets.attached.get(name, ()),
            ),
            pulumi.ResourceOptions(provider=args.provider(name)),
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
    pulumi.export("held", register_holds(assign(args, permission_sets, synced.arrivals)))
    pulumi.export("frozen", [assignment.logical_name for assignment in plan.resolution.frozen])


def assign(
    args: Grants,
    permission_sets: Mapping[str, PermissionSet],
    arrivals: pulumi.Output[Arrivals],
) -> pulumi.Output[Sequence[Hold]]:
    """Register the assignments of all who are there or arrive; returns the holds.

    A preview shows those of expected principals with an unknown id, as if all were to arrive.
    """
    plan = args.plan
    ready, late = plan.assignments.ready, plan.assignments.late

    def given(ids: Iterable[tuple[Assignment, pulumi.Input[str]]]) -> dict[str, AccountAssignment]:
        return {
            assignment.logical_name: AccountAssignment(
                permission_set_arn=permission_sets[assignment.permission_set].arn,
                principal_id=principal_id,
                principal_type=assignment.principal.type,
                account_id=assignment.account,
            )
            for assignment, principal_id in ids
        }

    def arrived(found: Arrivals) -> dict[str, AccountAssignment]:
        ids = ((one, found.arrived.get(one.principal)) for one in late)
        return given((one, ident) for one, ident in ids if ident is not None)

    def options(name: str) -> pulumi.ResourceOptions:
        return _options(args, permission_sets, Assignment.parse(name))

    preview = pulumi.runtime.is_dry_run()
    AccountAssignments(
        "account-assignments",
        AccountAssignmentsArgs(
            instance_arn=args.instance.arn,
            assignments=given(ready.items())
            | (given((one, unknown()) for one in late) if preview else {}),
            late=None if preview else arrivals.apply(arrived),
            holders={key.logical_name: ident for key, ident in plan.holders.items()},
            # The stack's one instance: its assignments are read back by their own names.
            prefix="",
        ),
        options=options,
    )

    def held(found: Arrivals) -> Sequence[Hold]:
        missing = [one for one in late if one.principal not in found.arrived]
        return holds(
            [*plan.assignments.held, *missing],
            {**plan.reasons, **found.reasons},
            plan.principals,
            plan.labels,
        )

    # In a preview, whoever may arrive counts as arrived.
    everybody = Arrivals(arrived={one.principal: "" for one in late})
    return pulumi.Output.from_input(held(everybody)) if preview else arrivals.apply(held)


def _options(
    args: Grants, permission_sets: Mapping[str, PermissionSet], assignment: Assignment
) -> pulumi.ResourceOptions:
    depends_on: list[pulumi.Input[pulumi.Resource]] = [
        permission_sets[assignment.permission_set].completed
    ]
    # Destroyed before the app-role assignment: assignments of a deleted group would stay behind as
    # orphans.
    if assignment.principal in args.app_assignments:
        depends_on.append(args.app_assignments[assignment.principal])
    old_name = args.plan.old_names.get(assignment)
    return pulumi.ResourceOptions(
        depends_on=depends_on,
        aliases=[pulumi.Alias(name=old_name)] if old_name else None,
        provider=args.provider(assignment.permission_set),
    )
