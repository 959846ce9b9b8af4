"""What an update repairs before it registers anything: shown in previews, and failing visibly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from clouds.repairs import carry_out
from federation.engine.repairs import Repair, RepairLog
from federation.update.plan import Plan


class RepairError(Exception):
    """Repairs that the clouds refused; the message has a sentence for each."""


@dataclass(frozen=True, kw_only=True)
class RepairsArgs:
    """`log` is what this update repairs, or the checkpoint's when it repairs nothing; `failures`
    has a sentence for each repair that `up` tried in vain.
    """

    log: RepairLog
    failures: Sequence[str] = ()


class Repairs(pulumi.ComponentResource):
    """The repairs of the last update that made some (federation/engine/repairs.py).

    **Pulumi type:** `federation:index:Repairs`. Makes no resources. Its inputs change exactly when
    there is something to repair, so every preview names it.

    A failed repair fails this component's step and with it the update. Nothing depends on the
    component: everything else, revocations first of all, goes on. An exception in the program
    would end the update before its deletions.
    """

    def __init__(
        self, name: str, args: RepairsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        failures = list(args.failures)

        def refuse(_: pulumi.ResourceHookArgs) -> None:
            if failures:
                raise RepairError("; ".join(failures))

        hook = pulumi.ResourceHook("failed-repairs", refuse)
        hooks = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        log = args.log.to_dict()
        super().__init__(
            "federation:index:Repairs",
            name,
            log,
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hooks)),
        )
        # The engine ends an update that registers outputs of a resource whose step has failed.
        if not failures:
            self.register_outputs(log)


def register_repairs(before: RepairLog, repairs: Sequence[Repair], failures: Sequence[str]) -> None:
    """Register what this update repairs; nothing where no update ever repaired anything."""
    log = before.following(repairs)
    if log.number:
        Repairs("repairs", RepairsArgs(log=log, failures=failures))


def repair(plan: Plan, before: RepairLog, makers: Mapping[str, Callable[[Any], None]]) -> Plan:
    """Make the plan's repairs and removals (`up` only), and register them; the plan afterwards.

    `before` is the checkpoint's log, `makers` are the functions that make a repair by its kind.
    Must come before any other registration: access ends first, and whatever fails, fails before
    the state takes it for done.
    """
    own = plan.memberships
    if pulumi.runtime.is_dry_run():
        register_repairs(before, plan.repairs, ())
        return plan
    tried = [(one, carry_out([one], makers)) for one in (*own.removals, *plan.repairs)]
    failed = [one for one, sentences in tried if sentences]
    register_repairs(
        before,
        (*(one for one in own.removals if one in failed), *plan.repairs),
        [sentence for _, sentences in tried for sentence in sentences],
    )
    return replace(
        plan,
        memberships=own.after([one for one in failed if one.kind == "group"]),
        sets=plan.sets.after(failed),
    )
