"""Rules inferred from assignments: as a person would write them, and they give just these."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Access, Group, PermissionSet, Rule, User
from federation.access.inference import infer_rules
from federation.access.keys import Names
from federation.access.organization import Organization
from federation.access.targets import resolve
from federation.access.written import access_file
from federation.core.domain import KEY
from tests.federation.access.strategies import KEYS, SETS, TODAY, organizations
from tests.federation.access.values import MANAGEMENT
from tests.federation.loading import company, load_text

TEAM, AUDIT = PrincipalKey("GROUP", "team"), PrincipalKey("GROUP", "audit")
ADA = PrincipalKey("USER", "ada")


def reach(organization: Organization, path: str) -> list[str]:
    """ACTIVE accounts below a path, by their path."""
    return [
        ident
        for ident, shown in organization.account_paths.items()
        if shown.startswith(path) and organization.by_id[ident].active
    ]


def written(rules: tuple[Rule, ...]) -> list[tuple[str | None, str, tuple[str, ...], list[str]]]:
    return [
        (rule.id, str(rule.principal), rule.permission_sets, [one.text for one in rule.targets])
        for rule in rules
    ]


def test_whole_units_are_named_as_units_and_equal_reaches_are_one_rule() -> None:
    tree = company()
    dev, prod = reach(tree, "Workloads/Dev/"), reach(tree, "Workloads/Prod/")
    everything = [one for one in reach(tree, "") if one != MANAGEMENT]
    found = infer_rules(
        [
            *(Assignment(name, TEAM, one) for name in ("ReadOnly", "Deploy") for one in dev),
            *(Assignment("Audit", AUDIT, one) for one in everything),
            *(Assignment("ReadOnly", ADA, one) for one in (*dev, prod[0])),
        ],
        tree,
    )
    assert len(prod) > 1
    assert written(found) == [
        ("audit-audit", "group audit", ("Audit",), ["ou: /"]),
        ("team-deploy-readonly", "group team", ("Deploy", "ReadOnly"), ["ou: Workloads/Dev"]),
        (
            "ada-readonly",
            "user ada",
            ("ReadOnly",),
            ["ou: Workloads/Dev", f"account: {prod[0]}"],
        ),
    ]


def test_literal_names_every_account() -> None:
    tree = company()
    dev = reach(tree, "Workloads/Dev/")
    found = infer_rules([Assignment("ReadOnly", TEAM, one) for one in dev], tree, literal=True)
    assert [one.text for one in found[0].targets] == [f"account: {one}" for one in sorted(dev)]


def test_the_management_account_has_rules_of_its_own_by_id() -> None:
    tree = company()
    accounts = [MANAGEMENT, *reach(tree, "Workloads/")]
    found = infer_rules([Assignment("ReadOnly", TEAM, one) for one in accounts], tree)
    assert {tuple(one.text for one in rule.targets) for rule in found} == {
        (f"account: {MANAGEMENT}",),
        ("ou: Workloads",),
    }


def test_a_units_own_accounts_are_named_without_those_below() -> None:
    tree = Organization.from_dict(
        {
            "managementAccountId": "100000000001",
            "partition": "aws",
            "roots": [{"id": "r-abcd", "name": "Root"}],
            "organizationalUnits": [
                {"id": "ou-abcd-00000001", "name": "Up", "parentId": "r-abcd"},
                {"id": "ou-abcd-00000002", "name": "Down", "parentId": "ou-abcd-00000001"},
                {"id": "ou-abcd-00000003", "name": "a/b", "parentId": "r-abcd"},
            ],
            "accounts": [
                _account("100000000001", "r-abcd"),
                _account("100000000002", "ou-abcd-00000001"),
                _account("100000000003", "ou-abcd-00000001"),
                _account("100000000004", "ou-abcd-00000001", "SUSPENDED"),
                _account("100000000005", "ou-abcd-00000002"),
                _account("100000000006", "ou-abcd-00000003"),
            ],
        }
    )
    reached = ("100000000002", "100000000003", "100000000006")
    (rule,) = infer_rules([Assignment("S", TEAM, one) for one in reached], tree)
    # A name with a slash in it is no path.
    assert [one.text for one in rule.targets] == [
        "ou: Up, children: false",
        "ouId: ou-abcd-00000003",
    ]


def _account(ident: str, parent: str, state: str = "ACTIVE") -> dict[str, Any]:
    return {"id": ident, "name": f"a{ident}", "parentId": parent, "state": state, "tags": {}}


@pytest.mark.parametrize("account", ["999999999999", "suspended"])
def test_no_rule_can_give_access_where_an_account_is_not_active(account: str) -> None:
    tree = company()
    if account == "suspended":
        account = next(one.id for one in tree.accounts if not one.active)
    with pytest.raises(ValueError, match=account):
        infer_rules([Assignment("ReadOnly", TEAM, account)], tree)


_PRINCIPALS = [
    *(PrincipalKey("GROUP", key) for key in KEYS[:3]),
    *(PrincipalKey("USER", f"user-{key}") for key in KEYS[:2]),
]


@st.composite
def _instances(draw: st.DrawFn) -> tuple[Organization, set[Assignment]]:
    organization = Organization.from_dict(draw(organizations()))
    active = [one.id for one in organization.accounts if one.active]
    made: set[Assignment] = set()
    for principal in _PRINCIPALS:
        for name in SETS[:3]:
            # All, some or none: whole units and equal reaches are frequent.
            some = draw(
                st.sampled_from([set(active), set()])
                | (st.sets(st.sampled_from(active)) if active else st.just(set()))
            )
            made |= {Assignment(name, principal, one) for one in some}
    return organization, made


@given(_instances(), st.booleans())
def test_what_is_inferred_written_and_loaded_resolves_to_just_these_assignments(
    instance: tuple[Organization, set[Assignment]], literal: bool
) -> None:
    organization, live = instance
    rules = infer_rules(live, organization, literal=literal)
    access = Access(
        groups={
            one.key: Group(key=one.key, display_name=f"AWS {one.key}")
            for one in _PRINCIPALS
            if one.type == "GROUP"
        },
        users={
            one.key: User(key=one.key, user_principal_name=f"{one.key.strip('@')}@example.com")
            for one in _PRINCIPALS
            if one.type == "USER"
        },
        permission_sets={name: PermissionSet(name=name) for name in SETS[:3]},
        rules=rules,
    )
    found = resolve(load_text(access_file(access)), organization, today=TODAY)
    assert set(found.assignments) == live
    assert not found.findings
    assert not literal or {one.kind for rule in rules for one in rule.targets} <= {"account"}
    # One rule for each reach of a principal, whatever the order of the assignments.
    assert infer_rules(sorted(live, reverse=True), organization, literal=literal) == rules
    reaches = {(rule.principal, rule.targets) for rule in rules}
    assert len(reaches) == len(rules)


@given(st.lists(st.text(max_size=80) | st.sampled_from(["Ä", "a", "A", "-a", "日本"]), max_size=20))
def test_every_name_gets_a_legal_key_of_its_own(texts: list[str]) -> None:
    names = Names()
    keys = [names.key(text, otherwise="group") for text in texts]
    assert len({key.casefold() for key in keys}) == len(keys)
    assert [KEY.problem_with(key) for key in keys] == [None] * len(keys)


def test_keys_read_as_the_names_do() -> None:
    names = Names()
    given_names = ["AWS-Platform", "AWS Platform", "Zürich & Söhne", "日本", "ada@example.com"]
    assert [names.key(one, otherwise="group") for one in given_names] == [
        "aws-platform",
        "aws-platform-2",
        "zurich-sohne",
        "group",
        "ada@example.com",
    ]
