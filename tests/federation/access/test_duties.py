"""Separation of duties: by principal, and by the people behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from federation.access.assignments import PrincipalKey
from federation.access.declared import Access, Group, Guards, PermissionSet, Rule, Selector
from federation.access.duties import People, check_duties, to_compare
from federation.access.findings import Finding
from federation.access.labels import declared, labels
from federation.access.targets import resolve
from tests.federation.access.test_guards import TODAY, access_file, findings, rule
from tests.federation.loading import company, load

DUTIES = {"separationOfDuties": [["Deploy", "Audit"]]}
TEAM, BREAK_GLASS = PrincipalKey("GROUP", "team"), PrincipalKey("GROUP", "break-glass")
ADA = PrincipalKey("USER", "ada")
DEPLOY = rule("deploy", "Deploy", ou="Workloads")
AUDIT = {**rule("audit", "Audit"), "group": "break-glass"}
NOBODY: Mapping[PrincipalKey, Mapping[str, str]] = {TEAM: {}, BREAK_GLASS: {}}


def told(access: Access, people: People | None = None) -> list[Finding]:
    found = resolve(access, company(), today=TODAY)
    names = labels(declared(access))
    return list(check_duties(access, found, company(), people, names))


def compared(access: Access) -> frozenset[PrincipalKey]:
    return to_compare(access, resolve(access, company(), today=TODAY))


def file(*rules: dict[str, Any], **more: Any) -> Access:
    return load(access_file(*rules, **DUTIES) | more)


def test_separation_of_duties() -> None:
    audit = rule("audit", "Audit")
    assert findings(DEPLOY, rule("audit", "Audit", ou="Security"), **DUTIES) == []
    assert findings(DEPLOY, audit, **DUTIES) == [
        (
            "error",
            (
                "group AWS-Team (key team) would hold more than one of Deploy, Audit in one "
                'account: rule "audit", rule "deploy".'
            ),
            4,
        )
    ]


def test_a_person_in_two_groups_holds_what_both_hold() -> None:
    access = file(DEPLOY, AUDIT)
    assert told(access, NOBODY) == []
    eve = {"e-1": "eve@example.com", "e-2": "mallory@example.com"}
    people = {TEAM: {**eve, "t-1": "tom@example.com"}, BREAK_GLASS: eve}
    (found,) = told(access, people)
    assert found.message == (
        "eve@example.com and mallory@example.com would hold more than one of Deploy, Audit in one "
        "account, Audit by group AWS-Break-Glass (key break-glass) and Deploy by group AWS-Team "
        "(key team): billing-dev (611111111111), web-dev (622222222222); "
        'rule "audit", rule "deploy".'
    )
    assert (found.severity, found.guard) == ("error", "separationOfDuties")
    assert found.location.path == "guards"
    assert {one.logical_name for one in found.assignments} == {
        f"{held}/{account}"
        for held in ("Audit/group/break-glass", "Deploy/group/team")
        for account in ("611111111111", "622222222222")
    }


def test_a_person_with_access_of_their_own_is_compared_with_their_groups() -> None:
    access = file(DEPLOY, rule("audit", "Audit", user="ada"))
    ada = {"a-1": "ada@example.com"}
    (found,) = told(access, {TEAM: ada, ADA: ada})
    assert "Audit by user ada@example.com (key ada) and Deploy by group AWS-Team" in found.message
    assert told(access, {TEAM: {"b-1": "bob@example.com"}, ADA: ada}) == []


def test_people_with_the_same_name_are_not_one_another() -> None:
    people = {TEAM: {"1": "same@example.com"}, BREAK_GLASS: {"2": "same@example.com"}}
    assert told(file(DEPLOY, AUDIT), people) == []


def test_the_same_set_by_two_groups_is_no_clash_and_neither_are_two_accounts() -> None:
    eve = {"e-1": "eve@example.com"}
    people = {TEAM: eve, BREAK_GLASS: eve}
    assert told(file(DEPLOY, {**AUDIT, "permissionSets": ["Deploy"]}), people) == []
    assert told(file(DEPLOY, {**AUDIT, "targets": [{"ou": "Security"}]}), people) == []


def test_only_principals_that_could_clash_are_asked_about() -> None:
    assert compared(file(DEPLOY, AUDIT)) == {TEAM, BREAK_GLASS}
    assert compared(file(DEPLOY, {**AUDIT, "targets": [{"ou": "Security"}]})) == frozenset()
    assert compared(file(DEPLOY, rule("audit", "Audit"))) == frozenset()
    assert compared(load(access_file(DEPLOY, AUDIT))) == frozenset()
    assert compared(file(DEPLOY, {**AUDIT, "until": "2027-01-14"})) == frozenset()


def test_without_entra_it_is_said_whose_people_are_not_known() -> None:
    (found,) = told(file(DEPLOY, AUDIT))
    assert (found.severity, found.guard) == ("warning", "unverified")
    assert found.message == (
        "whether one person is in several of group AWS-Break-Glass (key break-glass) and group "
        "AWS-Team (key team), and so would hold more than one of Deploy, Audit in one account, is "
        "not known without Entra: pulumi preview checks it."
    )


def created(*members: str) -> dict[str, Any]:
    return {"displayName": "AWS-Crew", "create": True, "members": list(members)}


def test_declared_members_are_known_without_entra() -> None:
    """Entra ignores upper and lower case in user principal names."""
    groups = {"team": created("Ada@example.com"), "break-glass": {"displayName": "AWS-Other"}}
    audit = rule("audit", "Audit", user="ada")
    (found,) = told(file(DEPLOY, audit, groups=groups))
    assert found.severity == "error"
    assert "ada@example.com would hold more than one of" in found.message.lower()
    nobody = groups | {"team": created()}
    assert told(file(DEPLOY, audit, groups=nobody)) == []
    # Nobody is in an empty group, whoever is in the other one.
    assert told(file(DEPLOY, AUDIT, groups=nobody)) == []
    assert [one.guard for one in told(file(DEPLOY, AUDIT, groups=groups))] == ["unverified"]


def test_hostile_names_of_people_stay_on_their_line() -> None:
    eve = {"e-1": "eve\n@example.com\u202e"}
    (found,) = told(file(DEPLOY, AUDIT), {TEAM: eve, BREAK_GLASS: eve})
    assert found.message.isprintable()


_SETS, _GROUPS = ("A", "B", "C", "Other"), ("g1", "g2", "g3")
_ACCOUNTS = ("611111111111", "622222222222")
_LISTS = (("A", "B"), ("B", "C"))


def _access(held: Iterable[tuple[str, str, str]]) -> Access:
    return Access(
        groups={key: Group(key=key, display_name=key) for key in _GROUPS},
        permission_sets={name: PermissionSet(name=name) for name in _SETS},
        rules=tuple(
            Rule(
                id=".".join(one),
                group=one[0],
                permission_sets=(one[1],),
                targets=(Selector(account=one[2]),),
            )
            for one in sorted(held)
        ),
        guards=Guards(separation_of_duties=_LISTS),
    )


@given(
    held=st.sets(
        st.tuples(st.sampled_from(_GROUPS), st.sampled_from(_SETS), st.sampled_from(_ACCOUNTS)),
        max_size=8,
    ),
    members=st.fixed_dictionaries(
        {key: st.sets(st.sampled_from(("p1", "p2", "p3"))) for key in _GROUPS}
    ),
)
def test_there_is_a_finding_exactly_for_whoever_gets_two_sets_by_two_groups(
    held: set[tuple[str, str, str]], members: dict[str, set[str]]
) -> None:
    access = _access(held)
    everybody = {PrincipalKey("GROUP", key): dict.fromkeys(ids) for key, ids in members.items()}
    known = {key: {one: f"{one}@example.com" for one in everybody[key]} for key in compared(access)}
    expected = {
        person
        for one, first, account in held
        for other, second, there in held
        if account == there and one != other and first != second
        for sets in _LISTS
        if first in sets and second in sets
        for person in members[one] & members[other]
    }
    found = [one for one in told(access, known) if "@example.com" in one.message]
    assert {one.guard for one in found} <= {"separationOfDuties"}
    names = {person for person in ("p1", "p2", "p3") for one in found if person in one.message}
    assert names == expected
