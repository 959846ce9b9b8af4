"""This machine: the Pulumi CLI and the provider plugins that the program asks for."""

from __future__ import annotations

import json
import os
import re
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Final

from federation.update.diagnosis import Findings
from ops.cli import REPOSITORY, Cli

# Package of the SDK that the program imports, and plugin: their versions must be equal.
_PLUGINS: Final = {"aws": "pulumi-aws", "azuread": "pulumi-azuread"}


def check_tools(cli: Cli, findings: Findings) -> None:
    """CLI and plugins. Raises StackError when the CLI can't be run."""
    own = Cli(directory=cli.directory)
    _check_cli(own.checked("version"), findings)
    installed = json.loads(own.checked("plugin", "ls", "--json") or "[]")
    _check_plugins(
        {(one["name"], str(one.get("version"))) for one in installed if one["kind"] == "resource"},
        findings,
    )


def _check_cli(printed: str, findings: Findings) -> None:
    needed = required_version((REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))
    found = printed.strip().removeprefix("v")
    if _numbers(found) < _numbers(needed):
        findings.problem(
            "cli", f"the Pulumi CLI is {found}, older than {needed}: run script/setup, or update it"
        )
    else:
        findings.fine("cli", f"Pulumi CLI {found}")


def required_version(project: str) -> str:
    """The oldest CLI that Pulumi.yaml takes, from its `requiredPulumiVersion`."""
    found = re.search(r'^requiredPulumiVersion:\s*"?>=\s*([0-9.]+)', project, re.MULTILINE)
    return found[1] if found else "0"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("-")[0])[:3])


def _check_plugins(installed: set[tuple[str, str]], findings: Findings) -> None:
    offline = os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION") == "true"
    found = []
    for name, package in _PLUGINS.items():
        needed = version(package)
        ambient = shutil.which(f"pulumi-resource-{name}")
        if (name, needed) in installed:
            found.append(f"{name} {needed}")
        elif ambient:
            found.append(f"{name} ({Path(ambient)})")
        elif offline:
            findings.problem(
                "plugins",
                f"the plugin {name} {needed} is not installed, and "
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION forbids to fetch it: run pulumi "
                f"plugin install resource {name} {needed}",
            )
        else:
            findings.note(
                "plugins", f"the plugin {name} {needed} will be fetched by the first update"
            )
    if found:
        findings.fine("plugins", f"plugins {', '.join(found)}")
