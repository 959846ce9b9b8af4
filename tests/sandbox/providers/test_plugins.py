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

from sandbox import providers

START_SECONDS = 5.0  # a generous bound: other tests run beside this one
GONE_SECONDS = 5.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "pulumi home"
    providers.install(folder, sys.executable)
    return folder


@contextmanager
def an_engine() -> Iterator[str]:
    """An address where something listens, as the engine does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def plugin_of(home: Path, name: str) -> Path:
    folder = home / "plugins" / f"resource-{name}-v{providers.VERSIONS[name]}"
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


@pytest.mark.parametrize("name", sorted(providers.VERSIONS))
def test_a_plugin_serves_and_leaves_quietly_on_an_interrupt(home: Path, name: str) -> None:
    with an_engine() as address, started(home, name, address) as process:
        with grpc.insecure_channel(f"127.0.0.1:{port_of(process)}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            info = stub.GetPluginInfo(empty_pb2.Empty(), timeout=START_SECONDS)
        assert info.version == providers.VERSIONS[name]
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
    assert providers.installed(home)
    before = plugin_of(home, "aws").read_text()
    providers.install(home, sys.executable)
    assert plugin_of(home, "aws").read_text() == before


def test_real_plugins_take_the_place_of_the_doubles(home: Path, tmp_path: Path) -> None:
    person = tmp_path / "person"
    assert not providers.link_real(home, person)
    for name in providers.VERSIONS:
        plugin = plugin_of(person, name)
        plugin.parent.mkdir(parents=True)
        plugin.write_text("the real one")
    assert providers.link_real(home, person)
    assert plugin_of(home, "aws").read_text() == "the real one"
    providers.install(home, sys.executable)
    assert plugin_of(home, "aws").read_text() != "the real one"
    assert plugin_of(person, "aws").read_text() == "the real one"


def test_one_real_plugin_alone_is_not_used(home: Path, tmp_path: Path) -> None:
    person = tmp_path / "person"
    plugin = plugin_of(person, "aws")
    plugin.parent.mkdir(parents=True)
    plugin.write_text("the real one")
    assert not providers.link_real(home, person)
    assert plugin_of(home, "aws").read_text() != "the real one"
