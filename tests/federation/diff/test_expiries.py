"""What ends soon, as a preview tells it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.diff.expiries import expiries
from federation.engine.preview import Preview
from tests.federation.diff.steps import UNKNOWN

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("certificates", "told"),
    [
        ({"initial": "2026-12-01T00:00:00Z"}, ["certificate initial"]),
        ({"initial": "2029-12-01T00:00:00Z"}, []),
        # What the outputs of an update hold that failed before it knew them.
        (UNKNOWN, []),
    ],
)
def test_certificates_of_an_incomplete_preview_are_those_of_the_outputs(
    certificates: Any, told: list[str]
) -> None:
    outputs = {"expiries": {"certificates": certificates}}
    preview = Preview(stack="dev", steps=(), complete=False, outputs=outputs)
    assert [one.what for one in expiries(preview, TODAY)] == told
