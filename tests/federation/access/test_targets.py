"""Selectors, exclusions, freezing, expiry, renamed keys: what each rule of the file comes to."""

from __future__ import annotations

from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.organization import Organization
from federation.access.targets import Resolution, resolve
from tests.federation.access.values import MANAGEMENT, TODAY, access_file
from tests.federation.loading import company, load

TEAM = PrincipalKey("GROUP", "team")
DEV = {"611111111111", "622222222222"}
PROD = {"711111111111", "722222222222", "733333333333"}
OLD_CRM = "911111111111"


def resolved(*targets: dict[str, Any], **rule: Any) -> Resolution:
    data = access_file({"targets": list(targets), **rule})
    return resolve(load(data), company(), today=TODAY)


def accounts(resolution: Resolution) -> set[str]:
    return {assignment.account for assignment in resolution.assignments}


def sentences(resolution: Resolution) -> list[str]:
    return [f"{finding.severity}: {finding.message}" for finding in resolution.findings]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"ou": "Workloads"}, DEV | PROD),
        ({"ou": "Workloads/Prod"}, PROD),
        ({"ou": "Infrastructure"}, {"444455556666", "555566667777"}),
        ({"ou": "Infrastructure", "children": False}, {"555566667777"}),
        ({"ouId": "ou-abcd-00000006"}, DEV),
        ({"account": "722222222222"}, {"722222222222"}),
        ({"account": MANAGEMENT}, {MANAGEMENT}),
        ({"accountName": "example-management"}, {MANAGEMENT}),
        ({"accountName": "web-dev"}, {"622222222222"}),
        ({"accountNameGlob": "web-*"}, {"622222222222", "722222222222"}),
        ({"accountNameGlob": "*-prod"}, PROD | {"444455556666"}),
        ({"tag": {"env": "dev"}}, DEV),
    ],
)
def test_selectors(selector: dict[str, Any], expected: set[str]) -> None:
    found = resolved(selector)
    assert accounts(found) == expected
    assert found.findings == ()


def test_the_whole_organization_leaves_out_the_management_account_and_what_is_suspended() -> None:
    found = resolved({"ou": "/"})
    everything = set(company().by_id)
    assert accounts(found) == everything - {MANAGEMENT, OLD_CRM}
    causes = {(exclusion.account, exclusion.cause) for exclusion in found.excluded}
    assert causes == {(MANAGEMENT, "management"), (OLD_CRM, "state")}


def test_an_account_that_another_selector_gives_is_not_called_left_out() -> None:
    found = resolved({"ou": "/"}, {"account": MANAGEMENT})
    assert MANAGEMENT in accounts(found)
    assert [exclusion.account for exclusion in found.excluded] == [OLD_CRM]


def test_exceptions_take_away_from_their_rule_only() -> None:
    data = access_file(
        {"targets": [{"ou": "Workloads"}], "except": [{"ou": "Workloads/Prod"}]},
        {"targets": [{"accountName": "web-prod"}]},
    )
    found = resolve(load(data), company(), today=TODAY)
    assert accounts(found) == DEV | {"722222222222"}


def test_exceptions_reach_the_management_account() -> None:
    found = resolved({"account": MANAGEMENT}, {"ou": "Workloads/Dev"}, **{"except": [{"ou": "/"}]})
    assert accounts(found) == set()


def test_never_beats_every_rule_and_says_so_where_a_rule_names_the_account() -> None:
    data = access_file(
        {"targets": [{"ou": "Workloads/Prod"}]},
        {"id": "named", "targets": [{"accountName": "core-prod"}, {"accountName": "web-dev"}]},
        guards={"never": [{"account": "733333333333"}]},
    )
    found = resolve(load(data), company(), today=TODAY)
    assert accounts(found) == PROD - {"733333333333"} | {"622222222222"}
    assert sentences(found) == [
        (
            'warning: rule "named" names core-prod (733333333333), which guards.never takes from '
            "every rule; it gives nothing there."
        )
    ]


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        (
            {"ou": "Worklods/Dev"},
            (
                'error: rule "rules[0]": no organizational unit "Worklods/Dev". '
                'Did you mean "Workloads/Dev"?'
            ),
        ),
        (
            {"ou": "Dev"},
            (
                'error: rule "rules[0]": no organizational unit "Dev". There are: Infrastructure, '
                "Infrastructure/Prod, Sandbox, Security, Suspended, Workloads, Workloads/Dev, "
                "Workloads/Prod."
            ),
        ),
        (
            {"account": "123456789012"},
            (
                'error: rule "rules[0]": no account has the id "123456789012" in this '
                "organization. There are: 111122223333, 222233334444, 333344445555, "
                "444455556666, 555566667777, 611111111111, 622222222222, 711111111111 and 5 more."
            ),
        ),
        (
            {"accountName": "Web-Dev"},
            (
                'error: rule "rules[0]": no account is called "Web-Dev". Did you mean "web-dev"? '
                "Upper and lower case count."
            ),
        ),
        (
            {"accountNameGlob": "mobile-*"},
            'error: rule "rules[0]": no account has a name like "mobile-*".',
        ),
        (
            {"tag": {"environment": "dev"}},
            'error: rule "rules[0]": no account has a tag "environment". There are: env.',
        ),
        (
            {"tag": {"env": "staging"}},
            'warning: rule "rules[0]": tag: {env: staging} holds no account.',
        ),
        (
            {"ou": "Suspended"},
            (
                'warning: rule "rules[0]": ou: Suspended holds no ACTIVE account: '
                "old-crm (911111111111) is SUSPENDED."
            ),
        ),
        (
            {"accountNameGlob": "*-management"},
            (
                'warning: rule "rules[0]": accountNameGlob: *-management holds only the management '
                "account, which must be named by account or accountName."
            ),
        ),
    ],
)
def test_selectors_that_match_nothing(selector: dict[str, Any], sentence: str) -> None:
    found = resolved(selector)
    assert sentences(found) == [sentence]
    assert found.findings[0].location.path.startswith("rules[0].targets[0].")
    assert sentences(resolved({**selector, "optional": True})) == []
    in_exceptions = resolved({"ou": "Workloads"}, **{"except": [selector]})
    if "management" not in sentence:
        assert len(in_exceptions.findings) == 1


def test_a_path_from_the_root_is_one_organizational_unit() -> None:
    """Equal names below different parents are different OUs."""
    found = resolved({"ou": "Infrastructure/Prod"})
    assert accounts(found) == {"444455556666"}


def test_ambiguous_names_list_the_candidates() -> None:
    data = company().to_dict()
    data["accounts"][-1]["name"] = data["accounts"][-2]["name"] = "twin"
    data["organizationalUnits"].append(
        {"id": "ou-abcd-00000099", "name": "Workloads", "parentId": "r-abcd"}
    )
    twins = sorted(account["id"] for account in data["accounts"][-2:])
    tree = Organization.from_dict(data)
    access = load(access_file({"targets": [{"accountName": "twin"}, {"ou": "Workloads"}]}))
    found = resolve(access, tree, today=TODAY)
    assert accounts(found) == set()
    assert sentences(found) == [
        (
            f'error: rule "rules[0]": 2 accounts are called "twin": {twins[0]} (ACTIVE), '
            f"{twins[1]} (SUSPENDED); name one by id."
        ),
        (
            'error: rule "rules[0]": 2 organizational units are "Workloads": ou-abcd-00000002, '
            "ou-abcd-00000099; name one by ouId."
        ),
    ]


def in_all_places(selector: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One access file for each place where a selector can stand; all give access on Workloads."""
    rule = {"targets": [{"ou": "Workloads"}]}
    return {
        "targets": access_file({"targets": [selector]}),
        "except": access_file({**rule, "except": [selector]}),
        "never": access_file(rule, guards={"never": [selector]}),
        "protectedAccounts": access_file(rule, guards={"protectedAccounts": [selector]}),
        "scopes": access_file(rule, guards={"scopes": {"access1.yaml": [selector]}}),
    }


@pytest.mark.parametrize("place", ["targets", "except", "never", "protectedAccounts", "scopes"])
@pytest.mark.parametrize("selector", [{"accountName": "web-dev"}, {"ou": "Workloads/Prod"}])
def test_optional_never_silences_a_name_that_several_share(
    place: str, selector: dict[str, Any]
) -> None:
    """An exclusion of a name that two accounts share would exclude neither, without a word."""
    data = company().to_dict()
    next(a for a in data["accounts"] if a["name"] == "billing-dev")["name"] = "web-dev"
    units = data["organizationalUnits"]
    workloads = next(unit["id"] for unit in units if unit["name"] == "Workloads")
    units.append({"id": "ou-abcd-00000099", "name": "Prod", "parentId": workloads})
    access = load(in_all_places({**selector, "optional": True})[place], {"groups": {}})
    found = resolve(access, Organization.from_dict(data), today=TODAY)
    errors = [finding.message for finding in found.findings if finding.severity == "error"]
    assert len(errors) == 1
    assert "name one by" in errors[0]


@pytest.mark.parametrize(
    ("place", "severity"),
    [
        ("targets", "warning"),
        ("scopes", "warning"),
        ("except", "error"),
        ("never", "error"),
        ("protectedAccounts", "error"),
    ],
)
@pytest.mark.parametrize("tag", [{"env": "prdo"}, {"env": "dev", "cost": "12"}])
def test_a_tag_value_that_no_account_has_is_an_error_where_it_restricts(
    place: str, severity: str, tag: dict[str, str]
) -> None:
    """A mistyped value in an exclusion takes nothing away; in a target it gives nothing."""
    data = company().to_dict()
    next(a for a in data["accounts"] if a["name"] == "web-prod")["tags"]["cost"] = "12"
    tree = Organization.from_dict(data)
    found = resolve(load(in_all_places({"tag": tag})[place], {"groups": {}}), tree, today=TODAY)
    assert [finding.severity for finding in found.findings] == [severity]
    optional = in_all_places({"tag": tag, "optional": True})[place]
    assert resolve(load(optional, {"groups": {}}), tree, today=TODAY).findings == ()


def test_an_ou_with_a_slash_in_its_name_is_reached_by_id() -> None:
    data = company().to_dict()
    data["organizationalUnits"][0]["name"] = "Audit/Logs"
    ident = data["organizationalUnits"][0]["id"]
    tree = Organization.from_dict(data)
    by_path = resolve(load(access_file({"targets": [{"ou": "Audit/Logs"}]})), tree, today=TODAY)
    assert sentences(by_path) == [
        (
            'error: rule "rules[0]": no organizational unit "Audit/Logs". A name with a slash in '
            f"it is reached by ouId: {ident}."
        )
    ]
    by_id = resolve(load(access_file({"targets": [{"ouId": ident}]})), tree, today=TODAY)
    assert accounts(by_id) == {"222233334444", "333344445555"}


@pytest.mark.parametrize("name", ["ROOT", "r-abcd", "*", "123456789012", "ou-abcd-00000001"])
def test_no_name_has_a_special_meaning(name: str) -> None:
    data = company().to_dict()
    data["accounts"][3]["name"] = name
    tree = Organization.from_dict(data)
    found = resolve(load(access_file({"targets": [{"accountName": name}]})), tree, today=TODAY)
    assert accounts(found) == {data["accounts"][3]["id"]}


@pytest.mark.parametrize(
    ("until", "assignments", "sentence"),
    [
        ("2027-01-14", 0, "ended on 2027-01-14 and gives nothing any more; remove it."),
        ("2027-01-15", 2, "ends today, after 2027-01-15; renew it if it must stay."),
        ("2027-01-16", 2, "ends in 1 day, after 2027-01-16; renew it if it must stay."),
        ("2027-01-29", 2, "ends in 14 days, after 2027-01-29; renew it if it must stay."),
        ("2027-01-30", 2, None),
    ],
)
def test_temporary_access_ends_after_its_last_day(
    until: str, assignments: int, sentence: str | None
) -> None:
    found = resolved({"ou": "Workloads/Dev"}, until=until)
    assert len(found.assignments) == assignments
    assert sentences(found) == ([f'warning: rule "rules[0]" {sentence}'] if sentence else [])


def test_assignments_know_every_rule_and_selector_that_gives_them() -> None:
    data = access_file(
        {"id": "b", "targets": [{"ou": "Workloads/Dev"}, {"tag": {"env": "dev"}}]},
        {"id": "a", "targets": [{"accountName": "web-dev"}]},
    )
    found = resolve(load(data), company(), today=TODAY)
    reasons = {
        assignment.assignment.account: [
            (reason.rule, reason.selector) for reason in assignment.reasons
        ]
        for assignment in found.explained
    }
    both = [("b", "ou: Workloads/Dev"), ("b", "tag: {env: dev}")]
    assert reasons == {
        "611111111111": both,
        "622222222222": [("a", "accountName: web-dev"), *both],
    }


def frozen(*assignments: Assignment) -> Resolution:
    data = access_file({"targets": [{"ou": "Workloads/Dev"}]})
    return resolve(load(data), company(), today=TODAY, previous=assignments)


def test_assignments_on_a_suspended_account_are_frozen_until_it_leaves() -> None:
    kept, elsewhere = (
        Assignment("ReadOnly", TEAM, OLD_CRM),
        Assignment("ReadOnly", TEAM, "722222222222"),
    )
    left = Assignment("ReadOnly", TEAM, "999999999999")
    found = frozen(kept, elsewhere, left)
    assert found.frozen == (kept,)
    assert OLD_CRM not in accounts(found)
    assert found.findings == ()


def test_what_frozen_assignments_use_must_stay_declared() -> None:
    gone = Assignment("Gone", PrincipalKey("GROUP", "lost"), OLD_CRM)
    found = frozen(gone)
    assert found.frozen == (gone,)
    assert [finding.assignments for finding in found.findings] == [(gone,), (gone,)]
    why = "old-crm (911111111111) is SUSPENDED and AWS can't remove its assignment there"
    then = "keep it declared until the account leaves the organization."
    assert sentences(found) == [
        f"error: group lost is gone from the access files, but {why}; {then}",
        f"error: permission set Gone is gone from the access files, but {why}; {then}",
    ]
