"""No second application, certificate or job: the provider would make it, or try for 15 minutes."""

from __future__ import annotations

import asyncio
from typing import Final

import pulumi

from clouds.aws import Aws
from clouds.existing import Existing
from clouds.graph import Graph
from federation.core.urn import kind_of
from federation.engine.recovery import Interrupted

_RENAME: Final = "choose another name"
# What is there already, and what to do where it is somebody else's.
_KINDS: Final = {
    "ApplicationFromTemplate": ("an application of this name and template", _RENAME),
    "ServicePrincipalTokenSigningCertificate": ("a certificate of this name", _RENAME),
    "SynchronizationJob": ("a provisioning job of the application", "delete it in Entra"),
}


def refuse_second_ones(graph: Graph, aws: Aws) -> None:
    """Let `up` fail to make an application, certificate or job that is there, in a sentence.

    When the answer to a creation got lost, the state knows nothing of what was made, and Entra
    takes a second one without a word: people would sign in through the first certificate, while AWS
    was given the second. A second job Entra refuses with a 409, which the provider takes for
    passing. Costs a few calls for each that is to be made, none otherwise. Must be called before
    anything is registered.
    """
    existing = Existing(graph=graph, aws=aws)

    async def check(args: pulumi.ResourceHookArgs) -> None:
        kind = kind_of(args.type)
        one = Interrupted(urn=args.urn, kind=kind, what="creating", inputs=args.new_inputs or {})
        found = await asyncio.get_running_loop().run_in_executor(None, existing.find, one)
        if found:
            what, otherwise = _KINDS[kind]
            which = ", ".join(filter(None, (found[0].name, found[0].id)))
            raise RuntimeError(
                f"{what} is there already ({which}), but not in this stack's state: if an answer "
                "got lost or an update was killed, python -m ops recover takes it in; else "
                f"{otherwise}"
            )

    hook = pulumi.ResourceHook("second-ones", check)

    def with_hook(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if kind_of(args.type_) not in _KINDS:
            return None
        hooks = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook]))
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, hooks)
        )

    pulumi.runtime.register_stack_transformation(with_hook)
