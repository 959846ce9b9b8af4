"""Starting, finding and stopping the sandbox process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from entra_aws_sandbox.control import PREFIX, post
from entra_aws_sandbox.folder import Folder, Running, SandboxError
from entra_aws_sandbox.providers import plugins

_COMMAND = ("-m", "entra_aws_sandbox")
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_EXIT_SECONDS = 2.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Start:
    """What ``start`` was asked for; ``providers`` is as `plugins.parse` takes it.

    The sandbox ends with the process ``owner``, if one is named.
    """

    aws_port: int = 0
    entra_port: int = 0
    tls_port: int = 0
    providers: str = "auto"
    owner: int | None = None


def start(folder: Folder, asked: Start) -> tuple[Running, bool]:
    """Start the sandbox in the background and wait until it answers.

    Returns what runs, and whether it ran already. Raises SandboxError when it cannot start.
    """
    plugins.parse(asked.providers)
    running = folder.running()
    if running is not None:
        return running, True
    folder.create()
    log = folder.server_log.open("w")
    with log:
        child = subprocess.Popen(
            [sys.executable, "-P", *_COMMAND, "start", "--foreground", *_arguments(asked)],
            cwd=folder.root,
            env={**os.environ, "SANDBOX_DIR": str(folder.root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        running = folder.running()
        if running is not None and _answers(running):
            return running, False
        if child.poll() is not None:
            raise SandboxError(_last_words(folder))
        time.sleep(_POLL_SECONDS)
    child.terminate()
    raise SandboxError(
        f"The sandbox did not start within {_START_SECONDS:.0f} s; see {folder.server_log}"
    )


def stop(folder: Folder) -> bool:
    """Stop the sandbox of this folder; returns whether one ran.

    Raises SandboxError when it does not end.
    """
    running = folder.running()
    if running is None:
        folder.running_file.unlink(missing_ok=True)
        return False
    # The lock proves that the pid in the file is the sandbox's and was not given to another.
    os.kill(running.pid, signal.SIGTERM)
    if not _wait_until(lambda: not folder.is_locked(), _STOP_SECONDS):
        os.kill(running.pid, signal.SIGKILL)
        raise SandboxError(
            f"The sandbox (pid {running.pid}) did not end within {_STOP_SECONDS:.0f} s and was "
            "killed; start it again: entra-aws-sandbox start"
        )
    # The lock goes a moment before the process.
    _wait_until(lambda: not is_alive(running.pid), _EXIT_SECONDS)
    return True


def _wait_until(fact: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        # The state is the first field after the command's closing parenthesis (proc(5)).
        return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")
    except ProcessLookupError:
        return False
    except OSError:
        # No /proc here (macOS), or gone between the two looks.
        return sys.platform != "linux"


def status(folder: Folder) -> dict[str, Any]:
    """What runs, for ``status --json``: ``{"running": false}`` or the URLs and ids too."""
    running = folder.running()
    if running is None:
        return {"running": False, "folder": str(folder.root)}
    return {
        "running": True,
        "answers": _answers(running),
        "folder": str(folder.root),
        **asdict(running),
    }


def install_providers(folder: Folder, wanted: str) -> str:
    """Put provider plugins into the sandbox's PULUMI_HOME and have the CLI look at them.

    Returns what they are, ``aws=double, azuread=real``. Raises SandboxError when ``wanted`` can't
    be understood, a real plugin that it asks for is missing, or the CLI can't load one.
    """
    kinds = plugins.install(folder.pulumi_home, plugins.parse(wanted))
    plugins.check(folder.pulumi_home, kinds)
    return plugins.shown(kinds)


def _answers(running: Running) -> bool:
    try:
        return all(
            post(f"{url}{PREFIX}identity").get("id") == running.id
            for url in (running.awsUrl, running.entraUrl)
        )
    except SandboxError:
        return False


def _arguments(asked: Start) -> list[str]:
    ports = {"aws": asked.aws_port, "entra": asked.entra_port, "tls": asked.tls_port}
    options = [f"--{name}-port={port}" for name, port in ports.items() if port]
    owner = [f"--owner={asked.owner}"] if asked.owner else []
    return [*options, *owner, f"--providers={asked.providers}"]


def _last_words(folder: Folder) -> str:
    lines = folder.server_log.read_text().strip().splitlines()
    if lines and not lines[0].startswith("Traceback"):
        return lines[-1]
    return f"The sandbox ended while starting; see {folder.server_log}"
