"""Callers with an IAM policy: what they may not do is refused in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from entra_aws_sandbox.aws.policy import Policy, PolicyError, deployment_user
from entra_aws_sandbox.aws.seed import load_seed
from sandbox_tests.aws.support import Cloud

KEY = "AKIADEPLOYMENT"
ARN = "arn:aws:iam::111122223333:user/identity-deployment"


@pytest.fixture
def deployment(center: Cloud) -> Cloud:
    """A sandbox that knows the deployment's key."""
    center.aws._access_key = KEY
    center.aws.users.deployment = deployment_user(load_seed().document, KEY)
    return center


def allow(cloud: Cloud, *actions: str, deny: str = "") -> None:
    """Give the deployment a policy that allows these actions and no others."""
    statements = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
    if deny:
        statements.append({"Effect": "Deny", "Action": deny, "Resource": "*"})
    document = {"Version": "2012-10-17", "Statement": statements}
    answer = cloud.control("iam-policy", {"policy": document})
    assert answer.status == 200, answer.data


def refusal(call: Any, **arguments: Any) -> tuple[str, str, int]:
    """Code, message and status with which a call is refused."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return (
        error["Code"],
        error["Message"],
        refused.value.response["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_a_json_service_refuses_what_the_policy_does_not_allow(deployment: Cloud) -> None:
    allow(deployment, "sso:ListInstances")
    sso = deployment.client("sso-admin", key=KEY)
    assert sso.list_instances()["Instances"]
    assert refusal(sso.list_permission_sets, InstanceArn=deployment.instance) == (
        "AccessDeniedException",
        (
            f"User: {ARN} is not authorized to perform: sso:ListPermissionSets on resource: "
            f"{deployment.instance} because no identity-based policy allows the "
            "sso:ListPermissionSets action"
        ),
        400,
    )
    store = deployment.client("identitystore", key=KEY)
    code, message, _ = refusal(store.list_groups, IdentityStoreId=deployment.store_id)
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: identitystore:ListGroups on resource: " in message
    organizations = deployment.client("organizations", key=KEY)
    code, message, _ = refusal(organizations.list_roots)
    assert code == "AccessDeniedException"
    assert message.startswith(f"User: {ARN} is not authorized to perform: organizations:ListRoots")


def test_a_query_service_refuses_with_its_own_code(deployment: Cloud) -> None:
    allow(deployment, "sso:*")
    iam = deployment.client("iam", key=KEY)
    code, message, status = refusal(
        iam.simulate_principal_policy, PolicySourceArn=ARN, ActionNames=["sso:ListInstances"]
    )
    assert (code, status) == ("AccessDenied", 403)
    assert "is not authorized to perform: iam:SimulatePrincipalPolicy" in message
    sts = deployment.client("sts", key=KEY)
    code, message, status = refusal(
        sts.assume_role, RoleArn="arn:aws:iam::222233334444:role/x", RoleSessionName="test"
    )
    assert (code, status) == ("AccessDenied", 403)
    assert "sts:AssumeRole on resource: arn:aws:iam::222233334444:role/x" in message


def test_who_one_is_needs_no_permission(deployment: Cloud) -> None:
    allow(deployment, "sso:ListInstances", deny="*")
    identity = deployment.client("sts", key=KEY).get_caller_identity()
    assert (identity["Arn"], identity["Account"]) == (ARN, "111122223333")


def test_wildcards_case_and_an_explicit_deny(deployment: Cloud) -> None:
    allow(deployment, "SSO:list*", "sso:DescribeInstanc?", deny="sso:ListPermissionSets")
    sso = deployment.client("sso-admin", key=KEY)
    sso.list_instances()
    sso.describe_instance(InstanceArn=deployment.instance)
    _, message, _ = refusal(sso.list_permission_sets, InstanceArn=deployment.instance)
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_tags_on_a_new_set_need_a_second_action(deployment: Cloud) -> None:
    allow(deployment, "sso:CreatePermissionSet")
    sso = deployment.client("sso-admin", key=KEY)
    sso.create_permission_set(InstanceArn=deployment.instance, Name="A")
    arguments = {
        "InstanceArn": deployment.instance,
        "Name": "B",
        "Tags": [{"Key": "a", "Value": ""}],
    }
    _, message, _ = refusal(sso.create_permission_set, **arguments)
    assert "sso:TagResource" in message


def test_assignments_on_the_management_account_need_iam_actions(deployment: Cloud) -> None:
    allow(deployment, "sso:*")
    sso, arn, group = deployment.client("sso-admin", key=KEY), deployment.permission_set("A"), "G"
    assignment = deployment.assignment(arn, "111122223333", deployment.group(group))
    _, message, _ = refusal(sso.create_account_assignment, **assignment)
    assert "iam:AttachRolePolicy on resource: arn:aws:sso:::account/111122223333" in message
    sso.create_account_assignment(**{**assignment, "TargetId": "611111111111"})


def test_simulation_says_what_the_gate_does(deployment: Cloud) -> None:
    allow(deployment, "sso:List*", "iam:SimulatePrincipalPolicy", deny="sso:ListTagsForResource")
    iam = deployment.client("iam", key=KEY)
    names = ["sso:ListInstances", "sso:ListTagsForResource", "sso:CreatePermissionSet"]
    # More than a page: the paginator must find all of them.
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=ARN, ActionNames=[*names, *(f"sso:Describe{n}" for n in range(150))]
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    assert len(results) == 153
    assert [result["EvalDecision"] for result in results[:3]] == [
        "allowed",
        "explicitDeny",
        "implicitDeny",
    ]
    code, _, status = refusal(
        iam.simulate_principal_policy,
        PolicySourceArn="arn:aws:iam::111122223333:user/nobody",
        ActionNames=names,
    )
    assert (code, status) == ("NoSuchEntity", 404)
    code, _, _ = refusal(
        iam.simulate_principal_policy, PolicySourceArn=ARN, ActionNames=["sso:List*"]
    )
    assert code == "InvalidInput"


def test_what_was_used_is_told(deployment: Cloud) -> None:
    sso = deployment.client("sso-admin", key=KEY)
    sso.list_instances()
    sso.list_instances()
    deployment.sso.list_permission_sets(InstanceArn=deployment.instance)
    used = deployment.control("permissions", {"forget": True}).json()["actions"]
    assert used == {"sso:ListInstances": 2}
    assert deployment.control("permissions", {}).json()["actions"] == {}


def test_other_keys_are_administrators(deployment: Cloud) -> None:
    allow(deployment, "sso:ListInstances")
    assert deployment.organizations.list_roots()["Roots"]


def test_a_reset_restores_the_seeds_policy(deployment: Cloud) -> None:
    seeded = deployment.control("iam-policy", {}).json()["policy"]
    allow(deployment, "sso:ListInstances")
    deployment.aws.reset()
    assert deployment.control("iam-policy", {}).json()["policy"] == seeded


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "Version"),
        ({"Version": "2008-10-17"}, "Version"),
        ({"Effect": "Permit"}, "Effect"),
        ({"Condition": {}}, "no Condition"),
        ({"NotAction": "sso:*"}, "no NotAction"),
        ({"Action": "ListInstances"}, "Action"),
        ({"Action": []}, "Action"),
        ({"Resource": "arn:aws:sso:::instance/x"}, "Resource"),
    ],
)
def test_documents_that_are_no_policies(document: Any, reason: str) -> None:
    if isinstance(document, dict) and "Version" not in document:
        statement = {"Effect": "Allow", "Action": "sso:*", "Resource": "*", **document}
        document = {"Version": "2012-10-17", "Statement": statement}
    with pytest.raises(PolicyError, match=reason):
        Policy.read(document)


def test_no_policy_without_a_deployment(cloud: Cloud) -> None:
    assert cloud.control("iam-policy", {}).status == 409
