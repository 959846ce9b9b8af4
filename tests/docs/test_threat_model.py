"""The threat model names tests: each must be there, or it would promise what nothing shows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "threat-model.md").read_text()))
    assert len(named) > 30
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    known = {name for source in sources for name in re.findall(r"(?m)^def (test_\w+)", source)}
    assert named <= known, named - known
