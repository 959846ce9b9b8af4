"""`python -m ops snapshot`: the organization file, from the emulated AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from entra_aws_sandbox.testing import Sandbox
from federation.access.organization import Organization
from tests.federation.loading import company

REPOSITORY = Path(__file__).parent.parent.parent


def snapshot(
    sandbox: Sandbox, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", "snapshot", *arguments],
        cwd=REPOSITORY,
        env={**sandbox.environment, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_organization_is_written_as_plan_reads_it(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "organization.json"
    done = snapshot(sandbox, "--output", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = Organization.from_dict(json.loads(file.read_text()))
    expected = company()
    assert _outline(found) == _outline(expected)
    assert found.by_id["711111111111"].tags["env"] == "prod"
    assert json.loads(snapshot(sandbox).stdout) == json.loads(file.read_text())


def _outline(organization: Organization) -> dict[str, tuple[str, str, str]]:
    """Name, state and OU path of every account: what does not depend on generated ids."""
    return {
        account.id: (
            account.name,
            account.state,
            "/".join(organization.unit_paths.get(account.parent_id, ())),
        )
        for account in organization.accounts
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--output", "/nowhere/organization.json"),
            "can't be written: No such file or directory.",
        ),
        (("--profile", "nobody"), "nobody"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(
    sandbox: Sandbox, arguments: tuple[str, ...], sentence: str
) -> None:
    done = snapshot(sandbox, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
