"""Assertions at Identity Center's door: the good one gets in, every other one stays out.

Entra's own pages make the assertion; the tests only change it, delay it or carry it elsewhere.
"""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from entra_aws_sandbox.browser import Browser, Form, Page
from tests.engine.federation import Federation

pytestmark = pytest.mark.engine


class Attempt:
    """Ada's sign-in, held where Entra's page is about to hand the assertion over."""

    def __init__(self, portal: str) -> None:
        self.portal = portal
        self.browser = Browser()
        page = self.browser.get(portal)
        (form,) = page.forms
        self.page: Page = self.browser.submit(
            page, form, {"username": "ada@example.com", "password": "sandbox"}
        )
        (self.form,) = self.page.forms

    @property
    def assertion(self) -> str:
        """The response as XML."""
        return base64.b64decode(self.form.fields["SAMLResponse"]).decode()

    def hand_over(self, assertion: str | None = None, *, to: str | None = None) -> Page:
        """Post the response to the reply URL; returns the page that answers."""
        encoded = base64.b64encode((assertion or self.assertion).encode()).decode()
        fields = self.form.fields | {"SAMLResponse": encoded}
        return self.browser.submit(self.page, Form(to or self.form.action, "post", fields))

    def is_in(self) -> bool:
        """Whether the portal knows the browser."""
        return self.browser.get(f"{self.portal}/access.json").status == 200


def test_a_valid_assertion_signs_in(federation: Federation) -> None:
    attempt = Attempt(federation.portal)
    assert not attempt.is_in()
    assert attempt.hand_over().status == 200
    assert attempt.is_in()


def test_a_tampered_assertion_is_refused(federation: Federation) -> None:
    attempt = Attempt(federation.portal)
    tampered = attempt.assertion.replace("ada@example.com", "ken@example.com")
    assert tampered != attempt.assertion
    assert attempt.hand_over(tampered).status >= 400
    assert not attempt.is_in()


def test_an_unsigned_assertion_is_refused(federation: Federation) -> None:
    attempt = Attempt(federation.portal)
    begin = (
        attempt.assertion.index("<ds:Signature")
        if "<ds:Signature" in attempt.assertion
        else (attempt.assertion.index("<Signature"))
    )
    end_tag = "</ds:Signature>" if "<ds:Signature" in attempt.assertion else "</Signature>"
    end = attempt.assertion.index(end_tag) + len(end_tag)
    assert attempt.hand_over(attempt.assertion[:begin] + attempt.assertion[end:]).status >= 400
    assert not attempt.is_in()


def test_a_wrongly_addressed_assertion_is_refused(federation: Federation) -> None:
    attempt = Attempt(federation.portal)
    sent_to = attempt.form.action
    other = next(
        reply for reply in _reply_urls(federation) if reply != sent_to and reply.startswith("http")
    )
    assert attempt.hand_over(to=other).status >= 400
    assert not attempt.is_in()


def test_an_assertion_is_used_once(federation: Federation) -> None:
    attempt = Attempt(federation.portal)
    assert attempt.hand_over().status == 200
    thief = Attempt(federation.portal)
    assert thief.hand_over(attempt.assertion).status >= 400
    assert not thief.is_in()


def test_an_expired_assertion_is_refused(federation: Federation) -> None:
    attempt = Attempt(federation.portal)
    federation.sandbox.advance(timedelta(hours=2))
    assert attempt.hand_over().status >= 400
    assert not attempt.is_in()


def _reply_urls(federation: Federation) -> list[str]:
    text = federation.metadata_file.read_text()
    return [part.partition('"')[0] for part in text.split('Location="')[1:] if "/acs/" in part]
