"""Permission sets: what AWS takes, what it refuses, and what a change leaves behind."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox_tests.aws.support import Cloud

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
BILLING = "arn:aws:iam::aws:policy/job-function/Billing"
DEPLOY = {"Name": "deploy", "Path": "/platform/"}
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
)


def refusal(operation: Any, **arguments: Any) -> tuple[str, str]:
    """Code and message of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def on(cloud: Cloud, arn: str) -> dict[str, str]:
    """The members that every call about a permission set has."""
    return {"InstanceArn": cloud.instance, "PermissionSetArn": arn}


def test_defaults_and_form(center: Cloud) -> None:
    arn = center.permission_set("ReadOnly")
    assert re.fullmatch(r"arn:aws:sso:::permissionSet/ssoins-7223a1b2c3d4e5f6/ps-[0-9a-f]{16}", arn)
    found = center.sso.describe_permission_set(**on(center, arn))["PermissionSet"]
    assert found["SessionDuration"] == "PT1H"
    assert "Description" not in found
    assert "RelayState" not in found


def test_a_name_is_there_once(center: Cloud) -> None:
    center.permission_set("ReadOnly")
    assert refusal(
        center.sso.create_permission_set, InstanceArn=center.instance, Name="ReadOnly"
    ) == ("ConflictException", "PermissionSet with name ReadOnly already exists.")


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"Name": "x" * 33}, "length less than or equal to 32"),
        ({"Name": "two words"}, "regular expression pattern"),
        ({"Description": "an em dash \u2014"}, "regular expression pattern"),
        ({"SessionDuration": "8 hours"}, "regular expression pattern"),
        ({"SessionDuration": "PT13H"}, "between 1 and 12 hours"),
        ({"SessionDuration": "PT30M"}, "between 1 and 12 hours"),
        ({"RelayState": "https://example.com/<x>"}, "regular expression pattern"),
        ({"RelayState": "x" * 241}, "length less than or equal to 240"),
        ({"Tags": [{"Key": "a|b", "Value": "c"}]}, "regular expression pattern"),
    ],
)
def test_what_aws_refuses(center: Cloud, wrong: dict[str, Any], constraint: str) -> None:
    arguments = {"InstanceArn": center.instance, "Name": "A", **wrong}
    code, message = refusal(center.sso.create_permission_set, **arguments)
    assert code == "ValidationException"
    assert constraint in message
    assert center.state()["permissionSets"] == []


def test_an_update_clears_the_relay_state_it_leaves_out(center: Cloud) -> None:
    relay_state = "https://eu-west-1.console.aws.amazon.com/cloudformation"
    arn = center.permission_set(
        "Deploy", Description="Deploys", SessionDuration="PT8H", RelayState=relay_state
    )
    center.sso.update_permission_set(**on(center, arn), RelayState=relay_state)
    center.sso.update_permission_set(**on(center, arn), SessionDuration="PT2H")
    found = center.sso.describe_permission_set(**on(center, arn))["PermissionSet"]
    assert (found["Description"], found["SessionDuration"]) == ("Deploys", "PT2H")
    assert "RelayState" not in found


def test_tags(center: Cloud) -> None:
    arn = center.permission_set("A", Tags=[{"Key": "owner", "Value": "platform"}])
    which = {"InstanceArn": center.instance, "ResourceArn": arn}
    center.sso.tag_resource(**which, Tags=[{"Key": "env", "Value": "dev"}])
    center.sso.tag_resource(**which, Tags=[{"Key": "env", "Value": "prod"}])
    center.sso.untag_resource(**which, TagKeys=["owner", "unknown"])
    assert center.sso.list_tags_for_resource(**which)["Tags"] == [{"Key": "env", "Value": "prod"}]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert (
        refusal(center.sso.tag_resource, **which, Tags=many)[0] == "ServiceQuotaExceededException"
    )


def test_managed_policies_are_found_with_their_path(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    for arn in (READ_ONLY, BILLING):
        center.sso.attach_managed_policy_to_permission_set(**which, ManagedPolicyArn=arn)
    attached = center.sso.list_managed_policies_in_permission_set(**which)
    assert attached["AttachedManagedPolicies"] == [
        {"Name": "ReadOnlyAccess", "Arn": READ_ONLY},
        {"Name": "Billing", "Arn": BILLING},
    ]
    attach = center.sso.attach_managed_policy_to_permission_set
    assert refusal(attach, **which, ManagedPolicyArn=READ_ONLY)[0] == "ConflictException"
    missing = "arn:aws:iam::aws:policy/Billing"
    assert refusal(attach, **which, ManagedPolicyArn=missing)[0] == "ResourceNotFoundException"
    detach = center.sso.detach_managed_policy_from_permission_set
    detach(**which, ManagedPolicyArn=READ_ONLY)
    assert refusal(detach, **which, ManagedPolicyArn=READ_ONLY)[0] == "ResourceNotFoundException"


def test_customer_managed_policies(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    attach = center.sso.attach_customer_managed_policy_reference_to_permission_set
    detach = center.sso.detach_customer_managed_policy_reference_from_permission_set
    attach(**which, CustomerManagedPolicyReference=DEPLOY)
    attach(**which, CustomerManagedPolicyReference={"Name": "other"})
    listed = center.sso.list_customer_managed_policy_references_in_permission_set(**which)
    assert listed["CustomerManagedPolicyReferences"] == [DEPLOY, {"Name": "other", "Path": "/"}]
    again = refusal(attach, **which, CustomerManagedPolicyReference=DEPLOY)
    assert again[0] == "ConflictException"
    detach(**which, CustomerManagedPolicyReference=DEPLOY)
    gone = refusal(detach, **which, CustomerManagedPolicyReference=DEPLOY)
    assert gone[0] == "ResourceNotFoundException"


def test_twenty_policies_are_the_most(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    attach = center.sso.attach_customer_managed_policy_reference_to_permission_set
    for number in range(20):
        attach(**which, CustomerManagedPolicyReference={"Name": f"p{number}"})
    full = refusal(attach, **which, CustomerManagedPolicyReference={"Name": "p20"})
    assert full[0] == "ServiceQuotaExceededException"


def test_the_inline_policy(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    assert "InlinePolicy" not in center.sso.get_inline_policy_for_permission_set(**which)
    center.sso.put_inline_policy_to_permission_set(**which, InlinePolicy=POLICY)
    found = center.sso.get_inline_policy_for_permission_set(**which)
    assert found["InlinePolicy"] == POLICY
    center.sso.delete_inline_policy_from_permission_set(**which)
    assert "InlinePolicy" not in center.sso.get_inline_policy_for_permission_set(**which)


@pytest.mark.parametrize(
    "wrong",
    [
        "no json",
        "[]",
        '{"Statement": []}',
        '{"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}',
    ],
)
def test_inline_policies_that_are_none(center: Cloud, wrong: str) -> None:
    put = center.sso.put_inline_policy_to_permission_set
    which = on(center, center.permission_set("A"))
    assert refusal(put, **which, InlinePolicy=wrong)[0] == "ValidationException"


def test_the_quota_of_the_inline_policy_counts_no_white_space(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    put = center.sso.put_inline_policy_to_permission_set
    put(**which, InlinePolicy=POLICY + " " * 20_000)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "x" * 10_300}
    long = json.dumps({"Statement": [statement]})
    assert refusal(put, **which, InlinePolicy=long)[0] == "ServiceQuotaExceededException"


def test_the_permissions_boundary(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    get = center.sso.get_permissions_boundary_for_permission_set
    put = center.sso.put_permissions_boundary_to_permission_set
    assert refusal(get, **which)[0] == "ResourceNotFoundException"
    put(**which, PermissionsBoundary={"ManagedPolicyArn": READ_ONLY})
    assert get(**which)["PermissionsBoundary"] == {"ManagedPolicyArn": READ_ONLY}
    reference = {"CustomerManagedPolicyReference": {"Name": "boundary", "Path": "/"}}
    put(**which, PermissionsBoundary=reference)
    assert get(**which)["PermissionsBoundary"] == reference
    both = {**reference, "ManagedPolicyArn": READ_ONLY}
    assert refusal(put, **which, PermissionsBoundary=both)[0] == "ValidationException"
    center.sso.delete_permissions_boundary_from_permission_set(**which)
    assert refusal(get, **which)[0] == "ResourceNotFoundException"


def test_of_two_changes_at_the_same_time_one_is_a_conflict(center: Cloud) -> None:
    which, other = on(center, center.permission_set("A")), on(center, center.permission_set("B"))
    center.clock.advance(timedelta(seconds=5))
    center.control("timing", {"propagationSeconds": 5})

    def attach(arn: str) -> str:
        try:
            Cloud(center.aws, center.clock).sso.attach_managed_policy_to_permission_set(
                **which, ManagedPolicyArn=arn
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "attached"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attach, (READ_ONLY, BILLING))) == ["ConflictException", "attached"]
    refused = refusal(center.sso.delete_permission_set, **which)
    assert refused[0] == "ConflictException"
    assert "being changed" in refused[1]
    center.sso.update_permission_set(**other, Description="Not in the way.")
    center.clock.advance(timedelta(seconds=5))
    missing = {BILLING, READ_ONLY} - {
        each["Arn"]
        for each in center.sso.list_managed_policies_in_permission_set(**which)[
            "AttachedManagedPolicies"
        ]
    }
    assert attach(missing.pop()) == "attached"


def test_pages(center: Cloud) -> None:
    names = [center.permission_set(f"Set{number}") for number in range(7)]
    first = center.sso.list_permission_sets(InstanceArn=center.instance, MaxResults=3)
    assert first["PermissionSets"] == names[:3]
    pages = center.sso.get_paginator("list_permission_sets").paginate(
        InstanceArn=center.instance, PaginationConfig={"PageSize": 3}
    )
    assert [page["PermissionSets"] for page in pages] == [names[:3], names[3:6], names[6:]]
    wrong = refusal(
        center.sso.list_permission_sets, InstanceArn=center.instance, NextToken="nonsense"
    )
    assert wrong[0] == "ValidationException"


def test_a_set_that_is_gone(center: Cloud) -> None:
    which = on(center, center.permission_set("A"))
    center.sso.delete_permission_set(**which)
    for operation in (
        center.sso.describe_permission_set,
        center.sso.delete_permission_set,
        center.sso.list_managed_policies_in_permission_set,
    ):
        assert refusal(operation, **which)[0] == "ResourceNotFoundException"
