"""The language host of a CLI that was built here, under the real engine."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time

import pytest

from demo.checkout import REPOSITORY
from entra_aws_sandbox.testing import Sandbox
from entra_aws_sandbox.testing.project import Project

pytestmark = pytest.mark.engine

ENDINGS = """
import time
import pulumi
match pulumi.Config().get("ending"):
    case "refuse":
        raise pulumi.RunError("environments/dev/access.yaml:1:1 is not what it should be.")
    case "break":
        raise ValueError("a bug")
    case "exit":
        raise SystemExit(3)
    case "wait":
        print("waiting", flush=True)
        time.sleep(60)
pulumi.export("ended", "well")
"""


@pytest.fixture(scope="module")
def endings(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A program that ends in several ways, run by this repository's language host."""
    host = tmp_path_factory.mktemp("host") / "pulumi-language-python"
    script = REPOSITORY / "tools" / "pulumi" / "language_host.py"
    command = shlex.join([sys.executable, "-u", "-P", str(script)])
    host.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    host.chmod(0o755)
    path = os.pathsep.join([str(host.parent), sandbox.environment["PATH"]])
    environment = {**sandbox.environment, "PATH": path}
    return Project(tmp_path_factory.mktemp("endings"), environment, ENDINGS)


def test_a_program_that_ends_well(endings: Project) -> None:
    endings.run("up", "--yes", "--skip-preview")
    assert endings.run("stack", "output", "ended").strip() == "well"


def test_a_refusal_is_one_sentence(endings: Project) -> None:
    endings.run("config", "set", "ending", "refuse")
    told = endings.run("preview", fails=True)
    assert "error: environments/dev/access.yaml:1:1 is not what it should be." in told
    assert "Traceback" not in told


def test_a_bug_is_shown_with_its_place(endings: Project) -> None:
    endings.run("config", "set", "ending", "break")
    told = endings.run("preview", fails=True)
    assert "ValueError: a bug" in told
    assert "__main__.py" in told


def test_an_exit_code_is_told(endings: Project) -> None:
    endings.run("config", "set", "ending", "exit")
    assert "the program ended with exit code 3" in endings.run("preview", fails=True)


def test_nothing_outlives_a_killed_engine(endings: Project) -> None:
    endings.run("config", "set", "ending", "wait")
    process = endings.start("preview")
    assert process.stdout is not None
    while "waiting" not in process.stdout.readline():
        assert process.poll() is None
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    script = str(REPOSITORY / "tools" / "pulumi" / "language_host.py")
    while _running(script, sys.executable) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _running(script, sys.executable) == []


def _running(*words: str) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if all(word in line for word in words)]
