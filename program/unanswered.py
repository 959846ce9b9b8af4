"""A replacement that deletes first, and fails to: the program answers itself instead of waiting.

With PULUMI_CONTINUE_ON_ERROR the engine answers for each resource that failed. But a replacement
that deletes first is a chain of steps, which ends where the deletion fails: nobody answers for the
creation behind it, and the update would hang for ever with its lock held (pulumi/pulumi,
step_executor.go: executeChain; step.go: DeleteStep.Fail does nothing).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi.runtime.proto import resource_pb2

# The engine notes the failure right after the hook has returned, and only then skips what depends
# on it.
_NOTED_SECONDS: Final = 1.0


@dataclass
class _Replacement:
    """One that deletes first; `urn` is known when its deletion has failed."""

    over: threading.Event = field(default_factory=threading.Event)
    urn: str = ""


def answer_failed_deletions() -> None:
    """Go on as after any other failure: what depends on the resource is skipped, the rest is done.

    Must be called before anything is registered. Only `up` deletes.
    """
    monitor = pulumi.runtime.settings.get_monitor()
    if monitor is None:
        return
    waiting: dict[tuple[str, str], _Replacement] = {}
    monitor.RegisterResource = _answering(monitor.RegisterResource, waiting)

    def note(args: pulumi.ErrorHookArgs) -> bool:
        one = waiting.get((args.type, args.name))
        if one and args.failed_operation == "delete":
            one.urn = args.urn
            one.over.set()
        return False

    hook = pulumi.ErrorHook("failed-deletions", note)

    def with_hook(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not args.opts.delete_before_replace:
            return None
        hooks = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[hook]))
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, hooks)
        )

    pulumi.runtime.register_stack_transformation(with_hook)


def _answering(
    register: Any, waiting: MutableMapping[tuple[str, str], _Replacement]
) -> Callable[[Any], Any]:
    """The monitor's call, which ends as well where `waiting` has the URN of a failed deletion."""

    def answered(request: Any) -> Any:
        if not request.deleteBeforeReplace:
            return register(request)
        one = waiting.setdefault((request.type, request.name), _Replacement())
        call = register.future(request)
        call.add_done_callback(lambda _: one.over.set())
        one.over.wait()
        if not call.done():
            time.sleep(_NOTED_SECONDS)
        if call.done():
            return call.result()
        call.cancel()
        # By its URN the engine knows what to skip.
        return resource_pb2.RegisterResourceResponse(urn=one.urn, result=resource_pb2.Result.FAIL)

    return answered
