"""A stack made once and put back before each test, so that a case costs one update, not a story."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from entra_aws_sandbox.control import PREFIX, post
from tests.engine.federation import Federation


@dataclass(frozen=True)
class Prepared:
    """A federation, both clouds and the state as they were at one moment."""

    federation: Federation
    kept: Path

    @classmethod
    def keep(cls, federation: Federation, kept: Path) -> Prepared:
        """Keep everything as it is now, in a folder that is made; its name is the snapshot's."""
        prepared = cls(federation, kept)
        post(f"{federation.sandbox.running.awsUrl}{PREFIX}snapshot", {"name": kept.name})
        for path, name in prepared._folders():
            shutil.copytree(path, kept / name)
        return prepared

    def restore(self) -> Federation:
        """Put everything back, without faults."""
        sandbox = self.federation.sandbox
        post(f"{sandbox.running.awsUrl}{PREFIX}restore", {"name": self.kept.name})
        for path, name in self._folders():
            shutil.rmtree(path)
            shutil.copytree(self.kept / name, path)
        self.federation.access = yaml.safe_load(self.federation.access_file.read_text())
        return self.federation

    def _folders(self) -> list[tuple[Path, str]]:
        return [
            (self.federation.folder, "stack"),
            (self.federation.sandbox.folder.state, "state"),
            # Which stack is selected.
            (self.federation.sandbox.folder.pulumi_home / "workspaces", "workspaces"),
        ]


def configure(federation: Federation, key: str, value: Any) -> None:
    """Set a key of the stack's configuration without a second for the CLI.

    `key` is as in the file: `aws:maxRetries`, or a name of the program's own below `provisioning`.
    """
    file = federation.folder / "Pulumi.sandbox.yaml"
    content = yaml.safe_load(file.read_text())
    if ":" in key:
        content["config"][key] = value
    else:
        content["config"]["entra-identity-center:provisioning"][key] = value
    file.write_text(yaml.safe_dump(content, sort_keys=False))
