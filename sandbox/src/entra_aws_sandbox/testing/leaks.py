"""Secrets in clear text: how to find them, and a guard over what the tests themselves print."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    import pytest

# Any Graph token and any private key: these are made inside the sandbox, so only their form is
# known: a JWT, a PEM, a PEM in base64, and the base64 of PKCS #8 (RFC 5208) with an RSA key.
_FORMS = {
    "an access token": re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}"),
    "a private key": re.compile(
        rb"PRIVATE KEY-----|LS0tLS1CRUdJTi[\w+/=]{4,24}UFJJVkFURS"
        rb"|MII[\w+/]{2,3}IBADANBgkqhkiG9w0BAQEF"
    ),
}


class Secrets:
    """Secrets by name, and how to find it in whatever form it was written."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        assert all(len(secret) >= 20 for secret in secrets.values()), "too short to search for"
        self._forms = {
            name: {form.encode() for form in _written(secret)} for name, secret in secrets.items()
        }

    def found_in(self, content: bytes) -> list[str]:
        """The names of the secrets that a text holds."""
        known = [
            name for name, forms in self._forms.items() if any(form in content for form in forms)
        ]
        return known + [name for name, form in _FORMS.items() if form.search(content)]


def _written(secret: str) -> set[str]:
    """A secret as texts show it: plain, in a URL, in JSON, in hexadecimal, in base64."""
    plain = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    return plain | {secret.encode().hex()} | set(_inside_base64(secret.encode()))


def _inside_base64(secret: bytes) -> Iterator[str]:
    """What of a secret shows in the base64 of any text around it, `id:secret` for example.

    Three bytes are four characters: there are three ways to lie in them, and the characters at
    both ends are shared with the neighbours.
    """
    for shift in range(3):
        whole = secret[-shift % 3 :]
        whole = whole[: len(whole) // 3 * 3]
        yield base64.b64encode(whole).decode()
        yield base64.urlsafe_b64encode(whole).decode()


# Every secret that a test has met, by what it is; `start_sandbox` adds to it.
MET: dict[str, str] = {}


def guard(report: pytest.TestReport) -> None:
    """Fail a test whose report shows a secret, and show it no further."""
    shown = "\n".join([report.longreprtext, *(text for _, text in report.sections)])
    leaked = Secrets(MET).found_in(shown.encode())
    if leaked:
        report.outcome = "failed"
        report.longrepr = f"The test printed {', '.join(leaked)} in clear text."
        report.sections = []
