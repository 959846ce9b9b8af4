"""Step 14: one assignment for each principal, permission set and account."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from federation.engine.checkpoint import HOLDERS


@dataclass(frozen=True, kw_only=True)
class AccountAssignment:
    """One group (or `principal_type` USER), one permission set, one account."""

    permission_set_arn: pulumi.Input[str]
    principal_id: pulumi.Input[str]
    account_id: pulumi.Input[str]
    principal_type: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class AccountAssignmentsArgs:
    """Assignments under names of one's own; `late` ones are made as soon as they are known.

    `holders` are Entra object ids by name, to be remembered with the assignments made for them.
    Resources are named by `prefix` and the assignment's name. It is `<component's name>/`, so that
    two instances never collide; one instance of a stack may have another, as the empty one.
    """

    instance_arn: pulumi.Input[str]
    assignments: dict[str, AccountAssignment]
    late: pulumi.Input[dict[str, AccountAssignment]] | None = None
    holders: dict[str, str] | None = None
    prefix: str | None = None


class AccountAssignments(pulumi.ComponentResource):
    """Any number of account assignments.

    **Pulumi type:** `federation:aws:AccountAssignments`. Makes: AccountAssignment for each
    assignment.

    Outputs: `holders` as given, and the names of the `late` ones that were made.

    In Python, `options` gives more options to an assignment by its name: what it depends on, an
    alias, a provider.
    """

    holders: pulumi.Output[dict[str, str]]
    late: pulumi.Output[list[str]]

    def __init__(
        self,
        name: str,
        args: AccountAssignmentsArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        options: Callable[[str], pulumi.ResourceOptions] | None = None,
    ) -> None:
        super().__init__("federation:aws:AccountAssignments", name, None, opts)
        prefix = f"{name}/" if args.prefix is None else args.prefix

        def assign(assignments: dict[str, AccountAssignment]) -> list[str]:
            for key, one in assignments.items():
                aws.ssoadmin.AccountAssignment(
                    f"{prefix}{key}",
                    instance_arn=args.instance_arn,
                    permission_set_arn=one.permission_set_arn,
                    principal_id=one.principal_id,
                    principal_type=one.principal_type or "GROUP",
                    target_id=one.account_id,
                    target_type="AWS_ACCOUNT",
                    opts=pulumi.ResourceOptions.merge(
                        options(key) if options else None, pulumi.ResourceOptions(parent=self)
                    ),
                )
            return [*assignments]

        assign(args.assignments)
        self.late = pulumi.Output.from_input(args.late or {}).apply(assign)
        # Not by way of `late`, which stays unknown where what it waits for has failed.
        self.holders = pulumi.Output.from_input(args.holders or {})
        self.register_outputs({"late": self.late, HOLDERS: self.holders})
