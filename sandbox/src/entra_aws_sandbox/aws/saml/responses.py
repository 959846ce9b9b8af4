"""Is a SAML response to be believed? python3-saml in strict mode, and what it leaves open."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Invalid
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from entra_aws_sandbox.aws.saml.metadata import HTTP_POST, HTTP_REDIRECT
from entra_aws_sandbox.aws.saml.requests import AuthnRequests
from entra_aws_sandbox.aws.saml.source import Trust
from entra_aws_sandbox.clock import Clock

# User guide, "IAM Identity Center quotas": characters of a SAML assertion.
MAX_ASSERTION_CHARACTERS = 50_000

_SENTENCES = {
    Invalid.INVALID_SIGNATURE: "its signature was not made by the identity provider",
    Invalid.NO_SIGNED_ASSERTION: "its assertion is not signed",
    Invalid.NO_SIGNATURE_FOUND: "its assertion is not signed",
    Invalid.ASSERTION_EXPIRED: "its assertion has expired",
    Invalid.ASSERTION_TOO_EARLY: "its assertion is not valid yet",
    Invalid.SESSION_EXPIRED: "its session has expired",
    Invalid.WRONG_DESTINATION: "it was addressed to another place",
    Invalid.WRONG_SUBJECTCONFIRMATION: "it was addressed to another place or has expired",
    Invalid.WRONG_AUDIENCE: "it is meant for another service provider",
    Invalid.WRONG_ISSUER: "another identity provider issued it",
    Invalid.WRONG_INRESPONSETO: "it answers another request",
    Invalid.STATUS_CODE_IS_NOT_SUCCESS: "the identity provider reports that sign-in failed",
    Invalid.WRONG_NUMBER_OF_ASSERTIONS: "it does not hold exactly one assertion",
    Invalid.INVALID_XML_FORMAT: "it breaks the SAML schema",
}

_now: ContextVar[Callable[[], datetime] | None] = ContextVar("saml_now", default=None)
_real_now = OneLogin_Saml2_Utils.now


def _sandbox_now() -> int:
    """Seconds since 1970 by the clock of the validation that is going on, else by the real one."""
    now = _now.get()
    return int(now().timestamp()) if now else int(_real_now())


# The library asks a static method for the time and offers no other way to tell it.
OneLogin_Saml2_Utils.now = staticmethod(_sandbox_now)


class Refused(Exception):  # noqa: N818  (it is an answer, not a failure)
    """A response that is not believed; the text says why, for the person who sent it."""


class Responses:
    """Checks responses, and remembers their assertions so that none is taken twice."""

    def __init__(self, clock: Clock, requests: AuthnRequests) -> None:
        self._clock = clock
        self._requests = requests
        self._seen: dict[str, datetime] = {}
        self._lock = Lock()

    def name_id(self, trust: Trust, acs_url: str, encoded: str) -> str:
        """The NameID of a response that arrived at `acs_url`. Raises Refused."""
        response = self._parsed(trust, acs_url, encoded)
        expires = self._validated(response, acs_url)
        request_ids = set(_attributes(response, "InResponseTo"))
        if any(not self._requests.waits_for(each) for each in request_ids):
            raise Refused("it answers a request that was not sent, or was answered already")
        try:
            name_id = str(response.get_nameid())
        except Invalid:
            raise Refused("it names nobody") from None
        self._refuse_replay(response.get_assertion_id(), expires)
        for each in request_ids:
            self._requests.answered(each)
        return name_id

    def _parsed(self, trust: Trust, acs_url: str, encoded: str) -> Any:
        try:
            text = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise Refused("it is not base64") from None
        if len(text) > MAX_ASSERTION_CHARACTERS:
            raise Refused(f"it has more than {MAX_ASSERTION_CHARACTERS} characters")
        settings = OneLogin_Saml2_Settings(self._settings(trust, acs_url))
        try:
            return OneLogin_Saml2_Response(settings, encoded)
        except Exception as error:
            raise Refused("it is not well-formed XML without a document type") from error

    def _settings(self, trust: Trust, acs_url: str) -> dict[str, Any]:
        now = self._clock.now()
        idp = trust.identity_provider
        valid = [each.base64 for each in idp.certificates if each.not_after > now]
        if not valid:
            raise Refused("every certificate of the identity provider has expired")
        return {
            "strict": True,
            "sp": {
                "entityId": trust.service_provider.entity_id,
                "assertionConsumerService": {"url": acs_url, "binding": HTTP_POST},
            },
            "idp": {
                "entityId": idp.entity_id,
                "singleSignOnService": {"url": idp.sso_url, "binding": HTTP_REDIRECT},
                "x509certMulti": {"signing": valid},
            },
            "security": {
                "wantAssertionsSigned": True,
                "wantAttributeStatement": False,
                "rejectDeprecatedAlgorithm": True,
                "allowSingleLabelDomains": True,
            },
        }

    def _validated(self, response: Any, acs_url: str) -> datetime:
        """When the assertion expires; python3-saml's checks, then what it lets pass."""
        place = urlsplit(acs_url)
        request = {
            "https": "on" if place.scheme == "https" else "off",
            "http_host": place.netloc,
            "script_name": place.path,
        }
        with self._by_the_clock():
            try:
                response.is_valid(request, raise_exceptions=True)
            except Invalid as error:
                raise Refused(_SENTENCES.get(error.code, "it is not valid")) from None
            except Exception as error:
                raise Refused("it is not valid") from error
        # python3-saml compares addresses by their beginning and takes a response without them.
        if response.document.get("Destination", acs_url) != acs_url:
            raise Refused("it was addressed to another place")
        if set(_attributes(response, "Recipient")) != {acs_url}:
            raise Refused("it was addressed to another place")
        if not response.get_audiences():
            raise Refused("it names no audience")
        expires = response.get_assertion_not_on_or_after()
        if expires is None:
            raise Refused("it does not say when it expires")
        return datetime.fromtimestamp(expires, UTC)

    @contextmanager
    def _by_the_clock(self) -> Iterator[None]:
        token = _now.set(self._clock.now)
        try:
            yield
        finally:
            _now.reset(token)

    def _refuse_replay(self, assertion_id: str, expires: datetime) -> None:
        now = self._clock.now()
        with self._lock:
            self._seen = {key: until for key, until in self._seen.items() if until > now}
            if assertion_id in self._seen:
                raise Refused("its assertion was used already")
            self._seen[assertion_id] = expires


def _attributes(response: Any, name: str) -> list[str]:
    """An attribute of the response and of its one assertion's subject confirmations."""
    confirmation = "/samlp:Response/saml:Assertion/saml:Subject/saml:SubjectConfirmation"
    query = f"{confirmation}/saml:SubjectConfirmationData"
    elements = [response.document, *OneLogin_Saml2_XML.query(response.document, query)]
    return [each.get(name) for each in elements if each.get(name) is not None]
