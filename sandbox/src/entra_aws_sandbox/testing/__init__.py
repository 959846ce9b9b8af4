"""For tests that work with a sandbox: one of their own, and everybody who works with it.

A sandbox runs as its users run it, through ``entra-aws-sandbox``, in a folder of its own, so that
tests never touch the sandbox that a person has running. Nothing here needs pytest; ``fixtures``
does, for who uses it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from entra_aws_sandbox.admin import AwsAdmin, GraphAdmin
from entra_aws_sandbox.console import Console
from entra_aws_sandbox.control import PREFIX, post
from entra_aws_sandbox.environment import for_children
from entra_aws_sandbox.folder import Folder, Running
from entra_aws_sandbox.process import is_alive
from entra_aws_sandbox.testing.leaks import MET


class _CarefulConsole(Console):
    """The console, with a note of every token that it shows."""

    def provisioning(self) -> dict[str, Any]:
        return _noted(super().provisioning())

    def rotate_token(self) -> dict[str, Any]:
        return _noted(super().rotate_token())


def _noted(shown: dict[str, Any]) -> dict[str, Any]:
    MET[f"SCIM token {shown['tokenId']}"] = shown["accessToken"]
    return shown


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox and everybody who works with it."""

    folder: Folder
    running: Running

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of a shell that is pointed at this sandbox."""
        return for_children(self.folder, self.running)

    @property
    def console(self) -> Console:
        """The person at the AWS console."""
        return _CarefulConsole(self.folder, self.running)

    @cached_property
    def aws(self) -> AwsAdmin:
        """An AWS administrator."""
        return AwsAdmin(self.environment)

    @cached_property
    def graph(self) -> GraphAdmin:
        """An Entra administrator."""
        return GraphAdmin(self.environment)

    def advance(self, by: timedelta) -> None:
        """Move the clouds' clock forward."""
        post(f"{self.running.awsUrl}{PREFIX}clock", {"seconds": by.total_seconds()})

    def control_aws(self, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """An action of the emulated AWS's control surface."""
        return post(f"{self.running.awsUrl}/_sandbox/{action}", body)

    def control_entra(self, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """An action of the emulated Entra's control surface."""
        return post(f"{self.running.entraUrl}/_sandbox/{action}", body)

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Let calls of the emulated AWS fail; these faults and no others."""
        self.control_aws("faults", {"faults": list(faults)})

    def synchronize(self) -> None:
        """Let Entra's provisioning run a cycle now."""
        self.control_entra("synchronize")

    def reset(self) -> None:
        """Both clouds back to their seeds; the process, its ports and ids stay."""
        post(f"{self.running.awsUrl}{PREFIX}reset")


def run_sandbox(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``entra-aws-sandbox …`` on a folder, as a person runs it.

    With the doubles, whatever is installed here, unless SANDBOX_PROVIDERS says otherwise.
    """
    return subprocess.run(
        [sys.executable, "-m", "entra_aws_sandbox", *arguments],
        env={"SANDBOX_PROVIDERS": "double", **os.environ, "SANDBOX_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start_sandbox(folder: Path) -> Sandbox:
    """Start a sandbox on a folder; it ends with the tests, even if these are killed."""
    started = run_sandbox(folder, "start", "--owner", str(os.getpid()))
    assert started.returncode == 0, started.stderr
    own = Folder(folder)
    secrets = own.secrets()
    MET[f"the client secret of {folder}"] = secrets.clientSecret
    MET[f"the AWS secret key of {folder}"] = secrets.awsSecretAccessKey
    MET[f"the passphrase of {folder}"] = own.passphrase.read_text().strip()
    return Sandbox(own, own.require_running())


def stop_sandbox(folder: Path) -> None:
    """Stop the sandbox of a folder, and make sure that its process is gone."""
    status = json.loads(run_sandbox(folder, "status", "--json").stdout)
    stopped = run_sandbox(folder, "stop")
    assert stopped.returncode == 0, stopped.stderr
    if status["running"]:
        assert not is_alive(status["pid"])
