"""Fixtures for every test."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests import leaks
from tests.engine.federation import Federation
from tests.engine.prepared import Prepared
from tests.support import Sandbox, start_sandbox, stop_sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that all workers are busy to the end."""
    items.sort(key=lambda item: ("exhaustive" not in item.keywords, "engine" not in item.keywords))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox for the tests of one module, at its seed."""
    folder = tmp_path_factory.mktemp("sandbox")
    try:
        yield start_sandbox(folder)
    finally:
        stop_sandbox(folder)


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No test may print a secret, not even one that fails."""
    report = yield
    leaks.guard(report)
    return report
