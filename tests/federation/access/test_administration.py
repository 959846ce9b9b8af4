"""Which policies administer, which escalate, and which do neither."""

from __future__ import annotations

from typing import Any

import pytest

from federation.access.administration import Level, administration, data

ADMIN, ESCALATES, NONE = Level.ADMIN, Level.ESCALATES, Level.NONE
PUT, ROLE = "iam:PutRolePolicy", "arn:aws:iam::*:role/"
ONE = "arn:aws:iam::111122223333:role/app"
TO_EC2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def allow(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def level(*statements: dict[str, Any], management: bool = False) -> Level:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return administration(inline=policy).level(management=management)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("*")], ADMIN),
        ([allow("*:*")], ADMIN),
        ([allow("iam:*")], ADMIN),
        ([allow("IAM:putrolepolicy")], ADMIN),
        ([allow("iam:Put?olePolicy")], ADMIN),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], ADMIN),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::logs"}], ADMIN),
        ([allow(PUT, f"{ROLE}*")], ADMIN),
        ([allow(PUT, f"{ROLE}?*")], ADMIN),
        ([allow(PUT, f"{ROLE}*-x")], ADMIN),
        ([allow(PUT, f"{ROLE}b*")], ADMIN),
        ([allow(PUT, "arn:aws:iam::????????????:role/*")], ADMIN),
        ([allow(PUT, "arn:aws:iam::${aws:PrincipalAccount}:role/*")], ADMIN),
        ([allow(PUT, f"{ROLE}${{aws:PrincipalTag/team}}")], ADMIN),
        ([allow(PUT, "arn:*")], ADMIN),
        ([allow(PUT, f"{ROLE}app-*")], ADMIN),
        ([allow(PUT, f"{ROLE}team/app-?")], ADMIN),
        ([allow(PUT, f"{ROLE}app-${{aws:PrincipalTag/team}}")], ADMIN),
        ([allow("*", f"{ROLE}app-*")], ADMIN),
        ([allow("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/team-*")], ADMIN),
        ([allow("iam:AddUserToGroup", "arn:aws:iam::*:group/ops-*")], ADMIN),
        ([allow("iam:CreateAccessKey", "arn:aws:iam::*:user/svc-*")], ADMIN),
        ([allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}*")], ADMIN),
        ([allow(PUT, f"{ROLE}aws-service-role/x.amazonaws.com/*")], NONE),
        ([allow(PUT, f"{ROLE}aws-*")], ADMIN),
        ([allow(PUT, "arn:aws:iam::*:role/app")], NONE),
        ([allow("sts:AssumeRole", f"{ROLE}app-*")], NONE),
        ([allow("sts:AssumeRole", f"{ROLE}*-app")], ESCALATES),
        ([allow(PUT, ONE)], NONE),
        ([allow(PUT, "arn:aws:iam::*:user/*")], NONE),
        ([allow(PUT, "arn:aws:s3:::x/*")], NONE),
        *[
            ([allow(f"iam:{name}")], ADMIN)
            for name in (
                *("AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy", "PutUserPolicy"),
                *("PutGroupPolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion"),
                *("AddUserToGroup", "CreateAccessKey", "CreateLoginProfile"),
                *("UpdateLoginProfile", "UpdateAssumeRolePolicy"),
            )
        ],
        ([allow("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/*")], ADMIN),
        ([allow("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/*")], NONE),
        ([allow("iam:AttachUserPolicy", "arn:aws:iam::*:user/${aws:username}")], ADMIN),
        ([allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}")], NONE),
        ([allow("sts:AssumeRole")], ESCALATES),
        ([allow("sts:AssumeRole", ONE)], NONE),
        ([allow(["iam:PassRole", "ec2:RunInstances"])], ESCALATES),
        ([allow("iam:PassRole"), allow("lambda:*")], ESCALATES),
        ([allow("iam:PassRole", Condition=TO_EC2), allow("ec2:*")], ESCALATES),
        ([allow("iam:PassRole", Condition=TO_EC2), allow("lambda:*")], NONE),
        ([allow("iam:PassRole", ONE), allow("ec2:*")], NONE),
        ([allow("iam:PassRole", f"{ROLE}app-*", Condition=TO_EC2), allow("ec2:*")], NONE),
        ([allow("iam:PassRole")], NONE),
        ([allow(PUT), deny(PUT)], NONE),
        ([deny("iam:*"), allow(PUT)], NONE),
        ([allow(PUT), deny(PUT, ONE)], ADMIN),
        ([allow(PUT), deny(PUT, Condition=TO_EC2)], ADMIN),
        ([allow("*"), deny("iam:*")], ADMIN),
        ([allow("s3:*")], NONE),
        ([allow(["iam:Get*", "iam:List*"])], NONE),
        ([allow("*", "arn:aws:s3:::logs/*")], NONE),
        (
            [
                allow(
                    PUT,
                    Condition={
                        "StringEquals": {
                            "iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/limit"
                        }
                    },
                )
            ],
            NONE,
        ),
    ],
)
def test_the_level_of_inline_policies(statements: list[dict[str, Any]], expected: Level) -> None:
    assert level(*statements) == expected
    assert level(*reversed(statements)) == expected


@pytest.mark.parametrize("action", ["sso:*", "identitystore:*", "organizations:*"])
def test_the_organization_is_administered_from_the_management_account(action: str) -> None:
    assert level(allow(action), management=True) == ADMIN
    assert level(allow(action)) == ESCALATES


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("AdministratorAccess", ADMIN),
        ("AdministratorAccess-Amplify", ADMIN),
        ("AdministratorAccess-AWSElasticBeanstalk", ADMIN),
        ("job-function/SystemAdministrator", ADMIN),
        ("IAMFullAccess", ADMIN),
        ("PowerUserAccess", ADMIN),
        ("AWSSSOMasterAccountAdministrator", ADMIN),
        ("ReadOnlyAccess", NONE),
        ("job-function/ViewOnlyAccess", NONE),
        ("SecurityAudit", NONE),
        ("AmazonS3FullAccess", NONE),
        ("job-function/Billing", NONE),
        ("NobodyKnowsThis", ESCALATES),
    ],
)
def test_the_level_of_managed_policies(policy: str, expected: Level) -> None:
    assert administration(managed=[policy]).level() == expected


def test_no_read_only_policy_of_aws_has_a_level() -> None:
    found = [name for name in data().managed if "ReadOnly" in name]
    assert len(found) > 100
    assert not any(administration(managed=[name]).level(management=True) for name in found)


def test_policies_of_different_kinds_work_together_and_boundaries_limit() -> None:
    passing = {"Version": "2012-10-17", "Statement": [allow("iam:PassRole")]}
    assert administration(managed=["AWSLambda_FullAccess"], inline=passing).level() == ESCALATES
    assert administration(customer=["/deploy"]).level() == ESCALATES
    for boundary, expected in (("AdministratorAccess", ADMIN), ("ReadOnlyAccess", NONE)):
        assert administration(managed=["IAMFullAccess"], boundary=boundary).level() == expected
