"""Changes to a stack in phase access: each touches exactly what it must, in the safe order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.by_hand import unassign
from tests.engine.federation import (
    ASSIGNMENT,
    ASSIGNMENTS,
    PERMISSION_SET,
    Federation,
    assert_before,
    changed,
    of_kind,
)

pytestmark = pytest.mark.engine


def _rule(access: dict[str, Any], ident: str) -> dict[str, Any]:
    return next(rule for rule in access["rules"] if rule["id"] == ident)


def test_a_changed_rule_touches_exactly_its_assignments(federation: Federation) -> None:
    federation.change_access(
        lambda access: _rule(access, "platform-look").update(
            targets=[{"ou": "Workloads/Dev"}, {"accountName": "log-archive"}]
        )
    )
    run = federation.stack.up()
    assert {(step.op, step.name) for step in run.changes} == {
        ("create", "ReadOnly/group/platform/222233334444"),
        ("delete", "ReadOnly/group/platform/444455556666"),
    }
    assert federation.assignments() == (
        ASSIGNMENTS - {("444455556666", "ReadOnly", "AWS-Platform")}
    ) | {("222233334444", "ReadOnly", "AWS-Platform")}


def test_an_exclusion_takes_its_assignment_only(federation: Federation) -> None:
    federation.change_access(
        lambda access: _rule(access, "platform-look").update(
            {"except": [{"accountName": "web-dev"}]}
        )
    )
    run = federation.stack.up()
    assert [(step.op, step.name) for step in run.changes] == [
        ("delete", "ReadOnly/group/platform/622222222222")
    ]


def test_a_policy_changes_in_place(federation: Federation) -> None:
    def allow_more(access: dict[str, Any]) -> None:
        statement = access["permissionSets"]["Deploy"]["inlinePolicy"]["Statement"][0]
        statement["Action"] = ["cloudformation:*", "s3:GetObject"]

    federation.change_access(allow_more)
    run = federation.stack.up()
    assert changed(run) == [("update", "PermissionSetInlinePolicy")]
    (arn,) = [
        arn for arn, name in federation.sandbox.aws.permission_sets().items() if name == "Deploy"
    ]
    (instance,) = federation.sandbox.aws.instances()
    policy = federation.sandbox.aws.sso_admin.get_inline_policy_for_permission_set(
        InstanceArn=instance["InstanceArn"], PermissionSetArn=arn
    )["InlinePolicy"]
    assert "s3:GetObject" in policy


def test_a_group_that_the_stack_makes_has_exactly_the_declared_members(
    federation: Federation,
) -> None:
    def nobody(access: dict[str, Any]) -> None:
        del access["groups"]["migration"]["members"]

    graph = federation.sandbox.graph
    (group,) = [one for one in graph.all("/v1.0/groups") if one["displayName"] == "AWS-Migration"]
    members = f"/v1.0/groups/{group['id']}/members"
    assert len(list(graph.all(members))) == 1
    federation.change_access(nobody)
    assert changed(federation.stack.up()) == [("delete", "GroupMember")]
    assert list(graph.all(members)) == []


def _boundary_of(federation: Federation, name: str) -> dict[str, Any] | None:
    """The permissions boundary that AWS has for a permission set."""
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    (arn,) = [arn for arn, found in aws.permission_sets().items() if found == name]
    try:
        answer = aws.sso_admin.get_permissions_boundary_for_permission_set(
            InstanceArn=instance["InstanceArn"], PermissionSetArn=arn
        )
    except aws.sso_admin.exceptions.ResourceNotFoundException:
        return None
    found: dict[str, Any] = answer["PermissionsBoundary"]
    return found


def test_a_changed_boundary_ends_as_the_new_one(federation: Federation) -> None:
    federation.change_access(
        lambda access: access["permissionSets"]["Deploy"].update(
            permissionsBoundary={"managedPolicy": "PowerUserAccess"}
        )
    )
    run = federation.stack.up()
    assert {kind for _, kind in changed(run)} == {"PermissionsBoundaryAttachment"}
    assert _boundary_of(federation, "Deploy") == {
        "ManagedPolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"
    }


def test_a_boundary_comes_before_what_it_bounds_and_goes_after_it(federation: Federation) -> None:
    wide = ["ReadOnlyAccess", "AdministratorAccess"]
    federation.change_access(
        lambda access: access["permissionSets"]["ReadOnly"].update(
            managedPolicies=wide, permissionsBoundary={"managedPolicy": "PowerUserAccess"}
        )
    )
    run = federation.stack.up()
    made = [step for step in run.changes if step.op == "create"]
    boundary, policy = "PermissionsBoundaryAttachment", "ManagedPolicyAttachment"
    assert_before(run, of_kind(made, boundary), of_kind(made, policy))

    def narrow(access: dict[str, Any]) -> None:
        access["permissionSets"]["ReadOnly"]["managedPolicies"] = ["ReadOnlyAccess"]
        del access["permissionSets"]["ReadOnly"]["permissionsBoundary"]

    federation.change_access(narrow)
    run = federation.stack.up()
    gone = [step for step in run.changes if step.op == "delete"]
    assert_before(run, of_kind(gone, policy), of_kind(gone, boundary))
    assert _boundary_of(federation, "ReadOnly") is None


def test_a_session_length_changes_in_place(federation: Federation) -> None:
    federation.change_access(
        lambda access: access["permissionSets"]["ReadOnly"].update(sessionDuration="PT2H")
    )
    assert changed(federation.stack.up()) == [("update", PERMISSION_SET)]


def test_a_renamed_set_gives_new_access_before_old_access_ends(federation: Federation) -> None:
    def rename(access: dict[str, Any]) -> None:
        sets = access["permissionSets"]
        sets["Look"] = sets.pop("ReadOnly")
        _rule(access, "platform-look")["permissionSets"] = ["Look"]

    federation.change_access(rename)
    run = federation.stack.up()
    assignments = of_kind(run.changes, ASSIGNMENT)
    new = [step for step in assignments if step.op == "create"]
    old = [step for step in assignments if step.op == "delete"]
    assert {step.name.partition("/")[0] for step in new} == {"Look"}
    assert {step.name.partition("/")[0] for step in old} == {"ReadOnly"}
    assert len(new) == len(old) == 3
    assert_before(run, new, old)
    assert_before(
        run,
        old,
        [step for step in of_kind(run.changes, PERMISSION_SET) if step.op == "delete"],
    )


def test_a_group_that_is_new_gets_its_assignments_in_the_same_update(
    federation: Federation,
) -> None:
    def add(access: dict[str, Any]) -> None:
        access["groups"]["billing"] = {"displayName": "AWS-Billing"}
        access["rules"].append(
            {
                "id": "billing",
                "owner": "finance@example.com",
                "group": "billing",
                "permissionSets": ["ReadOnly"],
                "targets": [{"accountName": "billing-dev"}],
            }
        )

    federation.change_access(add)
    run = federation.stack.up()
    assert changed(run) == [("create", ASSIGNMENT), ("create", "AppRoleAssignment")]
    assert federation.stack.outputs()["held"] == []
    assert ("611111111111", "ReadOnly", "AWS-Billing") in federation.assignments()


def test_an_assignment_deleted_outside_is_found_and_made_again(federation: Federation) -> None:
    unassign(federation, "611111111111", "AWS-Platform")
    drift = federation.stack.run("refresh", "--preview-only", "--expect-no-changes")
    assert drift.exit_code != 0
    assert "ReadOnly/group/platform/611111111111" in drift.output
    run = federation.stack.up("--refresh")
    created = [step.name for step in run.changes if step.op == "create"]
    assert created == ["ReadOnly/group/platform/611111111111"]


def test_a_policy_detached_outside_is_found_and_attached_again(federation: Federation) -> None:
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    (arn,) = [arn for arn, name in aws.permission_sets().items() if name == "ReadOnly"]
    aws.sso_admin.detach_managed_policy_from_permission_set(
        InstanceArn=instance["InstanceArn"],
        PermissionSetArn=arn,
        ManagedPolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    # The program attaches it before it registers anything; the refresh drops it from the state.
    assert ("import", "ManagedPolicyAttachment") in changed(federation.stack.up("--refresh"))
    attached = aws.sso_admin.list_managed_policies_in_permission_set(
        InstanceArn=instance["InstanceArn"], PermissionSetArn=arn
    )["AttachedManagedPolicies"]
    assert [one["Name"] for one in attached] == ["ReadOnlyAccess"]


def test_an_unassigned_group_is_found_and_assigned_again(federation: Federation) -> None:
    federation.unassign("AWS-Contractors")
    run = federation.stack.up("--refresh")
    assert ("create", "AppRoleAssignment") in changed(run)


def test_going_back_a_phase_is_refused(federation: Federation) -> None:
    config = federation.folder / "Pulumi.sandbox.yaml"
    kept = config.read_text()
    federation.stack.remove_config("provisioning")
    run = federation.stack.up(check=False)
    config.write_text(kept)
    assert run.exit_code != 0
    assert "allowPhaseBack" in run.errors
    assert run.changes == []
    assert federation.assignments() == ASSIGNMENTS
