"""The scaffold of an environment, and the committed examples: all of it can be loaded as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from federation.access.access import load_access
from federation.engine.phase import Phase
from federation.update.phases import phase_of
from federation.update.settings import NAMESPACE, Settings, load_settings
from ops.__main__ import UNUSABLE, main
from ops.cli import REPOSITORY
from policy.pack import POLICIES

# A line of YAML behind a "# ", not a sentence.
COMMENTED = re.compile(r"^( *)# (?!yaml-language)( *(?:[\w:-]+:|- ).*)$", re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: entra-identity-center\n")
    return tmp_path


def scaffold(checkout: Path, *arguments: str) -> int:
    return main(["new-environment", "-C", str(checkout), *arguments])


def files(checkout: Path) -> set[str]:
    return {str(p.relative_to(checkout)) for p in checkout.rglob("*") if p.is_file()} - {
        "Pulumi.yaml"
    }


def settings(root: Path, name: str) -> tuple[Settings, dict[str, Any]]:
    config = yaml.safe_load((root / f"Pulumi.{name}.yaml").read_text())["config"]
    own = {
        key.removeprefix(f"{NAMESPACE}:"): value
        for key, value in config.items()
        if key.startswith(NAMESPACE)
    }
    return load_settings(own, file=f"Pulumi.{name}.yaml"), config


def test_a_scaffold_is_an_environment_in_phase_app(checkout: Path) -> None:
    tenant = "8d3f0d5e-6c1b-4f0e-9a57-0c2f6a1b7e10"
    assert scaffold(checkout, "eu-test", "--region", "eu-central-1", "--tenant", tenant) == 0
    assert files(checkout) == {
        "Pulumi.eu-test.yaml",
        "environments/eu-test/access.yaml",
        "environments/eu-test/policy.json",
    }
    loaded, config = settings(checkout, "eu-test")
    access = load_access(loaded.access, root=checkout)
    assert phase_of(loaded, declares_access=bool(access.rules)) is Phase.APP
    assert config["aws:region"] == "eu-central-1"
    assert config["azuread:tenantId"] == tenant
    assert not loaded.protect
    assert access.guards.require_owner == "error"


def test_what_the_scaffold_has_in_comments_is_right_too(checkout: Path) -> None:
    assert scaffold(checkout, "eu-test") == 0
    for name in ("Pulumi.eu-test.yaml", "environments/eu-test/access.yaml"):
        path = checkout / name
        text = COMMENTED.sub(r"\1\2", path.read_text())
        path.write_text(text.replace("{secure: ...}", "token"))
    loaded, _ = settings(checkout, "eu-test")
    access = load_access(loaded.access, root=checkout)
    assert phase_of(loaded, declares_access=bool(access.rules)) is Phase.ACCESS
    assert set(access.groups) == {"platform", "break-glass"}


def test_a_protected_scaffold(checkout: Path) -> None:
    assert scaffold(checkout, "prod", "--protect") == 0
    assert settings(checkout, "prod")[0].protect
    policy = json.loads((checkout / "environments/prod/policy.json").read_text())
    assert policy["protected"] == "mandatory"


@pytest.mark.parametrize(
    "name", ["", "x", "Prod", "eu_test", "../up", "a/b", "-x", "x-", "prod.1", "e" * 33, "prod\n"]
)
def test_names_that_are_none(checkout: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert scaffold(checkout, "--", name) == UNUSABLE
    assert "is no name of an environment" in capsys.readouterr().err
    assert files(checkout) == set()


def test_every_wrong_argument_is_named_at_once(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scaffold(checkout, "X", "--region", "Ireland", "--tenant", "example.com") == UNUSABLE
    told = capsys.readouterr().err
    assert all(place in told for place in ("NAME", "--region", "--tenant"))


def test_nothing_is_overwritten(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = checkout / "environments" / "prod" / "access.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("rules: mine\n")
    assert scaffold(checkout, "prod") == UNUSABLE
    assert "environments/prod/access.yaml" in capsys.readouterr().err
    assert kept.read_text() == "rules: mine\n"
    assert files(checkout) == {"environments/prod/access.yaml"}


def test_a_folder_that_cannot_be_written_is_a_sentence(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "environments").write_text("a file, not a folder")
    assert scaffold(checkout, "prod") == UNUSABLE
    assert "environments/prod/access.yaml\n  the file can't be written" in capsys.readouterr().err


def test_it_writes_into_a_checkout_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scaffold(tmp_path, "prod") == UNUSABLE
    assert "holds no Pulumi.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["dev", "prod", "sandbox"])
def test_the_committed_environments_can_be_loaded(name: str) -> None:
    loaded, _ = settings(REPOSITORY, name)
    access = load_access(loaded.access, root=REPOSITORY)
    assert access.rules
    assert loaded.protect == (name == "prod")


@pytest.mark.parametrize("name", ["dev", "prod", "sandbox"])
def test_the_packs_configuration_names_rules_of_the_pack(name: str) -> None:
    config = json.loads((REPOSITORY / "environments" / name / "policy.json").read_text())
    assert set(config) <= {policy.name for policy in POLICIES}


def test_production_lets_no_guard_pass_with_a_warning() -> None:
    loaded, _ = settings(REPOSITORY, "prod")
    guards = load_access(loaded.access, root=REPOSITORY).guards
    assert "warn" not in {guards.require_owner, guards.users_instead_of_groups}
    assert set(guards.severity.values()) <= {"error"}
    assert guards.break_glass
    assert guards.protected_accounts
    assert guards.max_removals is not None
