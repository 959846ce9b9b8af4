"""The access diff: what an update would change, said in terms of access.

Everything that changes is read from the engine's own steps, so that it can't disagree with what
`pulumi up` does; only names, and what is protected, come from elsewhere (`Context`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.labels import Identity, Labels, labels
from federation.core.urn import HOLDS, UNMANAGED, Urn
from federation.diff.assignment_changes import (
    AssignmentChange,
    AssignmentWhat,
    assignment_changes,
)
from federation.diff.expiries import expiries
from federation.diff.guard_changes import GuardChange, guard_changes
from federation.diff.record_changes import RecordChange, record_changes
from federation.diff.set_changes import SetChange, Sets, set_changes
from federation.diff.trust_change import TrustChange
from federation.diff.trust_changes import trust_changes
from federation.engine.phase import Phase, phase_reached
from federation.engine.preview import Preview
from federation.engine.unmanaged import NOTHING, Report
from federation.identity.holds import Hold
from federation.update.status import Expiry

# Where unchanged steps are missing from a preview.
INCOMPLETE: Final = (
    "the preview leaves unchanged resources out (--show-sames): who holds a changed permission set "
    "is not known, and not every assignment is listed"
)
# After an update by another version of the program.
UNRECORDED: Final = (
    "the last update has not recorded what it allowed: changes of guards, of the ends of rules and "
    "of settings are not shown"
)
# The engine's last word on a preview; alone it means that every step was planned, and that a
# mandatory policy forbids them. The JSON does not hold the policy's words.
_ONLY_FAILED: Final = "preview failed"
POLICY: Final = (
    "a mandatory rule of the policy pack stops this update; pulumi preview tells which one"
)


@dataclass(frozen=True, kw_only=True)
class AccountLabel:
    """What people call an account; `unit` is its OU path, "" below the root or where unknown."""

    name: str
    unit: str = ""
    protected: bool = False

    @property
    def path(self) -> str:
        """`Workloads/Dev/web-dev`."""
        return f"{self.unit}/{self.name}" if self.unit else self.name


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the engine does not know; everything may be empty.

    `people` counts the members of groups, `persons` names people by Entra object id. `admin_sets`
    are those that the access file declares, besides the ones found by their policies. `expired`
    are the assignments that only a passed `until` ends (federation/access/expired.py).
    """

    accounts: Mapping[str, AccountLabel] = field(default_factory=dict)
    principals: Mapping[PrincipalKey, Identity] = field(default_factory=dict)
    people: Mapping[PrincipalKey, int] = field(default_factory=dict)
    persons: Mapping[str, str] = field(default_factory=dict)
    admin_sets: frozenset[str] = frozenset()
    expired: Mapping[Assignment, date] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> Labels:
        """What to call the groups and people (federation/access/labels.py)."""
        return labels(self.principals)

    def protected(self, account: str) -> bool:
        """Whether an account is marked as protected."""
        label = self.accounts.get(account)
        return label is not None and label.protected


@dataclass(frozen=True, kw_only=True)
class AccessChange:
    """One principal and permission set, and the accounts where that changes, sorted.

    `admin` says that the set gives every permission. `late` accounts wait for the principal to
    arrive; `gap` accounts are without the assignment for a moment. `ended` is the rule's last day
    where nothing but that takes the access away.
    """

    what: AssignmentWhat
    principal: PrincipalKey
    permission_set: str
    admin: bool
    accounts: tuple[str, ...]
    late: bool = False
    gap: bool = False
    ended: date | None = None


@dataclass(frozen=True, order=True, kw_only=True)
class AccountChange:
    """An account that is elsewhere since the last update, or new and with assignments.

    `before` and `after` are paths as `Workloads/Dev/web-dev`, `before` is "" for a new account.
    """

    account: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class AccessDiff:
    """One update, in terms of access.

    `errors` say why the preview failed: then nothing else is known, unless the policy pack stopped
    it. `holders` are the assignments after the update by permission set, `admins` the sets that
    give everything. `assignments` are all declared assignments after the update, the held ones
    included; None where the preview does not tell. `desired_state` is the fingerprint that a
    reviewer approves, with its parts; empty where the preview failed. `unmanaged` was granted by
    hand: the update leaves it.
    """

    stack: str
    context: Context
    errors: tuple[str, ...] = ()
    access: tuple[AccessChange, ...] = ()
    sets: tuple[SetChange, ...] = ()
    holders: Mapping[str, tuple[Assignment, ...]] = field(default_factory=dict)
    admins: frozenset[str] = frozenset()
    trust: tuple[TrustChange, ...] = ()
    holds: tuple[Hold, ...] = ()
    warnings: tuple[str, ...] = ()
    expiries: tuple[Expiry, ...] = ()
    guards: tuple[GuardChange, ...] = ()
    record: tuple[RecordChange, ...] = ()
    accounts: tuple[AccountChange, ...] = ()
    phase_before: Phase | None = None
    phase_after: Phase | None = None
    assignments: tuple[Assignment, ...] | None = None
    desired_state: Mapping[str, Any] = field(default_factory=dict)
    today: date = date.min
    notes: tuple[str, ...] = ()
    unmanaged: Report = NOTHING

    @property
    def changed(self) -> bool:
        """Whether the update changes anything, or what is allowed."""
        return bool(self.access or self.sets or self.trust or self.guards or self.record)

    def assignments_of(self, principal: PrincipalKey) -> tuple[Assignment, ...]:
        """The assignments of one group or person after the update."""
        return tuple(
            assignment
            for assignments in self.holders.values()
            for assignment in assignments
            if assignment.principal == principal
        )

    def of(self, *what: AssignmentWhat) -> tuple[AccessChange, ...]:
        """The access changes of some kinds."""
        return tuple(change for change in self.access if change.what in what)

    def count(self, what: AssignmentWhat) -> int:
        """How many assignments change in this way."""
        return sum(len(change.accounts) for change in self.of(what))


def access_diff(preview: Preview, context: Context, *, today: date) -> AccessDiff:
    """Say a preview in terms of access; risky things come first, the order is always the same."""
    context, warnings = _remembered(preview, context), _warnings(preview)
    errors = tuple(dict.fromkeys(one.message for one in preview.errors))
    if errors == (_ONLY_FAILED,) and len(preview.steps) > 1:
        errors = (POLICY,)
    elif errors:
        return AccessDiff(
            stack=preview.stack,
            context=context,
            errors=errors,
            warnings=warnings,
            today=today,
            unmanaged=preview.unmanaged,
        )
    assignments, sets = assignment_changes(preview), set_changes(preview)
    admins = _admin_sets(sets, context)
    held = {assignment for hold in preview.holds for assignment in hold.assignments}
    before, after = _phases(preview)
    return AccessDiff(
        stack=preview.stack,
        context=context,
        errors=errors,
        access=tuple(
            sorted(
                _access(assignments.changes, admins, context), key=lambda one: _risk(one, context)
            )
        ),
        sets=sets.changes,
        holders=_holders(assignments.after),
        admins=admins,
        trust=trust_changes(preview),
        holds=preview.holds,
        warnings=warnings,
        expiries=expiries(preview, today),
        guards=_guards(preview, context),
        record=_record(preview, assignments.before, {*assignments.after, *held}),
        accounts=tuple(_accounts(preview, context, assignments.changes)),
        phase_before=before,
        phase_after=after,
        assignments=tuple(sorted({*assignments.after, *held}))
        if preview.complete and not errors
        else None,
        desired_state={} if errors else preview.desired_state,
        today=today,
        notes=tuple(_notes(preview, before)),
        unmanaged=preview.unmanaged,
    )


def _remembered(preview: Preview, context: Context) -> Context:
    """The context, with what the last update knew: names, and what was protected until now.

    An account that loses its protection in the same change is still marked. Repairs bring the names
    of those whom they concern.
    """
    paths = preview.known_accounts
    protected = {
        ident
        for record in preview.records
        if record
        for ident in record["guards"]["protectedAccounts"]["accounts"]
    }
    accounts = dict(context.accounts)
    for account, path in paths.items():
        unit, _, name = path.rpartition("/")
        accounts.setdefault(account, AccountLabel(name=name, unit=unit))
    for account in protected:
        if account in accounts:
            accounts[account] = replace(accounts[account], protected=True)
    persons = {one.object_id: one.name for one in preview.repairs if one.kind == "group"}
    return replace(context, accounts=accounts, persons={**persons, **context.persons})


def _warnings(preview: Preview) -> tuple[str, ...]:
    """What the preview warns of, but for what the diff has as data."""
    known = {HOLDS: bool(preview.holds), UNMANAGED: bool(preview.unmanaged.grants)}
    return tuple(
        dict.fromkeys(
            one.message
            for one in preview.diagnostics
            if one.severity == "warning" and not (one.urn and known.get(Urn.parse(one.urn).type))
        )
    )


def _admin_sets(sets: Sets, context: Context) -> frozenset[str]:
    found = {
        name
        for side in (sets.before, sets.after)
        for name, content in side.items()
        if content.admin
    }
    return frozenset(found | context.admin_sets)


def _access(
    changes: Iterable[AssignmentChange], admins: frozenset[str], context: Context
) -> Iterator[AccessChange]:
    groups: dict[tuple[AssignmentWhat, PrincipalKey, str, bool, bool, date | None], list[str]]
    groups = defaultdict(list)
    for one in changes:
        ended = context.expired.get(one.assignment) if one.what == "lost" else None
        key = (
            one.what,
            one.assignment.principal,
            one.assignment.permission_set,
            one.late,
            one.gap,
            ended,
        )
        groups[key].append(one.assignment.account)
    for (what, principal, permission_set, late, gap, ended), accounts in groups.items():
        yield AccessChange(
            what=what,
            principal=principal,
            permission_set=permission_set,
            admin=permission_set in admins,
            accounts=tuple(sorted(accounts)),
            late=late,
            gap=gap,
            ended=ended,
        )


_ORDER: Final[Mapping[AssignmentWhat, int]] = {
    "gained": 0,
    "moved": 1,
    "adopted": 2,
    "lost": 3,
    "again": 4,
    "leftover": 5,
    "renamed": 6,
}


def _risk(change: AccessChange, context: Context) -> tuple[object, ...]:
    """Admin on protected accounts, admin, protected accounts, the rest; most accounts first."""
    protected = sum(map(context.protected, change.accounts))
    return (
        _ORDER[change.what],
        not (change.admin and protected),
        not change.admin,
        not protected,
        -len(change.accounts),
        change.principal,
        change.permission_set,
        change.late,
        change.gap,
        change.ended or date.min,
    )


def _notes(preview: Preview, phase: Phase | None) -> Iterator[str]:
    if not preview.complete:
        yield INCOMPLETE
    if phase is not None and not all(preview.records):
        yield UNRECORDED


def _guards(preview: Preview, context: Context) -> tuple[GuardChange, ...]:
    before, after = preview.records
    if not (before and after):
        return ()
    called = {key.key: label for key, label in context.labels.items()}
    return guard_changes(before["guards"], after["guards"], called)


def _record(
    preview: Preview, was: Iterable[Assignment], now: Iterable[Assignment]
) -> tuple[RecordChange, ...]:
    before, after = preview.records
    if not (before and after):
        return ()
    new_token = any(step.changes for step in preview.of_kind("SynchronizationSecret"))
    return record_changes(
        before, after, was=frozenset(was), now=frozenset(now), new_token=new_token
    )


def _accounts(
    preview: Preview, context: Context, changes: Iterable[AssignmentChange]
) -> Iterator[AccountChange]:
    """Accounts that are elsewhere since the last update, and new ones that assignments reach."""
    before = preview.known_accounts
    if not before:
        return
    reached = {change.assignment.account for change in changes}
    for account, label in sorted(context.accounts.items()):
        known = before.get(account, "")
        if known != label.path and (known or account in reached):
            yield AccountChange(account=account, before=known, after=label.path)


def _holders(assignments: Iterable[Assignment]) -> dict[str, tuple[Assignment, ...]]:
    holders: dict[str, list[Assignment]] = defaultdict(list)
    for assignment in sorted(assignments):
        holders[assignment.permission_set].append(assignment)
    return {name: tuple(found) for name, found in holders.items()}


def _phases(preview: Preview) -> tuple[Phase | None, Phase | None]:
    if not preview.complete:
        return None, None
    sides: tuple[Literal["before", "after"], ...] = ("before", "after")
    reached = [
        phase_reached({step.type for step in preview.steps if getattr(step, side) is not None})
        for side in sides
    ]
    return reached[0], reached[1]
