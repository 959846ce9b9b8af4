"""Reads the stack's own last checkpoint through the engine."""

from __future__ import annotations

import pulumi

from federation.checkpoint import Checkpoint, read


def read_checkpoint() -> Checkpoint:
    """The last checkpoint of this stack, empty before its first update.

    Uses the engine's built-in invoke (the one behind Node's `listResourceOutputs`): unlike a stack
    reference it also sees what an update wrote that was killed before its end. It must come before
    any registration, and returns secrets in clear text: only a digest of them is kept.
    """
    answer = pulumi.runtime.invoke(
        "pulumi:pulumi:readStackResourceOutputs",
        {"stackName": f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"},
    ).value
    resources = (answer or {}).get("outputs") or {}
    return read({urn: resource["outputs"] for urn, resource in resources.items()})
