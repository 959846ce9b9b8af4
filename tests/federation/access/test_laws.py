"""The laws of the access model, tried on random organizations and access files."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.organization import Organization
from federation.access.targets import Resolution, resolve
from federation.access.written import access_file
from tests.federation.access import oracle
from tests.federation.access.strategies import (
    KEYS,
    SETS,
    TODAY,
    companies,
    legal_keys,
    legal_set_names,
    organizations,
    rules,
)
from tests.federation.loading import load, load_text

Data = dict[str, Any]


def resolution(access: Data, organization: Data, *previous: Assignment) -> Resolution:
    tree = Organization.from_dict(organization)
    return resolve(load(access), tree, today=TODAY, previous=previous)


def assignments(access: Data, organization: Data) -> set[Assignment]:
    return set(resolution(access, organization).assignments)


@given(companies())
def test_resolution_is_what_the_oracle_says(company: tuple[Data, Data]) -> None:
    access, organization = company
    found = resolution(access, organization)
    flat = {
        (
            assignment.permission_set,
            assignment.principal.type.lower(),
            assignment.principal.key,
            assignment.account,
        ): {(reason.rule, reason.selector.split(":")[0]) for reason in reasons}
        for assignment, reasons in found.explained
    }
    assert flat == oracle.assignments(access, organization, TODAY)
    assert list(found.explained) == sorted(set(found.explained))
    assert all(list(reasons) == sorted(set(reasons)) for _, reasons in found.explained)


@given(companies())
def test_a_selector_that_names_nothing_or_restricts_nothing_is_an_error_and_nothing_else_is(
    company: tuple[Data, Data],
) -> None:
    access, organization = company
    said = {f.location.path for f in resolution(access, organization).findings if _is_error(f)}

    def is_wrong(path: str, selector: Data) -> bool:
        if selector.get("optional"):
            return oracle.names_several(selector, organization)
        restricts = ".targets[" not in path and ".scopes" not in path
        return oracle.names_nothing(selector, organization) or (
            restricts and "tag" in selector and oracle.has_no_account(selector, organization)
        )

    expected = {path for path, selector in _selectors(access) if is_wrong(path, selector)}
    assert said == expected


@given(companies())
def test_excluded_accounts_never_appear(company: tuple[Data, Data]) -> None:
    access, organization = company
    found = resolution(access, organization)
    by_id = {account["id"]: account for account in organization["accounts"]}
    labels = [rule.get("id", f"rules[{n}]") for n, rule in enumerate(access["rules"])]
    by_label = dict(zip(labels, access["rules"], strict=True))
    never = access.get("guards", {}).get("never", [])
    for assignment, reasons in found.explained:
        account = by_id[assignment.account]
        assert account["state"] == "ACTIVE"
        assert not any(oracle.matches(s, account, organization) for s in never)
        for reason in reasons:
            rule = by_label[reason.rule]
            taken = rule.get("except", [])
            assert not any(oracle.matches(s, account, organization) for s in taken)
            # No assignment outside the union of the selectors of its rule.
            assert any(oracle.matches(s, account, organization) for s in rule["targets"])
            assert assignment.permission_set in rule["permissionSets"]


@given(companies(), st.randoms(use_true_random=False))
def test_order_and_duplicates_of_rules_are_irrelevant(
    company: tuple[Data, Data], random: Any
) -> None:
    access, organization = company
    shuffled = deepcopy(access)
    again = [{k: v for k, v in rule.items() if k != "id"} for rule in access["rules"]]
    shuffled["rules"] += random.sample(again, random.randint(0, len(again)))
    random.shuffle(shuffled["rules"])
    assert assignments(shuffled, organization) == assignments(access, organization)


@given(companies(), st.data())
def test_adding_a_rule_only_adds_and_removing_one_only_removes(
    company: tuple[Data, Data], data: st.DataObject
) -> None:
    access, organization = company
    more = deepcopy(access)
    position = data.draw(st.integers(0, len(more["rules"])))
    more["rules"].insert(position, data.draw(rules(organization)))
    fewer, larger = assignments(access, organization), assignments(more, organization)
    assert fewer <= larger
    assert {assignment.logical_name for assignment in fewer} <= {
        assignment.logical_name for assignment in larger
    }
    gained = {
        (assignment.permission_set, assignment.principal.key) for assignment in larger - fewer
    }
    added = more["rules"][position]
    key = added.get("group") or added.get("user")
    assert gained <= {(name, key) for name in added["permissionSets"]}


@given(companies(), st.data())
def test_assignments_on_accounts_that_are_not_active_stay_as_they_were(
    company: tuple[Data, Data], data: st.DataObject
) -> None:
    access, organization = company
    accounts = {account["id"]: account["state"] for account in organization["accounts"]}
    some_assignments = st.builds(
        Assignment,
        st.sampled_from(SETS),
        st.builds(PrincipalKey, st.sampled_from(["GROUP", "USER"]), st.sampled_from(KEYS)),
        st.sampled_from([*accounts, "999999999999"]),
    )
    previous = data.draw(st.lists(some_assignments, max_size=5))
    found = resolution(access, organization, *previous)
    left = {
        assignment
        for assignment in previous
        if accounts.get(assignment.account, "ACTIVE") != "ACTIVE"
    }
    assert set(found.frozen) == left
    assert not left & set(found.assignments)
    assert assignments(access, organization) == set(found.assignments)


_assignment = st.builds(
    Assignment,
    st.one_of(st.sampled_from(SETS), legal_set_names),
    st.builds(
        PrincipalKey,
        st.sampled_from(["GROUP", "USER"]),
        st.one_of(st.sampled_from(KEYS), legal_keys),
    ),
    st.from_regex(r"[0-9]{12}", fullmatch=True),
)


@given(_assignment, _assignment)
def test_names_of_assignments_are_injective_and_parse_back(
    one: Assignment, other: Assignment
) -> None:
    assert Assignment.parse(one.logical_name) == one
    assert (one.logical_name == other.logical_name) == (one == other)


@given(organizations())
def test_organizations_survive_the_round_trip(organization: Data) -> None:
    tree = Organization.from_dict(organization)
    text = json.dumps(tree.to_dict())
    assert Organization.from_dict(json.loads(text)).to_dict() == tree.to_dict()
    assert _by_id(tree.to_dict()) == _by_id(organization)


@given(companies())
def test_access_survives_the_round_trip(company: tuple[Data, Data]) -> None:
    access = load(company[0])
    assert load_text(access_file(access)) == access


def _by_id(organization: Data) -> Data:
    return {
        key: {entry["id"]: entry for entry in value} if isinstance(value, list) else value
        for key, value in organization.items()
    }


def _is_error(finding: Any) -> bool:
    return finding.guard == "selectors" and finding.severity == "error"


def _selectors(access: Data) -> list[tuple[str, Data]]:
    """Every selector that is looked at, with its path; those of expired rules are not."""
    found = []
    for number, rule in enumerate(access["rules"]):
        if rule.get("until", "9") >= TODAY.isoformat():
            for part in ("targets", "except"):
                found += [
                    (f"rules[{number}].{part}[{n}].{oracle.kind_of(s)}", s)
                    for n, s in enumerate(rule.get(part, []))
                ]
    found += [
        (f"guards.never[{n}].{oracle.kind_of(s)}", s)
        for n, s in enumerate(access.get("guards", {}).get("never", []))
    ]
    return found
