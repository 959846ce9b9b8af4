"""Running the real Pulumi CLI and reading, from its event log, what it did in which order."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entra_aws_sandbox.environment import pulumi_cli
from entra_aws_sandbox.folder import SandboxError

# The real azuread provider polls for about 20 s after most of its calls.
_SECONDS = 900.0
# The operations of an event log that change something (pulumi/pulumi, step.go).
_READS = frozenset({"same", "read", "refresh", "read-replacement", "discard", "diff"})


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of an update: ``op`` is create, update, delete, replace, create-replacement …"""

    op: str
    urn: str
    type: str
    component: bool

    @property
    def name(self) -> str:
        """The logical name of the resource."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """The resource type without package and module, ``AccountAssignment``."""
        return self.type.rpartition(":")[2]

    @property
    def changes(self) -> bool:
        """Whether the step changes something in a cloud."""
        return self.op not in _READS and not self.component and not self.type.startswith("pulumi:")


@dataclass(frozen=True, kw_only=True)
class Event:
    """A step began, or it ended well."""

    finished: bool
    step: Step


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of the CLI did; ``events`` are in order of time."""

    arguments: tuple[str, ...]
    exit_code: int
    output: str
    seconds: float
    events: tuple[Event, ...]
    diagnostics: tuple[str, ...]

    @property
    def changes(self) -> list[Step]:
        """The steps that ended well and changed something, components and the stack left out."""
        return [event.step for event in self.events if event.finished and event.step.changes]

    @property
    def errors(self) -> str:
        """The error diagnostics, one a line, as a person sees them."""
        return "\n".join(self.diagnostics)


class PulumiError(SandboxError):
    """A command of the CLI failed; the message is the command and what the CLI printed."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"pulumi {' '.join(run.arguments)} failed\n{run.output.rstrip()}")
        self.run = run


class PulumiStack:
    """One stack in one project folder, driven through the CLI as a person would."""

    def __init__(self, project: Path, environment: Mapping[str, str], *, stack: str) -> None:
        self.project = project
        self.environment = dict(environment)
        self._stack = stack

    def select(self) -> None:
        """Select the stack, made if it does not exist. Raises PulumiError."""
        self._checked(self.run("stack", "select", "--create"))

    def up(self, *more: str, check: bool = True) -> Run:
        """``pulumi up``. Raises PulumiError if it fails and ``check`` is set."""
        return self._update("up", "--yes", "--skip-preview", *more, check=check)

    def preview(self, *more: str, check: bool = True) -> Run:
        """``pulumi preview``. Raises PulumiError if it fails and ``check`` is set."""
        return self._update("preview", *more, check=check)

    def refresh(self, *more: str, check: bool = True) -> Run:
        """``pulumi refresh``. Raises PulumiError if it fails and ``check`` is set."""
        return self._update("refresh", "--yes", "--skip-preview", *more, check=check)

    def destroy(self, *more: str, check: bool = True) -> Run:
        """``pulumi destroy``. Raises PulumiError if it fails and ``check`` is set."""
        return self._update("destroy", "--yes", "--skip-preview", *more, check=check)

    def set_config(self, path: str, value: str, *, secret: bool = False) -> None:
        """Set one key of the stack's configuration, in the namespace of its project.

        Raises PulumiError.
        """
        # The value goes through standard input, so that no process list ever shows a token.
        visibility = "--secret" if secret else "--plaintext"
        self._checked(self.run("config", "set", "--path", path, visibility, stdin=value))

    def remove_config(self, path: str) -> None:
        """Remove one key of the stack's configuration. Raises PulumiError."""
        self._checked(self.run("config", "rm", "--path", path))

    def config(self) -> dict[str, Any]:
        """The stack's configuration by key without namespace, secrets blinded.

        Raises PulumiError.
        """
        listed = json.loads(self._checked(self.run("config", "--json")).output)
        return {
            key.partition(":")[2]: entry.get("objectValue", entry.get("value"))
            for key, entry in listed.items()
        }

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets blinded. Raises PulumiError."""
        run = self._checked(self.run("stack", "output", "--json"))
        outputs: dict[str, Any] = json.loads(run.output)
        return outputs

    def export(self) -> dict[str, Any]:
        """The stack's checkpoint, secrets encrypted. Raises PulumiError."""
        checkpoint: dict[str, Any] = json.loads(self._checked(self.run("stack", "export")).output)
        return checkpoint

    def run(self, *arguments: str, stdin: str = "", event_log: Path | None = None) -> Run:
        """Run any command of the CLI on this stack; never raises for its exit code."""
        command = [
            str(pulumi_cli()), "-C", str(self.project), *arguments,
            "--stack", self._stack, "--non-interactive", "--color", "never",
        ]  # fmt: skip
        environment = self.environment
        if event_log is not None:
            command += ["--event-log", str(event_log)]
            environment = {**environment, "PULUMI_DEBUG_COMMANDS": "true"}
        started = time.monotonic()
        try:
            done = subprocess.run(
                command,
                env=environment,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(
                f"pulumi {arguments[0]} did not end within {_SECONDS:.0f} s."
            ) from error
        machine_readable = not event_log and done.returncode == 0
        return Run(
            arguments=arguments,
            exit_code=done.returncode,
            output=done.stdout if machine_readable else done.stdout + done.stderr,
            seconds=time.monotonic() - started,
            **_read_events(event_log),
        )

    def _update(self, *arguments: str, check: bool) -> Run:
        descriptor, name = tempfile.mkstemp(suffix=".events.json", dir=self.project)
        os.close(descriptor)
        try:
            run = self.run(*arguments, event_log=Path(name))
        finally:
            Path(name).unlink(missing_ok=True)
        return self._checked(run) if check else run

    @staticmethod
    def _checked(run: Run) -> Run:
        if run.exit_code:
            raise PulumiError(run)
        return run


def _read_events(log: Path | None) -> dict[str, Any]:
    events: list[Event] = []
    diagnostics: list[str] = []
    for line in log.read_text().splitlines() if log is not None and log.exists() else []:
        event = json.loads(line)
        if "resourcePreEvent" in event:
            events.append(Event(finished=False, step=_step(event["resourcePreEvent"])))
        elif "resOutputsEvent" in event:
            events.append(Event(finished=True, step=_step(event["resOutputsEvent"])))
        elif event.get("diagnosticEvent", {}).get("severity") == "error":
            diagnostics.append(str(event["diagnosticEvent"]["message"]).strip())
    return {"events": tuple(events), "diagnostics": tuple(diagnostics)}


def _step(event: Mapping[str, Any]) -> Step:
    metadata = event["metadata"]
    states = [metadata.get(side) or {} for side in ("old", "new")]
    component = not any(state.get("custom") for state in states)
    return Step(op=metadata["op"], urn=metadata["urn"], type=metadata["type"], component=component)
