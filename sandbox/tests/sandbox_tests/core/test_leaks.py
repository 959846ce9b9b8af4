"""The search for secrets finds them in every form, and a test that prints one fails."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from entra_aws_sandbox.testing import leaks
from entra_aws_sandbox.testing.leaks import Secrets, guard


def test_the_search_finds_what_is_there() -> None:
    secrets = Secrets({"it": "a/secret+of some length"})
    for text in (
        b"x a/secret+of some length y",
        b"?token=a%2Fsecret%2Bof+some+length",
        base64.b64encode(b"a/secret+of some length"),
    ):
        assert secrets.found_in(text) == ["it"]
    pem = b"-----BEGIN RSA " + b"PRIVATE KEY-----\nMIIE"
    assert secrets.found_in(pem) == ["a private key"]
    assert secrets.found_in(base64.b64encode(pem)) == ["a private key"]
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert secrets.found_in(base64.b64encode(key.private_bytes(*der))) == ["a private key"]
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert secrets.found_in(base64.b64encode(public)) == []
    assert secrets.found_in(b"a/secret") == []


@pytest.mark.parametrize("before", ["", "a", "ab", "client:"])
@pytest.mark.parametrize("after", ["", "z", '"}'])
def test_the_search_finds_what_is_part_of_an_encoded_text(before: str, after: str) -> None:
    secret = "~~~?0123456789?secret~~~>"
    text = f"{before}{secret}{after}".encode()
    secrets = Secrets({"it": secret})
    for encoded in (base64.b64encode(text), base64.urlsafe_b64encode(text), text.hex().encode()):
        assert secrets.found_in(b"x" + encoded + b"y") == ["it"]
    assert secrets.found_in(base64.b64encode(text.replace(b"secret", b"public"))) == []


def test_a_test_that_prints_a_secret_fails_without_showing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaks, "MET", {"the token": "0123456789-0123456789"})
    for longrepr, sections in (
        (None, [("Captured stdout call", "using 0123456789-0123456789")]),
        ("assert token == '0123456789-0123456789'", []),
    ):
        report = _report(longrepr, sections)
        guard(report)
        assert report.failed
        assert "the token" in report.longreprtext
        assert "0123456789" not in f"{report.longreprtext}{report.sections}"


def test_a_test_that_prints_none_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "MET", {"the token": "0123456789-0123456789"})
    report = _report(None, [("Captured stdout call", "all is well")])
    guard(report)
    assert report.passed
    assert report.sections


def _report(longrepr: str | None, sections: list[tuple[str, str]]) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="test",
        location=("test", 1, "test"),
        keywords={},
        outcome="failed" if longrepr else "passed",
        longrepr=longrepr,
        when="call",
        sections=sections,
    )
