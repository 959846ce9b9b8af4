"""The operator beside `pulumi`: runs `python -m ops` on a federation's stack, as a person does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import urllib3

from demo.checkout import REPOSITORY
from tests.engine.federation import Federation

_SECONDS = 300.0


def ops(federation: Federation, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command; nothing it prints is ever a traceback or a secret."""
    command, *rest = words
    done = subprocess.run(
        [sys.executable, "-m", "ops", command, "-C", str(federation.folder), *rest],
        cwd=REPOSITORY,
        env=federation.sandbox.environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed, printed
    secrets = {federation.token, federation.sandbox.folder.secrets().clientSecret} - {""}
    assert not [secret for secret in secrets if secret in printed]
    return done


def status(federation: Federation, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the data of `ops status --json`."""
    done = ops(federation, "status", "--json", *words)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


def sync(federation: Federation, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the data of `ops sync --json`."""
    done = ops(federation, "sync", "--json", *words)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


def change_user(federation: Federation, user: str, changes: dict[str, Any]) -> None:
    """Change a person as a directory administrator does; the deployment itself may not."""
    sandbox = federation.sandbox
    token = sandbox.control_entra("admin-token")["accessToken"]
    answer = urllib3.request(
        "PATCH",
        f"{sandbox.graph.graph}/v1.0/users/{user}",
        json=changes,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status == 204, answer.data
