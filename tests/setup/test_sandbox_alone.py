"""The sandbox is a project of its own: its folder, copied elsewhere, installs and works alone."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import venv
from pathlib import Path

import pytest

from demo.checkout import REPOSITORY

pytestmark = pytest.mark.exhaustive

# Asks both clouds, with nothing of this repository at hand.
ASK = """
import importlib.util, os
from entra_aws_sandbox.admin import AwsAdmin, GraphAdmin
for name in ("federation", "clouds", "components", "program", "ops", "demo", "tests"):
    assert importlib.util.find_spec(name) is None, name
print(len(AwsAdmin(os.environ).organizations.list_roots()["Roots"]))
print(len(list(GraphAdmin(os.environ).all("/v1.0/groups"))))
"""


class Elsewhere:
    """A copy of the sandbox's folder, and an environment that sees the locked packages besides."""

    def __init__(self, folder: Path) -> None:
        self.copy = folder / "copy"
        shutil.copytree(
            REPOSITORY / "sandbox",
            self.copy,
            ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__"),
        )
        self._bin = folder / "venv" / "bin"
        venv.create(folder / "venv", symlinks=True)
        (own,) = (folder / "venv").glob("lib/python*/site-packages")
        # Plain paths, so that no .pth of the locked packages leads back to this repository.
        locked = [path for path in site.getsitepackages() if Path(path).is_dir()]
        (own / "locked.pth").write_text("\n".join(locked))
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PATH": os.pathsep.join([str(self._bin), "/usr/bin", "/bin"]),
            "SANDBOX_DIR": str(folder / "files"),
            "SANDBOX_PROVIDERS": "double",
        }

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment in the copy; what it prints."""
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.copy,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_a_copy_of_its_folder_installs_serves_and_passes_its_tests(tmp_path: Path) -> None:
    elsewhere = Elsewhere(tmp_path)
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    elsewhere.run("python", *pip, "--ignore-installed", str(elsewhere.copy))
    place = elsewhere.run("python", "-c", "import entra_aws_sandbox; print(entra_aws_sandbox)")
    assert str(tmp_path) in place
    try:
        said = elsewhere.run("entra-aws-sandbox", "start", "--owner", str(os.getpid()))
        assert "The sandbox runs." in said
        lines = elsewhere.run("entra-aws-sandbox", "env")
        asked = subprocess.run(
            ["sh", "-c", f'{lines}\nexec python -c "$ASK"'],
            cwd=tmp_path,
            env={**elsewhere.environment, "ASK": ASK},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert asked.stdout.split() == ["1", "8"], asked.stderr
    finally:
        assert "stopped" in elsewhere.run("entra-aws-sandbox", "stop")
    part = "tests/sandbox_tests/core/test_faults.py"
    said = elsewhere.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", part)
    assert " passed" in said
