"""The console: each step in its order, and the sentence for every other."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from sandbox_tests.aws.support import MD, Cloud, Idp


def refusal(cloud: Cloud, action: str, status: int, **body: Any) -> str:
    """The sentence of an action that must be refused."""
    answer = cloud.try_console(action, **body)
    assert answer.status == status, answer.data
    message = str(answer.json()["message"])
    assert message.endswith(".")
    return message


def test_the_hand_off_in_order(cloud: Cloud, idp: Idp) -> None:
    enabled = cloud.console("enable")
    assert enabled["instanceArn"] == cloud.instance
    assert enabled["identityStoreId"] == cloud.store_id
    assert enabled["region"] == "eu-west-1"
    portal = cloud.console("portal-url", alias="example-dev")
    assert portal == {"accessPortalUrl": f"{cloud.base_url}/start/example-dev"}
    metadata = cloud.console("external-idp")["serviceProviderMetadata"]
    uploaded = cloud.console("upload-idp-metadata", metadata=idp.metadata())
    assert uploaded["entityId"] == Idp.entity_id
    (certificate,) = uploaded["certificates"]
    assert len(certificate["thumbprint"]) == 40
    assert certificate["notAfter"].endswith("Z")
    provisioning = cloud.console("provisioning")
    assert provisioning["scimEndpoint"].endswith("/scim/v2")
    assert provisioning["expires"] == provisioning["expiresAt"][:10]
    root = ET.fromstring(metadata)  # noqa: S314  (the emulator wrote it)
    assert root.get("entityID") == (
        f"https://eu-west-1.signin.aws.amazon.com/platform/saml/{cloud.store_id}"
    )
    consumers = list(root.iter(f"{{{MD}}}AssertionConsumerService"))
    assert [each.get("index") for each in consumers] == ["0", "1"]
    assert [each.get("isDefault") for each in consumers] == ["true", None]
    assert consumers[0].get("Location", "").startswith(f"{cloud.base_url}/platform/saml/acs/")
    assert provisioning["accessToken"] not in str(cloud.state())


def test_every_step_waits_for_the_one_before(cloud: Cloud, idp: Idp) -> None:
    for action in ("portal-url", "external-idp", "upload-idp-metadata", "provisioning"):
        assert "Enable IAM Identity Center first" in refusal(cloud, action, 409)
    cloud.console("enable")
    assert "already" in refusal(cloud, "enable", 409)
    sentence = refusal(cloud, "upload-idp-metadata", 409, metadata=idp.metadata())
    assert "External identity provider" in sentence
    assert "external identity provider" in refusal(cloud, "provisioning", 409)
    for action in ("rotate-token", "delete-token"):
        assert "automatic provisioning" in refusal(cloud, action, 409, oldest=True)
    cloud.trust(idp)
    cloud.console("provisioning")
    assert "already" in refusal(cloud, "provisioning", 409)
    assert "never deletes" in refusal(cloud, "delete", 409)
    assert "no action" in refusal(cloud, "nonsense", 404)


@pytest.mark.parametrize("alias", [None, "", "Upper", "-x", "x-", "d-1234567890", "a/b", "x" * 64])
def test_subdomains_that_are_none(center: Cloud, alias: str | None) -> None:
    refusal(center, "portal-url", 400, alias=alias)
    center.console("portal-url", alias="example-dev")
    assert "only once" in refusal(center, "portal-url", 409, alias="other")


def test_tokens_are_deleted_by_id(trusted: Cloud) -> None:
    second = trusted.console("rotate-token")
    refusal(trusted, "delete-token", 400)
    assert trusted.console("delete-token", tokenId=second["tokenId"]) == {
        "tokenId": second["tokenId"]
    }
    assert "no such" in refusal(trusted, "delete-token", 409, tokenId=second["tokenId"])
    (left,) = trusted.state()["provisioning"]["tokens"]
    assert left["tokenId"] == trusted.provisioning["tokenId"]


def _without(idp: Idp, tag: str) -> str:
    root = ET.fromstring(idp.metadata())  # noqa: S314  (the test wrote it)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(tag):
                parent.remove(child)
    return ET.tostring(root, encoding="unicode")


def test_metadata_that_is_none(center: Cloud, idp: Idp) -> None:
    center.console("external-idp")
    good = idp.metadata()
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + good
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + good
    cases = {
        "": "not XML",
        "<html></html>": "not the SAML metadata",
        bomb: "document type declaration",
        outside: "document type declaration",
        good.replace("entityID", "other"): "not the SAML metadata",
        good.replace("IDPSSODescriptor", "SPSSODescriptor"): "not the SAML metadata",
        _without(idp, "SingleSignOnService"): "SingleSignOnService",
        _without(idp, "KeyDescriptor"): "no X.509 certificate",
        good.replace(idp.signers[0].base64, "AAAA"): "cannot be read",
        good.replace(idp.signers[0].base64, "A" * 2501): "2500",
        good + " " * 75_000: "75000",
        good.replace(Idp.sso_url, "javascript:alert(1)"): "SingleSignOnService",
    }
    for metadata, words in cases.items():
        assert words in refusal(center, "upload-idp-metadata", 400, metadata=metadata)
    refusal(center, "upload-idp-metadata", 400, metadata=5)
    assert center.state()["identityProvider"] is None
    center.console("upload-idp-metadata", metadata=good)


def test_certificates_are_imported_from_the_same_provider_only(trusted: Cloud) -> None:
    other = Idp()
    other.entity_id = "https://sts.windows.net/other/"
    sentence = refusal(trusted, "upload-idp-metadata", 400, metadata=other.metadata())
    assert "change the identity source instead" in sentence


def test_control_requests_that_are_none(cloud: Cloud) -> None:
    headers = {"X-Sandbox": "1"}
    for body in ("[]", "{", "5"):
        answer = cloud.request("POST", "/_sandbox/console/enable", body=body, headers=headers)
        assert answer.status == 400
    assert cloud.control("timing", {"delaySeconds": -1}).status == 400
    assert cloud.control("timing", {"delaySeconds": 1e300}).status == 400
    assert cloud.control("timing", {"propagationSeconds": "1"}).status == 400
    assert cloud.control("timing", {"maxOutstanding": 0}).status == 400
    assert cloud.control("account-state", {"accountId": "1", "state": "ACTIVE"}).status == 400
    assert cloud.control("account-state", {"accountId": "1", "state": "OPEN"}).status == 400
