"""SAML responses: one signed assertion about the person who signed in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from lxml import etree
from lxml.builder import ElementMaker
from minisignxml.sign import sign

from entra_aws_sandbox.clock import iso
from entra_aws_sandbox.entra.certificates import active
from entra_aws_sandbox.entra.errors import SignInError
from entra_aws_sandbox.entra.graph.policies import mapped_claims
from entra_aws_sandbox.entra.saml.metadata import PROTOCOL, entity_id
from entra_aws_sandbox.entra.saml.request import ASSERTION, SignOn
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

VALIDITY = timedelta(minutes=5)
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
MICROSOFT = "http://schemas.microsoft.com/identity/claims"
XML_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"

_p = ElementMaker(namespace=PROTOCOL, nsmap={"samlp": PROTOCOL})
_a = ElementMaker(namespace=ASSERTION, nsmap={None: ASSERTION})


def saml_response(tenant: Tenant, request: SignOn, user: Json) -> bytes:
    """The signed response. Raises SignInError when the application has no valid certificate."""
    now = tenant.clock.now()
    service_principal = request.service_principal
    keys = tenant.signing_keys.get(service_principal["id"], {})
    key = active(service_principal, keys, now)
    if key is None:
        raise SignInError(
            500031,
            "Cannot find signing certificate configured: add a token signing certificate to the "
            "application.",
        )
    assertion = _assertion(tenant, request, user, now)
    _p.Response(
        _a.Issuer(entity_id(tenant)),
        _p.Status(_p.StatusCode(Value="urn:oasis:names:tc:SAML:2.0:status:Success")),
        assertion,
        ID=_new_id(),
        Version="2.0",
        IssueInstant=iso(now),
        Destination=request.reply_url,
        **_in_response_to(request),
    )
    # Signing returns the whole document; the schema wants the signature right after the Issuer.
    return sign(element=assertion, private_key=key.rsa, certificate=key.x509, index=1)


def _assertion(tenant: Tenant, request: SignOn, user: Json, now: datetime) -> etree._Element:
    ends = iso(now + VALIDITY)
    confirmation = _a.SubjectConfirmationData(
        NotOnOrAfter=ends, Recipient=request.reply_url, **_in_response_to(request)
    )
    return _a.Assertion(
        _a.Issuer(entity_id(tenant)),
        _a.Subject(
            _a.NameID(user["userPrincipalName"], Format=EMAIL_FORMAT),
            _a.SubjectConfirmation(confirmation, Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"),
        ),
        _a.Conditions(
            _a.AudienceRestriction(_a.Audience(request.audience)),
            NotBefore=iso(now - VALIDITY),
            NotOnOrAfter=ends,
        ),
        _a.AttributeStatement(*_attributes(tenant, request, user)),
        _a.AuthnStatement(
            _a.AuthnContext(
                _a.AuthnContextClassRef("urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
            ),
            AuthnInstant=iso(now),
            SessionIndex=_new_id(),
        ),
        ID=_new_id(),
        Version="2.0",
        IssueInstant=iso(now),
    )


def _attributes(tenant: Tenant, request: SignOn, user: Json) -> list[etree._Element]:
    values = {
        f"{MICROSOFT}/tenantid": tenant.id,
        f"{MICROSOFT}/objectidentifier": user["id"],
        f"{MICROSOFT}/displayname": user["displayName"],
        f"{XML_SOAP}/givenname": user["givenName"],
        f"{XML_SOAP}/surname": user["surname"],
        f"{XML_SOAP}/emailaddress": user["mail"],
        f"{XML_SOAP}/name": user["userPrincipalName"],
    }
    for claim in mapped_claims(tenant, request.service_principal["id"]):
        if claim.get("Source") == "user" and claim.get("SamlClaimType"):
            properties = {name.casefold(): value for name, value in user.items()}
            values[claim["SamlClaimType"]] = properties.get(str(claim.get("ID")).casefold())
    return [
        _a.Attribute(_a.AttributeValue(str(value)), Name=name)
        for name, value in values.items()
        if value
    ]


def _in_response_to(request: SignOn) -> dict[str, str]:
    return {"InResponseTo": request.in_response_to} if request.in_response_to else {}


def _new_id() -> str:
    return f"_{secrets.token_hex(16)}"
