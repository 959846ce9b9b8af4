"""The hand-offs: what each check accepts and refuses, and what a person is told."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from clouds.scim import ScimError
from federation.identity.idp_metadata import parse_identity_provider_metadata
from federation.identity.instance import Instance
from federation.identity.saml_metadata import MetadataError
from federation.update.handoff import HandOff, lines, unfinished
from federation.update.settings import load_settings
from ops.handoff import HandOffs
from tests.certificates import self_signed

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STORE = "d-936712ab34"
INSTANCE = Instance(
    arn="arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6",
    identity_store_id=STORE,
    owner_account_id="111122223333",
    region="eu-west-1",
    status="ACTIVE",
    permission_sets_enabled=True,
)
URL = "https://login.example.com/federationmetadata.xml"


def certificate(size: int = 2048) -> tuple[str, str]:
    """A self-signed certificate as base64 of its DER, and its SHA-1 thumbprint."""
    _, made = self_signed("example.com", size)
    der = made.public_bytes(Encoding.DER)
    return base64.b64encode(der).decode(), made.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


def idp_metadata(*certificates: str) -> bytes:
    keys = "".join(
        '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">'
        f"<X509Data><X509Certificate>{text}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        for text in certificates
    )
    return (
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
        f'entityID="https://sts.example.com/">'
        f"<IDPSSODescriptor>{keys}</IDPSSODescriptor></EntityDescriptor>"
    ).encode()


def sp_metadata(region: str = "eu-west-1", store: str = STORE) -> str:
    return (
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
        f'entityID="https://{region}.signin.aws.amazon.com/platform/saml/{store}">'
        "<SPSSODescriptor><AssertionConsumerService index='0' "
        "Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST' "
        "Location='https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/1'/>"
        "</SPSSODescriptor></EntityDescriptor>"
    )


class World:
    """A stack after phase trust; tests take away or change what they are about."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        text, self.thumbprint = certificate()
        self.document, self.status = idp_metadata(text), 200
        self.instance: Instance | None = INSTANCE
        self.outputs: dict[str, Any] = {
            "federationMetadataUrl": URL,
            "identityProvider": {"thumbprints": {"initial": self.thumbprint}},
        }
        self.metadata = folder / "service-provider.xml"
        self.metadata.write_text(sp_metadata())
        self.values: dict[str, Any] = {
            "enterpriseApp": {"name": "AWS"},
            "access": "access.yaml",
            "identityCenter": {
                "accessPortalUrl": "https://example-dev.awsapps.com/start",
                "serviceProviderMetadata": str(self.metadata),
            },
        }
        self.scim_error: ScimError | None = None
        monkeypatch.setattr("ops.handoff.http", lambda: self)
        monkeypatch.setattr("ops.handoff.try_token", self._try_token)

    def request(self, method: str, url: str) -> Any:
        assert (method, url) == ("GET", URL)
        return SimpleNamespace(status=self.status, data=self.document)

    def _try_token(self, endpoint: str, token: str) -> None:
        assert token == "secret-token"
        if self.scim_error:
            raise self.scim_error

    def provision(self, region: str = "eu-west-1") -> None:
        self.values["provisioning"] = {
            "endpoint": f"https://scim.{region}.amazonaws.com/x/scim/v2",
            "accessToken": "secret-token",
            "tokenExpires": "2027-11-20",
        }

    def steps(self) -> dict[int, HandOff]:
        stack = SimpleNamespace(
            name="dev", outputs=self.outputs, settings=load_settings(self.values, file="x")
        )
        session: Any = SimpleNamespace(
            stack=stack,
            site=SimpleNamespace(
                instance=self.instance, organization=SimpleNamespace(partition="aws")
            ),
            aws=SimpleNamespace(region_name="eu-west-1"),
        )
        return {one.step.number: one for one in HandOffs(session).steps()}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_before_anything_three_steps_are_open_and_two_wait(world: World) -> None:
    world.instance, world.outputs = None, {}
    del world.values["identityCenter"]
    steps = world.steps()
    assert [step.verdict for step in steps.values()] == ["open"] * 3 + ["blocked"] * 2
    told = "\n".join(lines(list(steps.values())))
    assert "can't be changed afterwards" in told
    assert "environments/dev/service-provider.xml" in told
    assert "ACCEPT" not in told


def test_in_phase_trust_the_document_to_upload_is_checked_and_its_price_told(world: World) -> None:
    steps = world.steps()
    assert [steps[one].verdict for one in (1, 2, 3, 8, 9)] == ["done"] * 3 + ["open"] * 2
    assert dict(steps[8].copy) == {
        "IdP SAML metadata (download it)": URL,
        "IdP issuer URL": "https://sts.example.com/",
        "certificate thumbprint (SHA-1)": world.thumbprint,
    }
    assert "removes the existing assignments" in steps[8].step.warning
    assert unfinished(list(steps.values()))


def test_all_done_is_five_lines(world: World) -> None:
    world.provision()
    steps = list(world.steps().values())
    assert not unfinished(steps)
    assert len(lines(steps)) == 5
    assert "secret-token" not in "\n".join([*lines(steps), *(str(s.to_dict()) for s in steps)])


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (sp_metadata(region="us-east-1"), "belongs to an instance in us-east-1"),
        (sp_metadata(store="d-0000000000"), "belongs to the instance of d-0000000000, but this"),
        ("<html/>", "not SAML service provider metadata"),
    ],
)
def test_sp_metadata_of_another_instance_is_wrong(
    world: World, document: str, sentence: str
) -> None:
    world.metadata.write_text(document)
    step = world.steps()[3]
    assert step.verdict == "wrong"
    assert sentence in step.check


def test_sp_metadata_that_is_gone_is_wrong(world: World) -> None:
    world.metadata.unlink()
    assert world.steps()[3].verdict == "wrong"


def test_a_certificate_that_the_stack_did_not_make_is_wrong(world: World) -> None:
    world.outputs["identityProvider"] = {"thumbprints": {"initial": "00" * 20}}
    step = world.steps()[8]
    assert step.verdict == "wrong"
    assert world.thumbprint in step.check


def test_outputs_of_a_failed_update_are_waited_for(world: World) -> None:
    world.outputs["identityProvider"] = {"thumbprints": UNKNOWN}
    assert world.steps()[8].verdict == "blocked"
    assert world.steps()[8].check == "waits for pulumi up in phase trust"


def test_federation_metadata_that_does_not_come_is_wrong(world: World) -> None:
    world.status = 404
    assert world.steps()[8].check == f"{URL} answers with HTTP 404"


def test_a_refused_token_is_wrong(world: World) -> None:
    world.provision()
    world.scim_error = ScimError("the SCIM endpoint refuses the access token")
    assert world.steps()[9].verdict == "wrong"
    assert "refuses" in world.steps()[9].check


def test_an_endpoint_of_another_region_is_not_even_asked(world: World) -> None:
    world.provision(region="us-east-1")
    world.scim_error = ScimError("asked")
    assert world.steps()[9].check == "the endpoint is in us-east-1, but aws:region is eu-west-1"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (idp_metadata(), "names no signing certificate"),
        (idp_metadata("A" * 2501), "has 2,501 characters, and AWS takes 2,500"),
        (idp_metadata("***"), "is not base64"),
        (b"<a>" + b" " * 75_000 + b"</a>", "longer than the 75,000 characters"),
        (b"no XML", "is not plain XML"),
        (b"<!DOCTYPE a []><a/>", "is not plain XML"),
    ],
)
def test_identity_provider_metadata_that_aws_would_refuse(document: bytes, sentence: str) -> None:
    with pytest.raises(MetadataError, match=sentence):
        parse_identity_provider_metadata(document)
