"""SAML 2.0 service provider metadata, as downloaded from the Identity Center console (step 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_METADATA: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_HTTP_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
# AWS IAM Identity Center user guide, "Quotas": metadata documents are limited to 75,000 characters.
MAX_METADATA_CHARACTERS: Final = 75_000
# AWS user guide, "Using IAM Identity Center across multiple Regions": the issuer URL of an
# instance.
_ISSUER = re.compile(
    r"https://(?P<region>[a-z0-9-]+)\.signin\.(aws|amazonaws)\.[a-z.]+/platform/saml/(?P<id>[^/?#]+)"
)


class MetadataError(ValueError):
    """The document can't serve as SP metadata; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class ServiceProviderMetadata:
    """What Entra must know of Identity Center.

    `entity_id` becomes the application's identifier URI; `acs_urls` are all HTTP-POST assertion
    consumer service URLs, IPv4 and dual-stack, the default one first (AWS Security Blog, January
    2026: both are registered side by side, since the CLI signs in over the IPv4 one).
    """

    entity_id: str
    acs_urls: tuple[str, ...]

    @property
    def region(self) -> str | None:
        """The instance's home region as named in the entity id, None when it has another form."""
        match = _ISSUER.fullmatch(self.entity_id)
        return match["region"] if match else None


def parse_service_provider_metadata(document: bytes) -> ServiceProviderMetadata:
    """Read entity id and ACS URLs. Raises MetadataError; external entities and DTDs are refused."""
    if len(document) > MAX_METADATA_CHARACTERS:
        raise MetadataError(
            f"the document has {len(document):,} bytes; SAML metadata has at most "
            f"{MAX_METADATA_CHARACTERS:,}"
        )
    try:
        root = fromstring(document, forbid_dtd=True)
    except DefusedXmlException:
        raise MetadataError(
            "the document declares a DTD or entities, which SAML metadata never does"
        ) from None
    except (ParseError, ValueError) as error:
        raise MetadataError(f"the document is not XML ({error})") from None
    descriptor = root.find(f"{_METADATA}SPSSODescriptor")
    if descriptor is None:
        raise MetadataError(_explain(root))
    entity_id = root.get("entityID", "")
    if not entity_id:
        raise MetadataError("the EntityDescriptor has no entityID")
    urls = _acs_urls(descriptor)
    if not urls:
        raise MetadataError("the SPSSODescriptor names no HTTP-POST AssertionConsumerService")
    return ServiceProviderMetadata(entity_id=entity_id, acs_urls=urls)


def _explain(root: Element) -> str:
    wanted = (
        "download the service provider metadata in the IAM Identity Center console "
        "(Settings > Identity source > Change identity source > External identity provider)"
    )
    if root.find(f"{_METADATA}IDPSSODescriptor") is not None:
        return (
            f"this is the metadata of an identity provider, not of the service provider; {wanted}"
        )
    return f"the document is not SAML service provider metadata; {wanted}"


def _acs_urls(descriptor: Element) -> tuple[str, ...]:
    services = [
        service
        for service in descriptor.findall(f"{_METADATA}AssertionConsumerService")
        if service.get("Binding") == _HTTP_POST
    ]
    services.sort(
        key=lambda service: (service.get("isDefault") not in {"true", "1"}, _index(service))
    )
    urls = tuple(dict.fromkeys(service.get("Location", "") for service in services))
    for url in urls:
        if not is_web_url(url):
            raise MetadataError(f"the assertion consumer service URL {url!r} is not an https URL")
    return urls


def _index(service: Element) -> int:
    try:
        return int(service.get("index", "0"))
    except ValueError:
        return 0


def is_web_url(url: str) -> bool:
    """True for an https URL, and for an http URL of this machine (Entra accepts both)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username or parts.fragment or re.search(r"[\s\\\"'<>]", url):
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}
    )
