"""Fixtures for every test."""

from __future__ import annotations

import pytest

from entra_aws_sandbox.testing.fixtures import pytest_runtest_makereport, sandbox

__all__ = ["pytest_runtest_makereport", "sandbox"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that all workers are busy to the end."""
    items.sort(key=lambda item: ("exhaustive" not in item.keywords, "engine" not in item.keywords))
