"""What no rule may do: every guard, violated and kept, as an error and as a warning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.break_glass import Rescue
from federation.access.declared import Access
from federation.access.findings import Finding
from federation.access.guards import admin_sets, check_guards
from federation.access.labels import declared, labels
from federation.access.targets import resolve
from tests.federation.loading import company, load

TODAY = date(2027, 1, 15)
TEAM, BREAK_GLASS = PrincipalKey("GROUP", "team"), PrincipalKey("GROUP", "break-glass")
MANAGEMENT, OLD_CRM = "111122223333", "911111111111"
PROD = ("711111111111", "722222222222", "733333333333")
PROTECTED = {"protectedAccounts": [{"ou": "Workloads/Prod"}]}
RESCUE = {
    "id": "rescue",
    "group": "break-glass",
    "permissionSets": ["Administrator"],
    "targets": [{"ou": "Workloads/Prod"}],
    "protected": "acknowledged",
}


def access_file(*rules: dict[str, Any], **guards: Any) -> dict[str, Any]:
    return {
        "groups": {
            "team": {"displayName": "AWS-Team"},
            "break-glass": {"displayName": "AWS-Break-Glass"},
        },
        "users": {"ada": {"userPrincipalName": "ada@example.com"}},
        "permissionSets": {
            "Administrator": {"managedPolicies": ["AdministratorAccess"]},
            "Deploy": {},
            "Audit": {},
        },
        "rules": list(rules),
        "guards": guards,
    }


def rule(ident: str, *sets: str, ou: str = "Workloads/Dev", **more: Any) -> dict[str, Any]:
    who = {} if "user" in more else {"group": "team"}
    targets = [{"ou": ou}]
    return {"id": ident, "permissionSets": list(sets), "targets": targets, **who, **more}


def checked(
    access: Access, previous: Iterable[Assignment] = (), rescue: Rescue | None = None
) -> tuple[Finding, ...]:
    before = tuple(previous)
    found = resolve(access, company(), today=TODAY, previous=before)
    rescue = rescue or Rescue(people={BREAK_GLASS: 2})
    return check_guards(access, found, company(), before, rescue, labels=labels(declared(access)))


def findings(*rules: dict[str, Any], **guards: Any) -> list[tuple[str, str, int]]:
    found = checked(load(access_file(*rules, **guards)))
    return [(finding.severity, finding.message, len(finding.assignments)) for finding in found]


def test_guards_that_are_not_configured_say_nothing() -> None:
    everything = [
        rule("admin", "Administrator", ou="/"),
        rule("duties", "Deploy", "Audit", user="ada"),
    ]
    assert findings(*everything) == []


def test_admin_sets_reach_protected_accounts_only_when_the_rule_says_so() -> None:
    reaching = rule("admin", "Administrator", "Deploy", ou="Workloads")
    assert findings(reaching, **PROTECTED) == [
        (
            "error",
            (
                'rule "admin" gives the admin set Administrator in protected accounts '
                "(billing-prod (711111111111), web-prod (722222222222), core-prod (733333333333)): "
                "Administrator because AdministratorAccess allows nearly everything; "
                "write protected: acknowledged in the rule if it must."
            ),
            3,
        )
    ]
    assert findings({**reaching, "protected": "acknowledged"}, **PROTECTED) == []


def test_each_rule_that_gives_an_assignment_must_acknowledge_for_itself() -> None:
    one = rule("one", "Administrator", ou="Workloads/Prod", protected="acknowledged")
    other = rule("other", "Administrator", ou="Workloads/Prod")
    assert [message[:12] for _, message, _ in findings(one, other, **PROTECTED)] == ['rule "other"']


@pytest.mark.parametrize(
    ("entry", "admin"),
    [
        ({"managedPolicies": ["AdministratorAccess"]}, True),
        ({"managedPolicies": ["arn:aws:iam::aws:policy/IAMFullAccess"]}, True),
        ({"managedPolicies": ["PowerUserAccess"]}, True),
        ({"inlinePolicy": {"Action": "*", "Resource": "*"}}, True),
        ({"inlinePolicy": {"Action": ["s3:*", "IAM:*"], "Resource": "*"}}, True),
        ({"inlinePolicy": {"Action": "iam:Attach*", "Resource": "arn:aws:iam::*:role/*"}}, True),
        ({"inlinePolicy": {"Action": "iam:PutRole*", "Resource": "arn:aws-cn:iam::*:*"}}, True),
        ({"inlinePolicy": {"NotAction": "s3:*", "Resource": "*"}}, True),
        ({"inlinePolicy": {"NotAction": ["iam:*", "s3:*"], "Resource": "*"}}, True),
        ({"inlinePolicy": {"Action": "*", "NotResource": "arn:aws:s3:::logs"}}, True),
        ({"inlinePolicy": {"Action": "iam:*", "Resource": "arn:aws:iam::*:user/ada"}}, False),
        ({"inlinePolicy": {"Action": "iam:Get*", "Resource": "*"}}, False),
        ({"inlinePolicy": {"Effect": "Deny", "Action": "*", "Resource": "*"}}, False),
    ],
)
def test_admin_sets_are_found_by_their_policies(entry: dict[str, Any], admin: bool) -> None:
    if "inlinePolicy" in entry:
        statement = {"Effect": "Allow", **entry["inlinePolicy"]}
        entry = {"inlinePolicy": {"Version": "2012-10-17", "Statement": statement}}
    access = load({"permissionSets": {"Some": entry, "Other": {}}})
    assert admin_sets(access) == ({"Some"} if admin else set())


def test_declared_admin_sets_count_too() -> None:
    reaching = rule("deploy", "Deploy", ou="Workloads/Prod")
    found = findings(reaching, **PROTECTED, adminPermissionSets=["Deploy"])
    assert [(severity, assignments) for severity, _, assignments in found] == [("error", 3)]


def test_break_glass_keeps_an_admin_set_in_every_protected_account() -> None:
    guards = {**PROTECTED, "breakGlass": ["break-glass"]}
    assert findings(RESCUE, **guards) == []
    gap = {**RESCUE, "except": [{"accountName": "web-prod"}]}
    assert findings(gap, **guards) == [
        (
            "error",
            (
                "break-glass group AWS-Break-Glass (key break-glass) holds no admin set in "
                "web-prod (722222222222); without it nobody gets in when everything else fails."
            ),
            0,
        )
    ]
    never = {"never": [{"accountName": "web-prod"}]}
    assert findings(RESCUE, **guards, **never) == []
    weak = {**RESCUE, "permissionSets": ["Audit"]}
    assert len(findings(weak, **guards)) == 1


def rescue_with(entry: dict[str, Any], **guards: Any) -> list[str]:
    """What the guard says of a break-glass set with these policies."""
    data = access_file(RESCUE, **PROTECTED, breakGlass=["break-glass"], **guards)
    data["permissionSets"]["Administrator"] = entry
    return [finding.message for finding in checked(load(data)) if finding.guard == "breakGlass"]


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


ADMIN = {"managedPolicies": ["AdministratorAccess"]}
ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
CONDITION = {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.1"}}}


def put_role(where: str, element: str = "Resource") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "iam:PutRolePolicy", element: where}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (
            {**ADMIN, "permissionsBoundary": {"managedPolicy": "job-function/ViewOnlyAccess"}},
            "its permissions boundary is not AdministratorAccess",
        ),
        (
            {**ADMIN, "permissionsBoundary": {"customerManagedPolicy": {"name": "boundary"}}},
            "its permissions boundary is not AdministratorAccess",
        ),
        (
            {**ADMIN, "inlinePolicy": policy({**ALL, "Effect": "Deny"})},
            "its inline policy has a Deny statement",
        ),
        ({"managedPolicies": ["AdministratorAccess", "AWSDenyAll"]}, "AWSDenyAll denies"),
        (
            {**ADMIN, "customerManagedPolicies": [{"name": "deny"}]},
            "what its customer-managed policies deny is not known here",
        ),
        (
            {"inlinePolicy": policy({**ALL, **CONDITION})},
            "its policies don't allow administration without conditions",
        ),
        *[
            (entry, "its policies don't allow administration without conditions")
            for entry in (
                {"managedPolicies": ["ReadOnlyAccess"]},
                {"managedPolicies": ["PowerUserAccess"]},
                # Administration to be guarded against, but not in every account and on every role.
                {"inlinePolicy": policy(put_role("arn:aws:iam::*:role/a*"))},
                {"inlinePolicy": policy(put_role("arn:aws:iam::*:role/any"))},
                {"inlinePolicy": policy(put_role("arn:aws:iam::711111111111:role/*"))},
                {"inlinePolicy": policy(put_role("arn:aws:iam::*:user/*"))},
                {"inlinePolicy": policy({**ALL, "Action": "iam:CreateAccessKey"})},
                {"inlinePolicy": policy(put_role("*", "NotResource"))},
                {"inlinePolicy": policy(put_role("arn:aws:iam::*:role/a", "NotResource"))},
            )
        ],
    ],
)
def test_a_break_glass_set_that_gets_nobody_in_does_not_count(
    entry: dict[str, Any], why: str
) -> None:
    (told,) = rescue_with(entry)
    assert f"Administrator does not count: {why}; without it nobody gets in" in told
    # Saying that it is an admin set makes it none.
    assert len(rescue_with(entry, adminPermissionSets=["Administrator"])) == 1


@pytest.mark.parametrize(
    "entry",
    [
        ADMIN,
        {**ADMIN, "permissionsBoundary": {"managedPolicy": "AdministratorAccess"}},
        {"managedPolicies": ["IAMFullAccess"]},
        {"inlinePolicy": policy({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})},
        {"inlinePolicy": policy({**ALL, **CONDITION}, ALL)},
        {"inlinePolicy": policy(put_role("arn:aws:iam::*:role/*"))},
        {"inlinePolicy": policy(put_role("arn:aws-us-gov:iam::*:*"))},
    ],
)
def test_break_glass_sets_that_count(entry: dict[str, Any]) -> None:
    assert rescue_with(entry) == []


def test_a_second_set_that_counts_is_enough() -> None:
    data = access_file(
        {**RESCUE, "permissionSets": ["Administrator", "Audit"]},
        **PROTECTED,
        breakGlass=["break-glass"],
    )
    assert checked(load(data)) == ()


def test_break_glass_without_people_stops_and_one_of_several_is_warned_of() -> None:
    also = {**RESCUE, "id": "ada", "user": "ada"}
    del also["group"]
    ada = PrincipalKey("USER", "ada")

    def told(keys: list[str], people: dict[PrincipalKey, int], **guards: Any) -> list[str]:
        access = load(access_file(RESCUE, also, **PROTECTED, breakGlass=keys, **guards))
        return [
            f"{finding.severity}: {finding.message}"
            for finding in checked(access, rescue=Rescue(people=people))
        ]

    nobody = (
        "break-glass group AWS-Break-Glass (key break-glass) has no direct member who can sign in."
    )
    assert told(["break-glass"], {BREAK_GLASS: 1}) == []
    assert told(["break-glass"], {BREAK_GLASS: 0}) == [f"error: {nobody}"]
    assert told(["break-glass"], {}) == [f"error: {nobody}"]
    assert told(["break-glass", "ada"], {BREAK_GLASS: 0, ada: 1}) == [f"warning: {nobody}"]
    assert len(told(["break-glass", "ada"], {BREAK_GLASS: 0, ada: 0})) == 2
    lenient = {"severity": {"breakGlass": "warn"}}
    assert told(["break-glass"], {BREAK_GLASS: 0}, **lenient) == [f"warning: {nobody}"]


def test_what_is_not_known_about_break_glass_is_never_silent() -> None:
    access = load(access_file(RESCUE, **PROTECTED, breakGlass=["break-glass"]))
    (told,) = checked(access, rescue=Rescue())
    assert (told.severity, told.guard) == ("warning", "unverified")
    assert "is not known without Entra: pulumi preview checks it" in told.message


def test_removals_above_the_limit() -> None:
    access = load(access_file(rule("dev", "Deploy"), maxRemovals=1))
    kept = [Assignment("Deploy", TEAM, account) for account in ("611111111111", "622222222222")]
    gone = [Assignment("Deploy", TEAM, account) for account in PROD]
    assert checked(access, [*kept, gone[0]]) == ()
    found = checked(access, [*kept, *gone])
    assert [(finding.message, finding.assignments) for finding in found] == [
        (
            (
                "this update removes 3 assignments, more than the 1 of guards.maxRemovals; raise "
                "it for this one update if that is meant."
            ),
            tuple(gone),
        )
    ]


def test_frozen_assignments_are_no_removals() -> None:
    access = load(access_file(rule("dev", "Deploy"), maxRemovals=0))
    frozen = Assignment("Deploy", TEAM, OLD_CRM)
    assert checked(access, [frozen]) == ()
    assert len(checked(access, [Assignment("Deploy", BREAK_GLASS, "611111111111")])) == 1


def test_assignments_of_accounts_that_vanished_count_as_removals() -> None:
    """A listing that lost half of the organization must not revoke half of the access."""
    access = load(access_file(rule("dev", "Deploy"), maxRemovals=0))
    assert len(checked(access, [Assignment("Deploy", TEAM, "999999999999")])) == 1


def test_owners_are_required_as_strictly_as_asked() -> None:
    rules = [rule("owned", "Deploy", owner="ada@example.com"), rule("orphan", "Deploy")]
    text = 'rule "orphan" has no owner; write who answers for this access.'
    assert findings(*rules, requireOwner="error") == [("error", text, 0)]
    assert findings(*rules, requireOwner="warn") == [("warning", text, 0)]


def test_users_instead_of_groups() -> None:
    rules = [rule("person", "Deploy", user="ada"), rule("team", "Deploy")]
    assert findings(*rules, usersInsteadOfGroups="warn") == [
        (
            "warning",
            (
                'rule "person" gives access to user ada@example.com (key ada) directly; a group '
                "in Entra shows it in every access review."
            ),
            0,
        )
    ]


def test_a_teams_file_touches_only_its_scope() -> None:
    central = access_file(
        rule("central", "Deploy", ou="Security"), scopes={"web.yaml": [{"accountName": "web-dev"}]}
    )
    team = {"rules": [rule("inside", "Deploy") | {"targets": [{"accountName": "web-dev"}]}]}
    assert checked(load(central, web=team)) == ()
    wide = {"rules": [rule("wide", "Deploy")]}
    found = checked(load(central, web=wide))
    assert [(f.message, [assignment.account for assignment in f.assignments]) for f in found] == [
        (
            (
                'rule "wide" reaches accounts that guards.scopes does not grant its file: '
                "billing-dev (611111111111)."
            ),
            ["611111111111"],
        )
    ]
    assert found[0].location.file == "web.yaml"
    without = checked(load(central, web={"rules": []}, other=team))
    assert [f.location.file for f in without] == ["other.yaml"]


def test_a_set_with_management_assignments_has_no_other_assignments() -> None:
    own = rule("own", "Deploy") | {"targets": [{"account": MANAGEMENT}]}
    assert findings(own, rule("others", "Audit")) == []
    mixed = own | {"targets": [{"account": MANAGEMENT}, {"accountName": "web-dev"}]}
    assert findings(mixed) == [
        (
            "error",
            (
                "permission set Deploy has assignments in the management account and in others "
                '(rule "own"); the delegated administrator would lose it everywhere: make a set of '
                "its own for the management account."
            ),
            2,
        )
    ]


@pytest.mark.parametrize(
    ("guard", "rules", "guards"),
    [
        ("adminOnProtected", [rule("a", "Administrator", ou="Workloads")], PROTECTED),
        ("breakGlass", [rule("a", "Deploy")], {**PROTECTED, "breakGlass": ["break-glass"]}),
        ("separationOfDuties", [rule("a", "Deploy", "Audit")],
         {"separationOfDuties": [["Deploy", "Audit"]]}),
        ("requireOwner", [rule("a", "Deploy")], {"requireOwner": "error"}),
        ("usersInsteadOfGroups", [rule("a", "Deploy", user="ada")],
         {"usersInsteadOfGroups": "error"}),
        ("managementAssignments", [rule("a", "Deploy") | {"targets": [
            {"account": MANAGEMENT}, {"accountName": "web-dev"}]}], {}),
    ],
)  # fmt: skip
def test_every_guard_can_be_a_warning(
    guard: str, rules: list[dict[str, Any]], guards: dict[str, Any]
) -> None:
    strict = checked(load(access_file(*rules, **guards)))
    assert [(finding.guard, finding.severity) for finding in strict] == [(guard, "error")]
    lenient = checked(load(access_file(*rules, **guards, severity={guard: "warn"})))
    assert [(finding.guard, finding.severity) for finding in lenient] == [(guard, "warning")]


def test_findings_show_the_place_and_the_first_assignments() -> None:
    found = checked(load(access_file(rule("a", "Administrator", ou="Workloads"), **PROTECTED)))
    lines = str(found[0]).splitlines()
    assert lines[0].startswith("access.yaml:1:")
    assert lines[1].startswith('  error: rule "a" gives the admin set Administrator')
    assert lines[2:] == [
        f"    Administrator/group/team/{account} [AWS-Team (key team)]" for account in PROD
    ]
