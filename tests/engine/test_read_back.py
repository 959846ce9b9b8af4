"""What the azuread provider made and could not read back: told, and read by `ops recover`.

Such a resource has no update, and the engine asks for one at each run until it is read.
"""

from __future__ import annotations

import pytest

from tests.engine.federation import Federation
from tests.engine.operator import ops

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

MEMBER = "GroupMember group/migration/"
ASSIGNMENT = "AppRoleAssignment group/data"


def test_what_was_not_read_back_is_read_by_recover(federation: Federation) -> None:
    access = federation.access
    access["groups"]["migration"]["members"].append("bob@example.com")
    access["groups"]["data"] = {"displayName": "AWS-Data"}
    federation.write_access()
    # The program lists the members, and so does the provider before it adds one.
    member = {"kind": "lost", "operation": "GET /groups/*/members", "spared": 2}
    assignment = {"kind": "lost", "operation": "GET /servicePrincipals/*/appRoleAssignedTo/*"}
    federation.sandbox.control_entra("faults", {"faults": [member, assignment]})
    first = federation.stack.up(check=False)
    assert first.exit_code != 0
    assert [one["times"] for one in federation.sandbox.control_entra("faults")["faults"]] == [0, 0]

    second = federation.stack.up(check=False)
    assert second.errors.count("doesn't support update") == 2
    assert second.errors.count("python -m ops recover reads it again") == 1

    told = ops(federation, "recover")
    assert told.returncode == 1
    assert f"  made, and not read back: {MEMBER}" in told.stdout
    assert f"  made, and not read back: {ASSIGNMENT}" in told.stdout
    done = ops(federation, "recover", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"  read back: {MEMBER}" in done.stdout
    assert f"  read back: {ASSIGNMENT}" in done.stdout

    third = federation.stack.up()
    assert not {step.kind for step in third.changes} & {"GroupMember", "AppRoleAssignment"}
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code == 0
