"""SAML metadata: writing the service provider's, reading the identity provider's."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from lxml import etree
from lxml.builder import ElementMaker

# User guide, "IAM Identity Center quotas" and "Manage an external identity provider".
MAX_METADATA_CHARACTERS = 75_000
MAX_CERTIFICATE_CHARACTERS = 2_500

EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
_METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"


@dataclass(frozen=True)
class ServiceProvider:
    """One side of a SAML trust: AWS's. `tenant_id` is new with every change of identity source."""

    entity_id: str
    base_url: str
    tenant_id: str

    @property
    def acs_urls(self) -> tuple[str, str]:
        """Where assertions are posted: the IPv4 (default) and the dual-stack form."""
        path = f"platform/saml/acs/{self.tenant_id}"
        return f"{self.base_url}/{path}", f"{self.base_url}/dual-stack/{path}"


@dataclass(frozen=True)
class Certificate:
    """A token-signing certificate: base64 of its DER form and what people compare."""

    base64: str
    thumbprint: str
    not_after: datetime


@dataclass(frozen=True)
class IdentityProvider:
    """What AWS keeps of an identity provider's metadata. Every certificate is active."""

    entity_id: str
    sso_url: str
    certificates: tuple[Certificate, ...]

    def with_certificates_of(self, other: IdentityProvider) -> IdentityProvider:
        """This provider with the other's certificates as well. Raises ValueError if it is not
        the same provider.
        """
        if other.entity_id != self.entity_id:
            raise ValueError(
                f"The metadata is of {other.entity_id}, but the identity provider is "
                f"{self.entity_id}: change the identity source instead."
            )
        known = {each.thumbprint for each in self.certificates}
        new = tuple(each for each in other.certificates if each.thumbprint not in known)
        return replace(self, certificates=self.certificates + new)


def service_provider_metadata(provider: ServiceProvider) -> str:
    """The XML that the console offers as *Download metadata file*."""
    md = ElementMaker(namespace=_METADATA, nsmap={"md": _METADATA})
    consumers = [
        md.AssertionConsumerService(
            Binding=HTTP_POST, Location=url, index=str(index), **_default(index)
        )
        for index, url in enumerate(provider.acs_urls)
    ]
    descriptor = md.EntityDescriptor(
        md.SPSSODescriptor(
            md.NameIDFormat(EMAIL_ADDRESS),
            *consumers,
            AuthnRequestsSigned="false",
            WantAssertionsSigned="true",
            protocolSupportEnumeration=PROTOCOL,
        ),
        entityID=provider.entity_id,
    )
    text: bytes = etree.tostring(
        descriptor, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return text.decode()


def _default(index: int) -> dict[str, str]:
    return {"isDefault": "true"} if index == 0 else {}


def read_identity_provider(metadata: str) -> IdentityProvider:
    """What AWS needs of uploaded metadata. Raises ValueError with a sentence if it is not there."""
    if len(metadata) > MAX_METADATA_CHARACTERS:
        raise ValueError(
            f"The IdP SAML metadata has {len(metadata)} characters, AWS takes at most "
            f"{MAX_METADATA_CHARACTERS}."
        )
    root = _parsed(metadata)
    entity_id = root.get("entityID", "")
    role = root.find(f"{{{_METADATA}}}IDPSSODescriptor")
    if root.tag != f"{{{_METADATA}}}EntityDescriptor" or not entity_id or role is None:
        raise ValueError("The file is not the SAML metadata of an identity provider.")
    return IdentityProvider(entity_id, _sso_url(role), _certificates(role))


def _parsed(metadata: str) -> Any:
    try:
        return fromstring(metadata, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise ValueError(
            "The IdP SAML metadata is not XML, or has a document type declaration."
        ) from None


def _sso_url(role: Any) -> str:
    for service in role.iter(f"{{{_METADATA}}}SingleSignOnService"):
        location: str = service.get("Location", "")
        if service.get("Binding") == HTTP_REDIRECT and location.startswith(("https://", "http://")):
            return location
    raise ValueError(
        "The IdP SAML metadata names no SingleSignOnService with the HTTP-Redirect binding."
    )


def _certificates(role: Any) -> tuple[Certificate, ...]:
    keys = [
        key
        for key in role.iter(f"{{{_METADATA}}}KeyDescriptor")
        if key.get("use", "signing") == "signing"
    ]
    found = [each for key in keys for each in key.iter(f"{{{_SIGNATURE}}}X509Certificate")]
    if not found:
        raise ValueError("The IdP SAML metadata has no X.509 certificate for signing.")
    certificates = (_certificate("".join((each.text or "").split())) for each in found)
    return tuple({each.thumbprint: each for each in certificates}.values())


def _certificate(text: str) -> Certificate:
    if len(text) > MAX_CERTIFICATE_CHARACTERS:
        raise ValueError(
            f"A certificate has {len(text)} characters, AWS takes at most "
            f"{MAX_CERTIFICATE_CHARACTERS}."
        )
    try:
        der = base64.b64decode(text, validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError):
        raise ValueError("A certificate of the IdP SAML metadata cannot be read.") from None
    # Entra and AWS both show SHA-1 thumbprints; nothing is trusted because of one.
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
    return Certificate(text, thumbprint, certificate.not_valid_after_utc.astimezone(UTC))
