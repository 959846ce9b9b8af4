"""What an update takes away before all the rest, and what stays in its place."""

from __future__ import annotations

from typing import Any

from federation.diff.revocations import revocations
from tests.federation.diff.steps import ASSIGNMENT, SET, assignment, preview, step, urn

MEMBER = "azuread:index/groupMember:GroupMember"
APP_ROLE = "azuread:index/appRoleAssignment:AppRoleAssignment"
OLD = "ReadOnly/group/a/111122223333"
OTHER = "ReadOnly/group/b/111122223333"


def state(*resources: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A checkpoint with these resources (kind and name); `more` goes into the last one."""
    found: list[dict[str, Any]] = [{"urn": urn(*one)} for one in resources]
    found[-1] |= more
    return {"deployment": {"resources": found}}


def test_assignments_that_end_come_first() -> None:
    found = revocations(
        preview(
            assignment("delete", OLD),
            assignment("delete", OTHER),
            assignment("create", "ReadOnly/group/b/1"),
        ),
        state((ASSIGNMENT, OTHER), (ASSIGNMENT, OLD), (ASSIGNMENT, "ReadOnly/group/c/1")),
    )
    assert found == [urn(ASSIGNMENT, OLD), urn(ASSIGNMENT, OTHER)]


def test_what_is_no_revocation_stays_in_its_place() -> None:
    # The engine only forgets a member (retain_on_delete): the program takes them out itself.
    member = step("delete", MEMBER, "group/a/ada", before={"memberObjectId": "m"})
    assigned = step("delete", APP_ROLE, "group/a", before={"principalObjectId": "p"})
    permission_set = step("delete", SET, "ReadOnly", before={"name": "ReadOnly"})
    held = state(
        (ASSIGNMENT, OLD), (MEMBER, "group/a/ada"), (APP_ROLE, "group/a"), (SET, "ReadOnly")
    )
    steps = (assignment("replace", OLD), member, assigned, permission_set)
    assert revocations(preview(*steps), held) == []


def test_the_old_half_of_a_replacement_does_not_take_the_new_one_along() -> None:
    again = preview(assignment("delete", OLD), assignment("same", OLD))
    assert revocations(again, state((ASSIGNMENT, OLD))) == []


def test_what_the_state_does_not_hold_can_not_be_named_to_the_engine() -> None:
    assert (
        revocations(preview(assignment("delete", OLD)), state((ASSIGNMENT, "ReadOnly/group/b/1")))
        == []
    )
    assert revocations(preview(assignment("delete", OLD)), {"deployment": None}) == []


def test_what_something_else_needs_is_left_to_the_engine() -> None:
    end = preview(assignment("delete", OLD))
    for needed in (
        {"dependencies": [urn(ASSIGNMENT, OLD)]},
        {"propertyDependencies": {"id": [urn(ASSIGNMENT, OLD)], "other": None}},
        {"parent": urn(ASSIGNMENT, OLD)},
        {"deletedWith": urn(ASSIGNMENT, OLD)},
    ):
        assert revocations(end, state((ASSIGNMENT, OLD), (SET, "other"), **needed)) == []
    # What ends together with it is no obstacle, whatever needs what.
    together = preview(assignment("delete", OLD), assignment("delete", OTHER))
    needs = state((ASSIGNMENT, OLD), (ASSIGNMENT, OTHER), dependencies=[urn(ASSIGNMENT, OLD)])
    assert len(revocations(together, needs)) == 2


def renamed(*, duration: str = "PT8H", account: str = "111122223333") -> list[dict[str, Any]]:
    return [
        step("delete", SET, "ReadOnly", before={"name": "ReadOnly", "sessionDuration": "PT8H"}),
        step("create", SET, "Look", after={"name": "Look", "sessionDuration": duration}),
        assignment("delete", OLD),
        assignment("create", f"Look/group/a/{account}"),
    ]


def test_a_renamed_set_leaves_nobody_without_access_in_between() -> None:
    held = state((SET, "ReadOnly"), (ASSIGNMENT, OLD))
    assert revocations(preview(*renamed()), held) == []
    # Another set, or nobody's heir: that is a revocation, whatever comes instead.
    assert revocations(preview(*renamed(duration="PT1H")), held) == [urn(ASSIGNMENT, OLD)]
    assert revocations(preview(*renamed(account="444455556666")), held) == [urn(ASSIGNMENT, OLD)]
