"""What failed in a permission set, or was changed behind the stack: the next `up` puts it right."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from entra_aws_sandbox.pulumi import Run
from tests.engine.federation import ASSIGNMENTS, Federation, changed
from tests.engine.operator import ops, status
from tests.engine.prepared import configure

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

POLICY = "arn:aws:iam::aws:policy/"
DEPLOY = {"611111111111", "622222222222", "811111111111"}
READS = (
    "DescribePermissionSet",
    "GetInlinePolicyForPermissionSet",
    "GetPermissionsBoundaryForPermissionSet",
    "ListAccountsForProvisionedPermissionSet",
    "ListCustomerManagedPolicyReferencesInPermissionSet",
    "ListManagedPoliciesInPermissionSet",
    "ListTagsForResource",
)
PROVISION = {"kind": "failed", "operation": "ProvisionPermissionSet"}


def arguments(federation: Federation, name: str) -> dict[str, str]:
    """The ARNs of the instance and of a permission set."""
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    (arn,) = [arn for arn, known in aws.permission_sets().items() if known == name]
    return {"InstanceArn": instance["InstanceArn"], "PermissionSetArn": arn}


def outdated(federation: Federation, name: str) -> set[str]:
    """The accounts whose role is of an older version of the set."""
    listed = federation.sandbox.aws.sso_admin.list_accounts_for_provisioned_permission_set(
        ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED", **arguments(federation, name)
    )
    return set(listed["AccountIds"])


def described(federation: Federation, name: str) -> dict[str, Any]:
    """A permission set as AWS describes it."""
    found: dict[str, Any] = federation.sandbox.aws.sso_admin.describe_permission_set(
        **arguments(federation, name)
    )["PermissionSet"]
    return found


def policies(federation: Federation, name: str) -> set[str]:
    """The names of the AWS-managed policies that are attached."""
    listed = federation.sandbox.aws.sso_admin.list_managed_policies_in_permission_set(
        **arguments(federation, name)
    )
    return {one["Arn"].removeprefix(POLICY) for one in listed["AttachedManagedPolicies"]}


def assert_done(federation: Federation) -> None:
    """Nothing is left to do, and a preview says so."""
    assert not outdated(federation, "Deploy") | outdated(federation, "ReadOnly")
    preview = federation.stack.preview("--expect-no-changes", check=False)
    assert preview.exit_code == 0, preview.output


def fail(federation: Federation, *faults: dict[str, Any]) -> Run:
    """An update that fails under these faults, which end with it."""
    federation.sandbox.set_faults(*faults)
    run = federation.stack.up(check=False)
    federation.sandbox.set_faults()
    assert run.exit_code != 0
    assert "Traceback" not in run.output
    return run


def test_a_detached_policy_is_gone_from_the_accounts_after_the_next_update(
    federation: Federation,
) -> None:
    del federation.access["permissionSets"]["Deploy"]["managedPolicies"]
    federation.write_access()
    fail(federation, PROVISION)
    assert outdated(federation, "Deploy") == DEPLOY

    told = "Deploy is still provisioned with an older version on 3 accounts"
    assert "⚠ Deploy is still provisioned with an older version" in ops(federation, "diff").stdout
    code, shown = status(federation)
    assert code == 1
    assert any(told in problem for problem in shown["problems"])

    federation.stack.up()
    assert_done(federation)
    assert status(federation)[0] == 0


def test_settings_that_were_written_and_not_provisioned_reach_the_accounts(
    federation: Federation,
) -> None:
    federation.access["permissionSets"]["Deploy"]["sessionDuration"] = "PT4H"
    federation.write_access()
    fail(federation, PROVISION)
    assert outdated(federation, "Deploy") == DEPLOY
    federation.stack.up()
    assert described(federation, "Deploy")["SessionDuration"] == "PT4H"
    assert_done(federation)


def test_settings_that_were_never_written_are_written_by_the_next_update(
    federation: Federation,
) -> None:
    configure(federation, "aws:maxRetries", "2")
    federation.access["permissionSets"]["Deploy"]["sessionDuration"] = "PT4H"
    federation.write_access()
    fail(federation, {"kind": "throttle", "operation": "UpdatePermissionSet", "times": None})
    assert described(federation, "Deploy")["SessionDuration"] == "PT1H"
    federation.stack.up()
    assert described(federation, "Deploy")["SessionDuration"] == "PT4H"
    assert_done(federation)


def test_a_provisioning_that_keeps_failing_fails_the_update_and_no_revocation(
    federation: Federation,
) -> None:
    federation.sandbox.aws.sso_admin.attach_managed_policy_to_permission_set(
        ManagedPolicyArn=f"{POLICY}AdministratorAccess", **arguments(federation, "Deploy")
    )
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.write_access()
    run = fail(federation, PROVISION | {"times": None})
    assert "permission set Deploy can't be repaired: AWS could not provision it" in run.errors
    assert "billing-dev (611111111111)" in run.errors
    assert federation.assignments() == ASSIGNMENTS - {("444455556666", "ReadOnly", "AWS-Platform")}
    assert policies(federation, "Deploy") == {"job-function/ViewOnlyAccess"}
    federation.stack.up()
    assert_done(federation)


def test_what_was_changed_by_hand_or_left_by_a_lost_answer_is_put_right(
    federation: Federation,
) -> None:
    client, deploy = federation.sandbox.aws.sso_admin, arguments(federation, "Deploy")
    before = described(federation, "Deploy")
    client.attach_managed_policy_to_permission_set(
        ManagedPolicyArn=f"{POLICY}AdministratorAccess", **deploy
    )
    client.delete_permissions_boundary_from_permission_set(**deploy)
    client.detach_customer_managed_policy_reference_from_permission_set(
        CustomerManagedPolicyReference={"Name": "deploy", "Path": "/platform/"}, **deploy
    )
    client.delete_inline_policy_from_permission_set(**deploy)
    client.update_permission_set(
        SessionDuration="PT12H", RelayState="https://evil.example", Description="mine", **deploy
    )
    client.untag_resource(
        InstanceArn=deploy["InstanceArn"], ResourceArn=deploy["PermissionSetArn"], TagKeys=["owner"]
    )
    # As a lost answer leaves it: declared, attached, and not in the state.
    client.attach_managed_policy_to_permission_set(
        ManagedPolicyArn=f"{POLICY}SecurityAudit", **arguments(federation, "ReadOnly")
    )
    federation.access["permissionSets"]["ReadOnly"]["managedPolicies"].append("SecurityAudit")
    federation.write_access()

    shown = ops(federation, "diff").stdout
    for told in (
        "⚠ Deploy is still provisioned with an older version",
        "AdministratorAccess detached",
        "permissions boundary /boundary added",
        "1 h instead of 12 h",
    ):
        assert told in shown
    run = federation.stack.up()
    assert ("import", "ManagedPolicyAttachment") in changed(run)
    assert described(federation, "Deploy") == before
    assert policies(federation, "Deploy") == {"job-function/ViewOnlyAccess"}
    assert policies(federation, "ReadOnly") == {"ReadOnlyAccess", "SecurityAudit"}
    assert_done(federation)
    drift = federation.stack.refresh("--expect-no-changes", check=False)
    assert drift.exit_code == 0, drift.output


def test_a_set_that_fails_while_its_parts_go_leaves_a_state_that_can_be_read(
    federation: Federation,
) -> None:
    """The engine skips what depends on a failed resource, and keeps its old dependencies."""
    configure(federation, "aws:maxRetries", "2")
    sets = federation.access["permissionSets"]
    sets["ReadOnly"]["managedPolicies"] = ["SecurityAudit"]
    sets["Deploy"]["description"] = "Roll out"
    del sets["Deploy"]["permissionsBoundary"]
    federation.write_access()
    run = fail(
        federation,
        {"kind": "throttle", "operation": "AttachManagedPolicyToPermissionSet", "times": None},
        {"kind": "throttle", "operation": "UpdatePermissionSet", "times": None},
    )
    assert "integrity" not in run.errors
    federation.stack.up()
    assert policies(federation, "ReadOnly") == {"SecurityAudit"}
    assert federation.assignments() == ASSIGNMENTS
    assert_done(federation)


def test_a_description_that_is_taken_out_leaves_no_difference(federation: Federation) -> None:
    del federation.access["permissionSets"]["Deploy"]["description"]
    federation.write_access()
    federation.stack.up()
    assert described(federation, "Deploy")["Description"] == "Deploy"
    assert_done(federation)
    drift = federation.stack.refresh("--expect-no-changes", check=False)
    assert drift.exit_code == 0, drift.output


def test_the_calls_of_an_unchanged_preview_are_bounded_and_none_is_for_an_assignment(
    federation: Federation,
) -> None:
    few = calls_of_a_preview(federation)
    assert few == expected_calls(federation)
    federation.rule("platform-look")["targets"] = [{"ou": "/"}]
    federation.rule("platform-look")["except"] = [{"accountName": "example-management"}]
    federation.write_access()
    federation.stack.up()
    assert len(federation.assignments()) > len(ASSIGNMENTS) + 3
    assert calls_of_a_preview(federation) == few


def calls_of_a_preview(federation: Federation) -> Counter[str]:
    """What an unchanged preview asks: AWS operations, and paths of Graph without ids."""
    begin = federation.sandbox.folder.requests.stat().st_size
    federation.stack.preview("--expect-no-changes")
    lines = federation.sandbox.folder.requests.read_bytes()[begin:].decode().splitlines()
    calls = [json.loads(line) for line in lines]
    return Counter(
        one["operation"].rpartition(".")[2]
        if one.get("operation")
        else re.sub("/[^/]*[0-9a-f]{8}-[^/]*", "/*", one["path"])
        for one in calls
    )


def expected_calls(federation: Federation) -> Counter[str]:
    """The bound: pages, organizational units, own sets and groups; nothing for an assignment."""
    organizations = federation.sandbox.aws.organizations
    accounts = [
        account
        for page in organizations.get_paginator("list_accounts").paginate()
        for account in page["Accounts"]
    ]
    (root,) = organizations.list_roots()["Roots"]
    aws: Counter[str] = Counter(
        {
            **dict.fromkeys(READS, len(federation.access["permissionSets"])),
            "ListAccounts": -(-len(accounts) // 20),
            "ListOrganizationalUnitsForParent": 1 + units_below(organizations, root["Id"]),
            **dict.fromkeys(("DescribeOrganization", "ListRoots"), 1),
            **dict.fromkeys(("ListInstances", "DescribeInstance", "ListGroups", "ListUsers"), 1),
            # The program, and the provider's own look at its credentials.
            "GetCallerIdentity": 3,
        }
    )
    # In which accounts a set is at all, and where an older version of it is.
    aws["ListAccountsForProvisionedPermissionSet"] *= 2
    graph = {
        # Names in batches of 15; members and owners of the one group that the stack makes.
        **dict.fromkeys(("/v1.0/groups", "/v1.0/users"), 1),
        **dict.fromkeys(("/v1.0/groups/*/members", "/v1.0/groups/*/owners"), 1),
        "/v1.0/servicePrincipals/*/appRoleAssignedTo": 1,
        "/v1.0/servicePrincipals/*/synchronization/jobs/*": 1,
        # The provider's data source for the client id.
        **dict.fromkeys(("/v1.0/applications/*", "/beta/applications/*"), 1),
        "/v1.0/applications/*/owners": 1,
        # A token each, for the program and for the provider.
        **dict.fromkeys(("/*/oauth2/v2.0/token", "/metadata/endpoints"), 2),
    }
    return aws + Counter(graph)


def units_below(organizations: Any, parent: str) -> int:
    """How many organizational units there are below one."""
    listed = organizations.list_organizational_units_for_parent(ParentId=parent)
    units = [unit["Id"] for unit in listed["OrganizationalUnits"]]
    return len(units) + sum(units_below(organizations, unit) for unit in units)


def test_attributes_for_access_control_that_were_never_written_are_written_by_the_next_update(
    federation: Federation,
) -> None:
    def set_source(source: str) -> None:
        federation.stack.set_config("identityCenter.accessControlAttributes.team", source)

    def in_aws() -> Any:
        aws = federation.sandbox.aws
        (instance,) = aws.instances()
        answer = aws.sso_admin.describe_instance_access_control_attribute_configuration(
            InstanceArn=instance["InstanceArn"]
        )
        return answer["InstanceAccessControlAttributeConfiguration"]["AccessControlAttributes"]

    set_source("${path:enterprise.department}")
    federation.stack.up()
    set_source("${path:userName}")
    fail(
        federation,
        {
            "kind": "conflict",
            "operation": "UpdateInstanceAccessControlAttributeConfiguration",
            "times": None,
        },
    )
    assert in_aws() == [{"Key": "team", "Value": {"Source": ["${path:enterprise.department}"]}}]
    assert '"team" comes from "${path:enterprise.department}"' in str(status(federation)[1])
    federation.stack.up()
    assert in_aws() == [{"Key": "team", "Value": {"Source": ["${path:userName}"]}}]
    assert_done(federation)
