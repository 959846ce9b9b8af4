"""Principals that come late, never, or as somebody else; calls that fail: nothing is lost."""

from __future__ import annotations

import json

import pytest

from tests.engine.federation import (
    ASSIGNMENT,
    ASSIGNMENTS,
    Federation,
    assert_before,
    changed,
    of_kind,
)

pytestmark = pytest.mark.engine

OLD_ASSIGNMENT = ("444455556666", "ReadOnly", "AWS-Platform")
NEW_ASSIGNMENT = ("822222222222", "Deploy", "AWS-Developers")
LOST_ASSIGNMENT = ("622222222222", "ReadOnly", "AWS-Platform")


def add_group(federation: Federation, key: str, name: str) -> tuple[str, str, str]:
    """Declare a group that has not been provisioned yet, with one assignment; returns the
    assignment.
    """
    federation.access["groups"][key] = {"displayName": name}
    federation.access["rules"].append(
        {
            "id": key,
            "owner": "platform@example.com",
            "group": key,
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-dev"}],
        }
    )
    federation.write_access()
    return ("611111111111", "ReadOnly", name)


def take_web_dev(federation: Federation) -> None:
    """Revoke one assignment."""
    federation.rule("platform-look")["except"] = [{"accountName": "web-dev"}]
    federation.write_access()


def swap_assignments(federation: Federation) -> None:
    """Grant NEW_ASSIGNMENT and revoke OLD_ASSIGNMENT."""
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.rule("developers-deploy")["targets"].append({"accountName": "team-sandbox-2"})
    federation.write_access()


def test_a_group_that_comes_late_gets_its_assignments_in_the_same_update(
    federation: Federation,
) -> None:
    federation.sandbox.set_faults(
        {"kind": "error", "service": "scim", "operation": "CreateGroup", "times": 1}
    )
    assignment = add_group(federation, "billing", "AWS-Billing")
    federation.stack.up()
    assert federation.stack.outputs()["held"] == []
    assert federation.assignments() == ASSIGNMENTS | {assignment}


def test_a_group_that_never_comes_is_held_and_blocks_nothing(federation: Federation) -> None:
    federation.sandbox.set_faults(
        {"kind": "error", "service": "scim", "operation": "CreateGroup", "times": None}
    )
    federation.stack.set_config("provisioning.waitMinutes", "0.05")
    assignment = add_group(federation, "data", "AWS-Data")
    take_web_dev(federation)
    run = federation.stack.up()
    (held,) = federation.stack.outputs()["held"]
    assert (held["principal"], held["name"]) == ("data", "AWS-Data")
    assert held["assignments"] == ["ReadOnly/group/data/611111111111"]
    assert held["reason"]
    assert 'assignment of group "AWS-Data (key data)" held: ' in run.output
    assert federation.assignments() == ASSIGNMENTS - {LOST_ASSIGNMENT}

    federation.sandbox.set_faults()
    federation.stack.set_config("provisioning.waitMinutes", "5")
    federation.sandbox.synchronize()
    federation.stack.up()
    assert federation.stack.outputs()["held"] == []
    assert federation.assignments() == ASSIGNMENTS - {LOST_ASSIGNMENT} | {assignment}


def test_policies_that_are_attached_at_the_same_time_wait_for_each_other(
    federation: Federation,
) -> None:
    """AWS refuses a write to a permission set while the one before it still spreads."""
    sandbox = federation.sandbox
    begin = sandbox.folder.requests.stat().st_size
    policies = ["ReadOnlyAccess", "SecurityAudit", "AmazonS3FullAccess", "AmazonSQSReadOnlyAccess"]
    federation.access["permissionSets"]["ReadOnly"]["managedPolicies"] = policies
    federation.write_access()
    sandbox.control_aws("timing", {"propagationSeconds": 0.3})
    federation.stack.up()
    lines = sandbox.folder.requests.read_bytes()[begin:].decode().splitlines()
    statuses = [
        one["status"]
        for one in map(json.loads, lines)
        if str(one.get("operation")).endswith("AttachManagedPolicyToPermissionSet")
    ]
    assert statuses.count(200) == 3
    assert 400 in statuses
    assert federation.assignments() == ASSIGNMENTS
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code == 0


def test_a_renamed_group_keeps_its_assignments(federation: Federation) -> None:
    graph = federation.sandbox.graph
    group = next(
        item for item in graph.all("/v1.0/groups") if item["displayName"] == "AWS-Developers"
    )
    graph.call("PATCH", f"/v1.0/groups/{group['id']}", {"displayName": "AWS-Builders"})
    federation.change_access(
        lambda access: access["groups"]["developers"].update(displayName="AWS-Builders")
    )
    assert of_kind(federation.stack.up().changes, ASSIGNMENT) == []


def test_a_group_that_was_made_again_stops_the_update_until_accepted(
    federation: Federation,
) -> None:
    old_id = federation.sandbox.aws.groups()["AWS-Developers"]
    federation.unassign("AWS-Developers")
    federation.sandbox.synchronize()
    assert "AWS-Developers" not in federation.sandbox.aws.groups()
    assignments = federation.sandbox.aws.assignments()

    # The group is assigned again; its assignments stay as they are while it is away.
    assert of_kind(federation.stack.up("--refresh").changes, ASSIGNMENT) == []
    assert federation.sandbox.aws.assignments() == assignments
    federation.sandbox.synchronize()
    new_id = federation.sandbox.aws.groups()["AWS-Developers"]
    assert new_id != old_id

    refused = federation.stack.up(check=False)
    assert refused.exit_code != 0
    assert "was deleted and re-created" in refused.errors
    assert f"acceptRecreated: {{developers: {new_id}}}" in refused.errors
    assert federation.sandbox.aws.assignments() == assignments

    federation.stack.set_config("acceptRecreated.developers", new_id)
    federation.stack.up()
    federation.stack.remove_config("acceptRecreated")
    assert federation.assignments() == ASSIGNMENTS


def test_a_failing_grant_does_not_block_a_revocation(federation: Federation) -> None:
    federation.sandbox.set_faults({"kind": "failed", "operation": "CreateAccountAssignment"})
    take_web_dev(federation)
    federation.rule("platform-look")["targets"].append({"accountName": "log-archive"})
    federation.write_access()
    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    assert "Traceback" not in run.output
    assert federation.assignments() == ASSIGNMENTS - {LOST_ASSIGNMENT}
    federation.stack.up()
    assert federation.assignments() == ASSIGNMENTS - {LOST_ASSIGNMENT} | {
        ("222233334444", "ReadOnly", "AWS-Platform")
    }


@pytest.mark.parametrize("kind", ["throttle", "error"])
def test_calls_that_fail_for_a_while_are_made_again(federation: Federation, kind: str) -> None:
    calls = {
        "sso-admin": (
            "CreateAccountAssignment",
            "DeleteAccountAssignment",
            "DescribeAccountAssignmentCreationStatus",
            "ListInstances",
        ),
        "identitystore": ("ListGroups",),
        "organizations": ("ListRoots",),
    }
    federation.sandbox.set_faults(
        *(
            {"kind": kind, "service": service, "operation": operation, "times": 1}
            for service, operations in calls.items()
            for operation in operations
        )
    )
    swap_assignments(federation)
    run = federation.stack.up()
    assert changed(run) == [("create", ASSIGNMENT), ("delete", ASSIGNMENT)]
    assert_before(
        run,
        [step for step in run.changes if step.op == "create"],
        [step for step in run.changes if step.op == "delete"],
    )
    assert federation.assignments() == ASSIGNMENTS - {OLD_ASSIGNMENT} | {NEW_ASSIGNMENT}


def test_a_conflict_is_told_and_the_next_update_converges(federation: Federation) -> None:
    # The provider repeats a call that conflicts, but not for ever.
    federation.sandbox.set_faults(
        {"kind": "conflict", "operation": "CreateAccountAssignment", "times": None},
        {"kind": "conflict", "operation": "DeleteAccountAssignment", "times": None},
    )
    swap_assignments(federation)
    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    assert "ConflictException" in run.errors
    assert federation.assignments() == ASSIGNMENTS
    federation.sandbox.set_faults()
    federation.stack.up()
    assert federation.assignments() == ASSIGNMENTS - {OLD_ASSIGNMENT} | {NEW_ASSIGNMENT}
