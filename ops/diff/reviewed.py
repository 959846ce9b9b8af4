"""Whether an update still is the one that people reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from federation.changes import AccessDiff
from federation.errors import InvalidInput, Problem

_SHOWN: Final = 10


def differences(reviewed: Any, fresh: AccessDiff) -> list[str]:
    """Why a fresh diff is not the reviewed one (the JSON of an earlier diff); empty when it is.

    Rows compare with the held ones included, so that it makes no difference whether somebody has
    arrived in the meantime. Raises InvalidInput for a file that is no diff.
    """
    if not isinstance(reviewed, Mapping) or "rowsHash" not in reviewed:
        raise InvalidInput(
            [Problem(message="the reviewed file is not what `ops diff --format json` prints.")]
        )
    if reviewed.get("stack") != fresh.stack:
        return [f"the reviewed diff is of stack {reviewed.get('stack')}, this one of {fresh.stack}"]
    if fresh.rows is None or reviewed["rowsHash"] is None:
        return ["without unchanged resources in the preview (--show-sames) rows can't be compared"]
    if reviewed["rowsHash"] == fresh.rows_hash:
        return []
    before = set(map(str, reviewed.get("rows") or ()))
    after = {row.logical_name for row in fresh.rows}
    lines = [
        *(f"  + {name}" for name in sorted(after - before)),
        *(f"  - {name}" for name in sorted(before - after)),
    ]
    more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return ["the rows are not the reviewed ones:", *lines[:_SHOWN], *more]
