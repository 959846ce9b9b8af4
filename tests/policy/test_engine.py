"""The pack on the real engine, on a stack that somebody else's program makes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import EnforcementLevel

from demo.checkout import REPOSITORY
from entra_aws_sandbox.pulumi import PulumiStack, Run
from entra_aws_sandbox.testing import Sandbox
from policy.pack import POLICIES

pytestmark = pytest.mark.engine

PROJECT = "elsewhere"
PACK = {
    "protected-accounts": {"accounts": ["711111111111"]},
    "management-assignments": {"managementAccount": "111122223333"},
}
# One knob of the program for each mandatory rule.
BREAKS: dict[str, dict[str, Any]] = {
    "no-wildcard-admin": {"action": "iam:*"},
    "protected-accounts": {"assignments": [("Administrator", "711111111111")]},
    "management-assignments": {"assignments": [("Billing", "611111111111")]},
    "admin-session-length": {"session": "PT12H"},
    "revocable": {"protect": True},
    "assignment-required": {"assignmentRequired": False},
    "saml-sign-on": {"mode": "oidc"},
    "certificate-lifetime": {"endDate": "2099-01-01T00:00:00Z"},
    "scim-endpoint": {"endpoint": "https://scim.us-east-1.amazonaws.com/1111/scim/v2"},
    "reply-urls": {"replyUrl": "https://eu-west-1.signin.aws.example.com/platform/saml/acs/1"},
    "scim-scope": {"syncAll": "true"},
    "delete-threshold": {"notifications": {}},
}


class Elsewhere:
    """A stack of the small program, with the pack."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        project = {
            "name": PROJECT,
            "main": str(Path(__file__).parent / "program"),
            "runtime": {
                "name": "python",
                "options": {"toolchain": "pip", "virtualenv": sys.prefix},
            },
        }
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        self.stack = PulumiStack(folder, sandbox.environment, stack="test")
        self.turn({})
        self.stack.select()

    def turn(self, knobs: Mapping[str, Any], **values: str) -> None:
        """Configure the program."""
        config = {
            "aws:region": "eu-west-1",
            f"{PROJECT}:knobs": json.dumps(knobs),
            f"{PROJECT}:instance": "arn:aws:sso:::instance/ssoins-1111222233334444",
            **{f"{PROJECT}:{key}": value for key, value in values.items()},
        }
        (self.folder / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": config}))

    def with_pack(self, config: Mapping[str, Any]) -> list[str]:
        """The options that switch the pack on."""
        file = self.folder / "pack.json"
        file.write_text(json.dumps(config))
        return ["--policy-pack", str(REPOSITORY / "policy"), "--policy-pack-config", str(file)]

    def preview(self, config: Mapping[str, Any]) -> Run:
        return self.stack.preview(*self.with_pack(config), check=False)


@pytest.fixture(scope="module")
def elsewhere(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    return Elsewhere(sandbox, tmp_path_factory.mktemp("elsewhere"))


def test_every_mandatory_rule_is_broken_once() -> None:
    mandatory = [p.name for p in POLICIES if p.enforcement_level is EnforcementLevel.MANDATORY]
    assert sorted(BREAKS) == sorted(mandatory)


def test_a_stack_that_keeps_the_rules_passes(elsewhere: Elsewhere) -> None:
    elsewhere.turn({})
    run = elsewhere.preview(PACK)
    assert run.exit_code == 0, run.output
    assert "✅ entra-identity-center" in run.output


@pytest.mark.parametrize("rule", BREAKS)
def test_a_mandatory_violation_blocks(elsewhere: Elsewhere, rule: str) -> None:
    elsewhere.turn(BREAKS[rule])
    run = elsewhere.preview(PACK)
    assert run.exit_code != 0
    assert f"[mandatory]  {rule}  " in run.output
    # Nothing else than this rule stops it (an open application breaks both of its rules).
    others = {name for name in BREAKS if f"[mandatory]  {name}  " in run.output} - {rule}
    assert others <= {"saml-sign-on"}
    assert "a-token-that-nobody-may-print" not in run.output


def test_levels_come_from_the_configuration(elsewhere: Elsewhere) -> None:
    elsewhere.turn({"syncAll": "true", "principalType": "USER"})
    softened = {"scim-scope": "advisory", "groups-not-users": "disabled"}
    run = elsewhere.preview(PACK | softened)
    assert run.exit_code == 0, run.output
    assert "[advisory]  scim-scope" in run.output
    assert "groups-not-users" not in run.output
    hardened = {"scim-scope": "disabled", "groups-not-users": "mandatory", "protected": "mandatory"}
    run = elsewhere.preview(PACK | hardened)
    assert run.exit_code != 0
    assert "[mandatory]  groups-not-users" in run.output
    assert "[mandatory]  protected" in run.output
    assert "scim-scope" not in run.output


def test_what_escalates_is_advisory_until_it_is_configured(elsewhere: Elsewhere) -> None:
    elsewhere.turn({"action": "sts:AssumeRole"})
    rule, accounts = "protected-accounts-escalation", {"accounts": ["622222222222"]}
    for level, code in (("advisory", False), ("mandatory", True)):
        config = {rule: {**accounts, "enforcementLevel": level}}
        run = elsewhere.preview(PACK | config)
        assert (run.exit_code != 0) is code, run.output
        assert f"[{level}]  {rule}  " in run.output
        assert "statement 1 of the inline policy allows sts:AssumeRole" in run.output


def test_configuration_that_is_wrong_is_refused(elsewhere: Elsewhere) -> None:
    elsewhere.turn({})
    run = elsewhere.preview({"protected-accounts": {"accounts": ["web-prod"]}})
    assert run.exit_code != 0
    assert "protected-accounts" in run.output


def test_an_update_keeps_the_rules_too(elsewhere: Elsewhere) -> None:
    """What a resource rule refuses is never made; a stack that passes is made whole."""
    sandbox = elsewhere.sandbox
    instance = sandbox.console.enable()
    group = sandbox.aws.identity_store.create_group(
        IdentityStoreId=instance["identityStoreId"], DisplayName="Made by hand"
    )["GroupId"]
    real = {"instance": instance["instanceArn"], "group": group}
    elsewhere.turn({"action": "iam:*", "syncAll": "true"}, **real)
    stopped = elsewhere.stack.up(*elsewhere.with_pack(PACK), check=False)
    assert stopped.exit_code != 0
    kinds = {step.kind for step in stopped.changes}
    assert not kinds & {"PermissionSetInlinePolicy", "SynchronizationSecret"}
    elsewhere.turn({}, **real)
    run = elsewhere.stack.up(*elsewhere.with_pack(PACK))
    assert {"PermissionSetInlinePolicy", "SynchronizationSecret"} <= {s.kind for s in run.changes}
    assert {(account, name) for account, name, _, _ in sandbox.aws.assignments()} == {
        ("611111111111", "Administrator"),
        ("622222222222", "Look"),
        ("111122223333", "Billing"),
    }
    elsewhere.stack.destroy()
