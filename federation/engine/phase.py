"""How far the federation has come, and what in a checkpoint proves it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from federation.core.urn import (
    APPLICATION,
    ASSIGNMENT,
    IDENTIFIER,
    PERMISSION_SET,
    SYNCHRONIZATION_JOB,
)


class Phase(StrEnum):
    """How far the federation has come; the order of the members is the order of the way."""

    APP = "app"
    TRUST = "trust"
    PROVISIONING = "provisioning"
    ACCESS = "access"

    @property
    def step(self) -> int:
        """Position on the way, 0 for `app`."""
        return list(Phase).index(self)


# Pulumi resource types whose presence in a checkpoint proves that a phase was reached.
_EVIDENCE: Final = (
    (Phase.ACCESS, ASSIGNMENT),
    (Phase.ACCESS, PERMISSION_SET),
    (Phase.PROVISIONING, SYNCHRONIZATION_JOB),
    (Phase.TRUST, IDENTIFIER),
    (Phase.APP, APPLICATION),
)


def phase_reached(resource_types: Collection[str]) -> Phase | None:
    """The phase that the resources of a checkpoint prove, None for an empty stack."""
    return next((phase for phase, kind in _EVIDENCE if kind in resource_types), None)
