"""Repairs in words, for warnings, `ops status` and failures."""

from __future__ import annotations

from collections.abc import Iterable

from federation.access.organization import Organization
from federation.engine.access_attributes import attributes_sentence
from federation.engine.repairs import (
    AttributesRepair,
    GroupRepair,
    JobRepair,
    PermissionSetRepair,
    Repair,
)
from federation.update import memberships
from federation.update.set_repairs import set_sentences


def repair_sentences(repairs: Iterable[Repair], organization: Organization) -> list[str]:
    """A sentence without an end for each difference; accounts go by their names."""
    return [sentence for repair in repairs for sentence in _sentences(repair, organization)]


def _sentences(repair: Repair, organization: Organization) -> list[str]:
    match repair:
        case GroupRepair():
            return [memberships.sentence(repair)]
        case PermissionSetRepair():
            return set_sentences(repair, organization)
        case JobRepair():
            return ["the provisioning job is switched off in Entra, so nobody arrives or leaves"]
        case AttributesRepair():
            return [attributes_sentence(repair)]
