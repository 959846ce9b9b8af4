"""The pack's rules as functions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pulumi_policy import PolicyResource

from policy.pack import POLICIES
from policy.reading import (
    APPLICATION,
    ASSIGNMENT,
    BOUNDARY,
    CERTIFICATE,
    CUSTOMER_POLICY,
    INLINE_POLICY,
    JOB,
    MANAGED_POLICY,
    PERMISSION_SET,
    REPLY_URLS,
    SECRET,
    SERVICE_PRINCIPAL,
)
from tests.policy.views import UNKNOWN, is_not_applicable, resource, violations

MANAGEMENT = "111122223333"
PROTECTED = "711111111111"
ARN = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-1111222233334444"


def inline(statement: dict[str, Any], name: str = "Look") -> PolicyResource:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return resource(INLINE_POLICY, name, {"inlinePolicy": json.dumps(document)})


def secret(region: str = "eu-west-1", **settings: str) -> list[PolicyResource]:
    """A synchronization secret and, beside it, something of AWS's provider in a region."""
    values = {
        "BaseAddress": "https://scim.eu-west-1.amazonaws.com/1-2/scim/v2",
        "SecretToken": "nobody-may-print-this",
        "SyncAll": "false",
        "SyncNotificationSettings": json.dumps(
            {"DeleteThresholdEnabled": True, "DeleteThresholdValue": 50}
        ),
    } | settings
    credentials = [{"key": key, "value": value} for key, value in values.items()]
    return [
        resource(SECRET, "secret", {"credentials": credentials}),
        resource(PERMISSION_SET, "Look", {}, region=region),
    ]


def admin(**properties: Any) -> list[PolicyResource]:
    """An admin permission set, as a preview that makes it shows it."""
    permission_set = resource(PERMISSION_SET, "Admin", {"arn": UNKNOWN, **properties})
    attachment = resource(
        MANAGED_POLICY,
        "Admin",
        {
            "managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
            "permissionSetArn": UNKNOWN,
        },
        of={"permissionSetArn": permission_set},
    )
    return [permission_set, attachment]


def assignment(permission_set: PolicyResource, account: str, **properties: Any) -> PolicyResource:
    return resource(
        ASSIGNMENT,
        f"{permission_set.name}/group/platform/{account}",
        {
            "targetId": account,
            "principalType": "GROUP",
            "principalId": UNKNOWN,
            "permissionSetArn": UNKNOWN,
            **properties,
        },
        of={"permissionSetArn": permission_set},
    )


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "*", "Resource": "*"},
        {"Action": ["s3:GetObject", "iam:*"], "Resource": "*"},
        {"NotAction": "s3:*", "Resource": "*"},
        {"Action": "iam:AttachRolePolicy", "Resource": "arn:aws:iam::*:role/*"},
    ],
)
def test_administration_by_an_inline_policy(statement: dict[str, Any]) -> None:
    (told,) = violations("no-wildcard-admin", [inline(statement)])
    assert "Look" in told
    assert violations("no-wildcard-admin", [inline(statement)], {"except": ["Lo*"]}) == []


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:*", "Resource": "*"},
        {"Action": "*", "Resource": "arn:aws:s3:::logs/*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    ],
)
def test_no_administration(statement: dict[str, Any]) -> None:
    assert violations("no-wildcard-admin", [inline(statement)]) == []


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"Statement": ["Allow"]}', '{"Statement": 3}'])
def test_what_is_no_policy_is_left_to_aws(text: str) -> None:
    assert (
        violations("no-wildcard-admin", [resource(INLINE_POLICY, "x", {"inlinePolicy": text})])
        == []
    )


def test_admin_in_a_protected_account() -> None:
    resources = admin()
    resources += [assignment(resources[0], PROTECTED), assignment(resources[0], "611111111111")]
    config = {"accounts": [PROTECTED]}
    (told,) = violations("protected-accounts", resources, config)
    assert PROTECTED in told
    assert "AdministratorAccess" in told
    excepted = {**config, "except": ["Admin/group/platform/*"]}
    assert violations("protected-accounts", resources, excepted) == []
    assert is_not_applicable("protected-accounts", resources)


def test_admin_by_an_inline_policy_in_a_protected_account() -> None:
    permission_set = resource(PERMISSION_SET, "Root", {"arn": ARN})
    policy = resource(
        INLINE_POLICY,
        "Root",
        {
            "permissionSetArn": ARN,
            "inlinePolicy": json.dumps(
                {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
            ),
        },
    )
    # An assignment that names the set by its ARN, as a literal.
    given = resource(ASSIGNMENT, "assignment", {"targetId": PROTECTED, "permissionSetArn": ARN})
    config = {"accounts": [PROTECTED]}
    assert len(violations("protected-accounts", [permission_set, policy, given], config)) == 1


def attached(permission_set: PolicyResource, kind: str, **properties: Any) -> PolicyResource:
    of = {"permissionSetArn": permission_set}
    return resource(kind, permission_set.name, {"permissionSetArn": UNKNOWN, **properties}, of=of)


def managed(permission_set: PolicyResource, policy: str) -> PolicyResource:
    arn = f"arn:aws:iam::aws:policy/{policy}"
    return attached(permission_set, MANAGED_POLICY, managedPolicyArn=arn)


def inline_of(permission_set: PolicyResource, *actions: str) -> PolicyResource:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return attached(permission_set, INLINE_POLICY, inlinePolicy=policy)


SET = resource(PERMISSION_SET, "Some", {"arn": UNKNOWN})
DEPLOY = attached(
    SET, CUSTOMER_POLICY, customerManagedPolicyReference={"name": "deploy", "path": "/team/"}
)
ESCALATION = "protected-accounts-escalation"


@pytest.mark.parametrize(
    ("policies", "why"),
    [
        ([inline_of(SET, "sts:AssumeRole")], "statement 1 of the inline policy allows sts:Assume"),
        # The managed and the inline policy lead there together.
        (
            [managed(SET, "AWSLambda_FullAccess"), inline_of(SET, "iam:PassRole")],
            "AWSLambda_FullAccess allows lambda:",
        ),
        ([DEPLOY], "the customer-managed policy /team/deploy"),
        ([inline_of(SET, "sso:*")], "allows sso:"),
    ],
)
def test_what_escalates_in_a_protected_account(policies: list[PolicyResource], why: str) -> None:
    resources = [SET, *policies, assignment(SET, PROTECTED), assignment(SET, "611111111111")]
    config = {"accounts": [PROTECTED]}
    (told,) = violations(ESCALATION, resources, config)
    assert PROTECTED in told
    assert why in told
    assert violations("protected-accounts", resources, config) == []
    assert violations(ESCALATION, resources, {**config, "except": ["Some/*"]}) == []
    assert is_not_applicable(ESCALATION, resources)


def test_an_admin_set_is_said_once() -> None:
    resources = admin()
    resources.append(assignment(resources[0], PROTECTED))
    assert violations(ESCALATION, resources, {"accounts": [PROTECTED]}) == []


def test_customer_managed_policies_that_are_configured_as_harmless() -> None:
    resources = [SET, DEPLOY, assignment(SET, PROTECTED)]
    config = {"accounts": [PROTECTED], "harmless": ["/team/deploy"]}
    assert violations(ESCALATION, resources, config) == []
    unnamed = attached(SET, CUSTOMER_POLICY, customerManagedPolicyReference={"name": UNKNOWN})
    (told,) = violations(ESCALATION, [*resources, unnamed], config)
    assert "not known before the update" in told


def test_the_management_account_is_administered_by_identity_center() -> None:
    resources = [SET, inline_of(SET, "sso:*"), assignment(SET, MANAGEMENT)]
    config = {"accounts": [MANAGEMENT], "managementAccount": MANAGEMENT}
    assert len(violations("protected-accounts", resources, config)) == 1
    assert violations(ESCALATION, resources, config) == []
    assert len(violations(ESCALATION, resources, {"accounts": [MANAGEMENT]})) == 1


def test_a_boundary_limits_a_set() -> None:
    config = {"accounts": [PROTECTED]}
    resources = [SET, managed(SET, "IAMFullAccess"), assignment(SET, PROTECTED)]
    for policy, count in (("ReadOnlyAccess", 0), ("AdministratorAccess", 1)):
        arn = f"arn:aws:iam::aws:policy/{policy}"
        limit = attached(SET, BOUNDARY, permissionsBoundary={"managedPolicyArn": arn})
        assert len(violations("protected-accounts", [*resources, limit], config)) == count
    # Nobody has read what a customer-managed boundary allows.
    reference = {"customerManagedPolicyReference": {"name": "limit"}}
    limit = attached(SET, BOUNDARY, permissionsBoundary=reference)
    assert len(violations("protected-accounts", [*resources, limit], config)) == 1


def test_narrow_sets_in_protected_accounts() -> None:
    policies = [managed(SET, "ReadOnlyAccess"), inline_of(SET, "s3:*", "cloudformation:*")]
    resources = [SET, *policies, assignment(SET, PROTECTED)]
    for rule in ("protected-accounts", ESCALATION):
        assert violations(rule, resources, {"accounts": [PROTECTED]}) == []


def test_assignments_in_the_management_account_and_in_others() -> None:
    billing, look = (resource(PERMISSION_SET, name, {"arn": UNKNOWN}) for name in ("B", "L"))
    apart = [billing, look, assignment(billing, MANAGEMENT), assignment(look, PROTECTED)]
    config = {"managementAccount": MANAGEMENT}
    assert violations("management-assignments", apart, config) == []
    (told,) = violations("management-assignments", [*apart, assignment(look, MANAGEMENT)], config)
    assert "permission set L" in told
    assert is_not_applicable("management-assignments", apart)


def test_sessions_of_admin_sets() -> None:
    assert violations("admin-session-length", admin(sessionDuration="PT4H")) == []
    assert violations("admin-session-length", admin()) == []
    (told,) = violations("admin-session-length", admin(sessionDuration="PT4H30M"))
    assert "PT4H30M" in told
    assert violations("admin-session-length", admin(sessionDuration="PT2H"), {"admin": "PT1H"})
    other = resource(PERMISSION_SET, "Look", {"arn": ARN, "sessionDuration": "PT12H"})
    assert violations("admin-session-length", [other, *admin()]) == []


def test_protection_of_what_must_be_revocable() -> None:
    for kind in (ASSIGNMENT, PERMISSION_SET, MANAGED_POLICY, INLINE_POLICY):
        assert len(violations("revocable", [resource(kind, "x", {}, protect=True)])) == 1
        assert violations("revocable", [resource(kind, "x", {})]) == []
    assert violations("revocable", [resource(APPLICATION, "x", {}, protect=True)]) == []


def test_protection_of_what_must_not_be_lost() -> None:
    for kind in (APPLICATION, SERVICE_PRINCIPAL, CERTIFICATE, SECRET, JOB):
        assert len(violations("protected", [resource(kind, "x", {})])) == 1
        assert violations("protected", [resource(kind, "x", {}, protect=True)]) == []
    assert violations("protected", [resource(ASSIGNMENT, "x", {})]) == []


def test_users_instead_of_groups() -> None:
    permission_set = resource(PERMISSION_SET, "Look", {})
    assignments = [
        assignment(permission_set, PROTECTED),
        assignment(permission_set, PROTECTED, principalType="USER"),
    ]
    assert len(violations("groups-not-users", assignments)) == 1


@pytest.mark.parametrize("required", [False, None])
def test_an_application_that_everybody_may_use(required: bool | None) -> None:
    saml = {"preferredSingleSignOnMode": "saml"}
    open_to_all = resource(SERVICE_PRINCIPAL, "x", saml | {"appRoleAssignmentRequired": required})
    assert len(violations("assignment-required", [open_to_all])) == 1
    closed = resource(SERVICE_PRINCIPAL, "x", saml | {"appRoleAssignmentRequired": True})
    other = resource(SERVICE_PRINCIPAL, "x", {"appRoleAssignmentRequired": required})
    assert violations("assignment-required", [closed, other]) == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"preferredSingleSignOnMode": "oidc"}, "oidc"),
        ({"preferredSingleSignOnMode": None}, "not set"),
        ({"accountEnabled": False}, "switched off"),
        ({"appRoleAssignmentRequired": False}, "everybody"),
    ],
)
def test_sign_on_of_a_federated_application(change: dict[str, Any], part: str) -> None:
    fine = {"preferredSingleSignOnMode": "saml", "appRoleAssignmentRequired": True}
    for kind in (CERTIFICATE, SECRET, JOB):
        for props, count in ((fine, 0), (fine | change, 1)):
            principal = resource(SERVICE_PRINCIPAL, "x", props)
            of = {"servicePrincipalId": principal}
            child = resource(kind, "y", {"servicePrincipalId": UNKNOWN}, of=of)
            told = violations("saml-sign-on", [principal, child])
            assert len(told) == count
            assert all(part in sentence for sentence in told)
    alone = resource(SERVICE_PRINCIPAL, "x", fine | change)
    assert violations("saml-sign-on", [alone]) == []


def certificate(name: str, days: float, principal: str = "p") -> PolicyResource:
    ends = datetime.now(UTC) + timedelta(days=days, minutes=1)
    props = {"endDate": ends.isoformat(), "servicePrincipalId": principal}
    return resource(CERTIFICATE, name, props)


def test_certificates_that_last_too_long() -> None:
    assert violations("certificate-lifetime", [certificate("x", 3 * 365)]) == []
    assert len(violations("certificate-lifetime", [certificate("x", 3 * 365 + 5)])) == 1
    assert len(violations("certificate-lifetime", [certificate("x", 400)], {"years": 1})) == 1
    assert violations("certificate-lifetime", [resource(CERTIFICATE, "x", {})]) == []


def test_certificates_that_expire() -> None:
    assert violations("certificate-expiry", [certificate("x", 61)]) == []
    (soon,) = violations("certificate-expiry", [certificate("x", 59)])
    assert "expires in 59 days" in soon
    (late,) = violations("certificate-expiry", [certificate("x", -3)])
    assert "expired" in late
    assert violations("certificate-expiry", [certificate("x", 59)], {"days": 30}) == []
    rolled = [certificate("old", 3), certificate("new", 900)]
    assert violations("certificate-expiry", rolled) == []
    other = [certificate("old", 3), certificate("new", 900, principal="q")]
    assert len(violations("certificate-expiry", other)) == 1


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("http://scim.eu-west-1.amazonaws.com/1/scim/v2", "not https"),
        ("https://scim.us-east-1.amazonaws.com/1/scim/v2", "is in us-east-1"),
        ("https://scim.eu-west-1.example.com/1/scim/v2", "not AWS's"),
        ("https://scim.eu-west-1.amazonaws.com.example.com/1/scim/v2", "not AWS's"),
        ("https://example.com/scim/v2", "not AWS's"),
        ("http://127.0.0.1:9/1/scim/v2", "not https"),
    ],
)
def test_scim_endpoints_that_are_wrong(address: str, part: str) -> None:
    (told,) = violations("scim-endpoint", secret(BaseAddress=address))
    assert part in told
    assert "nobody-may-print-this" not in told


@pytest.mark.parametrize("host", ["scim.eu-west-1.amazonaws.com", "scim.eu-west-1.api.aws"])
def test_scim_endpoints_that_are_right(host: str) -> None:
    assert violations("scim-endpoint", secret(BaseAddress=f"https://{host}/1/scim/v2")) == []


def test_the_region_of_the_scim_endpoint_can_be_configured() -> None:
    assert len(violations("scim-endpoint", secret(), {"region": "us-east-1"})) == 1
    assert violations("scim-endpoint", secret(region="us-east-1"), {"region": "eu-west-1"}) == []


def test_an_endpoint_of_this_machine_only_where_allowed() -> None:
    own = secret(BaseAddress="http://127.0.0.1:9/1/scim/v2")
    assert violations("scim-endpoint", own, {"loopback": True}) == []
    others = secret(BaseAddress="http://scim.eu-west-1.amazonaws.com/1/scim/v2")
    assert len(violations("scim-endpoint", others, {"loopback": True})) == 1


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("https://eu-west-1.signin.aws/platform/saml/acs/1", 0),
        ("https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/acs/1", 0),
        ("https://eu-west-1.signin.aws.example.com/platform/saml/acs/1", 1),
        ("http://127.0.0.1:9/platform/saml/acs/1", 1),
    ],
)
def test_reply_urls(url: str, count: int) -> None:
    right = "https://eu-west-1.sso.signin.aws/platform/saml/acs/1"
    urls = resource(REPLY_URLS, "reply-urls", {"redirectUris": [right, url]})
    told = violations("reply-urls", [urls])
    assert len(told) == count
    assert all(url in one for one in told)
    assert violations("reply-urls", [urls], {"except": ["reply-*"]}) == []
    allowed = violations("reply-urls", [urls], {"loopback": True})
    assert len(allowed) == (0 if "127.0.0.1" in url else count)


def test_provisioning_of_everybody() -> None:
    assert violations("scim-scope", secret()) == []
    assert len(violations("scim-scope", secret(SyncAll="True"))) == 1


@pytest.mark.parametrize(
    ("settings", "config", "count"),
    [
        ({"DeleteThresholdEnabled": True, "DeleteThresholdValue": 500}, {}, 0),
        ({"DeleteThresholdEnabled": True, "DeleteThresholdValue": 501}, {}, 1),
        ({"DeleteThresholdEnabled": True, "DeleteThresholdValue": 50}, {"highest": 20}, 1),
        ({"DeleteThresholdEnabled": False, "DeleteThresholdValue": 5}, {}, 1),
        ({"Enabled": True}, {}, 1),
    ],
)
def test_delete_thresholds(settings: dict[str, Any], config: dict[str, int], count: int) -> None:
    told = violations(
        "delete-threshold", secret(SyncNotificationSettings=json.dumps(settings)), config
    )
    assert len(told) == count


def test_provisioning_that_is_switched_off() -> None:
    jobs = [resource(JOB, name, {"enabled": name == "on"}) for name in ("on", "off")]
    (told,) = violations("provisioning-enabled", jobs)
    assert told.startswith("off ")


def test_every_rule_takes_a_preview_that_knows_nothing_yet() -> None:
    """Unknown values neither break a rule nor violate it, where a known one is not needed."""
    unknown = {
        "arn": UNKNOWN,
        "inlinePolicy": '{"Statement": []}',
        "managedPolicyArn": UNKNOWN,
        "targetId": UNKNOWN,
        "permissionSetArn": UNKNOWN,
        "servicePrincipalId": UNKNOWN,
        "endDate": UNKNOWN,
        "credentials": [
            {"key": "BaseAddress", "value": UNKNOWN},
            {
                "key": "SyncNotificationSettings",
                "value": json.dumps({"DeleteThresholdEnabled": True}),
            },
        ],
    }
    kinds = (PERMISSION_SET, INLINE_POLICY, MANAGED_POLICY, ASSIGNMENT, CERTIFICATE, SECRET, JOB)
    resources = [resource(kind, "x", unknown) for kind in kinds]
    config = {"accounts": [PROTECTED], "managementAccount": MANAGEMENT}
    for policy in POLICIES:
        if policy.name != "protected":
            assert violations(policy.name, resources, config) == []
