"""Whether an update still is the one that people reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from federation.core.errors import InvalidInput, Problem
from federation.diff.changes import AccessDiff

_SHOWN: Final = 10


def differences(reviewed: Any, fresh: AccessDiff) -> list[str]:
    """Why a fresh diff is not the reviewed one (the JSON of an earlier diff); empty when it is.

    The desired states are compared (federation/update/desired_state.py), so it makes no difference
    whether somebody has arrived in the meantime. Raises InvalidInput for a file that is no diff.
    """
    if not isinstance(reviewed, Mapping) or not isinstance(reviewed.get("desiredState"), Mapping):
        raise InvalidInput(
            [
                Problem(
                    message="the reviewed file is not what `ops diff --format json` prints of a "
                    "preview that succeeded."
                )
            ]
        )
    if reviewed.get("stack") != fresh.stack:
        return [f"the reviewed diff is of stack {reviewed.get('stack')}, this one of {fresh.stack}"]
    before, after = reviewed["desiredState"], fresh.desired_state
    if after and before.get("hash") == after["hash"]:
        return []
    return [
        *_parts(before.get("parts"), after.get("parts")),
        *_assignments(reviewed.get("assignments"), fresh),
    ]


def _parts(before: Any, after: Any) -> list[str]:
    """Which parts of the desired state differ; any text may stand in a reviewed file."""
    old = before if isinstance(before, Mapping) else {}
    new = after if isinstance(after, Mapping) else {}
    parts = [part for part in sorted(new) if old.get(part) != new[part]]
    return [f"this is not the reviewed update: {', '.join(parts) or 'its fingerprint'} differ"]


def _assignments(reviewed: Any, fresh: AccessDiff) -> list[str]:
    before = set(map(str, reviewed or ()))
    after = {assignment.logical_name for assignment in fresh.assignments or ()}
    lines = [
        *(f"  + {name}" for name in sorted(after - before)),
        *(f"  - {name}" for name in sorted(before - after)),
    ]
    more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [*lines[:_SHOWN], *more]
