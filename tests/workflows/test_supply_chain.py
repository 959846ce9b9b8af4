"""What is installed: locked, with hashes; beside an identity only what the program needs."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from demo.checkout import REPOSITORY
from tests.workflows.hub import Hub, run_script

RUNTIME, EVERYTHING = "requirements.txt", "requirements-dev.txt"
# What runs where a job can get a token; sandbox, demo, tests and bench never do.
PROGRAM = (
    *("__main__.py", "program", "components", "clouds", "federation", "ops", "policy", "script/ci"),
)
OWN = {"clouds", "components", "federation", "ops", "policy", "program", "base"}
PLUGINS = ("aws", "azuread")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lock(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes by package."""
    found = {}
    text = re.sub(r"(?m)^\s*#.*\n", "", (REPOSITORY / name).read_text()).replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip():
            continue
        package, *hashes = line.split()
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", package)
        assert match, f"{name}: {line}"
        digests = frozenset(word.removeprefix("--hash=sha256:") for word in hashes)
        assert digests, package
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests), package
        found[canonical(match[1])] = (match[2], digests)
    return found


def wanted(name: str) -> dict[str, str]:
    """Version by package, as people write them."""
    lines = re.findall(r"(?m)^([\w.-]+)==(\S+)$", (REPOSITORY / name).read_text())
    return {canonical(package): version for package, version in lines}


@pytest.mark.parametrize(
    ("source", "name"), [("requirements.in", RUNTIME), ("requirements-dev.in", EVERYTHING)]
)
def test_every_package_is_locked_with_hashes(source: str, name: str) -> None:
    locked = {package: version for package, (version, _) in lock(name).items()}
    assert wanted(source).items() <= locked.items()
    text = (REPOSITORY / name).read_text()
    # A host or a folder of whoever wrote the lock would be asked by everybody.
    assert not re.search(r"://|^\s*-(?!-hash)|find-links|index-url", text, re.MULTILINE)


def test_the_sandbox_asks_for_what_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "sandbox" / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["build-system"]["requires"]
    asked += project["project"]["optional-dependencies"]["test"]
    versions = {package: version for package, (version, _) in lock(EVERYTHING).items()}
    for requirement in asked:
        package, _, version = requirement.partition("==")
        assert versions[canonical(package)] == version, requirement


def test_everything_holds_the_runtime_as_it_is() -> None:
    assert lock(RUNTIME).items() <= lock(EVERYTHING).items()


def test_the_runtime_is_what_the_program_imports_and_nothing_of_the_sandbox() -> None:
    places = [REPOSITORY / place for place in PROGRAM]
    files = [file for place in places for file in (place, *place.rglob("*.py")) if file.is_file()]
    assert len(files) > 50
    modules = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).partition(".")[0])
    assert not modules & {"entra_aws_sandbox", "demo", "tests", "bench"}
    installed = packages_distributions()
    foreign = modules - OWN - set(sys.stdlib_module_names)
    runtime = lock(RUNTIME)
    for module in sorted(foreign):
        assert {canonical(one) for one in installed[module]} & runtime.keys(), module
    # azure-identity signs with it; the sandbox makes certificates.
    assert runtime.keys() & wanted("requirements-dev.in").keys() == {"cryptography"}


def test_the_cli_is_pinned_for_every_platform() -> None:
    setup = (REPOSITORY / "script/setup").read_text()
    version = re.search(r"(?m)^version=(\S+)", setup)
    assert version
    go = (REPOSITORY / "tools/pulumi/go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{version[1]}" in go
    sums = (REPOSITORY / "tools/pulumi/SHA256SUMS").read_text().splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{64}  [\w.-]+\.tar\.gz", line) for line in sums)
    names = {line.split()[1] for line in sums}
    for platform in ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"):
        assert f"pulumi-v{version[1]}-{platform}.tar.gz" in names


def archive(name: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        entry = tarfile.TarInfo(f"pulumi-resource-{name}")
        entry.mode, script = 0o755, b"#!/bin/sh\n"
        entry.size = len(script)
        tar.addfile(entry, io.BytesIO(script))
    return content.getvalue()


@pytest.mark.engine
def test_a_plugin_is_installed_by_its_checksum_or_not_at_all(tmp_path: Path) -> None:
    hub, sums, home = Hub.create(tmp_path / "hub"), tmp_path / "SHA256SUMS", tmp_path / "home"
    versions = {name: lock(RUNTIME)[f"pulumi-{name}"][0] for name in PLUGINS}
    curl = hub.folder / "bin" / "curl"
    curl.write_text(
        '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n'
        f'name=${{3##*/pulumi-resource-}}; exec cp "{tmp_path}/${{name%%-*}}" "$2"\n'
    )
    curl.chmod(0o755)
    for name in PLUGINS:
        (tmp_path / name).write_bytes(archive(name))
    lines = [
        f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  "
        f"pulumi-resource-{name}-v{versions[name]}-{system}-{machine}.tar.gz\n"
        for name in PLUGINS
        for system in ("linux", "darwin")
        for machine in ("amd64", "arm64")
    ]

    def install() -> tuple[int, str]:
        environment = hub.environment(PLUGIN_SUMS=str(sums), PULUMI_HOME=str(home))
        run = run_script("plugins.sh", environment=environment)
        return run.returncode, run.stderr

    def plugins() -> set[str]:
        return {path.name for path in (home / "plugins").glob("resource-*") if path.is_dir()}

    sums.write_text("".join(lines[:4]))
    code, told = install()
    assert code == 1
    assert f"no line about pulumi-resource-azuread-v{versions['azuread']}-" in told
    assert plugins() == {f"resource-aws-v{versions['aws']}"}
    sums.write_text("".join(lines))
    genuine = (tmp_path / "azuread").read_bytes()
    (tmp_path / "azuread").write_bytes(archive("another"))
    code, told = install()
    assert code == 1
    assert "it was not installed" in told
    assert plugins() == {f"resource-aws-v{versions['aws']}"}
    (tmp_path / "azuread").write_bytes(genuine)
    assert install()[0] == 0
    assert plugins() == {f"resource-{name}-v{version}" for name, version in versions.items()}


def test_a_maintainer_writes_the_checksums_of_plugins_down(tmp_path: Path) -> None:
    """What was reviewed stays, what is gone goes, and what is new is what was downloaded."""
    hub, sums = Hub.create(tmp_path / "hub"), tmp_path / "SHA256SUMS"
    versions = {name: lock(RUNTIME)[f"pulumi-{name}"][0] for name in PLUGINS}
    curl = hub.folder / "bin" / "curl"
    curl.write_text(
        '#!/bin/sh\n[ ! -e no-network ] || exit 6\nwhile [ "$1" != -o ]; do shift; done\n'
        'printf "%s" "${3##*/}" >"$2"\n'
    )
    curl.chmod(0o755)
    cli = f"{'a' * 64}  pulumi-v3.259.0-linux-x64.tar.gz\n"
    reviewed = f"{'b' * 64}  pulumi-resource-aws-v{versions['aws']}-linux-amd64.tar.gz\n"
    before = f"{'c' * 64}  pulumi-resource-aws-v1.2.3-linux-amd64.tar.gz\n{cli}{reviewed}"
    sums.write_text(before)

    def write_down() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [REPOSITORY / "script" / "plugin-sums"],
            env=hub.environment(PLUGIN_SUMS=str(sums)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    (tmp_path / "no-network").touch()
    failed = write_down()
    assert failed.returncode == 1
    assert "SHA256SUMS stays as it was" in failed.stderr
    assert sums.read_text() == before
    (tmp_path / "no-network").unlink()
    shown = write_down().stdout
    names = [
        f"pulumi-resource-{name}-v{versions[name]}-{system}-{machine}.tar.gz"
        for name in PLUGINS
        for system in ("linux", "darwin")
        for machine in ("amd64", "arm64")
    ]
    new = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in names[1:]]
    assert sums.read_text() == cli + reviewed + "".join(new)
    assert all(line in shown for line in new)
    assert reviewed not in shown
    write_down()
    assert sums.read_text() == cli + reviewed + "".join(new)
