"""Permission sets on accounts, and who has them."""

from __future__ import annotations

from clouds.assignments import Holders
from federation.engine.unmanaged import Holder, Pair

PAIRS = [Pair(name, f"{number:012}") for name in ("Look", "Deploy") for number in range(20)]


def holders(pair: Pair) -> Holders:
    """Who has a pair in this test."""
    return (Holder("GROUP", f"g-{pair.permission_set}-{pair.account}"), Holder("USER", "u-1"))
