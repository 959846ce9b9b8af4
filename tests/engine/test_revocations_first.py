"""`ops up`: what an update takes away is gone before it waits for anybody."""

from __future__ import annotations

import subprocess
import sys

import pytest

from demo.checkout import REPOSITORY
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import ops
from tests.engine.prepared import configure

pytestmark = pytest.mark.engine

REVOKED = {
    ("444455556666", "ReadOnly", "AWS-Platform"),
    ("611111111111", "Deploy", "AWS-Developers"),
    ("622222222222", "Deploy", "AWS-Developers"),
}
LATE = ("611111111111", "ReadOnly", "AWS-Data")
_PATIENCE = 120.0


def _take_away_and_give(federation: Federation) -> None:
    """One target less, a group less, and a group that has not arrived yet."""
    access = federation.access
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    access["rules"].remove(federation.rule("developers-deploy"))
    del access["groups"]["developers"]
    access["groups"]["data"] = {"displayName": "AWS-Data"}
    access["rules"].append(
        {
            "id": "data",
            "owner": "platform@example.com",
            "group": "data",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-dev"}],
        }
    )
    federation.write_access()


def test_a_revocation_waits_for_nobody(federation: Federation) -> None:
    configure(federation, "waitMinutes", 10)
    _take_away_and_give(federation)
    sandbox = federation.sandbox
    sandbox.set_faults(
        {"kind": "error", "service": "scim", "operation": "CreateGroup", "times": None}
    )
    with subprocess.Popen(
        [sys.executable, "-m", "ops", "up", "-C", str(federation.folder), "--yes"],
        cwd=REPOSITORY,
        env=sandbox.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as update:
        printed = []
        assert update.stdout
        for line in update.stdout:
            printed.append(line)
            if "waiting for group AWS-Data (key data) to arrive" in line:
                break
        # The update waits, and will for minutes: what was taken away is gone already.
        assert federation.assignments() == ASSIGNMENTS - REVOKED, "".join(printed)
        sandbox.set_faults()
        printed += update.stdout
        assert update.wait(_PATIENCE) == 0, "".join(printed)
    assert "Revocations first: 3." in "".join(printed)
    assert federation.assignments() == ASSIGNMENTS - REVOKED | {LATE}
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code == 0


def test_a_failed_revocation_is_tried_again_and_told(federation: Federation) -> None:
    configure(federation, "aws:maxRetries", "1")
    # Without a program, the provider is as the last update had it.
    federation.stack.up()
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.write_access()
    federation.sandbox.set_faults(
        {
            "kind": "error",
            "service": "sso-admin",
            "operation": "DeleteAccountAssignment",
            "times": 1,
        }
    )
    done = ops(federation, "up", "--yes")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "A revocation failed" in done.stdout
    assert "the update has carried them out" in done.stdout
    assert ("444455556666", "ReadOnly", "AWS-Platform") not in federation.assignments()
    again = ops(federation, "up", "--yes")
    assert again.returncode == 0, again.stdout
    assert "Revocations first" not in again.stdout


def test_nobody_who_can_be_asked_means_nothing_is_changed(federation: Federation) -> None:
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.write_access()
    done = ops(federation, "up")
    assert done.returncode == 2
    assert "AWS-Platform (key platform) loses ReadOnly" in done.stdout
    assert "say --yes" in done.stderr
    assert federation.assignments() == ASSIGNMENTS
