"""Fixtures for every test."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests import leaks
from tests.support import Sandbox, start_sandbox, stop_sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The engine's tests first: they take longest, and both workers are busy to the end."""
    items.sort(key=lambda item: "engine" not in item.keywords)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox for the tests of one module, at its seed."""
    folder = tmp_path_factory.mktemp("sandbox")
    try:
        yield start_sandbox(folder)
    finally:
        stop_sandbox(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No test may print a secret, not even one that fails."""
    report = yield
    leaks.guard(report)
    return report
