"""SAML 2.0 service provider metadata, as downloaded from the Identity Center console (step 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
    r"https://(?P<region>[a-z0-9-]+)\.signin\.(aws|amazonaws|amazonaws-us-gov)\.[a-z.]+"
    r"/platform/saml/(?P<id>[^/?#]+)"
)
# The hosts under which people sign in to AWS, `<region>.` or for dual-stack `<region>.sso.` before
# them. AWS user guide, "Using IAM Identity Center across multiple Regions", and of the other
# partitions AWS GovCloud (US) and Amazon Web Services in China user guides, IAM and SAML.
_SIGN_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "aws": ("signin.aws", "signin.aws.amazon.com"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "signin.aws"),
    "aws-cn": ("signin.amazonaws.cn",),
}
_HOST: Final = re.compile(r"(?P<region>[a-z]{2,4}(-[a-z]+)+-\d+)\.(sso\.)?(?P<domain>signin\..+)")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


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


def sign_in_partition(url: str) -> str | None:
    """The partition of AWS in which an https URL signs people in, None for any other URL.

    Whoever answers at a reply URL gets the assertions that people sign in to AWS with.
    """
    if not is_web_url(url) or urlsplit(url).scheme != "https":
        return None
    match = _HOST.fullmatch(urlsplit(url).hostname or "")
    if match is None:
        return None
    partition = partition_of(match["region"])
    return partition if match["domain"] in _SIGN_IN.get(partition, ()) else None


def partition_of(region: str) -> str:
    """The partition of a region: `aws`, `aws-cn`, `aws-us-gov` or another one by its prefix."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso": "aws-iso", "eusc-": "aws-eusc"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")


def foreign_reply_urls(urls: Iterable[str], region: str, *, emulated: bool) -> list[str]:
    """Those of the URLs that are no sign-in host of AWS in the region's partition.

    `emulated`: both clouds run on this machine, where AWS itself is reached by nothing; then its
    hosts are AWS's.
    """
    return [
        url
        for url in urls
        if sign_in_partition(url) != partition_of(region)
        and not (emulated and is_web_url(url) and urlsplit(url).hostname in LOOPBACK)
    ]


def is_web_url(url: str) -> bool:
    """True for an https URL, and for an http URL of this machine (Entra accepts both)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username or parts.fragment or re.search(r"[\s\\\"'<>]", url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
