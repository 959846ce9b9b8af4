"""A stack read through the CLI: what is kept, what is dropped, and what a failure says."""

from __future__ import annotations

import json
import stat
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from federation.access.assignments import PrincipalKey
from federation.engine.phase import Phase
from ops.arguments import command
from ops.cli import Cli, StackError, explain
from ops.stack import open_stack, parse_stack

TOKEN = "token-0123456789"
ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"
SECRET = "azuread:index/synchronizationSecret:SynchronizationSecret"


def urn(kind: str, name: str) -> str:
    parent = "federation:aws:AccountAssignments" if kind == ASSIGNMENT else "federation:x:Y"
    return f"urn:pulumi:dev::entra-identity-center::{parent}${kind}::{name}"


def resource(kind: str, name: str, **outputs: Any) -> dict[str, Any]:
    return {"urn": urn(kind, name), "type": kind, "id": "id-1", "inputs": {}, "outputs": outputs}


def secret(value: Any) -> dict[str, str]:
    return {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": json.dumps(value),
    }


CREDENTIALS = [
    {"key": "BaseAddress", "value": "https://scim.example.com"},
    {"key": "SecretToken", "value": TOKEN},
]
EXPORT = {
    "deployment": {
        "resources": [
            {
                "urn": "urn:pulumi:dev::entra-identity-center::pulumi:pulumi:Stack::x",
                "type": "pulumi:pulumi:Stack",
                "outputs": {"phase": "access", "hidden": secret("s")},
            },
            resource(
                ASSIGNMENT,
                "ReadOnly/group/platform/111122223333",
                principalId="p",
                permissionSetArn="a",
            ),
            {**resource(ASSIGNMENT, "Gone/group/x/111122223333"), "delete": True},
            resource(SECRET, "secret", credentials=secret(CREDENTIALS)),
        ],
        "pending_operations": [
            {"type": "creating", "resource": resource(ASSIGNMENT, "Deploy/group/data/1")},
            {"type": "deleting", "resource": resource(ASSIGNMENT, "Old/group/data/1")},
        ],
    }
}
CONFIGURATION = {
    "aws:region": {"value": "eu-west-1", "secret": False},
    "entra-identity-center:access": {"value": "access.yaml", "secret": False},
    "entra-identity-center:enterpriseApp": {"value": "{}", "objectValue": {"name": "AWS"}},
}


@pytest.fixture
def parsed() -> Any:
    return parse_stack(Cli(), name="dev", configuration=CONFIGURATION, export=EXPORT)


def test_the_checkpoint_is_read_as_the_program_reads_it(parsed: Any) -> None:
    (pin,) = parsed.checkpoint.assignments
    assert pin.assignment.principal == PrincipalKey("GROUP", "platform")
    assert pin.principal_id == "p"
    assert parsed.checkpoint.phase is Phase.ACCESS
    assert parsed.checkpoint.has_credentials("https://scim.example.com", TOKEN)


def test_no_secret_is_kept_outside_of_the_configuration(parsed: Any) -> None:
    assert TOKEN not in repr(parsed)
    assert all(TOKEN not in repr(one.outputs) for one in parsed.resources)
    assert parsed.outputs == {"phase": "access", "hidden": None}


def test_interrupted_creations_are_told_apart(parsed: Any) -> None:
    assert [one.name for one in parsed.creating] == ["Deploy/group/data/1"]
    assert parsed.pending == 2


def test_configuration_is_split_by_namespace(parsed: Any) -> None:
    assert parsed.section("aws") == {"region": "eu-west-1"}
    assert parsed.settings.enterprise_app.name == "AWS"


def test_a_stack_without_an_update_is_empty() -> None:
    stack = parse_stack(Cli(), name="dev", configuration={}, export={"deployment": {}})
    assert stack.checkpoint.phase is None
    assert stack.resources == ()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("error: no stack selected; please use `pulumi stack select`", "no stack is selected"),
        ("error: incorrect passphrase", "the passphrase is wrong"),
        ("error: could not deserialize deployment: passphrase must be set with X", "need a pass"),
        ("error: no stack named 'x' found", "there is no such stack"),
        ("error: chdir /nope: no such file or directory", "what -C names is no folder"),
        ("error: chdir README.md: not a directory", "what -C names is no folder"),
        (
            "error: unable to open state directory: stat /nope: no such file or directory",
            "unable to open state directory",
        ),
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "run pulumi login",
        ),
        ("warning: a\nerror: something else", "pulumi: something else"),
        ("", "pulumi: no reason was given"),
    ],
)
def test_a_failure_of_the_cli_is_one_sentence(output: str, sentence: str) -> None:
    assert sentence in explain(output)
    assert "\n" not in explain(output)


def _cli_that(folder: Path, script: str) -> None:
    executable = folder / "pulumi"
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)


def test_a_refusal_ends_in_a_sentence_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _cli_that(tmp_path, "echo 'error: incorrect passphrase' >&2; exit 255")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    run = command(lambda arguments: int(open_stack(arguments).pending))
    assert run(Namespace(cwd=tmp_path, stack=None)) == 2
    assert capsys.readouterr().err.startswith("error: the passphrase is wrong")


def test_a_missing_cli_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("ops.cli.REPOSITORY", tmp_path)
    with pytest.raises(StackError, match="script/setup"):
        Cli(directory=tmp_path).run("version")
