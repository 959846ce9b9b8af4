"""A Graph that answers as a test says, and the engine's side of the azuread double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_aws_sandbox.certificates import server_context
from entra_aws_sandbox.providers import azuread
from entra_aws_sandbox.providers.azuread import graph as client
from sandbox_tests.providers.azuread.calls import TENANT, Graph
from sandbox_tests.providers.support import (
    Engine,
    listening,
    serving_provider,
)


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    recorder = Graph()
    tls = server_context(tmp_path / "ca.pem", tmp_path)
    with listening(recorder) as port, listening(recorder, tls) as secure_port:
        recorder.port = port
        environment = {
            "ARM_METADATA_HOSTNAME": f"127.0.0.1:{secure_port}",
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            "ARM_TENANT_ID": TENANT,
            "ARM_CLIENT_ID": "id",
            "ARM_CLIENT_SECRET": "not told to anybody",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(client, "POLL_INTERVAL", 0.0)
        monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
        yield recorder


@pytest.fixture
def engine(graph: Graph) -> Iterator[Engine]:
    with serving_provider(azuread.connect) as connected:
        connected.configure("azuread")
        assert graph.take() == []
        yield connected
