"""Fixtures for every test."""

from __future__ import annotations

import pytest

from entra_aws_sandbox.environment import find_pulumi
from entra_aws_sandbox.testing.fixtures import pytest_runtest_makereport, sandbox

__all__ = ["pytest_runtest_makereport", "sandbox"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the Pulumi CLI, what needs it is skipped."""
    if find_pulumi() is None:
        skipped = pytest.mark.skip(reason="there is no Pulumi CLI on PATH or beside Python")
        for item in items:
            if "engine" in item.keywords:
                item.add_marker(skipped)
