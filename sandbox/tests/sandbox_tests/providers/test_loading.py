"""Plugins under the real CLI: it loads what a start has put into place, or the start says no.

A script stands for each real plugin: it notes that it was started, and goes on as the double.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from entra_aws_sandbox.folder import Folder, SandboxError
from entra_aws_sandbox.providers import VERSIONS, plugins
from entra_aws_sandbox.pulumi import PulumiStack
from entra_aws_sandbox.testing import run_sandbox, start_sandbox, stop_sandbox

pytestmark = pytest.mark.engine

DOUBLES = dict.fromkeys(VERSIONS, "double")
PROGRAM = """\
import pulumi_aws as aws
import pulumi_azuread as azuread

azuread.Group("group", display_name="Somebody", security_enabled=True)
instance = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"
aws.ssoadmin.PermissionSet("set", instance_arn=instance, name="Look")
"""


def real(person: Path, name: str) -> Path:
    """The plugin of a package where a person would have it installed."""
    folder = person / ".pulumi" / "plugins" / f"resource-{name}-v{VERSIONS[name]}"
    folder.mkdir(parents=True)
    plugin = folder / f"pulumi-resource-{name}"
    module = shlex.join([sys.executable, "-u", "-P", "-m", "entra_aws_sandbox.providers", name])
    plugin.write_text(
        f'#!/bin/sh\necho "$@" >>"$(dirname "$(readlink -f "$0")")/started"\nexec {module} "$@"\n'
    )
    plugin.chmod(0o755)
    return plugin


def starts(plugin: Path) -> list[str]:
    """The arguments of each start by an engine."""
    note = plugin.with_name("started")
    lines = note.read_text().splitlines() if note.exists() else []
    return [line for line in lines if not line.endswith(":1")]


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    return tmp_path / "person"


def test_the_engine_runs_the_plugins_that_were_chosen(
    person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    azuread, aws = real(person, "azuread"), real(person, "aws")
    monkeypatch.setenv("SANDBOX_PROVIDERS", "azuread=real,aws=double")
    folder, project = tmp_path / "sandbox", tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: chosen\nruntime: python\n")
    (project / "__main__.py").write_text(PROGRAM)
    try:
        sandbox = start_sandbox(folder)
        assert sandbox.running.providers == "aws=double, azuread=real"
        assert "aws=double, azuread=real" in run_sandbox(folder, "status").stdout
        stack = PulumiStack(project, sandbox.environment, stack="test")
        stack.select()
        run = stack.preview()
    finally:
        stop_sandbox(folder)
    assert {step.kind for step in run.changes} == {"Group", "PermissionSet"}
    assert starts(azuread)
    assert not starts(aws)


def test_a_folder_that_is_a_link_is_not_loaded(person: Path, tmp_path: Path) -> None:
    folder = real(person, "azuread").parent
    home = tmp_path / "home"
    plugins.install(home, DOUBLES)
    plugins.check(home, DOUBLES)
    there = home / "plugins" / folder.name
    there.rename(tmp_path / "away")
    there.symlink_to(folder, target_is_directory=True)
    with pytest.raises(SandboxError, match="the CLI does not list it"):
        plugins.check(home, {**DOUBLES, "azuread": "real"})


@pytest.mark.parametrize(
    ("mode", "content", "told"),
    [
        (0o644, "#!/bin/sh\n", "can't be started (Permission denied)"),
        (0o755, "\x7fELF of another machine", "can't be started (Exec format error)"),
        (0o755, "#!/no/such/interpreter\n", "can't be started (No such file or directory)"),
    ],
)
def test_a_real_plugin_that_does_not_run_here_ends_the_start_in_a_sentence(
    person: Path, tmp_path: Path, mode: int, content: str, told: str
) -> None:
    plugin = real(person, "azuread")
    plugin.write_text(content)
    plugin.chmod(mode)
    refused = run_sandbox(tmp_path / "sandbox", "start", "--providers", "azuread=real,aws=double")
    assert refused.returncode == 1
    (sentence,) = refused.stderr.splitlines()
    assert told in sentence
    assert "pulumi plugin install resource azuread 6.11.1 --reinstall" in sentence
    assert not Folder(tmp_path / "sandbox").is_locked()


def test_another_plugin_on_path_is_named(
    person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = real(person, "aws")
    monkeypatch.setenv("PATH", str(plugin.parent), prepend=":")
    plugins.install(tmp_path / "home", DOUBLES)
    with pytest.raises(SandboxError, match=f"would load {plugin}, which is on PATH"):
        plugins.check(tmp_path / "home", DOUBLES)
    monkeypatch.setenv("PULUMI_IGNORE_AMBIENT_PLUGINS", "true")
    plugins.check(tmp_path / "home", DOUBLES)
