"""Which deletions of an update take access away and can be carried out before all the rest. Pure.

The engine deletes last, after the program has waited for late principals. Nothing of a new grant is
needed to take an old one away, so `python -m ops up` ends account assignments first. The rest is
left to the update: its program takes members out of groups before it registers anything, and on
app-role assignments, which alone open an empty portal, the provisioning job depends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from federation.access.assignments import Assignment
from federation.core.urn import ASSIGNMENT
from federation.diff.assignment_changes import is_assignment
from federation.diff.set_changes import set_changes
from federation.engine.preview import Preview, Step


def revocations(preview: Preview, export: Mapping[str, Any]) -> list[str]:
    """URNs of the assignments that the preview deletes, sorted.

    `export` is the JSON of `pulumi stack export`. Left to the update itself are what the state does
    not hold, what something else in the state needs, and assignments of a permission set that only
    gets another name: its new ones are made first.
    """
    live = {step.urn for step in preview.steps if step.after is not None}
    kept = _kept_until_renamed(preview)
    found = {
        step.urn
        for step in preview.steps
        if step.op == "delete"
        and step.type == ASSIGNMENT
        and step.urn not in live
        and step.urn not in kept
    }
    resources = (export.get("deployment") or {}).get("resources") or ()
    return sorted(_alone(found & {one["urn"] for one in resources}, _dependents(resources)))


def _alone(urns: set[str], dependents: Mapping[str, set[str]]) -> set[str]:
    """Those URNs on which nothing depends that is not among them: the engine would refuse it."""
    while blocked := {urn for urn in urns if not dependents[urn] <= urns}:
        urns = urns - blocked
    return urns


def _dependents(resources: Any) -> Mapping[str, set[str]]:
    """The URNs that depend on a URN, by that URN, as the engine sees it (pulumi, graph package)."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in resources:
        needed = {one.get("parent"), one.get("deletedWith"), *(one.get("dependencies") or ())}
        for urns in (one.get("propertyDependencies") or {}).values():
            needed.update(urns or ())
        for urn in needed - {None, ""}:
            found[urn].add(one["urn"])
    return found


def _kept_until_renamed(preview: Preview) -> set[str]:
    """URNs of assignments whose permission set only gets another name, with an heir each."""
    new_name = {
        change.instead_of: change.name
        for change in set_changes(preview).changes
        if change.what == "renamed"
    }
    made = {Assignment.parse(step.name) for step in _assignments(preview) if step.before is None}
    return {
        step.urn
        for step in _assignments(preview)
        if step.op == "delete" and _heir(Assignment.parse(step.name), new_name) in made
    }


def _heir(assignment: Assignment, new_name: Mapping[str, str]) -> Assignment | None:
    name = new_name.get(assignment.permission_set)
    return assignment._replace(permission_set=name) if name else None


def _assignments(preview: Preview) -> Iterator[Step]:
    return (step for step in preview.steps if step.type == ASSIGNMENT and is_assignment(step))
