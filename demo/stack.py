"""A project folder that runs the program on the sandbox; the committed files stay as they are.

`python -m demo.stack` makes the one of the sandbox that runs here.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from demo.checkout import REPOSITORY
from entra_aws_sandbox.environment import for_children
from entra_aws_sandbox.folder import Folder, SandboxError
from entra_aws_sandbox.pulumi import PulumiStack

STACK = "sandbox"


def make(folder: Folder) -> PulumiStack:
    """Write the project folder and select its stack; the stack's configuration is kept.

    Raises SandboxError when the sandbox does not run, the committed project files are missing or
    Pulumi refuses.
    """
    stack = PulumiStack(folder.stack, for_children(folder, folder.require_running()), stack=STACK)
    write_project(folder.stack)
    stack.select()
    return stack


def main() -> int:
    """Make or refresh the folder; returns the exit code."""
    folder = Folder.named()
    try:
        make(folder)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{folder.stack} is ready; run pulumi there, or pulumi -C {folder.stack} …")
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
