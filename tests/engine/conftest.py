"""A federation on the real engine, shared by the tests of one worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_aws_sandbox.testing import start_sandbox, stop_sandbox
from tests.engine.federation import Federation
from tests.engine.prepared import Prepared


@pytest.fixture(scope="session")
def in_access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A federation in phase access, made once for all modules that a worker runs."""
    folder = tmp_path_factory.mktemp("sandbox")
    try:
        federation = Federation.create(start_sandbox(folder), tmp_path_factory.mktemp("stack"))
        federation.reach_access()
        yield Prepared.keep(federation, tmp_path_factory.mktemp("kept") / "access")
    finally:
        stop_sandbox(folder)


@pytest.fixture
def federation(in_access: Prepared) -> Federation:
    """A federation in phase access, exactly as ACCESS declares it, for one test."""
    return in_access.restore()
