"""Who is in scope, who has arrived, and how many on-demand requests bring the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from federation.identity.principals import IdentityStorePrincipal
from federation.identity.scope import (
    Change,
    Group,
    Person,
    Scope,
    obstacle,
    on_demand_requests,
    take_census,
)


def person(name: str, why: str = "") -> Person:
    return Person(object_id=f"o-{name}", name=f"{name}@example.com", obstacle=why)


def scope(people: list[Person], **groups: list[str]) -> Scope:
    return Scope(
        people={one.object_id: one for one in people},
        groups={
            f"o-{name}": Group(
                object_id=f"o-{name}", name=name, people=frozenset(f"o-{one}" for one in members)
            )
            for name, members in groups.items()
        },
    )


def user(name: str) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(type="USER", id=f"i-{name}", name=f"{name}@example.com")


def group(name: str, external: str) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(type="GROUP", id=f"i-{name}", name=name, external_ids=(external,))


ADA, BOB, MALLORY = person("ada"), person("bob"), person("mallory", "disabled")


def test_groups_are_counted_by_external_id_and_people_by_name() -> None:
    census = take_census(
        scope([ADA, BOB], platform=["ada"], data=["bob"]),
        [user("ada"), group("Renamed", "o-platform"), group("data", "somebody-else")],
    )
    assert census.groups == {"o-platform": "i-Renamed"}
    assert [(one.kind, one.name) for one in census.missing] == [
        ("Group", "data"),
        ("User", "bob@example.com"),
    ]
    assert census.counts() == {
        "groups": {"inScope": 2, "arrived": 1},
        "people": {"inScope": 2, "arrived": 1},
    }


def test_who_left_the_scope_goes_unless_made_by_hand_or_gone_already() -> None:
    def provisioned(name: str, *, enabled: bool = True) -> IdentityStorePrincipal:
        return replace(user(name), external_ids=(name,), enabled=enabled)

    census = take_census(
        scope([ADA], platform=["ada"]),
        [
            provisioned("ada"),
            provisioned("zoe"),
            provisioned("yan", enabled=False),
            user("by-hand"),
            group("platform", "o-platform"),
            group("old", "o-old"),
            IdentityStorePrincipal(type="GROUP", id="i-x", name="by-hand"),
        ],
    )
    assert [one.name for one in census.leaving] == ["old", "zoe@example.com"]


def test_who_is_kept_out_is_not_counted_as_missing() -> None:
    census = take_census(scope([ADA, MALLORY], platform=["ada", "mallory"]), [])
    assert [one.name for one in census.kept_out] == ["mallory@example.com"]
    assert census.counts()["people"] == {"inScope": 1, "arrived": 0}


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({}, ""),
        ({"accountEnabled": False}, "the person is disabled in Entra"),
        ({"givenName": None}, "Identity Center requires a first name, which Entra lacks"),
        (
            {"surname": "", "displayName": None},
            "Identity Center requires a last name and a display name, which Entra lacks",
        ),
    ],
)
def test_what_keeps_a_person_out(missing: dict[str, Any], sentence: str) -> None:
    entra = {"givenName": "Ada", "surname": "L", "displayName": "Ada L", "accountEnabled": True}
    assert obstacle(entra | missing) == sentence


def test_a_new_group_brings_its_members_five_a_request() -> None:
    people = [person(name) for name in "abcdefg"]
    whole = scope(people, big=list("abcdefg"))
    requests, removals = on_demand_requests(whole, take_census(whole, []), {})
    assert [len(request.members) for request in requests] == [5, 2]
    assert {one for request in requests for one in request.members} == set(whole.people)
    assert removals == 0


def test_an_empty_group_takes_one_request_and_a_person_alone_another() -> None:
    whole = scope([ADA], empty=[])
    requests, _ = on_demand_requests(whole, take_census(whole, []), {})
    assert requests == [
        Change(kind="User", object_id="o-ada", name="ada@example.com"),
        Change(kind="Group", object_id="o-empty", name="empty"),
    ]


def test_somebody_who_joined_a_group_is_linked_and_who_left_is_a_removal() -> None:
    whole = scope([ADA, BOB], platform=["ada", "bob"])
    listed = [user("ada"), user("bob"), group("platform", "o-platform")]
    requests, removals = on_demand_requests(
        whole, take_census(whole, listed), {"o-platform": ["i-ada", "i-carol"]}
    )
    assert [(request.kind, request.members) for request in requests] == [("Group", ("o-bob",))]
    assert removals == 1


def test_nothing_is_asked_for_who_is_kept_out_or_already_there() -> None:
    whole = scope([ADA, MALLORY], platform=["ada", "mallory"])
    listed = [user("ada"), group("platform", "o-platform")]
    requests, removals = on_demand_requests(
        whole, take_census(whole, listed), {"o-platform": ["i-ada"]}
    )
    assert (requests, removals) == ([], 0)
