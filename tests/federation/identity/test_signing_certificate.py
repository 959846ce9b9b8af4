"""A certificate's name survives the way to Entra and back; other certificates keep their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.identity.signing_certificate import label_of, subject


@given(st.from_regex(r"[A-Za-z0-9-]{1,32}", fullmatch=True))
def test_a_name_is_read_back(label: str) -> None:
    assert label_of(subject(label), otherwise="x") == label


@pytest.mark.parametrize(
    "display_name",
    [None, 3, "", "CN=by hand", "CN=AWS IAM Identity Center ", "CN=AWS IAM Identity Center a\nb"],
)
def test_another_certificate_has_another_name(display_name: object) -> None:
    assert label_of(display_name, otherwise="by-hand") == "by-hand"
