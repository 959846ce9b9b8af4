"""The structure of IAM policies, beyond the corpus of bad inputs."""

from __future__ import annotations

from typing import Any

import pytest

from federation.access.iam_policy import problems_in
from federation.core.source import dotted

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def sentences(policy: Any) -> list[str]:
    return [f"{dotted(path)}: {text}" for path, text in problems_in(policy)]


def policy(**statement: Any) -> dict[str, Any]:
    made = {key: value for key, value in {**GOOD, **statement}.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [made]}


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Action": "*"},
        {"Action": "*:*"},
        {"Action": ["s3:Get*", "ec2:Describe?*", "execute-api:Invoke"]},
        {"Action": None, "NotAction": "iam:*"},
        {"Resource": "arn:aws:s3:::bucket/${aws:username}/*"},
        {"Resource": ["arn:aws-us-gov:iam::123456789012:role/x", "arn:aws:s3*"]},
        {"Resource": None, "NotResource": "arn:aws:s3:::secret"},
        {"Sid": "Sid1"},
        {"Sid": ""},
        {"Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}},
        {"Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": "a*"}}},
        {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}}},
        {"Condition": {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": 3600}}},
        {
            "Condition": {
                "Null": {"aws:TokenIssueTime": "false"},
                "IpAddress": {"aws:SourceIp": "::"},
            }
        },
    ],
)
def test_what_aws_accepts(statement: dict[str, Any]) -> None:
    assert sentences(policy(**statement)) == []
    single = {
        "Version": "2008-10-17",
        "Id": "one",
        "Statement": policy(**statement)["Statement"][0],
    }
    assert sentences(single) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ({"Effect": None}, 'Effect: the Effect is "Allow" or "Deny", not nothing.'),
        ({"Action": None}, ": a statement has exactly one of Action and NotAction."),
        ({"NotAction": "*"}, ": a statement has exactly one of Action and NotAction."),
        ({"Resource": None}, ": a statement has exactly one of Resource and NotResource."),
        ({"Action": []}, "Action: Action is a text or a list of texts, not a list."),
        ({"Action": {}}, "Action: Action is a text or a list of texts, not a mapping."),
        ({"Action": [7]}, "Action[0]: a text is needed here, not 7 without quotes."),
        (
            {"Action": "s*:Get"},
            'Action: "s*:Get" is not an action: write service:Action, as s3:GetObject or s3:Get*.',
        ),
        (
            {"Resource": "arn:aws:s3"},
            'Resource: "arn:aws:s3" is not a resource: write an ARN (arn:aws:s3:::name/*) or "*".',
        ),
        ({"Sid": 4}, "Sid: a Sid has letters and digits only, not 4 without quotes."),
        ({"Condition": []}, "Condition: a Condition is a mapping of operators, not a list."),
        (
            {"Condition": {"Bool": True}},
            "Condition.Bool: Bool needs a mapping of condition keys to values.",
        ),
        (
            {"Condition": {"Bool": {"aws:SecureTransport": []}}},
            (
                "Condition.Bool.aws:SecureTransport: a condition value is a text in quotes, or "
                "a list of texts."
            ),
        ),
        (
            {"Condition": {"stringequals": {"a": "b"}}},
            (
                'Condition.stringequals: "stringequals" is not a condition operator. '
                'Did you mean "StringEquals"? Upper and lower case count.'
            ),
        ),
    ],
)
def test_what_aws_refuses(statement: dict[str, Any], sentence: str) -> None:
    path, _, text = sentence.partition(": ")
    full = f"Statement[0]{'.' if path else ''}{path}: {text}"
    assert full in sentences(policy(**statement))


def whole(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("text", ': a policy is a mapping with Version and Statement, not "text".'),
        (whole(), "Statement: Statement is a mapping, or a list with at least one."),
        (whole("x"), 'Statement[0]: a statement is a mapping, not "x".'),
        (
            whole(GOOD, Version="2020-01-01"),
            'Version: the Version is "2012-10-17" in quotes, not "2020-01-01".',
        ),
        (whole(GOOD, Id=7), "Id: the Id is a text in quotes, not 7 without quotes."),
        (
            whole(GOOD, version=1),
            (
                'version: IAM policies have no "version" here. Did you mean "Version"? '
                "Upper and lower case count."
            ),
        ),
        (
            whole({**GOOD, "Sid": "A"}, {**GOOD, "Sid": "A"}),
            'Statement[1].Sid: the Sid "A" stands twice in this policy; Sids are unique.',
        ),
    ],
)
def test_documents_that_are_no_policies(broken: Any, sentence: str) -> None:
    assert sentences(broken) == [sentence]
