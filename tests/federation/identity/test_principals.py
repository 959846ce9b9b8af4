"""Matching, holds and pins: an incident at the identity provider never moves access silently."""

from __future__ import annotations

from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.identity.holds import Hold, holds
from federation.identity.principals import (
    EntraPrincipal,
    IdentityStorePrincipal,
    PinnedAssignment,
    match,
    plan_assignments,
    recreated,
)

PLATFORM = PrincipalKey("GROUP", "platform")
ADA = PrincipalKey("USER", "ada")


def group(**changes: Any) -> EntraPrincipal:
    return EntraPrincipal(
        **{"key": PLATFORM, "name": "AWS-Platform", "object_id": "o-1", "adopt": False, **changes}
    )


def listed(ident: str, name: str, *external: str) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(type="GROUP", id=ident, name=name, external_ids=external)


def user(ident: str, name: str) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(type="USER", id=ident, name=name, external_ids=("ada",))


def test_a_group_is_known_by_its_external_id_whatever_it_is_called() -> None:
    found = match([group()], [listed("g-1", "Renamed", "o-1"), listed("g-2", "Other", "o-2")])
    assert found.arrived == {PLATFORM: "g-1"}
    assert not found.conflicts
    assert not found.made_by_hand


def test_a_display_name_alone_is_never_trusted() -> None:
    found = match([group()], [listed("g-9", "aws-platform")])
    assert PLATFORM not in found.arrived
    assert "adopt: true" in found.made_by_hand[PLATFORM]


def test_adoption_only_lets_entra_join() -> None:
    found = match([group(adopt=True)], [listed("g-9", "AWS-Platform")])
    assert not found.arrived
    assert not found.made_by_hand


def test_two_groups_with_one_external_id_are_held() -> None:
    found = match([group()], [listed("g-1", "A", "o-1"), listed("g-2", "B", "o-1")])
    assert not found.arrived
    assert "g-1, g-2" in found.conflicts[PLATFORM]


def test_a_group_yet_to_be_made_has_not_arrived() -> None:
    assert not match([group(object_id=None)], [listed("g-1", "Other", "")]).arrived


def test_a_person_is_known_by_the_exact_user_name() -> None:
    ada = EntraPrincipal(key=ADA, name="ada@example.com", object_id="O-2")
    assert match([ada], [user("u-1", "ada@example.com")]).arrived == {ADA: "u-1"}
    found = match([ada], [user("u-1", "Ada@example.com")])
    assert not found.arrived
    assert "sign-in compares them exactly" in found.conflicts[ADA]


def assignment(account: str, key: PrincipalKey = PLATFORM) -> Assignment:
    return Assignment("ReadOnly", key, account)


def pin(account: str, principal_id: str) -> PinnedAssignment:
    return PinnedAssignment(assignment=assignment(account), principal_id=principal_id)


ONE, TWO = "111111111111", "222222222222"


@pytest.mark.parametrize(
    ("arrived", "expected", "ready", "late", "held"),
    [
        ({PLATFORM: "g-1"}, [], {assignment(ONE): "g-1", assignment(TWO): "g-1"}, (), ()),
        ({}, [], {assignment(ONE): "g-1"}, (), (assignment(TWO),)),
        ({}, [PLATFORM], {assignment(ONE): "g-1"}, (assignment(TWO),), ()),
    ],
)
def test_existing_assignments_of_a_missing_principal_are_kept_new_ones_wait_or_are_held(
    arrived: dict[PrincipalKey, str],
    expected: list[PrincipalKey],
    ready: dict[Assignment, str],
    late: tuple[Assignment, ...],
    held: tuple[Assignment, ...],
) -> None:
    plan = plan_assignments(
        [assignment(ONE), assignment(TWO)], arrived, {assignment(ONE): pin(ONE, "g-1")}, expected
    )
    assert (plan.ready, plan.late, plan.held) == (ready, late, held)


def test_a_recreated_principal_is_told_with_its_assignments_and_both_ways_on() -> None:
    pins = [pin(ONE, "old"), pin(TWO, "old")]
    (story,) = recreated(pins, {PLATFORM: "new"}, {})
    assert "its id was old and is now new" in story
    assert assignment(ONE).logical_name in story
    assert assignment(TWO).logical_name in story
    assert "acceptRecreated: {platform: new}" in story


def test_an_accepted_or_missing_or_unchanged_principal_is_no_incident() -> None:
    pins = [pin(ONE, "old")]
    assert not recreated(pins, {PLATFORM: "new"}, {"platform": "new"})
    assert not recreated(pins, {}, {})
    assert not recreated(pins, {PLATFORM: "old"}, {})
    assert recreated(pins, {PLATFORM: "newest"}, {"platform": "new"})


def test_holds_name_reason_and_assignments() -> None:
    label = "AWS-Platform (key platform)"
    held = holds(
        [assignment(TWO), assignment(ONE)],
        {PLATFORM: "not in scope"},
        {PLATFORM: group()},
        {PLATFORM: label},
    )
    assert tuple(Hold.from_dict(one.to_dict()) for one in held) == held
    assert held[0].sentence() == (
        f'2 assignments of group "{label}" held: not in scope '
        f"[{assignment(ONE).logical_name}, {assignment(TWO).logical_name}]"
    )
    assert [one.to_dict() for one in held] == [
        {
            "principal": "platform",
            "principalType": "GROUP",
            "label": label,
            "name": "AWS-Platform",
            "objectId": "o-1",
            "reason": "not in scope",
            "assignments": [assignment(ONE).logical_name, assignment(TWO).logical_name],
        }
    ]
