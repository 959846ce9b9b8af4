"""Federation metadata of the tenant, for one application."""

from __future__ import annotations

from lxml import etree
from lxml.builder import ElementMaker

from entra_aws_sandbox.entra.certificates import SigningKey, active
from entra_aws_sandbox.entra.errors import SignInError
from entra_aws_sandbox.entra.tenant import Tenant

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

_md = ElementMaker(namespace=MD, nsmap={None: MD, "ds": DS})
_ds = ElementMaker(namespace=DS, nsmap={"ds": DS})


def entity_id(tenant: Tenant) -> str:
    """The identity provider's entity id: the issuer of its assertions."""
    return f"https://sts.windows.net/{tenant.id}/"


def sign_on_url(tenant: Tenant) -> str:
    """Where AuthnRequests go."""
    return f"{tenant.base_url}/{tenant.id}/saml2"


def signing_keys(tenant: Tenant, service_principal: str) -> list[SigningKey]:
    """An application's certificates, the active one first."""
    keys = tenant.signing_keys.get(service_principal, {})
    resource = tenant.service_principals[service_principal]
    first = active(resource, keys, tenant.clock.now())
    listed = dict.fromkeys(c["customKeyIdentifier"] for c in resource["keyCredentials"])
    others = [keys[i] for i in listed if i in keys and keys[i] is not first]
    return [first, *others] if first else others


def federation_metadata(tenant: Tenant, app_id: str | None) -> bytes:
    """The metadata document; raises SignInError for an application that is not there."""
    service_principal = tenant.service_principal_of(app_id or "")
    if service_principal is None:
        raise SignInError(
            700016,
            f"Application with identifier '{app_id or ''}' was not found in the directory "
            f"'{tenant.display_name}'.",
        )
    location = sign_on_url(tenant)
    document = _md.EntityDescriptor(
        _md.IDPSSODescriptor(
            *[_key_descriptor(k) for k in signing_keys(tenant, service_principal["id"])],
            _md.SingleLogoutService(Binding=REDIRECT, Location=location),
            _md.SingleSignOnService(Binding=REDIRECT, Location=location),
            _md.SingleSignOnService(Binding=POST, Location=location),
            protocolSupportEnumeration=PROTOCOL,
        ),
        ID=f"_{service_principal['id']}",
        entityID=entity_id(tenant),
    )
    return etree.tostring(document, xml_declaration=True, encoding="utf-8")


def _key_descriptor(key: SigningKey) -> etree._Element:
    certificate = _ds.X509Certificate(key.der)
    return _md.KeyDescriptor(_ds.KeyInfo(_ds.X509Data(certificate)), use="signing")
