"""One update, decided: everything that can be known before a resource is registered."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.break_glass import Rescue
from federation.access.declared import Access
from federation.access.duties import People
from federation.access.findings import Finding
from federation.access.guards import check_guards
from federation.access.labels import Labels, labels
from federation.access.organization import Organization
from federation.access.quotas import check_quotas, estimated_duration
from federation.access.targets import Resolution, resolve
from federation.core.errors import InvalidInput, Problem
from federation.engine.access_attributes import attribute_repairs
from federation.engine.checkpoint import Checkpoint
from federation.engine.phase import Phase
from federation.engine.repairs import AttributesRepair, JobRepair, Repair
from federation.engine.set_content import LiveSet
from federation.engine.unmanaged import Grant, Grants, unmanaged
from federation.identity.instance import Instance
from federation.identity.principals import (
    AssignmentPlan,
    EntraPrincipal,
    IdentityStorePrincipal,
    Match,
    PinnedAssignment,
    looked_up,
    match,
    plan_assignments,
    recreated,
)
from federation.update.memberships import MembershipFacts, Memberships, plan_memberships
from federation.update.phases import check_not_back, phase_of
from federation.update.set_repairs import NO_TAGS, IgnoredTags, SetPlan, plan_sets
from federation.update.settings import Settings


class UpdateStoppedError(ValueError):
    """Something that a person must decide first; the message says what, and the ways on."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the clouds and the checkpoint said at the start of the update.

    `live_sets` are the stack's own permission sets in AWS by ARN, None for one that is gone;
    `ignored_tags` are those that the provider is told to leave alone. `live_attributes` are AWS's
    attributes for access control, source by key, None for no configuration.
    `grants` are the assignments in the clouds as far as the bounded look shows them.
    `job_runs` is False for a provisioning job that Entra has switched off, `warnings` are what the
    look-ups themselves found, `rescuers` counts the people of the break-glass principals, and
    `people` are those of the principals that separation of duties compares; both are None where
    nobody has asked.
    """

    organization: Organization
    instance: Instance | None
    principals: Mapping[PrincipalKey, EntraPrincipal]
    identity_store: Collection[IdentityStorePrincipal]
    checkpoint: Checkpoint
    today: date
    memberships: MembershipFacts = field(default_factory=MembershipFacts)
    live_sets: Mapping[str, LiveSet | None] = field(default_factory=dict)
    live_attributes: Mapping[str, str] | None = None
    ignored_tags: IgnoredTags = NO_TAGS
    grants: Grants = field(default_factory=Grants)
    job_runs: bool = True
    warnings: tuple[Finding, ...] = ()
    rescuers: Mapping[PrincipalKey, int] | None = None
    people: People | None = None


class Choices(Protocol):
    """What a person has decided in the stack configuration."""

    @property
    def accept_recreated(self) -> Mapping[str, str]:
        """New principal id by key."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the components are told.

    `sets` are the permission sets to make, `management_sets` those with assignments in the
    management account. `previous_keys` maps a moved principal to its old key, `old_names` an
    assignment to the logical name under which the checkpoint has it, `reasons` says why principals
    are missing, `expected` may arrive in this update. `holders` are the Entra object ids of the
    principals with assignments, which the next update remembers; `principals` are all declared ones
    as Entra has them, and `labels` say who they are. `duration` estimates what AWS takes to write
    the assignments. `repairs` are what the clouds lack of what the state takes for done,
    `memberships` says who is in the groups that the stack makes. `unmanaged` was granted by hand,
    and stays.
    """

    phase: Phase
    resolution: Resolution
    warnings: tuple[Finding, ...]
    sets: SetPlan
    management_sets: frozenset[str]
    assignments: AssignmentPlan
    expected: frozenset[PrincipalKey]
    reasons: Mapping[PrincipalKey, str]
    previous_keys: Mapping[PrincipalKey, PrincipalKey]
    old_names: Mapping[Assignment, str]
    holders: Mapping[PrincipalKey, str]
    principals: Mapping[PrincipalKey, EntraPrincipal] = field(default_factory=dict)
    labels: Labels = field(default_factory=Labels)
    duration: timedelta = timedelta()
    repairs: tuple[Repair, ...] = ()
    memberships: Memberships = field(default_factory=Memberships)
    unmanaged: tuple[Grant, ...] = ()


def make_plan(settings: Settings, access: Access, facts: Facts, *, preview: bool) -> Plan:
    """Decide the update, or what its preview shows; nothing is changed.

    Raises InvalidInput, PhaseBackError or UpdateStoppedError.
    """
    phase = phase_of(settings, declares_access=bool(access.rules))
    check_not_back(facts.checkpoint.phase, phase, settings.allow_phase_back)
    plan = plan_access(settings, access, facts, phase=phase, preview=preview)
    own = plan_memberships(access, facts.checkpoint, facts.memberships)
    return replace(
        plan,
        memberships=own,
        repairs=(
            *own.repairs,
            *plan.repairs,
            *_job_repairs(settings, facts),
            *_attribute_repairs(settings, facts),
        ),
        warnings=(*plan.warnings, *own.warnings),
    )


def _job_repairs(settings: Settings, facts: Facts) -> tuple[JobRepair, ...]:
    """A job whose start failed after it was made is started in the state only."""
    stopped = settings.provisioning and facts.checkpoint.job and not facts.job_runs
    return (JobRepair(job=facts.checkpoint.job),) if stopped else ()


def _attribute_repairs(settings: Settings, facts: Facts) -> tuple[AttributesRepair, ...]:
    return attribute_repairs(
        facts.checkpoint.attributes,
        settings.identity_center.access_control_attributes,
        facts.live_attributes,
        facts.instance.arn if facts.instance else "",
    )


def plan_access(
    choices: Choices, access: Access, facts: Facts, *, phase: Phase, preview: bool
) -> Plan:
    """Decide the access of an update in a phase. Raises InvalidInput or UpdateStoppedError."""
    _stop_on_foreign(facts.checkpoint)
    _stop_on_renamed(facts)
    pinned = {pin.assignment: pin for pin in facts.checkpoint.assignments}
    resolution = resolve(access, facts.organization, today=facts.today, previous=tuple(pinned))
    others = _others(facts)
    found = match(facts.principals.values(), facts.identity_store)
    gone = {assignment.principal for assignment in pinned} - found.arrived.keys()
    absent = gone - others.keys() if phase is Phase.ACCESS else ()
    rescue = Rescue(people=facts.rescuers, absent=absent)
    names = labels(looked_up(facts.principals.values()))
    findings = tuple(
        replace(finding, labels=names)
        for finding in (
            *facts.warnings,
            *resolution.findings,
            *check_guards(
                access,
                resolution,
                facts.organization,
                tuple(pinned),
                rescue,
                people=facts.people,
                labels=names,
            ),
            *check_quotas(access, resolution, facts.organization),
        )
    )
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InvalidInput([_problem(finding) for finding in errors])
    _stop_on_others(choices, facts, pinned, others, names)
    assignments = [
        *(assignment.assignment for assignment in resolution.explained),
        *resolution.frozen,
    ]
    by_hand = unmanaged(
        facts.grants,
        facts.checkpoint,
        facts.organization,
        assignments=assignments,
        object_ids=[one.object_id for one in facts.principals.values() if one.object_id],
    )
    if phase is not Phase.ACCESS:
        without = _without_assignments(phase, resolution, findings, facts.checkpoint)
        return replace(without, unmanaged=by_hand, principals=facts.principals, labels=names)
    _stop_on_groups_by_hand(found, others, names)
    # An accepted new object is a principal of its own: nothing is left of the old one's pins.
    pinned = {
        assignment: pin for assignment, pin in pinned.items() if assignment.principal not in others
    }
    _stop_on_recreated(choices, pinned, found, names)
    gone = {assignment.principal for assignment in pinned} - found.arrived.keys()
    expected = _expected(facts, found, others, preview=preview) - gone
    sets = plan_sets(
        access.permission_sets,
        facts.checkpoint.sets,
        facts.live_sets,
        facts.organization,
        facts.ignored_tags,
    )
    return Plan(
        phase=phase,
        resolution=resolution,
        warnings=findings,
        sets=sets,
        management_sets=frozenset(
            assignment.permission_set
            for assignment in assignments
            if assignment.account == facts.organization.management_account_id
        ),
        assignments=plan_assignments(assignments, found.arrived, pinned, expected),
        expected=expected,
        reasons=_reasons(facts, found, gone),
        previous_keys=facts.checkpoint.old_keys,
        old_names={
            assignment: pin.moved_from.logical_name
            for assignment, pin in pinned.items()
            if pin.moved_from
        },
        holders=_holders(facts, assignments),
        principals=facts.principals,
        labels=names,
        duration=estimated_duration(
            added=len(set(assignments) - pinned.keys()),
            removed=len(pinned.keys() - set(assignments)),
        ),
        repairs=sets.repairs,
        unmanaged=by_hand,
    )


def _without_assignments(
    phase: Phase,
    resolution: Resolution,
    findings: tuple[Finding, ...],
    checkpoint: Checkpoint,
) -> Plan:
    return Plan(
        phase=phase,
        resolution=resolution,
        warnings=findings,
        sets=SetPlan(),
        management_sets=frozenset(),
        assignments=AssignmentPlan(ready={}, late=(), held=()),
        expected=frozenset(),
        reasons={},
        previous_keys=checkpoint.old_keys,
        old_names={},
        holders={},
    )


def _stop_on_foreign(checkpoint: Checkpoint) -> None:
    """The engine would end the access that nothing declares under such a name, or make it twice."""
    if checkpoint.foreign:
        commands = " and ".join(
            f"pulumi state delete --force {shlex.quote(urn)}" for urn in checkpoint.foreign
        )
        raise UpdateStoppedError(
            f"the state has assignments under names that are not this program's: {commands} takes "
            "them out of the state and leaves them in AWS; then python -m ops recover --yes takes "
            "in those that the access file declares, and the others are yours to end in Identity "
            "Center"
        )


def _stop_on_renamed(facts: Facts) -> None:
    """The engine would end the access of a key that is gone, and make it anew under the other."""
    before = {
        **facts.checkpoint.groups,
        **facts.checkpoint.holders,
        **facts.checkpoint.object_ids,
    }
    # Where an object had several keys, the one that is gone from the access file is its old one.
    kept_first = sorted(before.items(), key=lambda known: known[0] not in facts.principals)
    old_keys = {object_id: key for key, object_id in kept_first}
    for key, principal in facts.principals.items():
        old = old_keys.get(principal.object_id or "")
        if old and old != key and old not in facts.principals:
            raise UpdateStoppedError(
                f"{old} is now called {key} in the access file, although both are "
                f"{principal.name!r} ({principal.object_id}) in Entra; keep the key, or say so "
                f"with moved: {{{old.key}: {key.key}}}"
            )


def _problem(finding: Finding) -> Problem:
    detail = "".join(f"\n    {line}" for line in finding.assignment_lines)
    return Problem.at(finding.location, f"{finding.message} [{finding.guard}]{detail}")


def _others(facts: Facts) -> dict[PrincipalKey, str]:
    """Principals whose key now means another Entra object; the old object id by key.

    Every key that the last update knew counts, not only those with assignments in AWS: what was
    reviewed and is still held was meant for the old object as well.
    """
    memories = (facts.checkpoint.object_ids, facts.checkpoint.holders)
    found: dict[PrincipalKey, str] = {}
    for key, principal in facts.principals.items():
        new = principal.object_id
        for memory in memories:
            old = memory.get(key)
            if old and new and old != new:
                found[key] = old
    return found


def _holders(
    facts: Facts,
    assignments: Collection[Assignment],
) -> dict[PrincipalKey, str]:
    """The Entra object ids of the principals with assignments; of one that is missing, the last
    known.
    """
    found: dict[PrincipalKey, str] = {}
    for key in {assignment.principal for assignment in assignments}:
        principal = facts.principals.get(key)
        before = facts.checkpoint.holders.get(key)
        object_id = (principal and principal.object_id) or before
        if object_id:
            found[key] = object_id
    return found


def _stop_on_others(
    choices: Choices,
    facts: Facts,
    pinned: Mapping[Assignment, PinnedAssignment],
    others: Mapping[PrincipalKey, str],
    names: Labels,
) -> None:
    """Whoever controls the new object would get the old one's access: it takes a person's word."""
    stories = []
    for key, old in sorted(others.items()):
        principal = facts.principals[key]
        if choices.accept_recreated.get(key.key) == principal.object_id:
            continue
        assignments = sorted(
            assignment.logical_name for assignment in pinned if assignment.principal == key
        )
        kept = f"Its {len(assignments)} assignments ({', '.join(assignments)}) stay as they are. "
        stories.append(
            f"{names.spoken(key)} is another object in Entra now: {old} was deleted and "
            f"re-created, or the access file names another one; {principal.name!r} is "
            f"{principal.object_id}. "
            f"{kept if assignments else ''}Find out who made the new "
            "one; then either repair it at the source, declare it under a key of its own, or "
            f"accept it with acceptRecreated: {{{key.key}: {principal.object_id}}} in the stack "
            "configuration and pulumi up --refresh"
        )
    if stories:
        raise UpdateStoppedError(". ".join(stories))


def _stop_on_groups_by_hand(found: Match, others: Collection[PrincipalKey], names: Labels) -> None:
    sentences = [
        f"Identity Center still has the old object's {names.spoken(key)}, which Entra would join: "
        "run python -m ops sync, which takes it away, then pulumi up --refresh"
        if key in others
        else found.made_by_hand[key]
        for key in sorted(found.made_by_hand)
    ]
    if sentences:
        raise UpdateStoppedError("; ".join(sentences))


def _stop_on_recreated(
    choices: Choices, pinned: Mapping[Assignment, PinnedAssignment], found: Match, names: Labels
) -> None:
    stories = recreated(pinned.values(), found.arrived, choices.accept_recreated, names.spoken)
    if stories:
        raise UpdateStoppedError(". ".join(stories))


def _expected(
    facts: Facts,
    found: Match,
    others: Collection[PrincipalKey],
    *,
    preview: bool,
) -> frozenset[PrincipalKey]:
    """Missing principals that may arrive within this update.

    `up` waits for all that nothing known keeps away. A preview shows assignments of those only whom
    this update assigns, or provisions for the first time: a principal that was assigned before and
    still is missing is held, or an unchanged preview would never be one.
    """
    expected = {
        key
        for key, principal in facts.principals.items()
        if key not in found.arrived and key not in found.conflicts and not principal.obstacle
    }
    if preview and facts.checkpoint.provisioning:
        assigned = facts.checkpoint.object_ids
        expected = {key for key in expected if key in others or key not in assigned}
    return frozenset(expected)


def _reasons(facts: Facts, found: Match, gone: Collection[PrincipalKey]) -> dict[PrincipalKey, str]:
    """Why principals are missing. Nobody waits for one that had assignments: it comes back as
    another one, which the next update tells as an incident.
    """
    obstacles = {
        key: principal.obstacle for key, principal in facts.principals.items() if principal.obstacle
    }
    lost = dict.fromkeys(gone, "it had assignments before and is gone from Identity Center")
    return {**lost, **obstacles, **found.conflicts}
