"""`python -m ops import-file`: what it refuses before it asks anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from federation.update.settings import NAMESPACE
from ops import import_file
from ops.__main__ import UNUSABLE, main
from ops.cli import Cli
from ops.stack import parse_stack

ROLE = "arn:aws:iam::111122223333:role/identity"


def test_a_file_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "imports.json"
    file.write_text("mine")
    assert main(["import-file", str(file)]) == UNUSABLE
    assert "exists already; nothing was written: name another file." in capsys.readouterr().err
    assert file.read_text() == "mine"


def test_sets_with_a_provider_of_their_own_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "enterpriseApp": {"name": "AWS"},
        "identityCenter": {"managementAccess": {"roleArn": ROLE}},
        "access": "access.yaml",
    }
    stack = parse_stack(
        Cli(),
        name="prod",
        configuration={f"{NAMESPACE}:{key}": {"objectValue": one} for key, one in values.items()},
        export={},
    )
    monkeypatch.setattr(import_file, "open_stack", lambda _: stack)
    file = tmp_path / "imports.json"
    assert main(["import-file", str(file)]) == UNUSABLE
    assert "import them by hand" in capsys.readouterr().err
    assert not file.exists()
