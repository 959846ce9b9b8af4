"""The plain values that everything of Entra is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Json = dict[str, Any]


def graph_time(moment: datetime) -> str:
    """A time as Graph writes it: UTC, seconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
