"""The sandbox's own Pulumi project folder, so that the committed project files never change."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.environment import for_children, pulumi_cli
from sandbox.folder import REPOSITORY, Folder, SandboxError

STACK = "sandbox"
_SECONDS = 120.0


def forget(folder: Folder) -> None:
    """Drop the stack and its state: what they describe is gone once the clouds are reset."""
    for path in (folder.stack, folder.state):
        shutil.rmtree(path, ignore_errors=True)
    folder.state.mkdir(parents=True, exist_ok=True)


def make(folder: Folder) -> None:
    """Write the project folder and select its stack; what is already there is kept.

    Raises SandboxError when the committed project files are missing or Pulumi refuses.
    """
    folder.stack.mkdir(parents=True, exist_ok=True)
    project = _read(REPOSITORY / "Pulumi.yaml")
    project["main"] = str(REPOSITORY)
    project["runtime"] = {
        "name": "python",
        # Named, because a path relative to this folder would miss the repository's own.
        "options": {"toolchain": "pip", "virtualenv": sys.prefix},
    }
    (folder.stack / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    config = folder.stack / f"Pulumi.{STACK}.yaml"
    if not config.exists():
        shutil.copyfile(REPOSITORY / f"Pulumi.{STACK}.yaml", config)
    run(folder, "stack", "select", "--create", STACK)


def run(folder: Folder, *arguments: str) -> str:
    """Run the Pulumi CLI in the stack's folder; returns its standard output.

    Raises SandboxError with the CLI's own last line of explanation.
    """
    done = subprocess.run(
        [str(pulumi_cli()), "-C", str(folder.stack), *arguments, "--non-interactive"],
        env=for_children(folder, folder.require_running()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"]
        raise SandboxError(f"pulumi {' '.join(arguments[:2])} failed: {lines[-1]}")
    return done.stdout


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SandboxError(f"{path} is missing; it is part of the repository.") from error
    return content
