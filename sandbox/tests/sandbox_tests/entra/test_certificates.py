"""Token-signing certificates: three credentials each, exactly one active, in the metadata."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from lxml import etree

from sandbox_tests.entra.clients import TENANT, App, send

DS = "{http://www.w3.org/2000/09/xmldsig#}"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"


def add(app: App, name: str = "CN=AWS", **more: str) -> Any:
    body = {"displayName": name, **more}
    return app.cloud.do("POST", f"{app.path}/addTokenSigningCertificate", body)


def metadata(app: App) -> etree._Element:
    url = f"{app.cloud.url}/{TENANT}/federationmetadata/2007-06/federationmetadata.xml"
    answer = send("GET", f"{url}?appid={app.app_id}")
    assert answer.status == 200
    return etree.fromstring(answer.data)


def published(app: App) -> list[str]:
    return [str(c.text) for c in metadata(app).iter(f"{DS}X509Certificate")]


def test_a_certificate_is_real_and_has_three_credentials(app: App) -> None:
    made = add(app, "CN=AWS IAM Identity Center 2026")
    certificate = x509.load_der_x509_certificate(base64.b64decode(made["key"]))
    assert certificate.subject.rfc4514_string() == "CN=AWS IAM Identity Center 2026"
    thumbprint = hashlib.sha1(base64.b64decode(made["key"]), usedforsecurity=False).hexdigest()
    assert made["thumbprint"] == thumbprint.upper()
    assert base64.b64decode(made["customKeyIdentifier"]).hex() == thumbprint
    read = app.cloud.get(app.path)
    keys, passwords = read["keyCredentials"], read["passwordCredentials"]
    assert [k["usage"] for k in keys] == ["Sign", "Verify"]
    assert {c["customKeyIdentifier"] for c in keys + passwords} == {made["customKeyIdentifier"]}
    assert keys[0]["keyId"] == made["keyId"]
    assert [k["key"] for k in keys] == [None, None]
    selected = app.cloud.get(f"{app.path}?$select=keyCredentials")["keyCredentials"]
    assert [k["key"] for k in selected] == [None, made["key"]]


def test_the_default_validity_is_three_years(app: App) -> None:
    made = add(app)
    ends = datetime.fromisoformat(made["endDateTime"])
    assert timedelta(days=1095) <= ends - datetime.fromisoformat(made["startDateTime"])


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "AWS"},
        {"displayName": "CN=AWS", "endDateTime": "2020-01-01T00:00:00Z"},
        {"displayName": "CN=AWS", "endDateTime": "2060-01-01T00:00:00Z"},
        {"displayName": "CN=AWS", "endDateTime": "soon"},
    ],
)
def test_refused_certificates(app: App, body: dict[str, str]) -> None:
    path = f"/v1.0{app.path}/addTokenSigningCertificate"
    assert app.cloud.graph("POST", path, body).status == 400


def test_metadata_carries_the_certificates_the_active_one_first(app: App) -> None:
    first, second = add(app), add(app, "CN=Next")
    assert published(app) == [first["key"], second["key"]]
    body = {"preferredTokenSigningKeyThumbprint": second["thumbprint"]}
    app.cloud.do("PATCH", app.path, body)
    assert published(app) == [second["key"], first["key"]]
    document = metadata(app)
    assert document.get("entityID") == f"https://sts.windows.net/{TENANT}/"
    (redirect, *_) = document.iter(f"{MD}SingleSignOnService")
    assert redirect.get("Location") == f"{app.cloud.url}/{TENANT}/saml2"


def test_only_own_certificates_can_be_preferred(app: App) -> None:
    body = {"preferredTokenSigningKeyThumbprint": "00" * 20}
    assert app.cloud.graph("PATCH", f"/v1.0{app.path}", body).status == 400


def test_an_expired_choice_gives_way_to_the_newest_valid_certificate(app: App) -> None:
    soon = datetime.now(UTC) + (app.cloud.clock.now() - datetime.now(UTC)) + timedelta(days=2)
    first = add(app, endDateTime=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    second = add(app, "CN=Next")
    assert published(app)[0] == first["key"]
    app.cloud.clock.advance(timedelta(days=3))
    assert published(app)[0] == second["key"]


def test_dropping_credentials_removes_the_certificate_as_the_provider_does_it(app: App) -> None:
    first, second = add(app), add(app, "CN=Next")
    read = app.cloud.get(app.path)
    kept = {
        name: [c for c in read[name] if c["customKeyIdentifier"] == second["customKeyIdentifier"]]
        for name in ("keyCredentials", "passwordCredentials")
    }
    app.cloud.do("PATCH", app.path, kept)
    assert published(app) == [second["key"]]
    assert first["key"] not in published(app)
    smuggled = {"keyCredentials": [{"keyId": TENANT, "usage": "Sign", "type": "Symmetric"}]}
    assert app.cloud.graph("PATCH", f"/v1.0{app.path}", smuggled).status == 400


def test_metadata_of_an_unknown_application_is_refused(app: App) -> None:
    url = f"{app.cloud.url}/{TENANT}/federationmetadata/2007-06/federationmetadata.xml"
    answer = send("GET", f"{url}?appid={TENANT}")
    assert (answer.status, answer.error[0]) == (400, "AADSTS700016")
