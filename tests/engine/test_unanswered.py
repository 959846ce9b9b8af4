"""A boundary that can't be taken off to be replaced: told, and nothing waits for ever."""

from __future__ import annotations

import pytest

from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.picture import picture
from tests.engine.prepared import configure

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

REVOKED = ("444455556666", "ReadOnly", "AWS-Platform")


def test_a_boundary_that_cannot_be_taken_off_ends_the_update(federation: Federation) -> None:
    configure(federation, "aws:maxRetries", "1")
    deploy = federation.access["permissionSets"]["Deploy"]
    deploy["permissionsBoundary"] = {"managedPolicy": "PowerUserAccess"}
    deploy["managedPolicies"].append("SecurityAudit")
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.write_access()
    boundary = "DeletePermissionsBoundaryFromPermissionSet"
    federation.sandbox.set_faults({"kind": "error", "operation": boundary, "times": None})
    before = picture(federation)["permission sets"]["Deploy"]

    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    assert boundary in run.errors
    assert "Traceback" not in run.output
    # What the boundary bounds was not widened, and what was revoked is gone.
    assert picture(federation)["permission sets"]["Deploy"] == before
    assert federation.assignments() == ASSIGNMENTS - {REVOKED}

    federation.sandbox.set_faults()
    federation.stack.up()
    after = picture(federation)["permission sets"]["Deploy"]
    assert after["permissionsBoundary"] != before["permissionsBoundary"]
    assert len(after["managedPolicies"]) == 2
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code == 0
