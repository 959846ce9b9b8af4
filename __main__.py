"""Entra ID to AWS IAM Identity Center as one stack: load and decide, compose, export.

A federation stack makes the application, the trust and the provisioning, and gives access; an
access stack gives access on the federation of another stack.
"""

from datetime import timedelta
from pathlib import Path

import pulumi

from components.access_stack import compose_access_stack, is_access_stack, read_access_inputs
from components.checkpoint import read_outputs
from components.federation_stack import compose_federation_stack
from components.inputs import REFUSALS, read_inputs
from components.stand_ins import StandIns
from components.way_out import name_the_way_out
from federation.plan import Plan
from federation.quotas import spoken_duration


def begin(plan: Plan) -> None:
    """Say what a person should know before anything is registered."""
    for warning in plan.warnings:
        pulumi.log.warn(str(warning))
    if plan.duration > timedelta(minutes=1):
        pulumi.log.info(f"AWS takes {spoken_duration(plan.duration)} to write this update's rows")
    name_the_way_out()
    if not pulumi.runtime.is_dry_run():
        StandIns(read_outputs()).use()


root = Path(__file__).parent
try:
    if is_access_stack():
        access_inputs = read_access_inputs(root)
        begin(access_inputs.plan)
        compose_access_stack(access_inputs.repaired())
    else:
        inputs = read_inputs(root)
        begin(inputs.plan)
        compose_federation_stack(inputs.repaired())
except REFUSALS as refusal:
    raise pulumi.RunError(str(refusal)) from None
