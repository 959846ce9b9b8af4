"""What a team's file may change, by its rules and by what it declares for the rules of others."""

from __future__ import annotations

from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.findings import Finding
from tests.federation.access.test_guards import OLD_CRM, checked
from tests.federation.loading import load

WEB_PROD = "722222222222"
SCOPES = {"scopes": {"web.yaml": [{"accountName": "web-dev"}]}}
LOOK = {"permissionSets": {"Look": {"managedPolicies": ["ReadOnlyAccess"]}}}
CREW = {"groups": {"crew": {"displayName": "AWS-Crew", "create": True}}}


def rule(ident: str, group: str, permission_set: str, *accounts: str) -> dict[str, Any]:
    return {
        "id": ident,
        "group": group,
        "permissionSets": [permission_set],
        "targets": [{"accountName": name} for name in accounts],
    }


def central(*rules: dict[str, Any], guards: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "groups": {"platform": {"displayName": "AWS-Platform"}},
        "permissionSets": {"Audit": {}},
        "rules": list(rules),
        "guards": SCOPES if guards is None else guards,
    }


def told(*files: dict[str, Any], **teams: dict[str, Any]) -> list[Finding]:
    return [finding for finding in checked(load(*files, **teams)) if finding.guard == "scopes"]


def test_a_set_of_a_teams_file_is_used_in_its_scope_only_whoever_gives_it() -> None:
    inside = rule("inside", "platform", "Look", "web-dev")
    assert told(central(inside), web=LOOK) == []
    outside = rule("outside", "platform", "Look", "web-dev", "web-prod")
    (found,) = told(central(outside), web=LOOK)
    assert found.message == (
        "permission set Look is declared in web.yaml and used in accounts that guards.scopes does "
        'not grant that file: web-prod (722222222222), by rule "outside" (access.yaml:1); whoever '
        "may change web.yaml decides what it allows: declare it in access.yaml, or grant the "
        "accounts."
    )
    assert (found.severity, found.location.file, found.location.path) == (
        "error",
        "web.yaml",
        "permissionSets.Look",
    )
    assert found.location.line == 1
    assert [one.account for one in found.assignments] == [WEB_PROD]


def test_a_group_that_a_teams_file_makes_has_access_in_its_scope_only() -> None:
    assert told(central(rule("inside", "crew", "Audit", "web-dev")), web=CREW) == []
    (found,) = told(central(rule("outside", "crew", "Audit", "web-prod")), web=CREW)
    assert found.message.startswith(
        "group AWS-Crew (key crew) is declared in web.yaml and used in accounts that"
    )
    assert "whoever may change web.yaml decides who is in it: declare it" in found.message
    assert found.location.path == "groups.crew"


def test_whom_a_group_or_user_of_entra_means_is_no_matter_of_scopes() -> None:
    team = {
        "groups": {"crew": {"displayName": "AWS-Crew"}},
        "users": {"ada": {"userPrincipalName": "ada@example.com"}},
    }
    person = rule("person", "x", "Audit", "web-prod") | {"user": "ada"}
    del person["group"]
    assert told(central(rule("outside", "crew", "Audit", "web-prod"), person), web=team) == []


def test_the_rules_of_another_team_count_and_one_file_is_named_for_each_declaration() -> None:
    scopes = {"web.yaml": [{"accountName": "web-dev"}], "data.yaml": [{"accountName": "web-prod"}]}
    data = {"rules": [rule("data", "crew", "Look", "web-prod")]}
    found = told(central(guards={"scopes": scopes}), web=LOOK | CREW, data=data)
    assert [(one.location.path, one.message.count('rule "data"')) for one in found] == [
        ("permissionSets.Look", 1),
        ("groups.crew", 1),
    ]


def test_a_teams_own_rule_outside_its_scope_is_told_once() -> None:
    own = LOOK | CREW | {"rules": [rule("wide", "crew", "Look", "web-prod")]}
    assert ['rule "wide"' in one.message for one in told(central(), web=own)] == [True]
    # By both: the team's rule, and what the other one uses.
    both = told(central(rule("more", "crew", "Look", "web-prod")), web=own)
    assert [one.location.path for one in both] == ["permissionSets.Look", "groups.crew", "rules[0]"]


def test_a_file_without_a_scope_is_granted_nothing() -> None:
    (found,) = told(central(rule("any", "platform", "Look", "web-dev")), web={"rules": []}, a=LOOK)
    assert found.location.file == "a.yaml"


@pytest.mark.parametrize("guards", [{}, {"scopes": {}}])
def test_without_scopes_files_trust_each_other(guards: dict[str, Any]) -> None:
    files = central(rule("any", "crew", "Look", "web-prod"), guards=guards)
    assert told(files, web=LOOK | CREW) == []


def test_an_assignment_that_a_suspended_account_keeps_counts_too() -> None:
    """It is in effect again as soon as the account is."""
    kept = Assignment("Look", PrincipalKey("GROUP", "platform"), OLD_CRM)
    access = load(central(), web=LOOK)
    (found,) = [one for one in checked(access, [kept]) if one.guard == "scopes"]
    assert found.assignments == (kept,)
    assert ", by what an earlier update gave;" in found.message
    granted = {"scopes": {"web.yaml": [{"account": OLD_CRM}]}}
    within = checked(load(central(guards=granted), web=LOOK), [kept])
    assert [one for one in within if one.guard == "scopes"] == []


def test_a_teams_file_joins_no_group_made_by_hand() -> None:
    """Where that one has access is not known here."""
    adopting = {"groups": {"crew": {"displayName": "AWS-Crew", "adopt": True}}}
    (found,) = told(central(), web=adopting)
    assert found.location.path == "groups.crew"
    assert "has adopt: true" in found.message
    assert told(central() | adopting, web={"rules": []}) == []


def test_scopes_can_be_a_warning() -> None:
    guards = {**SCOPES, "severity": {"scopes": "warn"}}
    (found,) = told(central(rule("any", "platform", "Look", "web-prod"), guards=guards), web=LOOK)
    assert found.severity == "warning"
