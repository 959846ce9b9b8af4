"""Token-signing certificates: real RSA keys in self-signed X.509, and which one is active."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from entra_aws_sandbox.certificates import named, pem
from entra_aws_sandbox.clock import iso
from entra_aws_sandbox.entra.values import Json

DEFAULT_NAME = "CN=Microsoft Azure Federated SSO Certificate"
MAX_VALIDITY = timedelta(days=3 * 365 + 1)
"""Three years at most (Graph tutorial on SAML single sign-on)."""


@dataclass(frozen=True)
class SigningKey:
    """One certificate with its private key, both PEM, so that the state is plain data."""

    display_name: str
    certificate: bytes
    private_key: bytes
    starts: datetime
    ends: datetime

    @property
    def x509(self) -> x509.Certificate:
        """The certificate."""
        return x509.load_pem_x509_certificate(self.certificate)

    @property
    def rsa(self) -> rsa.RSAPrivateKey:
        """The private key."""
        key = serialization.load_pem_private_key(self.private_key, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("a token-signing key must be an RSA key")
        return key

    @property
    def der(self) -> str:
        """The certificate as base64 of DER, as Graph and federation metadata carry it."""
        return base64.b64encode(self.x509.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate in upper-case hex."""
        return hashlib.sha1(base64.b64decode(self.der), usedforsecurity=False).hexdigest().upper()

    @property
    def key_identifier(self) -> str:
        """customKeyIdentifier: base64 of the thumbprint's bytes."""
        return base64.b64encode(bytes.fromhex(self.thumbprint)).decode()


def new_signing_key(display_name: str, starts: datetime, ends: datetime) -> SigningKey:
    """A fresh RSA key in a self-signed certificate; takes a noticeable part of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = named(display_name.removeprefix("CN="))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    return SigningKey(
        display_name,
        certificate.public_bytes(serialization.Encoding.PEM),
        pem(key),
        starts,
        ends,
    )


def credentials(key: SigningKey) -> tuple[list[Json], Json]:
    """The two key credentials (Sign, Verify) and the password credential of one certificate.

    All three share `customKeyIdentifier`, which is how Graph ties them together.
    """
    shared: Json = {
        "customKeyIdentifier": key.key_identifier,
        "displayName": key.display_name,
        "endDateTime": iso(key.ends),
        "startDateTime": iso(key.starts),
    }
    sign_id = str(uuid.uuid4())
    sign = {"keyId": sign_id, "type": "X509CertAndPassword", "usage": "Sign", "key": None}
    verify = {
        "keyId": str(uuid.uuid4()),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": key.der,
    }
    password = {"keyId": sign_id, "hint": None, "secretText": None}
    return [{**shared, **sign}, {**shared, **verify}], {**shared, **password}


def active(
    service_principal: Json, keys: dict[str, SigningKey], now: datetime
) -> SigningKey | None:
    """The certificate that signs assertions; None when there is no valid one.

    `preferredTokenSigningKeyThumbprint` chooses; unset, the first one does. An expired choice
    gives way to the newest valid certificate (Entra documentation, federated SSO certificates).
    """
    listed = [
        keys[c["customKeyIdentifier"]]
        for c in service_principal["keyCredentials"]
        if c["usage"] == "Sign" and c["customKeyIdentifier"] in keys
    ]
    preferred = service_principal.get("preferredTokenSigningKeyThumbprint")
    chosen = [k for k in listed if k.thumbprint == preferred] if preferred else listed[:1]
    valid = [k for k in listed if k.starts <= now < k.ends]
    if chosen and chosen[0] in valid:
        return chosen[0]
    return max(valid, key=lambda k: k.starts, default=None)
