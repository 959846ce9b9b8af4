"""Signing in: AuthnRequest to signed assertion, judged by python3-saml in strict mode."""

from __future__ import annotations

import base64
import html
import re
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from sandbox_tests.entra.clients import ENTITY_ID, TENANT, Answer, App, Cloud, new_app, send

ACS = "http://127.0.0.1:9/platform/saml/acs/abc"
OTHER_ACS = "http://127.0.0.1:9/dual-stack/platform/saml/acs/abc"
PASSWORD = "sandbox"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"


def request_xml(issuer: str = ENTITY_ID, acs: str | None = ACS, before: str = "") -> str:
    location = f' AssertionConsumerServiceURL="{acs}"' if acs else ""
    return (
        f'{before}<samlp:AuthnRequest xmlns:samlp="{PROTOCOL}" ID="_request" Version="2.0"'
        f' IssueInstant="2026-01-01T00:00:00Z"{location}>'
        f'<Issuer xmlns="{ASSERTION}">{issuer}</Issuer></samlp:AuthnRequest>'
    )


def deflated(xml: str) -> str:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflater.compress(xml.encode()) + deflater.flush()).decode()


@dataclass
class Browser:
    """Cookies, and the forms of the page shown last."""

    cloud: Cloud
    cookies: dict[str, str] = field(default_factory=dict)
    page: Answer = field(default_factory=lambda: Answer(0, {}, b""))

    @property
    def text(self) -> str:
        return html.unescape(self.page.data.decode())

    @property
    def fields(self) -> dict[str, str]:
        inputs = re.findall(r"<input[^>]*>", self.page.data.decode())
        pairs = [
            (re.search(r'name="([^"]*)"', i), re.search(r'value="([^"]*)"', i)) for i in inputs
        ]
        return {n[1]: html.unescape(v[1]) if v else "" for n, v in pairs if n}

    def visit(self, method: str, path: str, form: dict[str, str] | None = None) -> Browser:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{self.cloud.url}{path}"
        body = urlencode(form) if form is not None else None
        self.page = send(method, url, body, headers, redirect=False)
        for cookie in self.page.headers.getlist("Set-Cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return self

    def ask(self, xml: str, relay_state: str = "relay") -> Browser:
        query = urlencode({"SAMLRequest": deflated(xml), "RelayState": relay_state})
        return self.visit("GET", f"/{TENANT}/saml2?{query}")

    def sign_in(self, name: str, password: str = PASSWORD) -> Browser:
        form = {**self.fields, "username": f"{name}@example.com", "password": password}
        return self.visit("POST", f"/{TENANT}/login", form)

    def number(self) -> int:
        """The AADSTS number that the page shows."""
        found = re.search(r"AADSTS(\d+)", self.text)
        assert found, self.text
        return int(found[1])


@pytest.fixture
def trusted(app: App) -> App:
    """An enterprise app with SAML trust, a certificate and one group assigned."""
    app.trust(ACS, OTHER_ACS)
    app.assign(app.cloud.group_id("AWS-Platform"))
    app.cloud.do("POST", f"{app.path}/addTokenSigningCertificate", {"displayName": "CN=AWS"})
    return app


@pytest.fixture
def browser(cloud: Cloud) -> Browser:
    return Browser(cloud)


def judged(app: App, response: str, acs: str = ACS) -> OneLogin_Saml2_Response:
    """The response after python3-saml, in strict mode, has accepted it."""
    url = f"{app.cloud.url}/{TENANT}/federationmetadata/2007-06/federationmetadata.xml"
    metadata = send("GET", f"{url}?appid={app.app_id}").data
    settings: dict[str, Any] = OneLogin_Saml2_IdPMetadataParser.parse(metadata)
    settings |= {
        "strict": True,
        "sp": {"entityId": ENTITY_ID, "assertionConsumerService": {"url": acs}},
        "security": {"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True},
    }
    found = OneLogin_Saml2_Response(OneLogin_Saml2_Settings(settings), response)
    request = {"https": "off", "http_host": "127.0.0.1:9", "script_name": acs.split(":9")[1]}
    assert found.is_valid(request, request_id="_request", raise_exceptions=True)
    return found


def test_a_person_of_an_assigned_group_gets_a_valid_assertion(
    trusted: App, browser: Browser
) -> None:
    browser.ask(request_xml())
    assert browser.page.status == 200
    assert 'lang="en"' in browser.text
    assert "<label for=" in browser.text
    browser.sign_in("ada")
    assert f'action="{ACS}"' in browser.text
    assert browser.fields["RelayState"] == "relay"
    assertion = judged(trusted, browser.fields["SAMLResponse"])
    assert assertion.get_nameid() == "ada@example.com"
    assert assertion.get_nameid_format().endswith("1.1:nameid-format:emailAddress")
    assert assertion.get_in_response_to() == "_request"
    names = assertion.get_attributes()
    assert names["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"] == ["Ada"]


def test_a_session_saves_the_second_sign_in(trusted: App, browser: Browser) -> None:
    browser.ask(request_xml()).sign_in("ada")
    browser.ask(request_xml(acs=OTHER_ACS), "other")
    assertion = judged(trusted, browser.fields["SAMLResponse"], OTHER_ACS)
    assert assertion.get_nameid() == "ada@example.com"
    browser.visit("GET", f"/{TENANT}/oauth2/v2.0/logout").ask(request_xml())
    assert "password" in browser.fields


def test_the_post_binding_and_the_default_reply_url(trusted: App, browser: Browser) -> None:
    message = base64.b64encode(request_xml(acs=None).encode()).decode()
    browser.visit("POST", f"/{TENANT}/saml2", {"SAMLRequest": message}).sign_in("ada")
    assert judged(trusted, browser.fields["SAMLResponse"]).get_nameid() == "ada@example.com"


def test_entra_refuses_as_it_words_it(trusted: App, browser: Browser) -> None:
    assert browser.ask(request_xml()).sign_in("bob").number() == 50105
    assert browser.page.status == 403
    assert Browser(trusted.cloud).ask(request_xml()).sign_in("mallory").number() == 50057
    wrong = Browser(trusted.cloud).ask(request_xml()).sign_in("ada", "wrong")
    assert wrong.number() == 50126
    assert 'role="alert"' in wrong.text
    assert wrong.fields["username"] == "ada@example.com"
    wrong.sign_in("ada")
    assert wrong.fields["SAMLResponse"]
    nobody = Browser(trusted.cloud).ask(request_xml()).sign_in("nobody")
    assert nobody.number() == 50126
    assert Browser(trusted.cloud).ask(request_xml(issuer="https://x.example")).number() == 700016
    elsewhere = Browser(trusted.cloud).ask(request_xml(acs="https://evil.example/acs"))
    assert elsewhere.number() == 50011


def test_without_required_assignment_everybody_is_let_in(trusted: App, browser: Browser) -> None:
    trusted.cloud.do("PATCH", trusted.path, {"appRoleAssignmentRequired": False})
    browser.ask(request_xml()).sign_in("bob")
    assert judged(trusted, browser.fields["SAMLResponse"]).get_nameid() == "bob@example.com"


def test_a_disabled_app_lets_nobody_in(trusted: App, browser: Browser) -> None:
    trusted.cloud.do("PATCH", trusted.path, {"accountEnabled": False})
    assert browser.ask(request_xml()).sign_in("ada").number() == 7000112


def test_an_app_without_certificate_signs_nobody_in(app: App, browser: Browser) -> None:
    app.trust(ACS)
    app.assign(app.cloud.user_id("ada"))
    assert browser.ask(request_xml()).sign_in("ada").number() == 500031


def test_a_nested_group_gives_no_access(trusted: App, browser: Browser) -> None:
    trusted.assign(trusted.cloud.group_id("All-Staff"))
    assert browser.ask(request_xml()).sign_in("frank").number() == 50105


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "message",
    [
        "",
        "not base64!",
        base64.b64encode(b"not deflated").decode(),
        deflated("<not-closed>"),
        deflated("<other/>"),
        deflated(request_xml(issuer="&b;", before=BOMB)),
        deflated(request_xml(before='<!DOCTYPE b SYSTEM "file:///etc/passwd">')),
        deflated(request_xml(issuer="x" * 1_000_000)),
    ],
)
def test_malformed_and_hostile_requests_are_refused(
    trusted: App, browser: Browser, message: str
) -> None:
    browser.visit("GET", f"/{TENANT}/saml2?{urlencode({'SAMLRequest': message})}")
    assert browser.page.status == 400
    assert browser.number() == 750054


def test_the_form_must_come_from_this_browser(trusted: App, browser: Browser) -> None:
    browser.ask(request_xml())
    stolen = dict(browser.fields)
    stranger = Browser(trusted.cloud)
    form = {**stolen, "username": "ada@example.com", "password": "sandbox"}
    assert stranger.visit("POST", f"/{TENANT}/login", form).page.status == 400
    assert "entra_session" not in stranger.cookies


def test_pages_name_no_outside_resource_and_escape_what_they_show(
    trusted: App, browser: Browser
) -> None:
    browser.ask(request_xml(), '"><script>alert(1)</script>')
    assert b"<script>alert" not in browser.page.data
    policy = browser.page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    browser.sign_in("ada")
    assert b"<script>alert" not in browser.page.data
    assert "script-src 'nonce-" in browser.page.headers["Content-Security-Policy"]
    assert "form-action http://127.0.0.1:9" in browser.page.headers["Content-Security-Policy"]
    assert "<button" in browser.text


def test_the_assertion_expires_by_the_sandboxes_clock(trusted: App, browser: Browser) -> None:
    before = trusted.cloud.clock.now()
    trusted.cloud.clock.advance(timedelta(days=40))
    browser.ask(request_xml()).sign_in("ada")
    xml = base64.b64decode(browser.fields["SAMLResponse"]).decode()
    issued = re.search(r'IssueInstant="(\d{4}-\d\d-\d\d)', xml)
    assert issued
    assert issued[1] == (before + timedelta(days=40)).strftime("%Y-%m-%d")


def test_the_chosen_certificate_signs(trusted: App, browser: Browser) -> None:
    path = f"{trusted.path}/addTokenSigningCertificate"
    second = trusted.cloud.do("POST", path, {"displayName": "CN=Next"})
    first_xml = base64.b64decode(
        browser.ask(request_xml()).sign_in("ada").fields["SAMLResponse"]
    ).decode()
    assert second["key"] not in first_xml.replace("\n", "")
    preferred = {"preferredTokenSigningKeyThumbprint": second["thumbprint"]}
    trusted.cloud.do("PATCH", trusted.path, preferred)
    response = browser.ask(request_xml()).fields["SAMLResponse"]
    assert second["key"] in base64.b64decode(response).decode().replace("\n", "")
    judged(trusted, response)


def test_a_claims_policy_adds_attributes(trusted: App, browser: Browser) -> None:
    name = "https://aws.amazon.com/SAML/Attributes/AccessControl:Department"
    schema = {"Source": "user", "ID": "department", "SamlClaimType": name}
    definition = (
        '{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true","ClaimsSchema":['
        + str(schema).replace("'", '"')
        + "]}}"
    )
    body = {"definition": [definition], "displayName": "abac"}
    policy = trusted.cloud.do("POST", "/policies/claimsMappingPolicies", body)
    reference = {"@odata.id": f"{trusted.cloud.url}/v1.0/directoryObjects/{policy['id']}"}
    trusted.cloud.do("POST", f"{trusted.path}/claimsMappingPolicies/$ref", reference)
    browser.ask(request_xml()).sign_in("ada")
    attributes = judged(trusted, browser.fields["SAMLResponse"]).get_attributes()
    assert attributes[name] == ["Platform"]


def test_my_apps_lists_and_starts_what_is_assigned(trusted: App, browser: Browser) -> None:
    new_app(trusted.cloud, "Not assigned")
    browser.visit("GET", f"/{TENANT}/myapps").sign_in("ada")
    assert "AWS IAM Identity Center" in browser.text
    assert "Not assigned" not in browser.text
    start = f"/{TENANT}/myapps/signin/{trusted.app_id}"
    browser.visit("GET", start)
    assert "InResponseTo" not in base64.b64decode(browser.fields["SAMLResponse"]).decode()
    portal = {"loginUrl": "https://example.awsapps.com/start"}
    trusted.cloud.do("PATCH", trusted.path, portal)
    assert browser.visit("GET", start).page.headers["Location"] == portal["loginUrl"]
    stranger = Browser(trusted.cloud).visit("GET", start)
    assert "https://example.awsapps.com" in stranger.page.headers["Content-Security-Policy"]
    assert stranger.sign_in("ada").page.status == 302


def test_force_authn_asks_again(trusted: App, browser: Browser) -> None:
    browser.ask(request_xml()).sign_in("ada")
    again = request_xml().replace(" ID=", ' ForceAuthn="true" ID=')
    assert "password" in browser.ask(again).fields
    assert judged(trusted, browser.sign_in("ada").fields["SAMLResponse"])
