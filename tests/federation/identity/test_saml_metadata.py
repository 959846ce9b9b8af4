"""SP metadata: what is read of it, and what is refused."""

from __future__ import annotations

import pytest

from federation.identity.saml_metadata import (
    MAX_METADATA_CHARACTERS,
    MetadataError,
    foreign_reply_urls,
    is_web_url,
    parse_service_provider_metadata,
)

ENTITY_ID = "https://eu-west-1.signin.aws.amazon.com/platform/saml/d-9367000000"
IPV4 = "https://eu-west-1.signin.aws/platform/saml/acs/t-1"
DUAL_STACK = "https://eu-west-1.sso.signin.aws/platform/saml/acs/t-1"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def metadata(*services: str, entity_id: str = ENTITY_ID, role: str = "SPSSODescriptor") -> bytes:
    return f"""<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">
  <{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    {"".join(services)}
  </{role}>
</EntityDescriptor>""".encode()


def acs(location: str, index: int, *, default: bool = False, binding: str = POST) -> str:
    flags = f'index="{index}"' + (' isDefault="true"' if default else "")
    return f'<AssertionConsumerService Binding="{binding}" Location="{location}" {flags}/>'


def test_all_acs_urls_are_read_the_default_one_first() -> None:
    parsed = parse_service_provider_metadata(
        metadata(acs(DUAL_STACK, 0), acs(IPV4, 1, default=True), acs(IPV4, 2))
    )
    assert parsed.entity_id == ENTITY_ID
    assert parsed.acs_urls == (IPV4, DUAL_STACK)
    assert parsed.region == "eu-west-1"


def test_other_bindings_are_left_out() -> None:
    artifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
    parsed = parse_service_provider_metadata(
        metadata(acs("https://other.example.com/", 0, binding=artifact), acs(IPV4, 1))
    )
    assert parsed.acs_urls == (IPV4,)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>"""


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"not xml", "is not XML"),
        (b"", "is not XML"),
        (b"<html/>", "not SAML service provider metadata"),
        (metadata(acs(IPV4, 0), role="IDPSSODescriptor"), "metadata of an identity provider"),
        (metadata(), "no HTTP-POST AssertionConsumerService"),
        (metadata(acs(IPV4, 0), entity_id=""), "no entityID"),
        (metadata(acs("http://eu-west-1.signin.aws/acs", 0)), "is not an https URL"),
        (metadata(acs("javascript:alert(1)", 0)), "is not an https URL"),
        (BOMB, "DTD or entities"),
        (EXTERNAL, "DTD or entities"),
        (b"<x>" + b"a" * MAX_METADATA_CHARACTERS + b"</x>", "at most 75,000"),
    ],
)
def test_what_is_not_sp_metadata_is_refused_in_one_sentence(document: bytes, sentence: str) -> None:
    with pytest.raises(MetadataError, match=sentence):
        parse_service_provider_metadata(document)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://example.com/start", True),
        ("http://127.0.0.1:8080/start", True),
        ("http://example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("https://user@example.com/", False),
        ("https:///start", False),
        ("https://exam ple.com/", False),
        ("https://[::1", False),
        ("ftp://example.com/", False),
    ],
)
def test_web_urls(url: str, good: bool) -> None:
    assert is_web_url(url) is good


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (IPV4, "eu-west-1"),
        (DUAL_STACK, "eu-west-1"),
        # A second region of the instance.
        ("https://us-east-1.signin.aws/platform/saml/acs/t-1", "eu-west-1"),
        ("https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/t-1", "eu-west-1"),
        ("https://cn-north-1.signin.amazonaws.cn/platform/saml/acs/t-1", "cn-northwest-1"),
        ("https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/acs/1", "us-gov-east-1"),
    ],
)
def test_sign_in_hosts_of_aws(url: str, region: str) -> None:
    assert foreign_reply_urls([url], region, emulated=False) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://eu-west-1.signin.aws.example.com/platform/saml/acs/t-1",
        "https://eu-west-1.signin.aws@example.com/platform/saml/acs/t-1",
        "https://example.com/eu-west-1.signin.aws/platform/saml/acs/t-1",
        "https://eu-west-1.signin.aws.amazon.com.evil.example/acs",
        "https://eu-west-1.evil-signin.aws/acs",
        "https://evil.aws/acs",
        "https://amplify.amazonaws.com/acs",
        "http://eu-west-1.signin.aws/acs",
        "http://127.0.0.1:8080/acs",
        # AWS's, of another partition.
        "https://cn-north-1.signin.amazonaws.cn/platform/saml/acs/t-1",
        "https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/acs/1",
        "https://eu-west-1.signin.amazonaws.cn/platform/saml/acs/t-1",
    ],
)
def test_other_hosts_are_foreign(url: str) -> None:
    assert foreign_reply_urls([IPV4, url], "eu-west-1", emulated=False) == [url]
    here = "127.0.0.1" in url
    assert foreign_reply_urls([url], "eu-west-1", emulated=True) == ([] if here else [url])
