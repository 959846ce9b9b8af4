"""Step 14: one assignment for each principal, permission set and account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.permission_set import PermissionSet
from components.synced_principals import unknown
from federation.access.assignments import Assignment, PrincipalKey
from federation.access.labels import Labels
from federation.engine.checkpoint import HOLDERS
from federation.identity.holds import Hold, holds
from federation.identity.principals import Arrivals, AssignmentPlan, EntraPrincipal


@dataclass(frozen=True, kw_only=True)
class AccountAssignmentsArgs:
    """`plan` says which assignments are ready; `arrivals` brings the late ones.

    `app_assignments` are the app-role assignments by principal, `reasons` why principals are
    missing, `old_names` the logical name under which an assignment stands in the checkpoint, where
    it differs, `providers` the provider of a permission set's assignments, where it is not the
    default one. `holders` are the Entra object ids to remember (federation/engine/checkpoint.py).
    `principals` are all of them as Entra has them, `labels` what to call them.
    """

    instance_arn: str
    permission_sets: Mapping[str, PermissionSet]
    app_assignments: Mapping[PrincipalKey, pulumi.Resource]
    plan: AssignmentPlan
    arrivals: pulumi.Output[Arrivals]
    reasons: Mapping[PrincipalKey, str] = field(default_factory=dict)
    old_names: Mapping[Assignment, str] = field(default_factory=dict)
    holders: Mapping[PrincipalKey, str] = field(default_factory=dict)
    principals: Mapping[PrincipalKey, EntraPrincipal] = field(default_factory=dict)
    labels: Labels = field(default_factory=Labels)
    providers: Mapping[str, pulumi.ProviderResource] = field(default_factory=dict)


class AccountAssignments(pulumi.ComponentResource):
    """All assignments of the stack; `held` names those that can't exist yet, with the reason.

    **Pulumi type:** `federation:aws:AccountAssignments`. Makes: AccountAssignment for each
    assignment.
    """

    held: pulumi.Output[Sequence[Hold]]

    def __init__(
        self, name: str, args: AccountAssignmentsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:aws:AccountAssignments", name, None, opts)
        for assignment, principal_id in args.plan.ready.items():
            self._create_assignment(args, assignment, principal_id)
        if pulumi.runtime.is_dry_run():
            for assignment in args.plan.late:
                self._create_assignment(args, assignment, unknown())
            found = holds(args.plan.held, args.reasons, args.principals, args.labels)
            self.held = pulumi.Output.from_input(found)
        else:
            self.held = args.arrivals.apply(lambda arrivals: self._complete(args, arrivals))
        holders = {key.logical_name: ident for key, ident in args.holders.items()}
        held = self.held.apply(lambda found: [one.to_dict() for one in found])
        self.register_outputs({"held": held, HOLDERS: holders})

    def _complete(self, args: AccountAssignmentsArgs, arrivals: Arrivals) -> Sequence[Hold]:
        held = list(args.plan.held)
        for assignment in args.plan.late:
            principal_id = arrivals.arrived.get(assignment.principal)
            if principal_id is None:
                held.append(assignment)
            else:
                self._create_assignment(args, assignment, principal_id)
        reasons = {**args.reasons, **arrivals.reasons}
        return holds(held, reasons, args.principals, args.labels)

    def _create_assignment(
        self, args: AccountAssignmentsArgs, assignment: Assignment, principal_id: pulumi.Input[str]
    ) -> None:
        permission_set = args.permission_sets[assignment.permission_set]
        depends_on: list[pulumi.Input[pulumi.Resource]] = [permission_set.completed]
        # Destroyed before the app-role assignment: assignments of a deleted group would stay behind
        # as orphans.
        if assignment.principal in args.app_assignments:
            depends_on.append(args.app_assignments[assignment.principal])
        old_name = args.old_names.get(assignment)
        aws.ssoadmin.AccountAssignment(
            assignment.logical_name,
            instance_arn=args.instance_arn,
            permission_set_arn=permission_set.arn,
            principal_id=principal_id,
            principal_type=assignment.principal.type,
            target_id=assignment.account,
            target_type="AWS_ACCOUNT",
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=depends_on,
                aliases=[pulumi.Alias(name=old_name)] if old_name else None,
                provider=args.providers.get(assignment.permission_set),
            ),
        )
