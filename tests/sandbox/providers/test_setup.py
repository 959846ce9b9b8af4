"""script/setup, with stand-ins for what it finds on PATH: each way to a CLI, each refusal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.folder import REPOSITORY

TOOLS = ("sh", "dirname", "cksum", "cat", "sed", "rm", "mkdir", "ln", "chmod")
# The stand-in knows the options of `-m venv` and `-m pip`, and can be told to fail at the latter.
PYTHON = f"""#!/bin/sh
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *pip\\ install*) echo "$@" >>pip.calls; [ ! -e no-network ] || exit 1 ;;
    *--version*) echo "Python 3.11.9" ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
OLD_PYTHON = "#!/bin/sh\nexit 1\n"
LAST = ".tools/pulumi/bin/pulumi"


def cli(version: str) -> str:
    return f'#!/bin/sh\n[ "$1" = version ] && echo v{version}\n'


class Machine:
    """A checkout and a PATH of one's own."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "check out"
        self.path = folder / "bin"
        self.path.mkdir()
        (self.checkout / "script").mkdir(parents=True)
        shutil.copy(REPOSITORY / "script" / "setup", self.checkout / "script" / "setup")
        (self.checkout / "tools" / "pulumi").mkdir(parents=True)
        (self.checkout / "requirements.txt").write_text("one==1\n")
        (self.checkout / "constraints.txt").write_text("one==1\n")
        for tool in TOOLS:
            (self.path / tool).symlink_to(str(shutil.which(tool)))

    def has(self, name: str, script: str) -> None:
        """Put an executable on PATH."""
        program = self.path / name
        program.write_text(script)
        program.chmod(0o755)

    def sets_up(self, *arguments: str, fails: bool = False) -> str:
        """Run it; what it says, errors included."""
        done = subprocess.run(
            [self.checkout / "script" / "setup", *arguments],
            env={"PATH": str(self.path), "HOME": os.environ.get("HOME", "/")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stdout
        return done.stdout

    @property
    def pip_calls(self) -> int:
        """How often packages were installed."""
        calls = self.checkout / "pip.calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.has("python3.11", PYTHON)
    made.has("cp", f'#!/bin/sh\nexec {shutil.which("cp")} "$@"\n')
    return made


def test_a_cli_on_path_is_used_and_nothing_is_done_twice(machine: Machine) -> None:
    machine.has("pulumi", cli("3.259.0"))
    first = machine.sets_up()
    assert "installing requirements.txt" in first
    assert f"{machine.path}/pulumi (3.259.0)" in first
    assert (machine.checkout / LAST).resolve() == machine.path / "pulumi"
    second = machine.sets_up()
    assert second.splitlines() == [
        "python    Python 3.11.9",
        "packages  as pinned in requirements.txt",
        "pulumi    3.259.0",
    ]
    assert machine.pip_calls == 1
    assert machine.sets_up("--quiet") == ""


def test_changed_requirements_are_installed_again(machine: Machine) -> None:
    machine.has("pulumi", cli("3.300.1"))
    machine.sets_up()
    (machine.checkout / "requirements.txt").write_text("one==2\n")
    machine.sets_up()
    assert machine.pip_calls == 2


def test_an_old_cli_is_passed_over_for_the_installer(machine: Machine) -> None:
    machine.has("pulumi", cli("3.258.9"))
    installer = (
        "#!/bin/sh\n"
        'while [ "$1" != --install-root ]; do shift; done\n'
        'mkdir -p "$2/bin"\n'
        f"cat >\"$2/bin/pulumi\" <<'END'\n{cli('3.259.0')}END\n"
        'chmod +x "$2/bin/pulumi"\n'
    )
    (machine.checkout / "installer").write_text(installer)
    fetch = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncat installer >"$2"\n'
    machine.has("curl", fetch)
    assert "3.259.0, from its official installer" in machine.sets_up()
    assert not (machine.checkout / LAST).with_name("pulumi-language-python").exists()


def test_without_an_installer_it_is_built_and_gets_a_language_host(machine: Machine) -> None:
    machine.has("curl", "#!/bin/sh\nexit 6\n")
    build = (
        "#!/bin/sh\n"
        'case "$*" in *version.Version=v3.259.0*) ;; *) exit 1 ;; esac\n'
        'while [ "$1" != -o ]; do shift; done\n'
        f"cat >\"$2\" <<'END'\n{cli('3.259.0')}END\n"
        'chmod +x "$2"\n'
    )
    machine.has("go", build)
    assert "3.259.0, built from its Go module" in machine.sets_up()
    host = (machine.checkout / LAST).with_name("pulumi-language-python")
    assert os.access(host, os.X_OK)
    assert f"'{machine.checkout}/tools/pulumi/language_host.py'" in host.read_text()


def test_a_cli_that_went_away_is_replaced(machine: Machine) -> None:
    machine.has("pulumi", cli("3.259.0"))
    machine.sets_up()
    (machine.path / "pulumi").unlink()
    machine.has("go", "#!/bin/sh\nexit 1\n")
    assert "could not be built" in machine.sets_up(fails=True)


def test_no_python_is_told(machine: Machine) -> None:
    (machine.path / "python3.11").unlink()
    machine.has("python3", OLD_PYTHON)
    assert machine.sets_up(fails=True) == (
        "script/setup: there is no Python 3.11 or newer on PATH: install one and run this again.\n"
    )


def test_no_network_for_the_packages_is_told_and_tried_again(machine: Machine) -> None:
    machine.has("pulumi", cli("3.259.0"))
    (machine.checkout / "no-network").touch()
    told = machine.sets_up(fails=True)
    assert "script/setup: the pinned packages could not be installed" in told
    (machine.checkout / "no-network").unlink()
    machine.sets_up()
    assert machine.pip_calls == 2


@pytest.mark.skipif(Path("/usr/local/go/bin/go").exists(), reason="go is where setup looks for it")
def test_no_way_to_a_cli_is_told(machine: Machine) -> None:
    told = machine.sets_up(fails=True)
    assert "there is no Pulumi CLI 3.259.0 on PATH" in told
    assert "no go to build it with" in told
