"""The stack's outputs that need more than a component's property."""

from __future__ import annotations

from typing import Any

import pulumi

from components.saml_trust import SamlTrust
from federation.update import phases
from program.inputs import Inputs


def next_steps(inputs: Inputs) -> list[dict[str, Any]]:
    """What a person has to do now, as plain data."""
    situation = phases.Situation(
        phase=inputs.plan.phase,
        settings=inputs.settings,
        region=inputs.region,
        partition=inputs.facts.organization.partition,
        instance=inputs.facts.instance,
        stack=pulumi.get_stack(),
        today=inputs.facts.today,
    )
    return [step.to_dict() for step in phases.next_steps(situation)]


def counts(inputs: Inputs) -> dict[str, int]:
    """How much the access files declare."""
    assignments = [assignment.assignment for assignment in inputs.plan.resolution.explained]
    return {
        "groups": len(inputs.access.groups),
        "users": len(inputs.access.users),
        "permissionSets": len(inputs.access.permission_sets),
        "rules": len(inputs.access.rules),
        "assignments": len(assignments),
        "accounts": len({assignment.account for assignment in assignments}),
    }


def expiries(inputs: Inputs, trust: SamlTrust) -> dict[str, Any]:
    """Expiry dates: of the signing certificates by name, and of the SCIM token."""
    provisioning = inputs.settings.provisioning
    return {
        "certificates": trust.expiries,
        "token": provisioning.token_expires.isoformat() if provisioning else None,
    }
