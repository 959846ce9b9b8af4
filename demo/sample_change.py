"""A sample change of the access file, shown as the comment that its pull request would get."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from demo.checkout import REPOSITORY
from demo.stack import STACK
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.pulumi import PulumiStack

_ENVIRONMENT = REPOSITORY / "environments" / "sandbox"
_SECONDS = 600.0


def access_diff(stack: PulumiStack, *, form: str = "text") -> str:
    """What the sample change would do, from a preview of the engine; nothing is applied.

    `form` is text, markdown or json. Works on a copy of the stack's project folder beside it.
    Raises SandboxError when there is no diff.
    """
    with tempfile.TemporaryDirectory(dir=stack.project.parent) as work:
        return _diff_in(Path(work) / "stack", stack, form)


def _diff_in(folder: Path, stack: PulumiStack, form: str) -> str:
    shutil.copytree(stack.project, folder)
    shutil.copytree(_ENVIRONMENT, folder / "environment")
    _edit(folder / "environment" / "access.yaml", _change)
    _edit(folder / f"Pulumi.{STACK}.yaml", lambda stored: _point(stored["config"], folder))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ops", "diff"),
            *("-C", str(folder), "--stack", STACK, "--format", form),
        ],
        cwd=REPOSITORY,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SandboxError(f"There is no access diff: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def _edit(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    change(content)
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def _point(config: dict[str, Any], folder: Path) -> None:
    """Let the copied configuration name the copied files."""
    config["entra-identity-center:access"] = str(folder / "environment" / "access.yaml")
    center = config["entra-identity-center:identityCenter"]
    metadata = Path(center["serviceProviderMetadata"]).name
    center["serviceProviderMetadata"] = str(folder / metadata)


def _change(access: dict[str, Any]) -> None:
    """Administration in production for the platform team, and what else a week brings."""
    rules = {rule["id"]: rule for rule in access["rules"]}
    rules["platform-outside-production"].update(
        targets=[{"ou": "Workloads"}, {"ou": "Sandbox"}], protected="acknowledged"
    )
    rules["data-on-billing"]["targets"] = [{"account": "611111111111"}]
    access["permissionSets"]["ReadOnly"]["sessionDuration"] = "PT12H"
    access["rules"].append(
        {
            "id": "contractors-look",
            "owner": "platform@example.com",
            "group": "contractors",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "team-sandbox-2"}],
        }
    )
