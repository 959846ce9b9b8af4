"""`python -m ops adopt`, on an instance and an application that people have made by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from entra_aws_sandbox.testing import Sandbox
from federation.access.access import load_access
from federation.engine.phase import Phase
from federation.identity.application import GALLERY_TEMPLATE
from federation.update.phases import phase_of
from federation.update.settings import NAMESPACE, load_settings
from tests.by_hand import DEV, NAME, NETWORK, ByHand

REPOSITORY = Path(__file__).parent.parent.parent
ACCESS = """\
groups:
  aws-developers: {displayName: AWS-Developers}
  aws-platform: {displayName: AWS-Platform}
  aws-security-audit: {displayName: AWS-Security-Audit}

users:
  ada@example.com: {userPrincipalName: ada@example.com}

permissionSets:
  Bounded:
    customerManagedPolicies:
      - {name: deploy, path: /platform/}
    permissionsBoundary: {managedPolicy: ReadOnlyAccess}
  Deploy:
    description: Roll out
    inlinePolicy: policies/deploy.json
    relayState: https://console.aws.amazon.com/
    tags: {owner: platform}
  Empty: {}
  ReadOnly:
    sessionDuration: PT8H
    managedPolicies: [ReadOnlyAccess]

rules:
  - id: aws-developers-readonly
    group: aws-developers
    permissionSets: [ReadOnly]
    targets:
      - {ou: Infrastructure/Prod}
      - {ou: Workloads/Dev}
  - id: aws-platform-deploy-readonly
    group: aws-platform
    permissionSets: [Deploy, ReadOnly]
    targets:
      - {ou: Workloads/Dev}
  - id: aws-security-audit-bounded
    group: aws-security-audit
    permissionSets: [Bounded]
    targets:
      - {account: "611111111111"}
  - id: aws-security-audit-empty
    group: aws-security-audit
    permissionSets: [Empty]
    targets:
      - {account: "111122223333"}
  - id: ada@example.com-deploy
    user: ada@example.com
    permissionSets: [Deploy]
    targets:
      - {ou: Infrastructure/Prod}

guards: {maxRemovals: 20}
"""


@pytest.fixture(scope="module")
def by_hand(sandbox: Sandbox) -> ByHand:
    return ByHand.make(sandbox)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copyfile(REPOSITORY / "Pulumi.yaml", tmp_path / "Pulumi.yaml")
    return tmp_path


def adopt(by_hand: ByHand, checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = ("adopt", "-C", str(checkout), "--stack", "prod", *arguments)
    return subprocess.run(
        [sys.executable, "-m", "ops", *words],
        cwd=REPOSITORY,
        env=by_hand.sandbox.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def files(checkout: Path) -> set[str]:
    found = {str(p.relative_to(checkout)) for p in checkout.rglob("*") if p.is_file()}
    return found - {"Pulumi.yaml"}


def configuration(checkout: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((checkout / "Pulumi.prod.yaml").read_text())["config"]
    return loaded


def test_an_instance_is_written_as_it_is_and_the_clouds_stay_as_they_are(
    by_hand: ByHand, checkout: Path
) -> None:
    before = by_hand.aws.assignments()
    done = adopt(by_hand, checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert by_hand.aws.assignments() == before
    assert files(checkout) == {
        "Pulumi.prod.yaml",
        "environments/prod/access.yaml",
        "environments/prod/policies/deploy.json",
        "environments/prod/policy.json",
    }
    assert (checkout / "environments/prod/access.yaml").read_text() == ACCESS
    own = {
        key.removeprefix(f"{NAMESPACE}:"): value
        for key, value in configuration(checkout).items()
        if key.startswith(NAMESPACE)
    }
    settings = load_settings(own, file="Pulumi.prod.yaml")
    assert phase_of(settings, declares_access=True) == Phase.APP
    assert settings.enterprise_app.name == NAME
    assert settings.enterprise_app.notification_emails == ("identity@example.com",)
    # The portal's certificates have other names: they stay outside, and no new one is made.
    assert settings.enterprise_app.certificates == {}
    assert load_access(settings.access, root=checkout).rules
    # What a person reads: what stays, and why.
    for line in (
        "✔ 10 assignments of 4 permission sets in 4 accounts: the files resolve to exactly these.",
        f"  - assignment ReadOnly / {by_hand.gone} / {NETWORK}: its group or person is gone from",
        f"  - assignment ReadOnly / Local\\n✔ nothing is left / {NETWORK}: Identity Center's own,",
        "  - permission set AWSReadOnlyAccess: AWS Control Tower made it and changes it",
        f"  - assignment AWSReadOnlyAccess / AWS-Platform / {NETWORK}: its permission set stays",
        "    certificate CN=Portal, until 2027-06-30",
        "    certificate CN=Second, until 2027-06-30",
        "    provisioning job aWSSingleSignon.",
        "Until then run no pulumi up",
    ):
        assert line in done.stdout
    assert "⚠" not in done.stdout


def test_literal_names_every_account_in_another_folder(by_hand: ByHand, checkout: Path) -> None:
    done = adopt(by_hand, checkout, "--literal", "--out", "there", "--application", NAME)
    assert (done.returncode, done.stderr) == (0, "")
    text = (checkout / "there/access.yaml").read_text()
    assert "ou:" not in text
    assert text.count(DEV[0]) == 3
    assert configuration(checkout)[f"{NAMESPACE}:access"] == "there/access.yaml"


def test_attributes_for_access_control_are_written_as_they_are(
    by_hand: ByHand, checkout: Path
) -> None:
    source = "${path:enterprise.department}"
    attributes = {"AccessControlAttributes": [{"Key": "team", "Value": {"Source": [source]}}]}
    admin = by_hand.aws.sso_admin
    instance = by_hand.named["InstanceArn"]
    admin.create_instance_access_control_attribute_configuration(
        InstanceArn=instance, InstanceAccessControlAttributeConfiguration=attributes
    )
    try:
        done = adopt(by_hand, checkout)
    finally:
        admin.delete_instance_access_control_attribute_configuration(InstanceArn=instance)
    assert done.returncode == 0
    text = (checkout / "Pulumi.prod.yaml").read_text()
    # As a person takes the section into use.
    section = text.partition(f"  # {NAMESPACE}:identityCenter:\n")[2].partition("  # A second")[0]
    found = yaml.safe_load(section.replace("  #", ""))
    assert found["accessControlAttributes"] == {"team": source}


def test_nothing_is_overwritten_unless_forced_and_a_stack_configuration_never(
    by_hand: ByHand, checkout: Path
) -> None:
    access = checkout / "environments/prod/access.yaml"
    access.parent.mkdir(parents=True)
    access.write_text("mine")
    (checkout / "Pulumi.prod.yaml").write_text("encryptionsalt: mine\n")
    refused = adopt(by_hand, checkout)
    assert refused.returncode == 2
    assert "exists already; nothing was written" in refused.stderr
    assert access.read_text() == "mine"
    assert files(checkout) == {"Pulumi.prod.yaml", "environments/prod/access.yaml"}
    forced = adopt(by_hand, checkout, "--force", "--application", by_hand.application)
    assert (forced.returncode, forced.stderr) == (0, "")
    assert access.read_text() == ACCESS
    assert (checkout / "Pulumi.prod.yaml").read_text() == "encryptionsalt: mine\n"
    assert "exists and stays as it is; what was read would be:" in forced.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--application", "Nobody's"), 'Entra has no application "Nobody\'s": name the one'),
        (("--stack", "../prod"), "is no name of an environment"),
        (("--profile", "nobody"), "nobody"),
        (("--out", "Pulumi.yaml/below"), "the file can't be written: "),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_nothing_is_written(
    by_hand: ByHand, checkout: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = adopt(by_hand, checkout, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not files(checkout)


def test_two_applications_are_told_apart(by_hand: ByHand, checkout: Path) -> None:
    path = f"/v1.0/applicationTemplates/{GALLERY_TEMPLATE}/instantiate"
    twin = by_hand.graph.call("POST", path, {"displayName": "Twin"})["application"]["id"]
    try:
        done = adopt(by_hand, checkout)
    finally:
        by_hand.graph.call("DELETE", f"/v1.0/applications/{twin}")
    assert done.returncode == 2
    for ident in (twin, by_hand.application):
        assert ident in done.stderr
    assert not files(checkout)
