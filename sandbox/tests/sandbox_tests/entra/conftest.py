"""Fixtures: an emulator of one's own on a free port, and a SCIM endpoint beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.entra import Entra
from sandbox_tests.entra.clients import (
    CLIENT_ID,
    CLIENT_SECRET,
    App,
    Cloud,
    ScimStub,
    Served,
    new_app,
)


@pytest.fixture(scope="session")
def listener() -> Iterator[Served]:
    """One listener for all tests of a process."""
    server = Served()
    yield server
    server.close()


@pytest.fixture
def cloud(listener: Served) -> Iterator[Cloud]:
    """An emulator at its seed with a watch of its own, called with all app roles."""
    clock = Clock()
    entra = Entra(
        clock=clock, base_url=listener.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    listener.app = entra.wsgi
    fresh = Cloud(entra, clock, listener.url)
    fresh.act_as()
    yield fresh
    entra.close()


@pytest.fixture
def app(cloud: Cloud) -> App:
    """An enterprise app made from the AWS template."""
    return new_app(cloud)


@pytest.fixture
def scim() -> ScimStub:
    """A SCIM endpoint; its address is `scim_url`."""
    return ScimStub()


@pytest.fixture
def scim_url(scim: ScimStub) -> Iterator[str]:
    """The address of the SCIM endpoint."""
    server = Served()
    server.app = scim
    yield server.url
    server.close()
