"""AuthnRequests: decoded with limits, checked against the applications of the tenant."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

from lxml import etree

from entra_aws_sandbox.entra.errors import SignInError
from entra_aws_sandbox.entra.saml.metadata import PROTOCOL
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class SignOn:
    """One sign-on to one application: where the assertion goes and what it answers."""

    service_principal: Json
    audience: str
    reply_url: str
    in_response_to: str | None
    fresh: bool = False
    """Whether the person must sign in again although there is a session (ForceAuthn)."""


def decoded(message: str, *, deflated: bool) -> bytes:
    """The XML of a `SAMLRequest` parameter. Raises SignInError for anything that is not one."""
    try:
        data = base64.b64decode(message, validate=True)
        if deflated:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            data = inflater.decompress(data, MAX_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise _malformed("it is not base64 of deflated XML.") from None
    if len(data) > MAX_BYTES:
        raise _malformed(f"it is larger than {MAX_BYTES} bytes.")
    return data


def sign_on(tenant: Tenant, xml: bytes) -> SignOn:
    """What an AuthnRequest asks for. Raises SignInError as Entra refuses it."""
    root = _parsed(xml)
    issuer = (root.findtext(f"{{{ASSERTION}}}Issuer") or "").strip()
    request_id = root.get("ID") or ""
    if not issuer or not request_id:
        raise _malformed("it has no Issuer or no ID.")
    service_principal = _service_principal(tenant, issuer)
    registered = service_principal["replyUrls"]
    asked = root.get("AssertionConsumerServiceURL")
    if (asked is not None and asked not in registered) or not registered:
        raise SignInError(
            50011,
            f"The reply URL '{asked or ''}' specified in the request does not match the reply "
            f"URLs configured for the application '{issuer}'.",
        )
    fresh = root.get("ForceAuthn") in {"true", "1"}
    return SignOn(service_principal, issuer, asked or registered[0], request_id, fresh)


def unsolicited(service_principal: Json) -> SignOn:
    """A sign-on that begins at Entra. Raises SignInError without a reply URL."""
    if not service_principal["replyUrls"]:
        raise SignInError(50011, "The application has no reply URL configured.")
    audience = service_principal["servicePrincipalNames"][0]
    return SignOn(service_principal, audience, service_principal["replyUrls"][0], None)


def _service_principal(tenant: Tenant, issuer: str) -> Json:
    for service_principal in tenant.service_principals.values():
        if issuer.removeprefix("spn:") in service_principal["servicePrincipalNames"]:
            return service_principal
    raise SignInError(
        700016,
        f"Application with identifier '{issuer}' was not found in the directory "
        f"'{tenant.display_name}'. This can happen if the application has not been installed by "
        "the administrator of the tenant or consented to by any user in the tenant.",
    )


def _parsed(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        raise _malformed("it is not well-formed XML.") from None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise _malformed("it has a document type declaration.")
    if root.tag != f"{{{PROTOCOL}}}AuthnRequest":
        raise _malformed("it is not an AuthnRequest.")
    return root


def _malformed(why: str) -> SignInError:
    return SignInError(750054, f"SAMLRequest or SAMLResponse must be a valid message: {why}")
