"""Fixtures of pytest: import them into a ``conftest.py``."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from entra_aws_sandbox.testing import Sandbox, leaks, start_sandbox, stop_sandbox

__all__ = ["pytest_runtest_makereport", "sandbox"]


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
