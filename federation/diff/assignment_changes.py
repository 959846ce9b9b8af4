"""Which assignments an update makes, ends and moves, from the engine's own steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from federation.access.assignments import Assignment
from federation.core.urn import ASSIGNMENT
from federation.engine.preview import Preview, State, Step, is_known

AssignmentWhat = Literal["gained", "lost", "adopted", "moved", "again", "renamed", "leftover"]


@dataclass(frozen=True, order=True, kw_only=True)
class AssignmentChange:
    """One assignment that changes.

    gained and lost are new and ended access. `adopted` assignments exist in AWS already and come
    under the stack's management. `moved` assignments go to another principal object (re-created in
    Entra), `again` assignments are made anew for the same one, `renamed` ones only change their
    key. A `leftover` is the old half of an earlier interrupted replacement. `late` assignments wait
    for their principal to arrive in this update; `gap` says that an assignment made anew is missing
    for a moment.
    """

    assignment: Assignment
    what: AssignmentWhat
    late: bool = False
    gap: bool = False


@dataclass(frozen=True, kw_only=True)
class Assignments:
    """Assignments before and after the update, and what changes between."""

    before: frozenset[Assignment]
    after: frozenset[Assignment]
    changes: tuple[AssignmentChange, ...]


def assignment_changes(preview: Preview) -> Assignments:
    """Every assignment among the steps: all there are, where unchanged steps are among them."""
    before: set[Assignment] = set()
    after: set[Assignment] = set()
    changes: list[AssignmentChange] = []
    steps = [step for step in preview.steps if step.type == ASSIGNMENT]
    kept = {step.urn for step in steps if step.after is not None}
    for step in steps:
        old, new = _assignment(step.before), _assignment(step.after)
        if step.op == "delete" and step.urn in kept:
            changes += [
                AssignmentChange(assignment=assignment, what="leftover")
                for assignment in [old]
                if assignment
            ]
            continue
        before.update(assignment for assignment in [old] if assignment)
        after.update(assignment for assignment in [new] if assignment)
        changes += _change(step, old, new)
    return Assignments(
        before=frozenset(before), after=frozenset(after), changes=tuple(sorted(set(changes)))
    )


def is_assignment(step: Step) -> bool:
    """Whether a step is about an assignment that this program named."""
    return step.type == ASSIGNMENT and _assignment(step.after or step.before) is not None


def _change(
    step: Step, old: Assignment | None, new: Assignment | None
) -> Iterator[AssignmentChange]:
    if step.op == "import" and new is not None:
        yield AssignmentChange(assignment=new, what="adopted")
    elif old is None and new is not None:
        yield AssignmentChange(assignment=new, what="gained", late=_late(step))
    elif new is None and old is not None:
        yield AssignmentChange(assignment=old, what="lost")
    elif old is not None and new is not None:
        yield from _kept(step, old, new)


def _kept(step: Step, old: Assignment, new: Assignment) -> Iterator[AssignmentChange]:
    if (old.permission_set, old.account) != (new.permission_set, new.account):
        yield AssignmentChange(assignment=old, what="lost")
        yield AssignmentChange(assignment=new, what="gained", late=_late(step))
    elif step.op == "replace":
        moved = "principalId" in step.reasons and _id(step.before) != _id(step.after)
        yield AssignmentChange(
            assignment=new, what="moved" if moved else "again", late=_late(step), gap=step.gap
        )
    elif old != new:
        yield AssignmentChange(assignment=new, what="renamed")


def _id(state: State | None) -> str:
    return str(state.inputs.get("principalId")) if state else ""


def _late(step: Step) -> bool:
    return step.after is not None and not is_known(step.after.inputs.get("principalId"))


def _assignment(state: State | None) -> Assignment | None:
    """The assignment of a state, None for one that another program named. The account is the
    engine's.
    """
    if state is None:
        return None
    try:
        assignment = Assignment.parse(state.name)
    except ValueError:
        return None
    return assignment._replace(account=str(state.inputs.get("targetId") or assignment.account))
