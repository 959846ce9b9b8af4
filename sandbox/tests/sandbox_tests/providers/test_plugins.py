"""The plugins as processes, and where they are put."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.providers import VERSIONS, plugins

START_SECONDS = 5.0  # a generous bound: other tests run beside this one
GONE_SECONDS = 5.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "pulumi home"
    plugins.install(folder, plugins.parse("double"))
    return folder


@contextmanager
def an_engine() -> Iterator[str]:
    """An address where something listens, as the engine does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def plugin_of(home: Path, name: str) -> Path:
    folder = home / "plugins" / f"resource-{name}-v{VERSIONS[name]}"
    return folder / f"pulumi-resource-{name}"


@contextmanager
def started(home: Path, name: str, address: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [plugin_of(home, name), "--logtostderr", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.mark.parametrize("name", sorted(VERSIONS))
def test_a_plugin_serves_and_leaves_quietly_on_an_interrupt(home: Path, name: str) -> None:
    with an_engine() as address, started(home, name, address) as process:
        with grpc.insecure_channel(f"127.0.0.1:{port_of(process)}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            info = stub.GetPluginInfo(empty_pb2.Empty(), timeout=START_SECONDS)
        assert info.version == VERSIONS[name]
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=GONE_SECONDS)
        assert time.monotonic() - before < 1
        assert process.returncode == 0
        assert errors == ""


def test_a_plugin_does_not_outlive_an_engine_that_was_killed(home: Path) -> None:
    parent = (
        "import subprocess, sys, time\n"
        "plugin = subprocess.Popen(sys.argv[1:])\n"
        "print(plugin.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with an_engine() as address:
        command = [sys.executable, "-c", parent, str(plugin_of(home, "aws")), address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine:
            assert engine.stdout is not None
            pid = int(engine.stdout.readline())
            port = int(engine.stdout.readline())
            engine.kill()
        assert gone(pid, port)


def test_a_plugin_does_not_start_for_an_engine_that_is_gone(home: Path) -> None:
    with an_engine() as address:
        pass
    with started(home, "azuread", address) as process:
        process.communicate(timeout=START_SECONDS)
        assert process.returncode == 0


def gone(pid: int, port: int) -> bool:
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)):
                return True
        time.sleep(0.1)
    return False


def test_a_person_who_starts_a_plugin_is_told_what_it_is(home: Path) -> None:
    alone = subprocess.run(
        [plugin_of(home, "aws")], capture_output=True, text=True, timeout=30, check=False
    )
    assert alone.returncode == 1
    assert alone.stderr == "these plugins are started by the Pulumi engine, with its address\n"


def test_installing_twice_is_the_same_as_once(home: Path) -> None:
    before = plugin_of(home, "aws").read_text()
    assert plugins.install(home, plugins.parse("double")) == dict.fromkeys(VERSIONS, "double")
    assert plugin_of(home, "aws").read_text() == before


def real(person: Path, *names: str) -> None:
    """Files where the CLI installs plugins of these packages for a person."""
    for name in names:
        plugin = plugin_of(person, name)
        plugin.parent.mkdir(parents=True)
        plugin.write_text("the real one")


def are_real(home: Path) -> set[str]:
    return {name for name in VERSIONS if plugin_of(home, name).read_text() == "the real one"}


@pytest.mark.parametrize(
    ("installed", "asked", "expected"),
    [
        ("", "auto", ""),
        ("aws", "auto", "aws"),
        ("aws azuread", "auto", "aws azuread"),
        ("aws azuread", "double", ""),
        ("aws azuread", "real", "aws azuread"),
        ("aws azuread", "azuread=real,aws=double", "azuread"),
        ("azuread", " azuread = real ", "azuread"),
        ("aws azuread", "azuread=double", "aws"),
    ],
)
def test_each_plugin_is_real_or_a_double_by_itself(
    home: Path, tmp_path: Path, installed: str, asked: str, expected: str
) -> None:
    person = tmp_path / "person"
    real(person, *installed.split())
    kinds = plugins.install(home, plugins.parse(asked), person)
    assert are_real(home) == set(expected.split())
    assert {name for name, kind in kinds.items() if kind == "real"} == are_real(home)
    assert plugins.is_as_wanted(plugins.shown(kinds), plugins.parse(asked))
    # And back: what a person has installed stays as it is.
    plugins.install(home, plugins.parse("double"), person)
    assert are_real(home) == set()
    assert all(plugin_of(person, name).read_text() == "the real one" for name in installed.split())


def test_what_runs_is_said_of_each(home: Path, tmp_path: Path) -> None:
    real(tmp_path / "person", "azuread")
    kinds = plugins.install(home, plugins.parse("auto"), tmp_path / "person")
    assert plugins.shown(kinds) == "aws=double, azuread=real"
    assert not plugins.is_as_wanted("aws=double, azuread=real", plugins.parse("real"))
    assert not plugins.is_as_wanted("aws=double, azuread=real", plugins.parse("azuread=double"))


def test_a_real_plugin_that_is_missing_is_named_with_the_command(
    home: Path, tmp_path: Path
) -> None:
    person = tmp_path / "person"
    real(person, "aws")
    with pytest.raises(SandboxError) as refused:
        plugins.install(home, plugins.parse("real"), person)
    assert "no real plugin of azuread" in str(refused.value)
    assert "pulumi plugin install resource azuread 6.11.1" in str(refused.value)
    assert "resource aws" not in str(refused.value)
    assert are_real(home) == set()


def test_a_plugin_whose_installation_did_not_end_is_none(home: Path, tmp_path: Path) -> None:
    person = tmp_path / "person"
    real(person, "aws")
    plugin_of(person, "aws").parent.with_name(f"resource-aws-v{VERSIONS['aws']}.partial").touch()
    assert plugins.install(home, plugins.parse("auto"), person)["aws"] == "double"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("fake", "can't be 'fake'"),
        ("", "can't be ''"),
        ("aws=fake", "can't be 'fake'"),
        ("aws=real,", "no provider plugin ''"),
        ("gcp=real", "no provider plugin 'gcp'"),
        ("aws=real,aws=double", "names aws twice"),
        ("a\x1b[2Jws=real", r"no provider plugin 'a\x1b[2Jws'"),
    ],
)
def test_what_can_not_be_understood_is_refused_in_a_sentence(asked: str, told: str) -> None:
    with pytest.raises(SandboxError) as refused:
        plugins.parse(asked)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
