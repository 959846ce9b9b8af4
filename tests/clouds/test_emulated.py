"""Only where both clouds are on this machine is anything of it trusted."""

from __future__ import annotations

import pytest

from clouds.emulated import is_emulated


@pytest.mark.parametrize(
    ("aws", "entra", "expected"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8443", True),
        ("http://localhost:8000", "localhost", True),
        ("", "", False),
        ("http://127.0.0.1:8000", "", False),
        ("", "127.0.0.1:8443", False),
        ("http://127.0.0.1:8000", "login.example.com", False),
        ("http://127.0.0.1.example.com", "127.0.0.1:8443", False),
        ("http://[", "127.0.0.1", False),
    ],
)
def test_both_clouds_must_be_here(
    monkeypatch: pytest.MonkeyPatch, aws: str, entra: str, expected: bool
) -> None:
    for name, value in (("AWS_ENDPOINT_URL", aws), ("ARM_METADATA_HOSTNAME", entra)):
        monkeypatch.setenv(name, value)
    assert is_emulated() is expected
