"""The sandbox's own Pulumi project folder, so that the committed project files never change."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.environment import for_children
from sandbox.folder import REPOSITORY, Folder, SandboxError
from sandbox.pulumi import PulumiStack

STACK = "sandbox"


def forget(folder: Folder) -> None:
    """Drop the stack and its state: what they describe is gone once the clouds are reset."""
    for path in (folder.stack, folder.state):
        shutil.rmtree(path, ignore_errors=True)
    folder.state.mkdir(parents=True, exist_ok=True)


def make(folder: Folder) -> PulumiStack:
    """Write the project folder and select its stack; the stack's configuration is kept.

    Raises SandboxError when the sandbox does not run, the committed project files are missing or
    Pulumi refuses.
    """
    stack = PulumiStack(folder.stack, for_children(folder, folder.require_running()), stack=STACK)
    write_project(folder.stack)
    stack.select()
    return stack


def write_project(folder: Path) -> None:
    """Write a project folder that runs the repository's program with the committed configuration.

    Raises SandboxError when the committed project files are missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project = _read(REPOSITORY / "Pulumi.yaml")
    project["main"] = str(REPOSITORY)
    # The virtual environment is named, because a relative path would start at this folder.
    project["runtime"] = {
        "name": "python",
        "options": {"toolchain": "pip", "virtualenv": sys.prefix},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    config = folder / f"Pulumi.{STACK}.yaml"
    if not config.exists():
        shutil.copyfile(REPOSITORY / config.name, config)


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SandboxError(f"{path} is missing; it is part of the repository.") from error
    return content
