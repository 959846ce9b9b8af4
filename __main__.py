"""Entra ID to AWS IAM Identity Center as one stack: load and decide, compose, export.

A federation stack makes the application, the trust and the provisioning, and gives access; an
access stack gives access on the federation of another stack.
"""

from datetime import timedelta
from pathlib import Path

import pulumi

from federation.access.quotas import spoken_duration
from program.access_stack import (
    AccessInputs,
    compose_access_stack,
    is_access_stack,
    read_access_inputs,
)
from program.desired_state import DesiredState, check_reviewed
from program.error_hints import explain_failures
from program.federation_stack import compose_federation_stack
from program.inputs import REFUSALS, Inputs, read_inputs
from program.second_ones import refuse_second_ones
from program.unanswered import answer_failed_deletions
from program.unmanaged import register_unmanaged


def begin(inputs: Inputs | AccessInputs) -> None:
    """Hold the update to what was reviewed, and say what a person should know beforehand."""
    plan = inputs.plan
    check_reviewed(inputs.desired_state, required=inputs.settings.require_reviewed)
    for warning in plan.warnings:
        pulumi.log.warn(str(warning))
    # Resources go by keys, which the author chose.
    by_id = [plan.labels.spoken(key) for key, one in plan.principals.items() if one.by_id]
    if by_id:
        pulumi.log.info(f"named by objectId: {', '.join(by_id)}")
    if plan.duration > timedelta(minutes=1):
        pulumi.log.info(
            f"AWS takes {spoken_duration(plan.duration)} to write this update's assignments"
        )
    explain_failures()
    if not pulumi.runtime.is_dry_run():
        inputs.placeholders.use()
        answer_failed_deletions()
    DesiredState("desired-state", inputs.desired_state, inputs.accounts)
    register_unmanaged(plan.unmanaged, inputs.settings.unmanaged)


root = Path(__file__).parent
try:
    if is_access_stack():
        access_inputs = read_access_inputs(root)
        begin(access_inputs)
        compose_access_stack(access_inputs.repaired())
    else:
        inputs = read_inputs(root)
        refuse_second_ones(inputs.graph, inputs.aws)
        begin(inputs)
        compose_federation_stack(inputs.repaired())
except REFUSALS as refusal:
    raise pulumi.RunError(str(refusal)) from None
