"""SAML 2.0 identity provider metadata, as step 8 uploads it: Entra's federation metadata."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from federation.identity.saml_metadata import MAX_METADATA_CHARACTERS, MetadataError

_METADATA: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}"
# AWS IAM Identity Center user guide, "Quotas": an IdP certificate has at most 2,500 characters.
MAX_CERTIFICATE_CHARACTERS: Final = 2_500


@dataclass(frozen=True, kw_only=True)
class IdentityProviderMetadata:
    """`certificates` are the base64 texts of the signing certificates, in document order."""

    entity_id: str
    certificates: tuple[str, ...]

    @property
    def thumbprints(self) -> tuple[str, ...]:
        """SHA-1 of each certificate, upper-case hexadecimal, as Entra shows them."""
        return tuple(
            hashlib.sha1(base64.b64decode(text)).hexdigest().upper()  # noqa: S324 - a name
            for text in self.certificates
        )


def parse_identity_provider_metadata(document: bytes) -> IdentityProviderMetadata:
    """Read entity id and signing certificates, within AWS's limits. Raises MetadataError."""
    if len(document.decode("utf-8", "replace")) > MAX_METADATA_CHARACTERS:
        raise MetadataError(
            f"the federation metadata is longer than the {MAX_METADATA_CHARACTERS:,} characters "
            "that AWS takes"
        )
    try:
        root = fromstring(document, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError):
        raise MetadataError("the federation metadata is not plain XML") from None
    keys = root.findall(f"{_METADATA}IDPSSODescriptor/{_METADATA}KeyDescriptor")
    texts = [
        "".join((found.text or "").split())
        for key in keys
        if key.get("use", "signing") == "signing"
        for found in key.iter(f"{_SIGNATURE}X509Certificate")
    ]
    if not texts:
        raise MetadataError("the federation metadata names no signing certificate")
    for text in texts:
        _check(text)
    return IdentityProviderMetadata(
        entity_id=root.get("entityID", ""), certificates=tuple(dict.fromkeys(texts))
    )


def _check(text: str) -> None:
    if len(text) > MAX_CERTIFICATE_CHARACTERS:
        raise MetadataError(
            f"a signing certificate has {len(text):,} characters, and AWS takes "
            f"{MAX_CERTIFICATE_CHARACTERS:,}"
        )
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MetadataError("a signing certificate is not base64") from None


def check_certificates(found: IdentityProviderMetadata, expected: Collection[str]) -> None:
    """Raise MetadataError unless one of the stack's certificates signs, and no other does."""
    wanted = {thumbprint.upper() for thumbprint in expected}
    foreign = [one for one in found.thumbprints if one not in wanted]
    if foreign:
        raise MetadataError(
            f"the federation metadata names certificate {foreign[0]}, which the stack did not "
            f"make ({', '.join(sorted(wanted)) or 'it made none'})"
        )
