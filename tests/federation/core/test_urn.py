"""URNs of the engine, taken apart."""

from __future__ import annotations

import pytest

from federation.core.urn import ASSIGNMENT, ASSIGNMENTS, Urn


def test_a_urn_has_stack_types_and_name() -> None:
    text = f"urn:pulumi:prod::entra-identity-center::{ASSIGNMENTS}${ASSIGNMENT}::Look/group/a::b/1"
    found = Urn.parse(text)
    assert found == Urn("prod", (ASSIGNMENTS, ASSIGNMENT), "Look/group/a::b/1")
    assert (found.type, found.kind) == (ASSIGNMENT, "AccountAssignment")
    assert str(found) == "AccountAssignment Look/group/a::b/1"


@pytest.mark.parametrize("text", ["", "urn:pulumi:prod", "a::b::c"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        Urn.parse(text)
