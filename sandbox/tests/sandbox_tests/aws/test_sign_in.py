"""Sign-in: the portal, real signatures, and everything that must be refused."""

from __future__ import annotations

import base64
import zlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from lxml import etree

from sandbox_tests.aws.support import ASSERTION, DS, PROTOCOL, Cloud, Idp, Signer, post_response

DEV, PROD = "611111111111", "711111111111"


@pytest.fixture
def portal(trusted: Cloud) -> Cloud:
    """Ada has ReadOnly through a group and Deploy by herself; Carol has nothing."""
    ada, carol = trusted.scim_user("ada"), trusted.scim_user("carol")
    platform = trusted.scim_group("AWS-Platform", ada)
    trusted.scim_group("AWS-Contractors", carol)
    read_only = trusted.permission_set("ReadOnly", Description="Look, do not touch")
    trusted.assign(read_only, DEV, platform)
    trusted.assign(read_only, PROD, platform)
    trusted.assign(trusted.permission_set("Deploy"), DEV, ada, "USER")
    trusted.console("portal-url", alias="example-dev")
    return trusted


def cookie(answer: urllib3.BaseHTTPResponse) -> str:
    """The session cookie of an answer, as a browser sends it back."""
    return answer.headers["Set-Cookie"].partition(";")[0]


def accesses(cloud: Cloud, session: str) -> dict[str, list[str]]:
    """The accounts and permission sets that the portal shows a session."""
    answer = cloud.request("GET", "/start/example-dev/access.json", headers={"Cookie": session})
    assert answer.status == 200
    return {
        account["accountName"]: [each["name"] for each in account["permissionSets"]]
        for account in answer.json()["accounts"]
    }


def authn_request(cloud: Cloud) -> etree._Element:
    """The request that the portal sends a person to the identity provider with."""
    answer = cloud.request("GET", "/start/example-dev")
    assert answer.status == 302
    place = urlsplit(answer.headers["Location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == Idp.sso_url
    deflated = base64.b64decode(parse_qs(place.query)["SAMLRequest"][0])
    return etree.fromstring(zlib.decompress(deflated, -15))


def test_sp_initiated_sign_in_shows_exactly_the_persons_access(portal: Cloud, idp: Idp) -> None:
    request = authn_request(portal)
    assert request.findtext(f"{{{ASSERTION}}}Issuer") == idp.audience
    assert request.get("AssertionConsumerServiceURL") == idp.acs_urls[0]
    document = idp.response("ada@example.com", portal.clock.now(), in_response_to=request.get("ID"))
    answer = post_response(portal, idp.acs_urls[0], document)
    assert answer.status == 302
    assert answer.headers["Location"] == f"{portal.base_url}/start/example-dev"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert accesses(portal, cookie(answer)) == {
        "billing-dev": ["Deploy", "ReadOnly"],
        "billing-prod": ["ReadOnly"],
    }
    page = portal.request("GET", "/start/example-dev", headers={"Cookie": cookie(answer)})
    text = page.data.decode()
    assert page.status == 200
    assert "2 accounts, 3 roles." in text
    assert "member of AWS-Platform" in text
    assert "http" not in text.replace("http-equiv", "")


def test_idp_initiated_sign_in_works_at_both_addresses(portal: Cloud, idp: Idp) -> None:
    for acs_url in idp.acs_urls:
        document = idp.response("carol@example.com", portal.clock.now(), recipient=acs_url)
        answer = post_response(portal, acs_url, document)
        assert answer.status == 302
        assert accesses(portal, cookie(answer)) == {}


def test_access_follows_the_memberships_and_assignments_of_the_moment(
    portal: Cloud, idp: Idp
) -> None:
    document = idp.response("ada@example.com", portal.clock.now())
    session = cookie(post_response(portal, idp.acs_urls[0], document))
    (group,) = portal.scim("GET", '/Groups?filter=displayName%20eq%20"AWS-Platform"').json()[
        "Resources"
    ]
    (user,) = portal.scim("GET", '/Users?filter=userName%20eq%20"ada@example.com"').json()[
        "Resources"
    ]
    portal.patch_group(
        group["id"], {"op": "Remove", "path": "members", "value": [{"value": user["id"]}]}
    )
    assert accesses(portal, session) == {"billing-dev": ["Deploy"]}
    portal.patch_user(user["id"], {"op": "Replace", "path": "active", "value": "False"})
    answer = portal.request("GET", "/start/example-dev/access.json", headers={"Cookie": session})
    assert answer.status == 401


def refusal(cloud: Cloud, acs_url: str, document: bytes) -> str:
    """The page that refuses a response."""
    answer = post_response(cloud, acs_url, document)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    return answer.data.decode()


def test_a_tampered_assertion_is_refused(portal: Cloud, idp: Idp) -> None:
    document = idp.response("carol@example.com", portal.clock.now())
    forged = document.replace(b"carol@example.com", b"ada@example.com")
    assert "signature" in refusal(portal, idp.acs_urls[0], forged)


def test_an_unsigned_assertion_is_refused(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now(), signed=False)
    assert "not signed" in refusal(portal, idp.acs_urls[0], document)


def test_a_strangers_key_is_refused(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now(), signer=Signer())
    assert "signature" in refusal(portal, idp.acs_urls[0], document)


def test_signature_wrapping_is_refused(portal: Cloud, idp: Idp) -> None:
    root: Any = etree.fromstring(idp.response("carol@example.com", portal.clock.now()))
    good = root.find(f"{{{ASSERTION}}}Assertion")
    evil: Any = etree.fromstring(etree.tostring(good))
    evil.set("ID", "_evil")
    evil.find(f".//{{{ASSERTION}}}NameID").text = "ada@example.com"
    evil.remove(evil.find(f"{{{DS}}}Signature"))
    root.replace(good, evil)
    extensions = etree.SubElement(root, f"{{{PROTOCOL}}}Extensions")
    extensions.append(good)
    root.insert(1, extensions)
    refusal(portal, idp.acs_urls[0], etree.tostring(root))


def test_a_comment_in_the_name_does_not_cut_it(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com.evil.example", portal.clock.now())
    cut = document.replace(b"ada@example.com.evil", b"ada@example.com<!---->.evil")
    refusal(portal, idp.acs_urls[0], cut)


def test_the_clock_of_the_sandbox_decides_about_expiry(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now())
    portal.clock.advance(timedelta(hours=1))
    assert "expired" in refusal(portal, idp.acs_urls[0], document)
    fresh = idp.response("ada@example.com", portal.clock.now())
    assert post_response(portal, idp.acs_urls[0], fresh).status == 302


def test_an_assertion_of_the_future_is_refused(portal: Cloud, idp: Idp) -> None:
    future = portal.clock.now() + timedelta(hours=2)
    assert "not valid yet" in refusal(
        portal, idp.acs_urls[0], idp.response("ada@example.com", future)
    )


def test_an_assertion_is_good_once(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now())
    assert post_response(portal, idp.acs_urls[0], document).status == 302
    assert "used already" in refusal(portal, idp.acs_urls[0], document)


def test_another_audience_is_refused(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now(), audience="https://other")
    assert "another service provider" in refusal(portal, idp.acs_urls[0], document)


@pytest.mark.parametrize("suffix", ["", "-longer"])
def test_a_response_for_another_address_is_refused(portal: Cloud, idp: Idp, suffix: str) -> None:
    place = f"{idp.acs_urls[0]}{suffix}" if suffix else idp.acs_urls[1]
    document = idp.response("ada@example.com", portal.clock.now(), recipient=place)
    assert "another place" in refusal(portal, idp.acs_urls[0], document)


def test_a_response_to_no_request_of_ours_is_refused(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now(), in_response_to="_unknown")
    assert "was not sent" in refusal(portal, idp.acs_urls[0], document)


def test_a_request_is_answered_once(portal: Cloud, idp: Idp) -> None:
    request_id = authn_request(portal).get("ID")
    now = portal.clock.now()
    first = idp.response("ada@example.com", now, in_response_to=request_id)
    second = idp.response("carol@example.com", now, in_response_to=request_id)
    assert post_response(portal, idp.acs_urls[0], first).status == 302
    assert "answered already" in refusal(portal, idp.acs_urls[0], second)


@pytest.mark.parametrize("name", ["ADA@example.com", "nobody@example.com", "ada"])
def test_the_name_must_be_a_user_name_exactly(portal: Cloud, idp: Idp, name: str) -> None:
    page = refusal(portal, idp.acs_urls[0], idp.response(name, portal.clock.now()))
    assert f"exactly {name}" in page


def test_an_inactive_person_is_refused(portal: Cloud, idp: Idp) -> None:
    user = portal.scim_user("mallory", active=False)
    assert user
    document = idp.response("mallory@example.com", portal.clock.now())
    assert "no active user" in refusal(portal, idp.acs_urls[0], document)


@pytest.mark.parametrize("name", [None, ""])
def test_a_response_that_names_nobody_is_refused(portal: Cloud, idp: Idp, name: str | None) -> None:
    refusal(portal, idp.acs_urls[0], idp.response(name, portal.clock.now()))


def test_hostile_documents_are_refused(portal: Cloud, idp: Idp) -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'
    for document in (b"", b"<r", bomb, b"<r/>", b"x" * 60_000):
        refusal(portal, idp.acs_urls[0], document)
    answer = portal.request(
        "POST", idp.acs_urls[0], fields={"SAMLResponse": "%%%"}, encode_multipart=False
    )
    assert answer.status == 403


def test_every_imported_certificate_is_active_until_it_expires(center: Cloud) -> None:
    idp = Idp()
    center.trust(idp)
    center.provisioning = center.console("provisioning")
    center.scim_user("ada")
    next_signer = Signer(days=30)
    early = idp.response("ada@example.com", center.clock.now(), signer=next_signer)
    refusal(center, idp.acs_urls[0], early)
    imported = center.console("upload-idp-metadata", metadata=idp.metadata(signers=[next_signer]))
    assert len(imported["certificates"]) == 1
    for signer in (idp.signers[0], next_signer):
        document = idp.response("ada@example.com", center.clock.now(), signer=signer)
        assert post_response(center, idp.acs_urls[0], document).status == 302
    center.clock.advance(timedelta(days=60))
    expired = idp.response("ada@example.com", center.clock.now(), signer=next_signer)
    refusal(center, idp.acs_urls[0], expired)
    current = idp.response("ada@example.com", center.clock.now())
    assert post_response(center, idp.acs_urls[0], current).status == 302


def test_a_changed_identity_source_has_new_addresses(portal: Cloud, idp: Idp) -> None:
    before = list(idp.acs_urls)
    portal.trust(idp)
    assert set(before).isdisjoint(idp.acs_urls)
    old = idp.response("ada@example.com", portal.clock.now(), recipient=before[0])
    refusal(portal, before[0], old)
    new = idp.response("ada@example.com", portal.clock.now())
    assert post_response(portal, idp.acs_urls[0], new).status == 302
    portal.trust(idp)
    assert portal.state()["identityProvider"]["acsUrls"] == idp.acs_urls


def test_sessions_end(portal: Cloud, idp: Idp) -> None:
    document = idp.response("ada@example.com", portal.clock.now())
    session = {"Cookie": cookie(post_response(portal, idp.acs_urls[0], document))}
    assert portal.request("GET", "/start/example-dev", headers=session).status == 200
    portal.clock.advance(timedelta(hours=9))
    assert portal.request("GET", "/start/example-dev", headers=session).status == 302
    document = idp.response("ada@example.com", portal.clock.now())
    session = {"Cookie": cookie(post_response(portal, idp.acs_urls[0], document))}
    signed_out = portal.request("POST", "/start/example-dev/sign-out", headers=session)
    assert signed_out.status == 200
    assert portal.request("GET", "/start/example-dev", headers=session).status == 302


def test_unknown_portals_are_not_found(cloud: Cloud) -> None:
    assert cloud.request("GET", "/start/example-dev").status == 404
    cloud.console("enable")
    assert cloud.request("GET", "/start/other").status == 404
    assert cloud.request("GET", f"/start/{cloud.store_id}").status == 503
