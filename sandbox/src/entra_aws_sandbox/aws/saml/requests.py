"""SP-initiated sign-in: the authentication requests that the portal has sent."""

from __future__ import annotations

import base64
import uuid
import zlib
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlencode

from lxml import etree
from lxml.builder import ElementMaker

from entra_aws_sandbox.aws.saml.metadata import ASSERTION, EMAIL_ADDRESS, HTTP_POST, PROTOCOL
from entra_aws_sandbox.aws.saml.source import Trust
from entra_aws_sandbox.clock import Clock, iso

LIFETIME = timedelta(minutes=15)


class AuthnRequests:
    """Requests that wait for their response; each is answered once, within LIFETIME."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, datetime] = {}
        self._lock = Lock()

    def redirect_url(self, trust: Trust) -> str:
        """The identity provider's SSO URL with a new request (HTTP-Redirect binding, deflated)."""
        request_id = f"_{uuid.uuid4().hex}"
        now = self._clock.now()
        with self._lock:
            self._waiting = {key: due for key, due in self._waiting.items() if due > now}
            self._waiting[request_id] = now + LIFETIME
        deflated = zlib.compress(_authn_request(trust, request_id, now))[2:-4]
        query = urlencode({"SAMLRequest": base64.b64encode(deflated).decode()})
        url = trust.identity_provider.sso_url
        return f"{url}{'&' if '?' in url else '?'}{query}"

    def waits_for(self, request_id: str) -> bool:
        """Whether a response to this request is expected."""
        with self._lock:
            due = self._waiting.get(request_id)
            return due is not None and due > self._clock.now()

    def answered(self, request_id: str) -> None:
        """No second response to this request is taken."""
        with self._lock:
            self._waiting.pop(request_id, None)


def _authn_request(trust: Trust, request_id: str, now: datetime) -> bytes:
    samlp = ElementMaker(namespace=PROTOCOL, nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
    saml = ElementMaker(namespace=ASSERTION)
    request = samlp.AuthnRequest(
        saml.Issuer(trust.service_provider.entity_id),
        samlp.NameIDPolicy(Format=EMAIL_ADDRESS, AllowCreate="true"),
        ID=request_id,
        Version="2.0",
        IssueInstant=iso(now),
        Destination=trust.identity_provider.sso_url,
        ProtocolBinding=HTTP_POST,
        AssertionConsumerServiceURL=trust.service_provider.acs_urls[0],
    )
    text: bytes = etree.tostring(request)
    return text
