"""Members and owners of the groups that the stack makes: every combination of the three memories.

A member is declared (D), in the state (S), in Entra (E), or any mixture of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations, product
from typing import Any

import pytest

from federation.access.assignments import PrincipalKey
from federation.access.declared import Access, Group
from federation.engine.checkpoint import Checkpoint, read
from federation.engine.repairs import GroupRepair
from federation.update.memberships import (
    GroupInEntra,
    MembershipFacts,
    Memberships,
    own_groups,
    plan_memberships,
)
from tests.federation.diff.steps import urn

TEAM = PrincipalKey("GROUP", "team")
IMPORT = "g-1/member/bob"
# What becomes of bob: is he registered, under which import; is he taken out as a step of the
# engine; what is repaired.
TABLE: dict[str, tuple[dict[str, str | None], list[str], list[str]]] = {
    "": ({}, [], []),
    "D": ({"bob": None}, [], []),
    "S": ({}, [], []),
    "E": ({}, [], ["remove bob"]),
    "DS": ({"bob": None}, [], ["add bob"]),
    "DE": ({"bob": IMPORT}, [], []),
    "SE": ({}, ["remove bob"], []),
    "DSE": ({"bob": None}, [], []),
}


def _access(*members: str, owners: tuple[str, ...] = (), create: bool = True) -> Access:
    named = tuple(f"{name.title()}@example.com" for name in members)
    owned = tuple(f"{name}@example.com" for name in owners)
    group = Group(key="team", display_name="Team", create=create, members=named, owners=owned)
    return Access(groups={"team": group})


def _facts(
    members: tuple[str, ...] = (), owners: tuple[str, ...] = (), caller: str = "robot"
) -> MembershipFacts:
    """Entra, where everybody's object id is the first part of the name."""
    names = {name: f"{name}@example.com" for name in ("ann", "bob", "cid", "robot")}
    return MembershipFacts(
        groups={
            TEAM: GroupInEntra(
                object_id="g-1",
                members={one: names[one] for one in members},
                owners={one: names[one] for one in owners},
            )
        },
        people={name: ident for ident, name in names.items()},
        caller=caller,
    )


def _checkpoint(members: tuple[str, ...] = (), owners: tuple[str, ...] = ()) -> Checkpoint:
    return Checkpoint(
        groups={TEAM: "g-1"},
        members={TEAM: frozenset(members)},
        owners={TEAM: frozenset(owners)},
    )


def _said(repairs: tuple[GroupRepair, ...]) -> list[str]:
    return [
        f"{one.action} {one.object_id}{'' if one.relation == 'members' else ' as owner'}"
        for one in repairs
    ]


@pytest.mark.parametrize(("where", "expected"), TABLE.items())
def test_one_member(
    where: str, expected: tuple[dict[str, str | None], list[str], list[str]]
) -> None:
    bob = {letter: ("bob",) if letter in where else () for letter in "DSE"}
    plan = plan_memberships(_access(*bob["D"]), _checkpoint(bob["S"]), _facts(bob["E"]))
    assert (plan.members[TEAM], _said(plan.removals), _said(plan.repairs)) == expected


@pytest.mark.parametrize("wheres", list(product(TABLE, repeat=2)))
def test_two_members_do_not_touch_each_other(wheres: tuple[str, str]) -> None:
    def those(letter: str) -> tuple[str, ...]:
        people = zip(("ann", "bob"), wheres, strict=True)
        return tuple(name for name, where in people if letter in where)

    plan = plan_memberships(_access(*those("D")), _checkpoint(those("S")), _facts(those("E")))
    for name, where in zip(("ann", "bob"), wheres, strict=True):
        registered, removals, repairs = TABLE[where]
        found = [ident for one, ident in plan.members[TEAM].items() if one == name]
        assert found == [ident and ident.replace("bob", name) for ident in registered.values()]
        assert [one for one in _said(plan.removals) if one.endswith(name)] == [
            one.replace("bob", name) for one in removals
        ]
        assert [one for one in _said(plan.repairs) if one.endswith(name)] == [
            one.replace("bob", name) for one in repairs
        ]


@pytest.mark.parametrize("where", TABLE)
@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("refreshed", [True, False])
def test_the_update_after_the_next_has_nothing_to_do(
    where: str, *, fails: bool, refreshed: bool
) -> None:
    """Whatever fails in one update is made by the next, with a refresh or without."""
    declared, state, entra = ({"bob"} if letter in where else set() for letter in "DSE")
    for broken in (fails, False):
        plan = _plan(declared, state, entra)
        # The program has read the state as it was before the refresh.
        if refreshed:
            state &= entra
        state, entra = _update(plan, state, entra, fails=broken)
    plan = _plan(declared, state, entra)
    assert (state, entra) == (declared, declared)
    assert (plan.repairs, plan.removals) == ((), ())


def _plan(declared: set[str], state: set[str], entra: set[str]) -> Memberships:
    return plan_memberships(_access(*declared), _checkpoint(tuple(state)), _facts(tuple(entra)))


def _update(
    plan: Memberships, state: set[str], entra: set[str], *, fails: bool
) -> tuple[set[str], set[str]]:
    """What program and engine make of a plan: members who are registered are made or taken in."""
    state, entra = set(state), set(entra)
    tried = (*plan.removals, *plan.repairs)
    for one in tried:
        if not fails:
            (entra.add if one.action == "add" else entra.discard)(one.object_id)
    registered = plan.after(tried if fails else ()).members[TEAM]
    for ident, existing in registered.items():
        if ident in state:
            continue
        if existing:
            assert existing.endswith(f"/{ident}")
            assert ident in entra, "an import of nobody fails"
            state.add(ident)
        elif not fails:
            assert ident not in entra, "the resource refuses what exists"
            state.add(ident)
            entra.add(ident)
    return state & registered.keys(), entra


def test_a_removal_that_failed_stays_in_the_state() -> None:
    plan = _plan(set(), {"bob"}, {"bob"})
    assert plan.after(()).members[TEAM] == {}
    assert plan.after(plan.removals).members[TEAM] == {"bob": None}


OWNERS = [set(), {"ann"}, {"bob"}, {"ann", "bob"}]


@pytest.mark.parametrize(("declared", "state", "entra"), list(product(OWNERS, repeat=3)))
def test_owners_are_repaired_where_the_engine_sees_no_difference(
    declared: set[str], state: set[str], entra: set[str]
) -> None:
    plan = plan_memberships(
        _access(owners=tuple(sorted(declared))),
        _checkpoint(owners=tuple(state)),
        _facts(owners=tuple(sorted(entra))),
    )
    expected = [f"add {one} as owner" for one in sorted(declared - entra)]
    expected += [f"remove {one} as owner" for one in sorted(entra - declared)]
    assert _said(plan.repairs) == (expected if declared and declared == state else [])
    assert bool(plan.warnings) == (not declared and bool(entra))


def test_an_owner_comes_before_another_goes_and_whoever_loses_access_first() -> None:
    plan = plan_memberships(
        _access("cid", owners=("ann",)),
        _checkpoint(("cid",), ("ann",)),
        _facts(("bob",), ("bob",)),
    )
    assert _said(plan.repairs) == [
        "remove bob",
        "add ann as owner",
        "remove bob as owner",
        "add cid",
    ]


def test_an_owner_whom_nobody_declares_is_named_but_for_the_signed_in_identity() -> None:
    plan = plan_memberships(_access(), _checkpoint(), _facts(owners=("robot", "bob")))
    (warning,) = plan.warnings
    assert "bob@example.com can change who is in the group 'Team'" in warning.message
    assert "robot" not in warning.message


def test_a_group_that_is_new_or_gone_gets_its_members_from_the_engine() -> None:
    new = MembershipFacts(people=_facts().people)
    gone = MembershipFacts(people=_facts().people, groups={TEAM: None})
    for facts, warned in ((new, False), (gone, True)):
        plan = plan_memberships(_access("bob"), Checkpoint(), facts)
        assert plan.members == {TEAM: {"bob": None}}
        assert (plan.repairs, plan.removals) == ((), ())
        assert bool(plan.warnings) == warned


def test_a_moved_group_is_known_by_its_old_key() -> None:
    old = PrincipalKey("GROUP", "crew")
    checkpoint = Checkpoint(groups={old: "g-1"}, members={old: frozenset({"bob"})})
    access = _access("bob")
    assert own_groups(access, checkpoint) == {}
    today = checkpoint.under({"crew": "team"})
    assert own_groups(access, today) == {TEAM: "g-1"}
    plan = plan_memberships(access, today, _facts(("bob",)))
    assert plan.members == {TEAM: {"bob": None}}


def test_a_group_that_the_stack_did_not_make_is_left_alone() -> None:
    access = _access(create=False)
    assert own_groups(access, _checkpoint()) == {}
    assert plan_memberships(access, _checkpoint(), _facts()) == Memberships()


def test_the_checkpoint_knows_groups_without_an_assignment_and_their_members() -> None:
    group, member = "azuread:index/group:Group", "azuread:index/groupMember:GroupMember"
    resources: list[tuple[str, Mapping[str, Any]]] = [
        (urn(group, "group/team"), {"objectId": "g-1", "owners": ["ann"]}),
        (urn(member, "group/team/bob"), {"memberObjectId": "bob"}),
        (urn(member, "group/team/cid"), {"memberObjectId": "cid"}),
    ]
    for some in permutations(resources):
        checkpoint = read(dict(some))
        assert checkpoint.groups == {TEAM: "g-1"}
        assert checkpoint.owners == {TEAM: frozenset({"ann"})}
        assert checkpoint.members == {TEAM: frozenset({"bob", "cid"})}
        assert checkpoint.object_ids == {}
