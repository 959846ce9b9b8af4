"""A Pulumi project folder, for tests that let the engine work on a sandbox."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from entra_aws_sandbox.environment import pulumi_cli

_SECONDS = 120


class Project:
    """A Pulumi project folder, worked with through the CLI as a person does."""

    def __init__(self, folder: Path, environment: dict[str, str], program: str) -> None:
        self._folder = folder
        self._environment = {**environment, "PULUMI_DEBUG_COMMANDS": "true"}
        self._events = folder / "events.jsonl"
        (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")
        (folder / "__main__.py").write_text(program)
        self.run("stack", "init", "test")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the CLI."""
        return subprocess.Popen(
            [pulumi_cli(), *arguments, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI; what it says."""
        output, code = self.result(*arguments)
        assert bool(code) is fails, output
        return output

    def result(self, *arguments: str) -> tuple[str, int]:
        """Run the CLI; what it says, and its exit code."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=_SECONDS)
        return output, process.returncode

    def steps(self, command: str, *arguments: str) -> list[tuple[str, str]]:
        """Run a command; operation and logical name of every finished step, in order."""
        self._events.unlink(missing_ok=True)
        self.run(command, "--yes", "--skip-preview", f"--event-log={self._events}", *arguments)
        events = [json.loads(line) for line in self._events.read_text().splitlines()]
        done = [one["resOutputsEvent"]["metadata"] for one in events if "resOutputsEvent" in one]
        return [(one["op"], one["urn"].rpartition("::")[2]) for one in done]

    def names(self) -> set[str]:
        """Logical names of the stack's resources, without the stack and its providers."""
        exported = json.loads(self.run("stack", "export"))
        resources = exported["deployment"].get("resources", [])
        own = [one["urn"] for one in resources if not one["type"].startswith("pulumi:")]
        return {urn.rpartition("::")[2] for urn in own}
