"""Guards are compared by what they forbid: whatever is allowed from now on is told as loosened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Access, GuardName
from federation.access.guard_record import guard_record
from federation.access.guards import check_guards
from federation.access.labels import declared, labels
from federation.access.organization import Organization
from federation.access.targets import Resolution, resolve
from federation.core.wording import plain
from federation.diff.guard_changes import guard_changes
from tests.federation.loading import company, load

TODAY = date(2027, 1, 15)
TEAM_FILE = "access1.yaml"
SETS = {
    "Administrator": {"managedPolicies": ["AdministratorAccess"]},
    "Deploy": {"customerManagedPolicies": [{"name": "deploy", "path": "/team/"}]},
    "Audit": {},
    "Hop": {
        "inlinePolicy": {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
        }
    },
}
GUARDS: dict[str, Any] = {
    "breakGlass": ["break-glass"],
    "protectedAccounts": [{"ou": "Workloads/Prod"}],
    "adminPermissionSets": ["Deploy"],
    "never": [{"accountName": "core-prod"}],
    "maxRemovals": 20,
    "separationOfDuties": [["Deploy", "Audit"]],
    "requireOwner": "error",
    "scopes": {TEAM_FILE: [{"ou": "Workloads/Dev"}]},
    "severity": {"escalatesOnProtected": "error"},
}


def files(guards: dict[str, Any], rules: Iterable[Any] = (), team: Iterable[Any] = ()) -> Access:
    central = {
        "groups": {
            "team": {"displayName": "AWS-Team"},
            "break-glass": {"displayName": "AWS-Break-Glass"},
        },
        "permissionSets": SETS,
        "rules": list(rules),
        "guards": guards,
    }
    return load(central, {"rules": list(team)})


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[bool, str, tuple[str, ...]]]:
    old, new = (guard_record(files(guards), company()) for guards in (before, after))
    changes = guard_changes(old, new, {"break-glass": "Everyone (key break-glass, id 1)"})
    return [(one.loosened, plain(one.sentence), one.accounts) for one in changes]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GUARDS.items() if name not in names}


def test_no_guard_is_forgotten() -> None:
    assert guard_record(files(GUARDS), company())["levels"].keys() == set(get_args(GuardName))


def test_the_same_guards_are_no_change() -> None:
    assert told(GUARDS, GUARDS) == []


PROD = ("711111111111", "722222222222", "733333333333")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            {
                **GUARDS,
                "protectedAccounts": [{"accountName": "billing-prod"}, {"ou": "Workloads/Dev"}],
            },
            {"no longer protected: ", "now protected: "},
        ),
        # The accounts of today are the same; one that comes to the OU tomorrow is not protected.
        (
            {**GUARDS, "protectedAccounts": [{"account": ident} for ident in PROD]},
            {"no longer protected: whatever comes to ou: Workloads/Prod", "now protected: "},
        ),
        (
            {**GUARDS, "never": []},
            {"no longer closed to every rule (never): "},
        ),
        (without("adminPermissionSets"), {"no longer guarded as admin permission set: Deploy"}),
        (
            without("breakGlass"),
            {"no longer guarded as break-glass access: Everyone (key break-glass, id 1)"},
        ),
        (
            without("separationOfDuties"),
            {"no longer kept apart (separationOfDuties): Audit and Deploy"},
        ),
        (without("maxRemovals"), {"assignments removed at most: no limit instead of 20"}),
        ({**GUARDS, "requireOwner": "warn"}, {"requireOwner: warn instead of error"}),
        (without("requireOwner"), {"requireOwner: off instead of error"}),
        (
            {**GUARDS, "severity": {"escalatesOnProtected": "error", "never": "warn"}},
            {"never: warn instead of error"},
        ),
        (
            {**GUARDS, "harmlessPolicies": ["/team/deploy"]},
            {"no longer guarded as policy that may administer (harmlessPolicies): /team/deploy"},
        ),
        (without("severity"), {"escalatesOnProtected: warn instead of error"}),
        (without("scopes"), {"no file is held to accounts any more (scopes)"}),
        (
            {**GUARDS, "scopes": {TEAM_FILE: [{"ou": "Workloads"}]}},
            {f"rules in {TEAM_FILE} may now touch "},
        ),
    ],
)
def test_what_is_taken_away_is_loosened_and_the_way_back_is_tighter(
    after: dict[str, Any], expected: set[str]
) -> None:
    there = {sentence for loosened, sentence, _ in told(GUARDS, after) if loosened}
    assert there == {one for one in expected if not one.startswith("now ")}
    assert not all(loosened for loosened, _, _ in told(after, GUARDS))


def test_a_set_that_is_administrative_by_its_policies_needs_no_mention() -> None:
    both = {**GUARDS, "adminPermissionSets": ["Administrator", "Deploy"]}
    assert told(both, GUARDS) == told(GUARDS, both) == []


def test_a_set_declared_as_admin_is_guarded_no_less_than_one_that_escalates() -> None:
    """Naming a set an admin set must not take it out of a guard that is an error."""
    before = {**without("adminPermissionSets"), "severity": {"escalatesOnProtected": "error"}}
    after = {
        **GUARDS,
        "severity": {"escalatesOnProtected": "error", "adminOnProtected": "warn"},
    }
    rule = {"group": "team", "permissionSets": ["Deploy"], "targets": [{"ou": "Workloads/Prod"}]}
    given = [{**rule, "id": "deploy", "owner": "me"}]
    for guards in (before, after):
        assert forbidden(files({**guards, "breakGlass": []}, given), company(), [])


def test_pairs_are_compared_not_lists() -> None:
    pairs = [["Deploy", "Audit"], ["Audit", "Administrator"], ["Administrator", "Deploy"]]
    together = [["Audit", "Deploy", "Administrator"]]
    assert (
        told({**GUARDS, "separationOfDuties": pairs}, {**GUARDS, "separationOfDuties": together})
        == []
    )


def test_a_wider_unit_is_no_loss() -> None:
    wider = {**GUARDS, "protectedAccounts": [{"ou": "/"}]}
    assert not any(loosened for loosened, _, _ in told(GUARDS, wider))


# --- The law --------------------------------------------------------------------------------

SELECTOR = st.sampled_from(
    [
        {"ou": "/"},
        {"ou": "Workloads"},
        {"ou": "Workloads/Prod"},
        {"ou": "Workloads/Prod", "children": False},
        {"ou": "Workloads/Dev"},
        {"accountName": "billing-prod"},
        {"accountNameGlob": "*-dev"},
        {"account": "722222222222"},
    ]
)


def selectors(least: int = 0) -> st.SearchStrategy[list[Any]]:
    return st.lists(SELECTOR, min_size=least, max_size=2, unique_by=str)


def names(least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(SETS)), min_size=least, max_size=2, unique=True)


LEVEL = st.sampled_from(["warn", "error"])


@st.composite
def some_guards(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "protectedAccounts": draw(selectors()),
        "never": draw(selectors()),
        "adminPermissionSets": draw(names()),
        "separationOfDuties": draw(st.lists(names(2), max_size=2)),
        "severity": draw(
            st.dictionaries(
                st.sampled_from(
                    [
                        *("adminOnProtected", "escalatesOnProtected", "never", "maxRemovals"),
                        *("scopes", "breakGlass"),
                    ]
                ),
                LEVEL,
                max_size=2,
            )
        ),
        "harmlessPolicies": draw(st.sampled_from([[], ["/team/deploy"]])),
    }
    if found["protectedAccounts"] and draw(st.booleans()):
        found["breakGlass"] = ["break-glass"]
    for name, values in (
        ("maxRemovals", st.integers(0, 2)),
        ("requireOwner", LEVEL),
        ("scopes", st.fixed_dictionaries({TEAM_FILE: selectors()})),
    ):
        if draw(st.booleans()):
            found[name] = draw(values)
    return found


def some_rules(prefix: str) -> st.SearchStrategy[list[Any]]:
    one = st.builds(
        lambda group, sets, targets, more: {
            "group": group,
            "permissionSets": sets,
            "targets": targets,
            **more,
        },
        st.sampled_from(["team", "break-glass"]),
        names(1),
        selectors(1),
        st.fixed_dictionaries(
            {}, optional={"owner": st.just("me"), "protected": st.just("acknowledged")}
        ),
    )
    return st.lists(one, max_size=2).map(
        lambda rules: [{**rule, "id": f"{prefix}-{n}"} for n, rule in enumerate(rules)]
    )


@st.composite
def some_organization(draw: st.DrawFn) -> Organization:
    """The company, with accounts moved to other units."""
    data = company()
    parents = sorted({account.parent_id for account in data.accounts})
    moves = draw(
        st.dictionaries(
            st.sampled_from([account.id for account in data.accounts]),
            st.sampled_from(parents),
            max_size=2,
        )
    )
    return moved(data, moves)


def moved(organization: Organization, moves: dict[str, str]) -> Organization:
    data = organization.to_dict()
    for account in data["accounts"]:
        account["parentId"] = moves.get(account["id"], account["parentId"])
    return Organization.from_dict(data)


def given_by(access: Access, world: Organization, previous: list[Assignment]) -> Resolution:
    return resolve(access, world, today=TODAY, previous=previous)


def forbidden(access: Access, world: Organization, previous: list[Assignment]) -> bool:
    found = given_by(access, world, previous)
    said = check_guards(access, found, world, previous, labels=labels(declared(access)))
    return any(one.severity == "error" for one in said)


@settings(max_examples=400)
@given(
    some_guards(),
    some_guards(),
    st.tuples(some_rules("central"), some_rules("team")),
    some_organization(),
    st.integers(0, 3),
)
def test_whatever_was_forbidden_and_is_allowed_now_is_told(
    before: dict[str, Any],
    after: dict[str, Any],
    rules: tuple[list[Any], list[Any]],
    world: Organization,
    removed: int,
) -> None:
    """The records are of the organization of today, the world is any that may come."""
    previous = [
        Assignment("Audit", PrincipalKey("GROUP", "team"), f"{number:012}")
        for number in range(removed)
    ]
    strict, loose = (files(guards, *rules) for guards in (before, after))
    # What `never` takes away is not there to be forbidden.
    given_now, given_before = (given_by(one, world, previous) for one in (loose, strict))
    same = given_now.assignments == given_before.assignments
    # Nor does it ask for a way in to an account that is protected only tomorrow.
    if "breakGlass" in before and "breakGlass" in after and before["never"] != after["never"]:
        return
    if same and forbidden(strict, world, previous) and not forbidden(loose, world, previous):
        old, new = (guard_record(access, company()) for access in (strict, loose))
        assert any(one.loosened for one in guard_changes(old, new, {}))
