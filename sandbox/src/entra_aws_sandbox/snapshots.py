"""Snapshots: both clouds, their clock and the stack's own files, taken and put back together."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from entra_aws_sandbox.aws import Aws
from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.control import PREFIX, post
from entra_aws_sandbox.entra import Entra
from entra_aws_sandbox.folder import Folder
from entra_aws_sandbox.memory import Frozen

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class _Snapshot:
    entra: Frozen
    aws: Frozen
    offset: timedelta


class Snapshots:
    """The snapshots of a sandbox process, by name; they live as long as the process does."""

    def __init__(self, clock: Clock, entra: Entra, aws: Aws) -> None:
        self._clock = clock
        self._entra = entra
        self._aws = aws
        self._taken: dict[str, _Snapshot] = {}

    @property
    def actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The actions of the control surface; they raise ValueError with a sentence."""
        return {"snapshot": self._take, "restore": self._restore, "snapshots": self._list}

    def _take(self, body: dict[str, Any]) -> dict[str, Any]:
        name = _checked(str(body.get("name", "")))
        # Nobody pushes from one cloud into the other while both are copied.
        with self._entra.paused():
            taken = _Snapshot(self._entra.freeze(), self._aws.freeze(), self._clock.offset)
        self._taken[name] = taken
        return {"name": name}

    def _restore(self, body: dict[str, Any]) -> dict[str, Any]:
        name = str(body.get("name", ""))
        if name not in self._taken:
            known = ", ".join(sorted(self._taken)) or "none"
            raise ValueError(f'There is no snapshot "{name}"; there are: {known}.')
        taken = self._taken[name]
        self._entra.pause()
        self._aws.restore(taken.aws)
        self._clock.offset = taken.offset
        self._entra.restore(taken.entra)
        return {"name": name}

    def _list(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"names": sorted(self._taken)}


def take(folder: Folder, name: str) -> None:
    """Keep both clouds and the sandbox's stack under a name. Raises SandboxError."""
    running = folder.require_running()
    post(f"{running.awsUrl}{PREFIX}snapshot", {"name": name})
    kept = folder.snapshots / name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for path in (folder.stack, folder.state):
        _copy(path, kept / path.name)


def restore(folder: Folder, name: str) -> None:
    """Put both clouds and the sandbox's stack back. Raises SandboxError for an unknown name."""
    running = folder.require_running()
    post(f"{running.awsUrl}{PREFIX}restore", {"name": name})
    for path in (folder.stack, folder.state):
        shutil.rmtree(path, ignore_errors=True)
        _copy(folder.snapshots / name / path.name, path)
    folder.state.mkdir(exist_ok=True)


def names(folder: Folder) -> list[str]:
    """The snapshots of the running sandbox. Raises SandboxError."""
    running = folder.require_running()
    listed: list[str] = post(f"{running.awsUrl}{PREFIX}snapshots")["names"]
    return listed


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copytree(source, target, symlinks=True)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f'"{name}" is no name for a snapshot: write letters, digits, hyphens and underscores.'
        )
    return name
