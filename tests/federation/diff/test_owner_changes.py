"""Who comes to own the application or a group, in the access diff."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.access.assignments import PrincipalKey
from federation.access.labels import Identity
from federation.core.wording import plain
from federation.diff.changes import AccessDiff, Context, access_diff
from federation.diff.owner_changes import owner_ids
from federation.diff.rendering.other_lines import other_lines
from tests.federation.diff.steps import SERVICE_PRINCIPAL, UNKNOWN, preview, step

GROUP = "azuread:index/group:Group"
APPLICATION = "azuread:index/application:Application"
OWNER = "azuread:index/applicationOwner:ApplicationOwner"
CONTEXT = Context(
    principals={PrincipalKey("GROUP", "team"): Identity(name="Team")},
    persons={"a": "ada@example.com", "e": "eve@example.com"},
)
CLOSED = {"appRoleAssignmentRequired": True}


def _diff(*steps: dict[str, Any]) -> AccessDiff:
    return access_diff(preview(*steps), CONTEXT, today=date(2026, 11, 24))


def _lines(*steps: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line.mark, plain(line.sentence)) for line in other_lines(_diff(*steps))]


def test_new_owners_of_a_group_are_named_and_marked() -> None:
    one = step("update", GROUP, "group/team", before={"owners": ["a"]}, after={"owners": ["e"]})
    assert _lines(one) == [
        ("danger", "Team gets 1 owner, who decides who is in it: eve@example.com"),
        ("loss", "Team loses 1 owner: ada@example.com"),
    ]
    both = step("update", GROUP, "group/team", before={}, after={"owners": ["e", "a"]})
    assert _lines(both) == [
        (
            "danger",
            "Team gets 2 owners, who decide who is in it: ada@example.com and eve@example.com",
        )
    ]
    same = step(
        "update",
        GROUP,
        "group/team",
        before={"owners": ["a"], "description": "x"},
        after={"owners": ["a"]},
    )
    assert [mark for mark, _ in _lines(same)] == ["other"]


def test_the_owners_of_a_new_group_are_told_as_such() -> None:
    made = step("create", GROUP, "group/team", after={"displayName": "Team", "owners": ["e"]})
    assert _lines(made) == [
        ("danger", "Team gets 1 owner, who decides who is in it: eve@example.com"),
        ("gain", "Team is a new group with 0 members"),
    ]
    gone = step("delete", GROUP, "group/team", before={"owners": ["e"]})
    assert _lines(gone) == [("loss", "Team is deleted in Entra")]


@pytest.mark.parametrize(
    ("kind", "what"),
    [(SERVICE_PRINCIPAL, "the application's service principal"), (APPLICATION, "the application")],
)
def test_new_owners_of_the_application_are_named_and_marked(kind: str, what: str) -> None:
    before = {**CLOSED, "owners": ["a"]}
    given = step("update", kind, "x", before=before, after={**CLOSED, "owners": ["a", "e"]})
    line = ("danger", f"{what} gets 1 owner, who can let anybody sign in: eve@example.com")
    assert line in _lines(given)
    made = step("create", kind, "x", after={**CLOSED, "owners": ["e"]})
    assert line in _lines(made)


def test_an_owner_that_is_a_resource_of_its_own_is_one_too() -> None:
    made = step("create", OWNER, "x", after={"ownerObjectId": "e"})
    told = "the application gets 1 owner, who can let anybody sign in: eve@example.com"
    assert _lines(made) == [("danger", told)]
    gone = step("delete", OWNER, "x", before={"ownerObjectId": "e"})
    assert _lines(gone) == [("loss", "the application loses 1 owner: eve@example.com")]


@pytest.mark.parametrize("owners", [UNKNOWN, [UNKNOWN]])
def test_an_owner_that_is_not_known_yet_is_somebody_all_the_same(owners: Any) -> None:
    given = step("update", GROUP, "group/team", before={}, after={"owners": owners})
    assert _lines(given) == [
        (
            "danger",
            "Team gets 1 owner, who decides who is in it: somebody who is known only in the update",
        )
    ]
    (_, found) = preview(given).steps
    assert owner_ids(found) == frozenset()


def test_the_names_of_all_owners_are_asked_for() -> None:
    given = step(
        "update", SERVICE_PRINCIPAL, "x", before={"owners": ["a"]}, after={"owners": ["e"]}
    )
    (_, found) = preview(given).steps
    assert owner_ids(found) == {"a", "e"}
