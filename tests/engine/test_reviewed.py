"""Only what was reviewed is applied, and the program itself sees to it, on the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo.stack import STACK
from entra_aws_sandbox.pulumi import PulumiStack, Run
from federation.update.desired_state import REVIEWED_VARIABLE
from tests.engine.federation import Federation
from tests.engine.operator import ops

pytestmark = pytest.mark.engine


def reviewed_hash(federation: Federation) -> str:
    """The hash of a fresh access diff, as a reviewer has it."""
    diff: dict[str, Any] = json.loads(ops(federation, "diff", "--format", "json").stdout)
    return str(diff["desiredState"]["hash"])


def up(federation: Federation, reviewed: str) -> Run:
    """An update that is held to a reviewed hash."""
    environment = federation.stack.environment | {REVIEWED_VARIABLE: reviewed}
    return PulumiStack(federation.folder, environment, stack=STACK).up(check=False)


def widen(access: dict[str, Any]) -> None:
    """What changes no assignment: no boundary, other policies, one member more."""
    deploy = access["permissionSets"]["Deploy"]
    del deploy["permissionsBoundary"]
    deploy["managedPolicies"] = ["AdministratorAccess-Amplify"]
    deploy["inlinePolicy"]["Statement"][0]["NotAction"] = "iam:CreateUser"
    del deploy["inlinePolicy"]["Statement"][0]["Action"]
    access["groups"]["migration"]["members"].append("bob@example.com")


def test_the_hash_of_no_changes_lets_no_change_through(federation: Federation) -> None:
    nothing = reviewed_hash(federation)
    federation.change_access(widen)
    widened = up(federation, nothing)
    assert widened.changes == []
    assert "this is not the reviewed update" in widened.errors
    assert "Traceback" not in widened.output
    accepted = up(federation, reviewed_hash(federation))
    assert accepted.exit_code == 0, accepted.output
    assert "ManagedPolicyAttachment" in {step.kind for step in accepted.changes}


def test_another_object_behind_a_reviewed_name_is_another_update(federation: Federation) -> None:
    federation.access["groups"]["data"] = {"displayName": "AWS-Data"}
    federation.write_access()
    reviewed = reviewed_hash(federation)
    ids = {one["displayName"]: one["id"] for one in federation.sandbox.graph.all("/v1.0/groups")}
    rename(federation, ids["AWS-Data"], "AWS-Data before")
    rename(federation, ids["AWS-Security-Audit"], "AWS-Data")
    swapped = up(federation, reviewed)
    assert swapped.changes == []
    assert "this is not the reviewed update" in swapped.errors


def rename(federation: Federation, group: str, name: str) -> None:
    """Rename a group as a directory administrator does."""
    federation.sandbox.graph.call("PATCH", f"/v1.0/groups/{group}", {"displayName": name})


def test_a_stack_that_requires_review_refuses_a_plain_up(federation: Federation) -> None:
    federation.stack.set_config("requireReviewed", "true")
    refused = federation.stack.up(check=False)
    assert refused.changes == []
    assert "applies only what was reviewed" in refused.errors
    assert federation.stack.preview().exit_code == 0
    assert up(federation, reviewed_hash(federation)).exit_code == 0
