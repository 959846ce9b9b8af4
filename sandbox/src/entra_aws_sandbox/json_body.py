"""JSON that clients send: everything that is wrong with it is one kind of error."""

from __future__ import annotations

import json
from typing import Any


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a JSON document is, of an empty body an empty one. Raises ValueError."""
    try:
        value = json.loads(body or b"{}")
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("the document is no object")  # noqa: TRY004
    return value
