"""How a federation is doing: what an operator looks at, and whether a person is needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from federation.engine.phase import Phase
from federation.engine.unmanaged import REMEDY, Grant, for_machines, sentence
from federation.identity.holds import Hold
from federation.identity.provisioning import JobStatus
from federation.identity.scope import Census
from federation.update.phases import NextStep

# A month leaves time for a change window; AWS and Entra themselves remind much earlier.
URGENT_DAYS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Something that ends: the SCIM token, or a certificate by its name.

    `active` is False for a certificate that signs nothing (yet).
    """

    what: str
    on: date
    active: bool = True

    def days_left(self, today: date) -> int:
        """Days until it ends, negative afterwards."""
        return (self.on - today).days


@dataclass(frozen=True, kw_only=True)
class Status:
    """One look at the whole federation.

    `reached` is the phase that the checkpoint proves, `configured` the one that the configuration
    asks for. `stopped` says why the next update would be refused, "" when it would not. `held` are
    assignments whose principal is missing, `unapplied` counts assignments that only wait for
    `pulumi up`. `repairs` are sentences on what the clouds lack of what the state takes for done.
    `unmanaged` was granted by hand, as far as was looked: with `full`, in every account.
    """

    stack: str
    now: datetime
    reached: Phase | None
    configured: Phase
    job: JobStatus | None = None
    job_missing: bool = False
    census: Census | None = None
    held: Sequence[Hold] = ()
    unapplied: int = 0
    stopped: str = ""
    repairs: Sequence[str] = ()
    unmanaged: Sequence[Grant] = ()
    full: bool = False
    expiries: Sequence[Expiry] = ()
    next_steps: Sequence[NextStep] = ()
    pending: int = 0
    notes: Sequence[str] = field(default=())

    @property
    def today(self) -> date:
        """The day on which expiries are judged (UTC)."""
        return self.now.date()

    def problems(self, *, require_all: bool = False) -> list[str]:
        """Why a person is needed, a sentence each; empty when nobody is."""
        job = self._job_problem()
        found = [*([job] if job else []), *self._expiry_problems()]
        if self.stopped:
            found.append(f"the next update is stopped: {self.stopped}")
        if self.pending:
            found.append(
                f"an update was interrupted and left {self.pending} unfinished operations: run "
                "python -m ops recover"
            )
        found += [f"{details}: run pulumi up" for details in self.repairs]
        found += [f"{sentence(one)}: {REMEDY}" for one in self.unmanaged]
        if require_all and self.held:
            assignments = sum(len(hold.assignments) for hold in self.held)
            found.append(
                f"{_many(assignments, 'assignment')} of {_many(len(self.held), 'principal')} "
                "are held"
            )
        if require_all and self.unapplied:
            found.append(
                f"{_many(self.unapplied, 'assignment')} declared but not made: run pulumi up"
            )
        return found

    def _job_problem(self) -> str:
        job = self.job
        if job is None:
            gone = "the provisioning job no longer exists in Entra: run pulumi up --refresh"
            return gone if self.job_missing else ""
        if job.quarantine:
            return (
                f"the provisioning job is in quarantine: {job.quarantine}; heal the cause, then "
                "run python -m ops sync --resume"
            )
        if not job.enabled:
            return (
                f"the provisioning job is not active ({job.state}): run python -m ops sync --resume"
            )
        return ""

    def _expiry_problems(self) -> list[str]:
        return [
            f"{expiry.what} {_ends(expiry, self.today)}"
            for expiry in self.expiries
            if expiry.active and expiry.days_left(self.today) < URGENT_DAYS
        ]

    def to_dict(self, *, require_all: bool = False) -> dict[str, Any]:
        """Plain data for machines; dates in ISO 8601."""
        return {
            "stack": self.stack,
            "phase": self.reached,
            "configuredPhase": self.configured,
            "job": _job_dict(self.job),
            "counts": self.census.counts() if self.census else None,
            "keptOut": _missing(self.census.kept_out if self.census else ()),
            "stillThere": _missing(self.census.leaving if self.census else ()),
            "missing": _missing(self.census.missing if self.census else ()),
            "held": [one.to_dict() for one in self.held],
            "unapplied": self.unapplied,
            "stopped": self.stopped or None,
            "repairs": list(self.repairs),
            "unmanaged": [for_machines(one) for one in self.unmanaged],
            "lookedAt": "every account" if self.full else "what every preview asks",
            "expiries": [
                {
                    "what": expiry.what,
                    "on": expiry.on.isoformat(),
                    "daysLeft": expiry.days_left(self.today),
                    "active": expiry.active,
                }
                for expiry in self.expiries
            ],
            "nextSteps": [step.to_dict() for step in self.next_steps],
            "notes": list(self.notes),
            "problems": self.problems(require_all=require_all),
        }


def _job_dict(job: JobStatus | None) -> dict[str, Any] | None:
    if job is None:
        return None
    last = job.last
    return {
        "state": job.state,
        "enabled": job.enabled,
        "quarantine": job.quarantine or None,
        "lastCycle": last
        and {
            "kind": last.kind,
            "ended": last.ended.isoformat(),
            "succeeded": last.succeeded,
            "failures": last.failures,
            "error": last.error or None,
        },
    }


def _missing(some: Collection[Any]) -> list[dict[str, str]]:
    return [
        {"kind": one.kind, "name": one.name, "objectId": one.object_id, "reason": one.reason}
        for one in some
    ]


def lines(status: Status, *, require_all: bool = False) -> list[str]:
    """The status for a person: two lines when all is well, and one for each thing that is not."""
    shown = [
        " · ".join(part for part in (_phase(status), _job(status), _counts(status)) if part),
        " · ".join([*_expiries(status), _holds(status), _verdict(status)]),
    ]
    problems = status.problems(require_all=require_all)
    shown += [f"! {sentence}" for sentence in problems]
    shown += [f"  {sentence}" for sentence in _details(status)]
    for step in status.next_steps:
        shown.append(f"→ step {step.step}: {step.do}")
        save = f"save it as {step.save_as}" if step.save_as else ""
        shown += [f"    {part}" for part in (step.link, step.warning, save, *step.run) if part]
    return shown


def _phase(status: Status) -> str:
    if status.reached is None:
        return "nothing deployed yet: run pulumi up"
    if status.reached is not status.configured:
        return f"phase {status.reached}, configured for {status.configured}: run pulumi up"
    return f"phase {status.reached}"


def _job(status: Status) -> str:
    job = status.job
    if job is None:
        return ""
    if job.last is None:
        return f"job {job.state}, no cycle yet"
    last = job.last
    outcome = f"{_many(last.failures, 'failure')}" if last.succeeded else f"failed: {last.error}"
    return f"job {job.state}, last cycle {_ago(status.now, last.ended)} ({last.kind}, {outcome})"


def _counts(status: Status) -> str:
    if status.census is None:
        return ""
    counts = status.census.counts()
    groups, people = counts["groups"], counts["people"]
    return (
        f"{groups['arrived']} of {groups['inScope']} groups, "
        f"{people['arrived']} of {people['inScope']} people"
    )


def _expiries(status: Status) -> list[str]:
    return [
        f"{expiry.what} {_ends(expiry, status.today)}{'' if expiry.active else ', not in use'}"
        for expiry in status.expiries
    ]


def _ends(expiry: Expiry, today: date) -> str:
    days = expiry.days_left(today)
    if days < 0:
        return f"expired {expiry.on.isoformat()} ({_many(-days, 'day')} ago)"
    return f"expires {expiry.on.isoformat()} ({_many(days, 'day')})"


def _holds(status: Status) -> str:
    assignments = sum(len(hold.assignments) for hold in status.held)
    return f"{_many(assignments, 'assignment')} held" if assignments else "no holds"


def _verdict(status: Status) -> str:
    busy = status.problems(require_all=True) or status.next_steps
    if busy or status.reached is not status.configured:
        return "see below" if busy else "pulumi up is next"
    return "nothing to do"


def _details(status: Status) -> list[str]:
    details = [
        f"held: {hold.principal.word} {hold.label}, "
        f"{_many(len(hold.assignments), 'assignment')}: {hold.reason}"
        for hold in status.held
    ]
    if status.unapplied:
        details.append(
            f"{_many(status.unapplied, 'assignment')} declared but not made: run pulumi up"
        )
    census = status.census
    if census:
        details += [f"not there: {one.kind.lower()} {one.name}" for one in census.missing[:20]]
        if len(census.missing) > 20:
            details.append(f"not there: {len(census.missing) - 20} more")
        details += [
            f"still there: {one.kind.lower()} {one.name}: {one.reason}" for one in census.leaving
        ]
        details += [f"kept out: {one.name}: {one.reason}" for one in census.kept_out]
    return details + list(status.notes)


def _ago(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
