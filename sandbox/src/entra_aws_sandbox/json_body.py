"""JSON that strangers send: everything that is wrong with it is one kind of error."""

from __future__ import annotations

import json
from typing import Any


def parsed(body: bytes) -> Any:
    """The value of a JSON document, of an empty body an empty object. Raises ValueError."""
    try:
        return json.loads(body or b"{}")
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None
