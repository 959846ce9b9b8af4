"""Fixtures: an emulator of one's own on a free port, and a SCIM endpoint beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.clock import Clock
from sandbox.entra import Entra
from tests.sandbox.entra.clients import (
    CLIENT_ID,
    CLIENT_SECRET,
    App,
    Cloud,
    ScimStub,
    Served,
    new_app,
)


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[Cloud]:
    """One emulator for all tests of a process; `cloud` brings it back to the seed."""
    entra: list[Entra] = []
    server = Served(lambda environ, start: entra[0].wsgi(environ, start))
    clock = Clock()
    entra.append(
        Entra(
            clock=clock,
            base_url=server.url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )
    )
    yield Cloud(entra[0], clock, server.url)
    entra[0].close()
    server.close()


@pytest.fixture
def cloud(shared_cloud: Cloud) -> Cloud:
    """The emulator at its seed, called with all app roles."""
    shared_cloud.entra.reset()
    shared_cloud.act_as()
    return shared_cloud


@pytest.fixture
def app(cloud: Cloud) -> App:
    """An enterprise app made from the AWS template."""
    return new_app(cloud)


@pytest.fixture
def scim() -> Iterator[ScimStub]:
    """A SCIM endpoint; its address is `scim_url`."""
    yield ScimStub()


@pytest.fixture
def scim_url(scim: ScimStub) -> Iterator[str]:
    """The address of the SCIM endpoint."""
    server = Served(scim)
    yield server.url
    server.close()
