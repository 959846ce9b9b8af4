"""Attributes for access control (ABAC): what AWS lacks of them although the state has it. Pure.

AWS user guide, "Attributes for access control": policies compare a person's attribute with a
resource's tag, so a wrong source of an attribute gives or takes access.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from federation.core.domain import quoted
from federation.engine.repairs import AttributesRepair


def sources(configured: Any) -> dict[str, str]:
    """Source by key of the provider's inputs or outputs (`attributes`)."""
    return {
        one["key"]: ", ".join(source for value in one["values"] for source in value["sources"])
        for one in configured or ()
    }


def attribute_repairs(
    stored: Mapping[str, str] | None,
    declared: Mapping[str, str],
    live: Mapping[str, str] | None,
    instance: str,
) -> tuple[AttributesRepair, ...]:
    """What the provider would not write: it writes where state (`stored`) and file differ, and only
    to a configuration that is there. None stands for no configuration.
    """
    if stored is None or not declared or live == declared:
        return ()
    if live is not None and stored != declared:
        return ()
    return (AttributesRepair(instance=instance, live=live, declared=declared),)


def attributes_sentence(repair: AttributesRepair) -> str:
    """What differs, without an end."""
    live = repair.live or {}
    parts = [
        f"{quoted(key)} is missing"
        if key not in live
        else f"{quoted(key)} is not declared"
        if key not in repair.declared
        else f"{quoted(key)} comes from {quoted(live[key])}"
        for key in sorted(live.keys() | repair.declared.keys())
        if live.get(key) != repair.declared.get(key)
    ]
    return (
        "the attributes for access control are not in AWS as the last update left them: "
        f"{'; '.join(parts)}"
    )
