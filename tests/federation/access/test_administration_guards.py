"""Which sets reach protected accounts, by their policies, through the access file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.access.declared import Access
from federation.access.findings import Finding
from federation.access.guards import check_guards
from federation.access.labels import declared, labels
from federation.access.targets import resolve
from federation.core.errors import InvalidInput
from tests.federation.loading import company, load, load_text

TODAY = date(2027, 1, 15)
MANAGEMENT, BILLING = "111122223333", "711111111111"
TEAM_POLICY = {"customerManagedPolicies": [{"name": "deploy", "path": "/team/"}]}


def inline(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"inlinePolicy": {"Version": "2012-10-17", "Statement": list(statements)}}


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def access(entry: dict[str, Any], account: str = BILLING, **guards: Any) -> Access:
    acknowledged = guards.pop("acknowledged", False)
    rule = {"id": "give", "group": "team", "permissionSets": ["Some"]}
    more = {"protected": "acknowledged"} if acknowledged else {}
    return load(
        {
            "groups": {"team": {"displayName": "AWS-Team"}},
            "permissionSets": {"Some": entry},
            "rules": [{**rule, "targets": [{"account": account}], **more}],
            "guards": {"protectedAccounts": [{"account": account}], **guards},
        }
    )


def found(entry: dict[str, Any], account: str = BILLING, **guards: Any) -> list[Finding]:
    data = access(entry, account, **guards)
    names = labels(declared(data))
    resolution = resolve(data, company(), today=TODAY, previous=())
    return list(check_guards(data, resolution, company(), labels=names))


def said(entry: dict[str, Any], account: str = BILLING, **guards: Any) -> list[tuple[str, str]]:
    return [(one.severity, one.guard) for one in found(entry, account, **guards)]


ESCALATING = [
    inline(allow("sts:AssumeRole")),
    inline(allow("iam:PassRole"), allow("lambda:CreateFunction", "lambda:InvokeFunction")),
    {"managedPolicies": ["AWSLambda_FullAccess"], **inline(allow("iam:PassRole"))},
    TEAM_POLICY,
]


@pytest.mark.parametrize("entry", ESCALATING)
def test_what_escalates_is_a_warning_unless_configured(entry: dict[str, Any]) -> None:
    assert said(entry) == [("warning", "escalatesOnProtected")]
    strict = {"escalatesOnProtected": "error"}
    assert said(entry, severity=strict) == [("error", "escalatesOnProtected")]
    assert said(entry, acknowledged=True, severity=strict) == []


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (
            inline(allow("s3:*"), allow("iam:Put*", resource="arn:aws:iam::*:role/app-*")),
            "Some because statement 2 of the inline policy allows iam:PutRolePolicy",
        ),
        (
            {"managedPolicies": ["IAMFullAccess"]},
            "Some because IAMFullAccess allows iam:AttachUserPolicy",
        ),
        (
            {"managedPolicies": ["job-function/SystemAdministrator"]},
            "Some because job-function/SystemAdministrator is a policy for administrators",
        ),
    ],
)
def test_the_finding_says_what_administers(entry: dict[str, Any], why: str) -> None:
    (one,) = found(entry)
    assert (one.guard, one.severity) == ("adminOnProtected", "error")
    assert f": {why}; write protected" in one.message


def test_the_finding_says_what_escalates() -> None:
    (one,) = found(ESCALATING[2])
    assert (
        ": Some because statement 1 of the inline policy allows iam:PassRole to lambda and "
        "AWSLambda_FullAccess allows lambda:"
    ) in one.message
    (other,) = found(TEAM_POLICY)
    assert "what the customer-managed policy /team/deploy allows is not known here" in other.message


def test_a_declared_admin_set_says_that_it_is_declared() -> None:
    (one,) = found(inline(allow("s3:*")), adminPermissionSets=["Some"])
    assert ": Some because guards.adminPermissionSets names it; write protected" in one.message


def test_the_organization_is_administered_in_the_management_account_only() -> None:
    entry = inline(allow("sso:*"))
    assert said(entry, MANAGEMENT) == [("error", "adminOnProtected")]
    assert said(entry) == [("warning", "escalatesOnProtected")]


def test_policies_that_are_declared_harmless_escalate_no_more() -> None:
    assert said(TEAM_POLICY, harmlessPolicies=["/team/deploy"]) == []
    both = {"customerManagedPolicies": [*TEAM_POLICY["customerManagedPolicies"], {"name": "other"}]}
    (one,) = found(both, harmlessPolicies=["/team/deploy"])
    assert "the customer-managed policy /other allows" in one.message
    # What it allows beside them is read all the same.
    assert said({**TEAM_POLICY, **inline(allow("iam:*"))}, harmlessPolicies=["/team/deploy"]) == [
        ("error", "adminOnProtected")
    ]


def test_a_misspelled_harmless_policy_is_an_error_at_its_place() -> None:
    text = """\
permissionSets:
  Some:
    customerManagedPolicies: [{name: deploy, path: /team/}]
guards:
  harmlessPolicies:
    - /team/deploy
    - /team/deplyo
"""
    with pytest.raises(InvalidInput) as raised:
        load_text(text)
    told = str(raised.value)
    assert "access.yaml:7:7" in told
    assert 'no permission set has the customer-managed policy "/team/deplyo".' in told
    assert "/team/deploy" in told.partition("deplyo")[2]


@pytest.mark.parametrize(
    "entry",
    [
        {"managedPolicies": ["ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"]},
        inline(allow("iam:PassRole", resource="arn:aws:iam::*:role/app"), allow("lambda:*")),
        inline(allow("iam:PassRole", resource="arn:aws:iam::*:role/app-*"), allow("ecs:*")),
        inline(allow("iam:PutRolePolicy", resource="arn:aws:iam::711111111111:role/app")),
        inline(allow("iam:*AccessKey*", resource="arn:aws:iam::*:user/${aws:username}")),
        inline(allow("sts:AssumeRole", resource="arn:aws:iam::*:role/cdk-*")),
        inline(allow("cloudformation:*", "s3:*")),
    ],
)
def test_narrow_sets_are_no_alarm(entry: dict[str, Any]) -> None:
    assert said(entry, severity={"escalatesOnProtected": "error"}) == []
