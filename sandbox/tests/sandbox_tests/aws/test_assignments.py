"""Assignments and provisioning: what comes true, when, and what AWS cannot do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox_tests.aws.support import Cloud

DEV, WEB, PROD = "611111111111", "622222222222", "711111111111"
AUDIT, OLD_CRM = "333344445555", "911111111111"
NOBODY = "00000000-0000-0000-0000-000000000000"


def refusal(operation: Any, **arguments: Any) -> str:
    """The code of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**arguments)
    return str(refused.value.response["Error"]["Code"])


def assignments(cloud: Cloud, permission_set: str, account: str) -> list[Any]:
    """The assignments of a set in an account."""
    listed: list[Any] = cloud.sso.list_account_assignments(
        InstanceArn=cloud.instance, AccountId=account, PermissionSetArn=permission_set
    )["AccountAssignments"]
    return listed


def provision(cloud: Cloud, permission_set: str, account: str | None = None) -> Any:
    """Provision a set and follow the request to its end."""
    target = {"TargetType": "AWS_ACCOUNT", "TargetId": account} if account else {}
    request = cloud.sso.provision_permission_set(
        InstanceArn=cloud.instance,
        PermissionSetArn=permission_set,
        **(target or {"TargetType": "ALL_PROVISIONED_ACCOUNTS"}),
    )["PermissionSetProvisioningStatus"]
    assert request["Status"] == "IN_PROGRESS"
    return cloud.sso.describe_permission_set_provisioning_status(
        InstanceArn=cloud.instance, ProvisionPermissionSetRequestId=request["RequestId"]
    )["PermissionSetProvisioningStatus"]


def outdated(cloud: Cloud, permission_set: str) -> list[str]:
    """The accounts whose roles are not the latest."""
    found: list[str] = cloud.sso.list_accounts_for_provisioned_permission_set(
        InstanceArn=cloud.instance,
        PermissionSetArn=permission_set,
        ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED",
    )["AccountIds"]
    return found


def attach(cloud: Cloud, permission_set: str, name: str, path: str = "/") -> None:
    """Attach a customer managed policy."""
    cloud.sso.attach_customer_managed_policy_reference_to_permission_set(
        InstanceArn=cloud.instance,
        PermissionSetArn=permission_set,
        CustomerManagedPolicyReference={"Name": name, "Path": path},
    )


def test_an_assignment_comes_and_goes(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    created = center.assign(arn, DEV, group)
    assert created["Status"] == "SUCCEEDED"
    assert assignments(center, arn, DEV) == [
        {
            "AccountId": DEV,
            "PermissionSetArn": arn,
            "PrincipalType": "GROUP",
            "PrincipalId": group,
        }
    ]
    deleted = center.unassign(arn, DEV, group)
    assert deleted["Status"] == "SUCCEEDED"
    assert deleted["RequestId"] != created["RequestId"]
    assert assignments(center, arn, DEV) == []
    (listed,) = center.sso.list_account_assignment_deletion_status(InstanceArn=center.instance)[
        "AccountAssignmentsDeletionStatus"
    ]
    assert (listed["RequestId"], listed["Status"]) == (deleted["RequestId"], "SUCCEEDED")
    gone = refusal(center.sso.delete_account_assignment, **center.assignment(arn, DEV, group))
    assert gone == "ResourceNotFoundException"


def test_the_same_assignment_twice_is_one(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    assert center.assign(arn, DEV, group)["Status"] == "SUCCEEDED"
    assert center.assign(arn, DEV, group)["Status"] == "SUCCEEDED"
    assert len(assignments(center, arn, DEV)) == 1


def test_everything_in_a_assignment_must_exist(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    create = center.sso.create_account_assignment
    unknown = arn[:-16] + "0" * 16
    for assignment in (
        center.assignment(unknown, DEV, group),
        center.assignment(arn, "999999999999", group),
        center.assignment(arn, DEV, NOBODY),
        center.assignment(arn, DEV, group, "USER"),
    ):
        assert refusal(create, **assignment) == "ResourceNotFoundException"
    assert center.state()["assignments"] == []


def test_requests_take_as_long_as_the_sandbox_says(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    assert center.control("timing", {"delaySeconds": 30}).status == 200
    assert center.assign(arn, DEV, group)["Status"] == "IN_PROGRESS"
    assert assignments(center, arn, DEV) == []
    center.clock.advance(timedelta(seconds=31))
    statuses = center.sso.list_account_assignment_creation_status(
        InstanceArn=center.instance, Filter={"Status": "SUCCEEDED"}
    )
    assert len(statuses["AccountAssignmentsCreationStatus"]) == 1
    assert len(assignments(center, arn, DEV)) == 1


def test_one_account_is_changed_at_a_time(center: Cloud) -> None:
    arn = center.permission_set("A")
    first, second = center.group("G1"), center.group("G2")
    center.control("timing", {"delaySeconds": 10})
    for account, group in ((DEV, first), (DEV, second), (PROD, second)):
        center.sso.create_account_assignment(**center.assignment(arn, account, group))
    center.clock.advance(timedelta(seconds=11))
    assert (len(assignments(center, arn, DEV)), len(assignments(center, arn, PROD))) == (1, 1)
    center.clock.advance(timedelta(seconds=10))
    assert len(assignments(center, arn, DEV)) == 2


def test_ten_outstanding_requests_are_the_most(center: Cloud) -> None:
    center.control("timing", {"delaySeconds": 30, "maxOutstanding": 10})
    groups, arn = [center.group(f"G{n}") for n in range(11)], center.permission_set("A")
    create = center.sso.create_account_assignment
    for group in groups[:10]:
        create(**center.assignment(arn, DEV, group))
    assert (
        center.sso.list_account_assignment_creation_status(
            InstanceArn=center.instance, Filter={"Status": "FAILED"}
        )["AccountAssignmentsCreationStatus"]
        == []
    )
    assert refusal(create, **center.assignment(arn, DEV, groups[10])) == "ThrottlingException"
    center.clock.advance(timedelta(seconds=31))
    assert len(assignments(center, arn, DEV)) == 1
    create(**center.assignment(arn, DEV, groups[10]))


def test_a_suspended_account_cannot_be_reached(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    failed = center.assign(arn, OLD_CRM, group)
    assert failed["Status"] == "FAILED"
    assert f"manage your AWS account '{OLD_CRM}' takes longer" in failed["FailureReason"]
    center.assign(arn, DEV, group)
    center.assign(arn, WEB, group)
    center.control("account-state", {"accountId": DEV, "state": "SUSPENDED"})
    assert provision(center, arn)["Status"] == "FAILED"
    assert center.unassign(arn, DEV, group)["Status"] == "FAILED"
    assert len(assignments(center, arn, DEV)) == 1
    assert center.unassign(arn, WEB, group)["Status"] == "SUCCEEDED"


def test_a_policy_missing_in_the_account_fails_that_assignment(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("Deploy")
    attach(center, arn, "deploy", "/platform/")
    assert center.assign(arn, DEV, group)["Status"] == "SUCCEEDED"
    failed = center.assign(arn, AUDIT, group)
    assert failed["Status"] == "FAILED"
    policy = f"arn:aws:iam::{AUDIT}:policy/platform/deploy"
    assert failed["FailureReason"] == f"Received a 404 status error: Not supported policy {policy}."
    assert assignments(center, arn, AUDIT) == []
    center.member_client("iam", AUDIT).create_policy(
        PolicyName="deploy",
        Path="/platform/",
        PolicyDocument='{"Version":"2012-10-17","Statement":'
        '[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    )
    assert center.assign(arn, AUDIT, group)["Status"] == "SUCCEEDED"


def test_a_boundary_missing_in_an_account_fails_provisioning(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("Deploy")
    for account in (DEV, AUDIT):
        center.assign(arn, account, group)
    center.sso.put_permissions_boundary_to_permission_set(
        InstanceArn=center.instance,
        PermissionSetArn=arn,
        PermissionsBoundary={"CustomerManagedPolicyReference": {"Name": "boundary", "Path": "/"}},
    )
    failed = provision(center, arn)
    assert failed["Status"] == "FAILED"
    assert f"arn:aws:iam::{AUDIT}:policy/boundary" in failed["FailureReason"]
    assert outdated(center, arn) == [AUDIT]


def test_a_changed_set_reaches_the_accounts_when_it_is_provisioned(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    assert provision(center, arn)["Status"] == "SUCCEEDED"
    for account in (DEV, PROD):
        center.assign(arn, account, group)
    assert outdated(center, arn) == []
    center.sso.update_permission_set(
        InstanceArn=center.instance, PermissionSetArn=arn, SessionDuration="PT2H"
    )
    assert outdated(center, arn) == [DEV, PROD]
    assert provision(center, arn, DEV)["Status"] == "SUCCEEDED"
    assert outdated(center, arn) == [PROD]
    assert provision(center, arn)["Status"] == "SUCCEEDED"
    assert outdated(center, arn) == []
    listed = center.sso.list_permission_set_provisioning_status(InstanceArn=center.instance)
    assert len(listed["PermissionSetsProvisioningStatus"]) == 3


def test_provisioning_one_account_needs_an_assignment_there(center: Cloud) -> None:
    arn = center.permission_set("A")
    where = {"InstanceArn": center.instance, "PermissionSetArn": arn}
    provisioning = center.sso.provision_permission_set
    there = {"TargetType": "AWS_ACCOUNT", "TargetId": DEV}
    assert refusal(provisioning, **where, **there) == "ResourceNotFoundException"
    assert refusal(provisioning, **where, TargetType="AWS_ACCOUNT") == "ValidationException"


def test_an_assignment_that_goes_while_its_set_is_provisioned(center: Cloud) -> None:
    """The destroy race of the provider's policy attachments (its issues 33337 and 35158)."""
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    center.assign(arn, DEV, group)
    center.control("timing", {"delaySeconds": 5})
    center.sso.delete_account_assignment(**center.assignment(arn, DEV, group))
    request = provision(center, arn)
    center.clock.advance(timedelta(seconds=11))
    status = center.sso.describe_permission_set_provisioning_status(
        InstanceArn=center.instance, ProvisionPermissionSetRequestId=request["RequestId"]
    )["PermissionSetProvisioningStatus"]
    assert status["Status"] == "FAILED"
    assert status["FailureReason"] == "Received a 404 status error: Assignment not found."


def test_where_a_set_is_provisioned(center: Cloud) -> None:
    group, other = center.group("AWS-Platform"), center.group("AWS-Data")
    first, second = center.permission_set("A"), center.permission_set("B")
    center.assign(first, DEV, group)
    center.assign(first, DEV, other)
    center.assign(second, DEV, group)

    def sets() -> list[str]:
        found: list[str] = center.sso.list_permission_sets_provisioned_to_account(
            InstanceArn=center.instance, AccountId=DEV
        )["PermissionSets"]
        return found

    assert sets() == [first, second]
    center.unassign(first, DEV, group)
    assert sets() == [first, second]
    center.unassign(first, DEV, other)
    assert sets() == [second]


def test_a_set_with_assignments_cannot_be_deleted(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    center.assign(arn, DEV, group)
    where = {"InstanceArn": center.instance, "PermissionSetArn": arn}
    assert refusal(center.sso.delete_permission_set, **where) == "ConflictException"
    center.unassign(arn, DEV, group)
    center.sso.delete_permission_set(**where)


def test_assignments_of_a_person_include_those_of_her_groups(center: Cloud) -> None:
    created = center.store.create_user(
        IdentityStoreId=center.store_id,
        UserName="ada",
        DisplayName="Ada",
        Name={"GivenName": "Ada", "FamilyName": "Example"},
    )
    ada, group = created["UserId"], center.group("AWS-Platform")
    center.store.create_group_membership(
        IdentityStoreId=center.store_id, GroupId=group, MemberId={"UserId": ada}
    )
    arn = center.permission_set("A")
    center.assign(arn, DEV, group)
    center.assign(arn, PROD, ada, "USER")

    def accounts(principal: str, kind: str, **options: Any) -> list[str]:
        listed = center.sso.list_account_assignments_for_principal(
            InstanceArn=center.instance, PrincipalId=principal, PrincipalType=kind, **options
        )
        return [each["AccountId"] for each in listed["AccountAssignments"]]

    assert accounts(ada, "USER") == [PROD, DEV]
    assert accounts(ada, "USER", Filter={"AccountId": DEV}) == [DEV]
    assert accounts(group, "GROUP") == [DEV]


def test_assignments_stay_as_orphans_when_their_principal_goes(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    center.assign(arn, DEV, group)
    center.store.delete_group(IdentityStoreId=center.store_id, GroupId=group)
    (orphan,) = center.state()["assignments"]
    assert orphan["principalName"] is None
    assert center.unassign(arn, DEV, group)["Status"] == "SUCCEEDED"


def test_an_account_that_leaves_takes_its_assignments_along(center: Cloud) -> None:
    group, arn = center.group("AWS-Platform"), center.permission_set("A")
    center.assign(arn, DEV, group)
    center.assign(arn, WEB, group)
    center.organizations.remove_account_from_organization(AccountId=DEV)
    assert [each["accountId"] for each in center.state()["assignments"]] == [WEB]


def test_pages_of_assignments(center: Cloud) -> None:
    arn = center.permission_set("A")
    groups = [center.group(f"G{number}") for number in range(5)]
    for group in groups:
        center.assign(arn, DEV, group)
    pages = center.sso.get_paginator("list_account_assignments").paginate(
        InstanceArn=center.instance,
        AccountId=DEV,
        PermissionSetArn=arn,
        PaginationConfig={"PageSize": 2},
    )
    found = [
        assignment["PrincipalId"] for page in pages for assignment in page["AccountAssignments"]
    ]
    assert found == groups
