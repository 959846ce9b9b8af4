"""Repairs in words, for warnings, `ops status` and failures."""

from __future__ import annotations

from collections.abc import Iterable

from federation import memberships
from federation.organization import Organization
from federation.repairs import GroupRepair, Repair
from federation.set_repairs import set_sentences


def repair_sentences(repairs: Iterable[Repair], organization: Organization) -> list[str]:
    """A sentence without an end for each difference; accounts go by their names."""
    return [
        sentence
        for repair in repairs
        for sentence in (
            [memberships.sentence(repair)]
            if isinstance(repair, GroupRepair)
            else set_sentences(repair, organization)
        )
    ]
