"""The sandbox's own folder: where every file that it reads or writes lies."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

# Group and others, reading, writing or executing.
_OTHERS = 0o077


class SandboxError(Exception):
    """What went wrong and what to do about it, in one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a running sandbox writes down about itself (``sandbox.json``)."""

    id: str
    pid: int
    awsUrl: str  # noqa: N815 (the file is JSON that others read)
    entraUrl: str  # noqa: N815
    metadataHost: str  # noqa: N815 (host:port, as ARM_METADATA_HOSTNAME wants it)
    tenantId: str  # noqa: N815
    region: str
    managementAccountId: str  # noqa: N815
    providers: str
    started: str


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What signs a deployment in to the two clouds; made once per folder."""

    clientId: str  # noqa: N815
    clientSecret: str  # noqa: N815
    awsAccessKeyId: str  # noqa: N815
    awsSecretAccessKey: str  # noqa: N815


class Folder:
    """``.sandbox/`` in the working directory, or the folder that SANDBOX_DIR names."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.running_file = self.root / "sandbox.json"
        self.lock_file = self.root / "sandbox.lock"
        self.server_log = self.root / "server.log"
        self.requests = self.root / "requests.jsonl"
        self.ca = self.root / "ca.pem"
        self.secrets_file = self.root / "secrets.json"
        self.passphrase = self.root / "passphrase"
        self.pulumi_home = self.root / "pulumi-home"
        self.state = self.root / "state"
        self.stack = self.root / "stack"
        self.snapshots = self.root / "snapshots"

    @classmethod
    def named(cls, name: str | None = None) -> Folder:
        """The folder of that name; without one the folder that this shell works with."""
        return cls(Path(name or os.environ.get("SANDBOX_DIR") or ".sandbox"))

    def create(self) -> None:
        """Make the folder and its secrets. Raises SandboxError where that is not possible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.pulumi_home, self.state):
                folder.mkdir(exist_ok=True)
            if not self.secrets_file.exists():
                write_private(self.secrets_file, json.dumps(asdict(_new_secrets()), indent=2))
            if not self.passphrase.exists():
                write_private(self.passphrase, secrets.token_urlsafe(24))
        except OSError as error:
            raise SandboxError(
                f"The sandbox folder {self.root} cannot be written ({error.strerror}); "
                "make it writable, or name another one with --folder."
            ) from error

    def forget_stack(self) -> None:
        """Drop the stack and its state: what they describe is gone once the clouds are reset."""
        for path in (self.stack, self.state):
            shutil.rmtree(path, ignore_errors=True)
        self.state.mkdir(parents=True, exist_ok=True)

    def secrets(self) -> Secrets:
        """The folder's secrets. Raises SandboxError where none are or where others read them."""
        self.require_private()
        try:
            return Secrets(**json.loads(self.secrets_file.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise SandboxError(
                f"{self.secrets_file} cannot be read; start the sandbox: entra-aws-sandbox start"
            ) from error

    def require_private(self) -> None:
        """Raises SandboxError when others than the owner can read a secret of the folder."""
        for path in (self.secrets_file, self.passphrase):
            if path.exists() and path.stat().st_mode & _OTHERS:
                raise SandboxError(
                    f"{path} can be read by others: run chmod 600 {path}, or delete {self.root} "
                    "if they may have read it."
                )

    def running(self) -> Running | None:
        """The sandbox that runs on this folder, or None; a stale file counts as None."""
        if not self.is_locked():
            return None
        try:
            return Running(**json.loads(self.running_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def require_running(self) -> Running:
        """The running sandbox. Raises SandboxError when there is none."""
        running = self.running()
        if running is None:
            raise SandboxError("The sandbox is not running; start it: entra-aws-sandbox start")
        return running

    def is_locked(self) -> bool:
        """Whether a server process holds this folder (a lock dies with its holder, a pid not)."""
        try:
            with self.lock_file.open("r") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one server. Raises SandboxError when another one holds it."""
        with self.lock_file.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SandboxError(
                    f"Another sandbox already runs on {self.root}; stop it: entra-aws-sandbox stop"
                ) from error
            yield


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also while it is being written."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _new_secrets() -> Secrets:
    return Secrets(
        clientId=str(uuid.uuid4()),
        clientSecret=secrets.token_urlsafe(30),
        awsAccessKeyId="AKIA" + secrets.token_hex(8).upper(),
        awsSecretAccessKey=secrets.token_urlsafe(30),
    )
