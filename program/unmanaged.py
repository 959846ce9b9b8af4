"""Grants made by hand, where every preview shows them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from federation.engine.unmanaged import Grant, Report, UnmanagedPolicy


class UnmanagedError(Exception):
    """Somebody has access by hand, and the stack's configuration lets no update succeed then."""


class Unmanaged(pulumi.ComponentResource):
    """What the clouds grant of the stack's own things by hand (federation/engine/unmanaged.py).

    **Pulumi type:** `federation:index:Unmanaged`. Makes no resources, and exists only while there
    is something to report: a preview shows when that changes, and warns of each grant.

    With `unmanaged: fail` its step fails in `up`, and with it the update. Nothing depends on the
    component: everything else, revocations first of all, goes on. No preview fails: a revocation
    could not be reviewed then, and whoever may assign a person by hand could keep all access from
    ending.
    """

    def __init__(
        self, name: str, report: Report, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        warnings = report.warnings()
        refused = report.fails and not pulumi.runtime.is_dry_run()

        def refuse(_: pulumi.ResourceHookArgs) -> None:
            if refused:
                raise UnmanagedError("; ".join([*warnings, "(unmanaged: fail)"]))

        hook = pulumi.ResourceHook("unmanaged-grants", refuse)
        hooks = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        super().__init__(
            "federation:index:Unmanaged",
            name,
            report.to_dict(),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hooks)),
        )
        # The engine ends an update that registers outputs of a resource whose step has failed.
        if not refused:
            for one in warnings:
                # The access diff shows them by itself, and knows these warnings by their resource.
                pulumi.log.warn(one, self)
            self.register_outputs(report.to_dict())


def register_unmanaged(grants: Sequence[Grant], policy: UnmanagedPolicy) -> None:
    """Register what was granted by hand; nothing where all is declared."""
    if grants:
        Unmanaged("unmanaged", Report(policy=policy, grants=grants))
