"""script/setup, with stand-ins for what it finds on PATH: each way to a CLI, each refusal."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from demo.checkout import REPOSITORY

TOOLS = (
    *("sh", "dirname", "cksum", "cat", "sed", "rm", "mkdir", "ln", "chmod"),
    *("tr", "uname", "tar", "gzip", "mv", "sha256sum"),
)
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
PLATFORMS = ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64")
SUMS = "tools/pulumi/SHA256SUMS"
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
        (self.checkout / "requirements-dev.txt").write_text("one==1\ntwo==1\n")
        (self.checkout / "sandbox").mkdir()
        (self.checkout / "sandbox" / "pyproject.toml").write_text("[project]\n")
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
    def pip_calls(self) -> list[str]:
        """The arguments with which packages were installed."""
        return [call for call in self._calls() if "--editable" not in call]

    @property
    def editable(self) -> list[str]:
        """The arguments with which the sandbox was installed from its folder."""
        return [call for call in self._calls() if "--editable" in call]

    def _calls(self) -> list[str]:
        calls = self.checkout / "pip.calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def offers_archive(self, version: str, *, pinned: str | None = None) -> None:
        """Let curl fetch a release of the CLI; what is pinned is its own SHA-256 by default."""
        release = self.checkout.parent / "release" / "pulumi"
        release.mkdir(parents=True)
        for name in ("pulumi", "pulumi-language-python"):
            (release / name).write_text(cli(version))
            (release / name).chmod(0o755)
        archive = release.parent / "archive.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(release, "pulumi")
        pinned = pinned or hashlib.sha256(archive.read_bytes()).hexdigest()
        lines = (f"{pinned}  pulumi-v3.259.0-{platform}.tar.gz\n" for platform in PLATFORMS)
        (self.checkout / "tools" / "pulumi" / "SHA256SUMS").write_text("".join(lines))
        get = f'while [ "$1" != -o ]; do shift; done\nexec cp \'{archive}\' "$2"\n'
        self.has("curl", f"#!/bin/sh\n{get}")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    shutil.copy(REPOSITORY / SUMS, made.checkout / SUMS)
    made.has("python3.11", PYTHON)
    made.has("cp", f'#!/bin/sh\nexec {shutil.which("cp")} "$@"\n')
    return made


def test_a_cli_on_path_is_used_and_nothing_is_done_twice(machine: Machine) -> None:
    machine.has("pulumi", cli("3.259.0"))
    first = machine.sets_up()
    assert "installing requirements-dev.txt" in first
    assert f"{machine.path}/pulumi (3.259.0)" in first
    assert (machine.checkout / LAST).resolve() == machine.path / "pulumi"
    second = machine.sets_up()
    assert second.splitlines() == [
        "python    Python 3.11.9",
        "packages  as locked in requirements-dev.txt",
        "pulumi    3.259.0",
    ]
    assert len(machine.pip_calls) == 1
    (sandbox,) = machine.editable
    assert "--no-deps --no-build-isolation --editable ./sandbox" in sandbox
    assert machine.sets_up("--quiet") == ""


def test_changed_requirements_are_installed_again(machine: Machine) -> None:
    machine.has("pulumi", cli("3.300.1"))
    machine.sets_up()
    (machine.checkout / "requirements-dev.txt").write_text("one==2\n")
    machine.sets_up()
    assert len(machine.pip_calls) == 2


def test_packages_are_wheels_with_hashes(machine: Machine) -> None:
    machine.has("pulumi", cli("3.259.0"))
    machine.sets_up()
    (call,) = machine.pip_calls
    assert "--require-hashes --only-binary :all: --requirement requirements-dev.txt" in call


def test_the_runtime_is_the_programs_packages_and_the_pinned_cli(machine: Machine) -> None:
    machine.has("pulumi", cli("3.300.1"))
    machine.offers_archive("3.259.0")
    machine.sets_up("--runtime", "--quiet")
    (call,) = machine.pip_calls
    assert "--require-hashes --only-binary :all: --requirement requirements.txt" in call
    assert not machine.editable
    assert not (machine.checkout / LAST).is_symlink()
    assert machine.sets_up("--runtime", "--quiet") == ""
    # Everything includes it: nothing is installed anew for it, and a CLI of PATH is not enough.
    machine.sets_up()
    machine.sets_up("--runtime")
    assert len(machine.pip_calls) == 2
    shutil.rmtree(machine.checkout / ".tools")
    machine.sets_up()
    assert (machine.checkout / LAST).is_symlink()
    assert "from its pinned archive" in machine.sets_up("--runtime")
    assert "no option --run" in machine.sets_up("--run", fails=True)


def test_an_old_cli_is_passed_over_for_the_archive(machine: Machine) -> None:
    machine.has("pulumi", cli("3.258.9"))
    machine.offers_archive("3.259.0")
    assert "3.259.0, from its pinned archive" in machine.sets_up()
    host = (machine.checkout / LAST).with_name("pulumi-language-python")
    assert host.read_text() == cli("3.259.0")


def test_another_archive_than_the_pinned_one_ends_it(machine: Machine) -> None:
    machine.offers_archive("3.259.0", pinned="0" * 64)
    machine.has("go", "#!/bin/sh\nexit 0\n")
    told = machine.sets_up(fails=True)
    assert "not the release that was reviewed" in told
    assert not (machine.checkout / LAST).exists()
    assert not list((machine.checkout / ".tools").rglob("*.tar.gz"))


def test_without_a_network_it_is_built_and_gets_a_language_host(machine: Machine) -> None:
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
    assert "script/setup: the locked packages could not be installed" in told
    (machine.checkout / "no-network").unlink()
    machine.sets_up()
    assert len(machine.pip_calls) == 2


@pytest.mark.skipif(Path("/usr/local/go/bin/go").exists(), reason="go is where setup looks for it")
def test_no_way_to_a_cli_is_told(machine: Machine) -> None:
    told = machine.sets_up(fails=True)
    assert "there is no Pulumi CLI 3.259.0 on PATH" in told
    assert "no go to build it with" in told
