"""Set-ups that cannot work: each ends in one clear sentence, and nothing is made."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.stack import STACK, write_project
from entra_aws_sandbox.environment import pulumi_cli
from entra_aws_sandbox.listener import bind
from entra_aws_sandbox.pulumi import PulumiStack, Run
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import ACCESS, Federation

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A stack in phase trust."""
    federation = Federation.create(sandbox, tmp_path_factory.mktemp("stack"))
    federation.stack.up()
    federation.enter_trust()
    federation.stack.up()
    return federation


@pytest.fixture
def federation(stack: Federation) -> Iterator[Federation]:
    """The stack, its files put back afterwards."""
    kept = {
        path: path.read_text()
        for path in (stack.metadata_file, stack.folder / "Pulumi.sandbox.yaml")
    }
    yield stack
    for path, text in kept.items():
        path.write_text(text)
    stack.access = copy.deepcopy(ACCESS)
    stack.write_access()


def sentence(run: Run) -> str:
    """The one thing that a refused run says; nothing may have changed."""
    assert run.exit_code != 0
    assert "Traceback" not in run.output
    assert [step for step in run.changes if step.op != "same"] == []
    assert len(run.diagnostics) == 1, run.output
    assert len(run.errors.splitlines()) <= 3, run.errors
    return run.errors


def test_a_group_that_entra_does_not_have(federation: Federation) -> None:
    federation.change_access(
        lambda access: access["groups"]["platform"].update(displayName="AWS-Platfrom")
    )
    said = sentence(federation.stack.preview(check=False))
    assert f"{federation.access_file}:" in said
    assert "Entra has no group named 'AWS-Platfrom'" in said


def test_two_keys_for_one_group_of_entra(federation: Federation) -> None:
    groups = federation.sandbox.graph.all("/v1.0/groups")
    ident = next(one["id"] for one in groups if one["displayName"] == "AWS-Platform")
    federation.change_access(lambda access: access["groups"].update(again={"objectId": ident}))
    said = sentence(federation.stack.preview(check=False))
    assert "group again and group platform" in said
    assert "are one object in Entra, 'AWS-Platform'" in said


def test_a_break_glass_group_without_people(federation: Federation) -> None:
    def rescue(access: dict[str, Any]) -> None:
        access["groups"]["rescue"] = {"displayName": "AWS-Empty"}
        access["permissionSets"]["Rescue"] = {"managedPolicies": ["AdministratorAccess"]}
        access["rules"].append(
            {
                "id": "rescue",
                "group": "rescue",
                "permissionSets": ["Rescue"],
                "targets": [{"accountName": "web-prod"}],
                "protected": "acknowledged",
            }
        )
        access["guards"] = {
            "breakGlass": ["rescue"],
            "protectedAccounts": [{"accountName": "web-prod"}],
        }

    graph = federation.sandbox.graph
    empty = {"displayName": "AWS-Empty", "mailNickname": "empty", "mailEnabled": False}
    made = graph.call("POST", "/v1.0/groups", {**empty, "securityEnabled": True})
    federation.change_access(rescue)
    try:
        said = sentence(federation.stack.preview(check=False))
    finally:
        graph.call("DELETE", f"/v1.0/groups/{made['id']}")
    assert "break-glass group AWS-Empty (key rescue) has no direct member who can sign in" in said


def test_a_missing_metadata_file(federation: Federation) -> None:
    federation.metadata_file.unlink()
    said = sentence(federation.stack.preview(check=False))
    assert f"the SP metadata file {federation.metadata_file} can't be read" in said


def test_a_metadata_file_outside_of_the_project(federation: Federation, tmp_path: Path) -> None:
    outside = tmp_path / "secret.xml"
    outside.write_text("<secret/>")
    link = federation.folder / "link.xml"
    link.symlink_to(outside)
    for name in (str(outside), str(link), "../../../../../../../../etc/passwd"):
        federation.stack.set_config("identityCenter.serviceProviderMetadata", name)
        said = sentence(federation.stack.preview(check=False))
        assert f"{name} lies outside of the project" in said


def test_metadata_of_an_identity_provider(federation: Federation) -> None:
    federation.metadata_file.write_text(
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:example">'
        '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>'
        "</EntityDescriptor>"
    )
    said = sentence(federation.stack.preview(check=False))
    assert "this is the metadata of an identity provider" in said


def test_metadata_that_is_no_xml(federation: Federation) -> None:
    federation.metadata_file.write_text("Access denied")
    said = sentence(federation.stack.preview(check=False))
    assert str(federation.metadata_file) in said
    assert "is not XML" in said


def test_an_instance_without_permission_sets(federation: Federation) -> None:
    federation.sandbox.control_aws("instance", {"permissionSetsEnabled": False})
    try:
        said = sentence(federation.stack.preview(check=False))
    finally:
        federation.sandbox.control_aws("instance", {"permissionSetsEnabled": True})
    assert "permission sets are disabled" in said


def test_an_account_instance(federation: Federation) -> None:
    federation.sandbox.control_aws("instance", {"ownerAccountId": "222233334444"})
    try:
        said = sentence(federation.stack.preview(check=False))
    finally:
        federation.sandbox.control_aws("instance", {"ownerAccountId": "111122223333"})
    assert "is an account instance of 222233334444" in said


def test_a_refused_scim_token(federation: Federation) -> None:
    sandbox = federation.sandbox
    sandbox.console.upload_idp_metadata(federation.stack.outputs()["federationMetadataUrl"])
    shown = sandbox.console.provisioning()
    federation.stack.set_config("provisioning.endpoint", shown["scimEndpoint"])
    federation.stack.set_config("provisioning.tokenExpires", shown["expires"][:10])
    federation.stack.set_config("provisioning.accessToken", "not-the-token", secret=True)
    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    assert "refuses the access token" in run.errors
    assert "not-the-token" not in run.output
    assert "Traceback" not in run.output
    assert not [
        step for step in run.changes if step.kind in {"SynchronizationSecret", "SynchronizationJob"}
    ]


def test_an_access_token_in_clear_text(federation: Federation) -> None:
    key = "provisioning.accessToken"
    federation.stack.set_config(
        "provisioning.endpoint", "https://scim.eu-west-1.amazonaws.com/1/scim/v2"
    )
    federation.stack.set_config("provisioning.tokenExpires", "2027-11-20")
    federation.stack.set_config(key, "readable-token")
    said = sentence(federation.stack.preview(check=False))
    assert f"pulumi config set --secret --path 'entra-identity-center:{key}'" in said
    assert "readable-token" not in said


def test_a_reply_url_of_somebody_else(federation: Federation) -> None:
    metadata = federation.metadata_file.read_text()
    foreign = "https://eu-west-1.signin.aws.example.com"
    changed = metadata.replace(federation.sandbox.running.awsUrl, foreign)
    assert changed != metadata
    federation.metadata_file.write_text(changed)
    run = federation.stack.preview(check=False)
    assert run.exit_code != 0
    assert "Traceback" not in run.output
    assert foreign in run.errors
    assert "is no sign-in host of AWS" in run.errors
    assert [step for step in run.changes if step.op != "same"] == []


def test_a_sandbox_that_does_not_run(federation: Federation) -> None:
    # Bound and closed again: a port at which nobody listens.
    closed = bind(0)
    host, port = closed.getsockname()
    closed.close()
    elsewhere = PulumiStack(
        federation.folder,
        federation.stack.environment
        | {
            "ARM_METADATA_HOSTNAME": f"{host}:{port}",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        },
        stack=STACK,
    )
    assert "is the sandbox running?" in sentence(elsewhere.preview(check=False))


def test_a_wrong_passphrase(federation: Federation, tmp_path: Path) -> None:
    wrong = tmp_path / "passphrase"
    wrong.write_text("wrong")
    stack = PulumiStack(
        federation.folder,
        federation.stack.environment | {"PULUMI_CONFIG_PASSPHRASE_FILE": str(wrong)},
        stack=STACK,
    )
    run = stack.preview(check=False)
    assert run.exit_code != 0
    assert "incorrect passphrase" in run.output
    assert "Traceback" not in run.output


def test_no_stack_selected(sandbox: Sandbox, tmp_path: Path) -> None:
    write_project(tmp_path)
    done = subprocess.run(
        [str(pulumi_cli()), "-C", str(tmp_path), "preview", "--non-interactive"],
        env=sandbox.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "no stack selected" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
