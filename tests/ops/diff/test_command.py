"""`python -m ops diff` on files: nothing is asked of Pulumi or the clouds."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from federation.core.errors import InvalidInput
from federation.diff.changes import Context
from federation.diff.rendering.reviewed import differences
from ops.__main__ import main
from tests.ops.diff.recorded import TODAY, load, read

ORGANIZATION = Path(__file__).parents[2] / "federation" / "organization.json"


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    """A preview file, as CI has it."""
    file = tmp_path / "preview.json"
    data = load("admin-on-protected")["preview"]
    data["config"]["entra-identity-center:access"] = "environments/none/access.yaml"
    file.write_text(json.dumps(data))
    return file


@pytest.fixture
def access(tmp_path: Path) -> Path:
    """An access file that names the groups of the preview."""
    file = tmp_path / "access.yaml"
    file.write_text(
        "groups: {platform: {displayName: Platform team}}\n"
        "permissionSets: {Administrator: {managedPolicies: [AdministratorAccess]}}\n"
        "rules: []\n"
        "guards: {protectedAccounts: [{account: '811111111111'}]}\n"
    )
    return file


def _run(*words: str | Path) -> int:
    return main(["diff", "--today", TODAY.isoformat(), *map(str, words)])


def test_a_file_alone_is_told_with_the_names_of_the_last_update(
    preview: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--preview", preview) == 0
    told = capsys.readouterr().out
    names = "(Workloads/Prod: billing-prod, core-prod and web-prod)"
    platform = "AWS-Platform (key platform, id 00000000-0000-4000-8000-000000000007)"
    assert f"⚠ {platform} gains Administrator on 3 protected accounts {names}" in told
    assert "groups may lack their names here" in told


def test_without_any_names_accounts_go_by_their_ids(
    preview: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = preview.read_text().replace('"outputs": {"accounts"', '"outputs": {"other"')
    preview.write_text(text)
    assert _run("--preview", preview) == 0
    told = capsys.readouterr().out
    assert " gains Administrator on 7 accounts (611111111111, " in told
    assert "--organization FILE names them" in told


def test_files_name_accounts_and_groups(
    preview: Path, access: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--organization", ORGANIZATION, "--access", access)
    assert _run("--preview", preview, *files, "--format", "markdown") == 0
    told = capsys.readouterr().out
    assert (
        "⚠️ Platform team (key platform) gains **Administrator** on 4 protected accounts (Sandbox: "
    ) in told
    assert "Note:" not in told


def test_a_name_that_nobody_read_is_never_made_up_from_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = load("group-under-a-trusted-key")["preview"]
    (tmp_path / "preview.json").write_text(json.dumps(data))
    ident = "00000000-0000-4000-8000-000000000033"
    access = tmp_path / "access.yaml"
    access.write_text(f"groups: {{AWS-Security-Audit: {{objectId: {ident}}}}}\nrules: []\n")
    files = ("--preview", tmp_path / "preview.json", "--access", access)
    assert _run(*files, "--organization", ORGANIZATION) == 0
    label = f"{ident} (group key AWS-Security-Audit, its name in Entra was not read)"
    told = capsys.readouterr().out
    assert f"+ {label} gains ReadOnly on 2 accounts" in told
    assert f"  name not read  {ident}  group key AWS-Security-Audit" in told
    assert _run(*files, "--format", "json") == 0
    gained = json.loads(capsys.readouterr().out)["access"][0]["principal"]
    assert (gained["name"], gained["objectId"], gained["label"]) == (None, ident, label)


def test_standard_input_serves_as_well(
    preview: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(preview.read_text()))
    assert _run("--preview", "-", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["counts"]["gained"] == 7


def test_a_failed_preview_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "preview.json"
    file.write_text(json.dumps(load("guard-violated")["preview"]))
    assert _run("--preview", file) == 1
    assert "has no owner" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "the file can't be read: No such file or directory"),
        ("{", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("[]", "a mapping with steps"),
        ("{}", "it did not run"),
        ('{"steps": [{"op": "new", "urn": "u::v::w::x"}]}', "another version of Pulumi"),
    ],
)
def test_what_can_not_be_used_is_said_in_a_sentence(
    content: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "preview.json"
    if content is not None:
        file.write_text(content)
    assert _run("--preview", file) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert str(file) in said.err


def test_a_file_that_was_named_must_be_right(
    preview: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--preview", preview, "--organization", tmp_path / "none.json") == 2
    assert _run("--preview", preview, "--access", tmp_path / "none.yaml") == 2
    assert capsys.readouterr().out == ""


STATE = {"hash": "sha256:1", "parts": {"access": "1", "assignments": "1"}}
OTHER = {"hash": "sha256:2", "parts": {"access": "2", "assignments": "1"}}


def _reviewed(name: str, **changes: Any) -> dict[str, Any]:
    from federation.diff.rendering.data import as_dict  # noqa: PLC0415

    return {**as_dict(replace(read(name), desired_state=STATE)), **changes}


def test_the_reviewed_update_is_known_by_its_desired_state() -> None:
    fresh = replace(read("targets-swapped"), desired_state=STATE)
    assert differences(_reviewed("targets-swapped"), fresh) == []
    assert differences(_reviewed("unchanged"), replace(fresh, desired_state=OTHER)) == [
        "this is not the reviewed update: access differ",
        "  + Deploy/group/developers/822222222222",
        "  - Deploy/group/developers/611111111111",
    ]


def test_another_stack_or_a_failed_preview_is_never_the_reviewed_one() -> None:
    fresh = replace(read("unchanged"), desired_state=STATE)
    assert "of stack dev" in differences(_reviewed("unchanged", stack="dev"), fresh)[0]
    assert differences(_reviewed("unchanged"), read("guard-violated"))
    with pytest.raises(InvalidInput, match="a preview that succeeded"):
        differences(_reviewed("guard-violated", desiredState=None), fresh)


def test_the_recorded_contexts_hold_what_the_command_reads() -> None:
    assert read("unchanged").context != Context()
    assert read("unchanged").context.people
