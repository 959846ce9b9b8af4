"""What a checkpoint remembers goes by the keys of today, once it has met the access file."""

from __future__ import annotations

from federation.access.assignments import Assignment, PrincipalKey
from federation.engine.checkpoint import Checkpoint
from federation.identity.principals import PinnedAssignment

CREW, TEAM, DATA = (PrincipalKey("GROUP", key) for key in ("crew", "team", "data"))
MOVED = {"crew": "team"}


def pin(key: PrincipalKey) -> PinnedAssignment:
    assignment = Assignment("ReadOnly", key, "911111111111")
    return PinnedAssignment(assignment=assignment, principal_id=key.key)


def test_a_renamed_key_takes_everything_along() -> None:
    before = Checkpoint(
        assignments=(pin(CREW), pin(DATA)),
        object_ids={CREW: "o-1", DATA: "o-2"},
        holders={CREW: "o-1"},
        groups={CREW: "o-1"},
        owners={CREW: frozenset({"ann"})},
        members={CREW: frozenset({"bob"})},
    )
    today = before.under(MOVED)
    renamed, kept = today.assignments
    assert (renamed.assignment.principal, renamed.moved_from) == (TEAM, pin(CREW).assignment)
    assert kept == pin(DATA)
    assert today.object_ids == {TEAM: "o-1", DATA: "o-2"}
    assert today.holders == today.groups == {TEAM: "o-1"}
    assert (today.owners, today.members) == (
        {TEAM: frozenset({"ann"})},
        {TEAM: frozenset({"bob"})},
    )
    assert today.old_keys == {TEAM: CREW}


def test_the_memory_that_moves_comes_before_that_of_the_new_key() -> None:
    for ids in ({CREW: "old", TEAM: "new"}, {TEAM: "new", CREW: "old"}):
        assert Checkpoint(object_ids=ids).under(MOVED).object_ids == {TEAM: "old"}


def test_a_rename_of_an_earlier_update_changes_nothing() -> None:
    checkpoint = Checkpoint(assignments=(pin(TEAM),), object_ids={TEAM: "o-1"})
    assert checkpoint.under(MOVED) == checkpoint
