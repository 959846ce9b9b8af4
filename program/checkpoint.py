"""Reads the stack's own last checkpoint through the engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import pulumi

from federation.engine.checkpoint import Checkpoint, read
from program.placeholders import Placeholders

_READ: Final = "pulumi:pulumi:readStackResourceOutputs"
# The file backend rewrites the checkpoint's attributes in place when the engine registers the
# stack: a reader can find them empty for a moment.
_ATTEMPTS: Final = 5
_PAUSE_SECONDS: Final = 0.2


def read_checkpoint() -> tuple[Checkpoint, Placeholders]:
    """The last checkpoint of this stack, empty before its first update, and what it has for the
    inputs that a failed resource would leave open.
    """
    outputs = _read_outputs()
    return read(outputs), Placeholders(outputs)


def _read_outputs() -> dict[str, Mapping[str, Any]]:
    """The outputs of each resource by URN, as the last checkpoint has them.

    Uses the engine's built-in invoke (the one behind Node's `listResourceOutputs`): unlike a stack
    reference it also sees what an update wrote that was killed before its end. It must come before
    any registration, and returns secrets in clear text: callers keep a digest of them at most.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    resources = (_invoke(name) or {}).get("outputs") or {}
    return {urn: resource["outputs"] for urn, resource in resources.items()}


def _invoke(name: str) -> Any:
    for _ in range(_ATTEMPTS - 1):
        try:
            return pulumi.runtime.invoke(_READ, {"stackName": name}).value
        except Exception as error:
            if "failed to load checkpoint" not in str(error):
                raise
            time.sleep(_PAUSE_SECONDS)
    return pulumi.runtime.invoke(_READ, {"stackName": name}).value
