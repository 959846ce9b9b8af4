"""A synchronization job: what it remembers, and its status as Graph shows it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from entra_aws_sandbox.clock import iso
from entra_aws_sandbox.entra.values import Json

INTERVAL = timedelta(minutes=40)
"""Fixed by the template, shown as PT40M."""
QUARANTINE_INTERVAL = timedelta(days=1)
QUARANTINE_LIMIT = timedelta(weeks=4)
"""Quarantined jobs try about daily and are disabled after four weeks (Entra documentation)."""
RULE_ID = "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
"""USERGROUP_OUTBOUND_USERGROUP, the one rule of the template."""
NEVER = "0001-01-01T00:00:00Z"


@dataclass
class Link:
    """What the connector remembers of one object that it has written."""

    kind: str
    target_id: str
    pushed: Json
    """Attribute values by SCIM path, as last written."""
    members: dict[str, str] = field(default_factory=dict)
    """Of a group: target ids of the members written, by object id."""


@dataclass
class Escrow:
    """An object that failed and waits for its next try."""

    kind: str
    code: str
    message: str
    attempts: int
    retry_at: datetime


@dataclass
class Failure:
    """An error as Graph's synchronizationError shows it."""

    code: str
    message: str

    def shown(self) -> Json:
        """The JSON of Graph."""
        return {"code": self.code, "message": self.message, "tenantActionable": True}


@dataclass
class Quarantine:
    """Why and since when a job only tries about once a day."""

    reason: str
    error: Failure
    began: datetime
    series_count: int
    next_attempt: datetime

    def shown(self) -> Json:
        """The JSON of Graph."""
        return {
            "currentBegan": iso(self.began),
            "nextAttempt": iso(self.next_attempt),
            "reason": self.reason,
            "seriesBegan": iso(self.began),
            "seriesCount": self.series_count,
            "error": self.error.shown(),
        }


@dataclass
class Execution:
    """One cycle: when, with which outcome, and how many objects."""

    activity: str
    began: datetime
    ended: datetime | None = None
    state: str = "Succeeded"
    error: Failure | None = None
    entitled: int = 0
    imported: int = 0
    exported: int = 0
    escrowed: int = 0

    def shown(self) -> Json:
        """The JSON of Graph."""
        return {
            "activityIdentifier": self.activity,
            "countEntitled": self.entitled,
            "countEntitledForProvisioning": self.entitled,
            "countEscrowed": self.escrowed,
            "countEscrowedRaw": self.escrowed,
            "countExported": self.exported,
            "countExports": self.exported,
            "countImported": self.imported,
            "countImportedDeltas": self.imported,
            "countImportedReferenceDeltas": 0,
            "error": self.error.shown() if self.error else None,
            "state": self.state,
            "timeBegan": _precise(self.began),
            "timeEnded": _precise(self.ended or self.began),
        }


@dataclass
class Job:
    """One job of a service principal. Its data belongs to the tenant's lock."""

    id: str
    service_principal: str
    template_id: str
    enabled: bool = False
    due: datetime | None = None
    force_deletes: bool = False
    reset: set[str] = field(default_factory=set)
    """What the next cycle forgets before it begins."""
    links: dict[str, Link] = field(default_factory=dict)
    linked_targets: dict[str, str] = field(default_factory=dict)
    """Object ids by target id: the other way round than `links`."""
    escrows: dict[str, Escrow] = field(default_factory=dict)
    quarantine: Quarantine | None = None
    successive_failures: int = 0
    last: Execution | None = None
    last_success: Execution | None = None
    last_with_exports: Execution | None = None
    steady_first: datetime | None = None
    steady_last: datetime | None = None
    on_demand: list[datetime] = field(default_factory=list)
    """Times of the latest on-demand requests, for their rate limit."""
    running: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Held by whoever pushes: a cycle or an on-demand request."""

    def start(self, now: datetime) -> None:
        """Enable the job, clear its quarantine and let a cycle begin at once."""
        self.enabled = True
        self.clear_quarantine()
        self.due = now

    def pause(self) -> None:
        """Stop after what is being written now."""
        self.enabled = False
        self.due = None

    def restart(self, scopes: set[str], now: datetime) -> None:
        """Let a cycle process everything again, after forgetting what `scopes` name."""
        if scopes & {"Full", "QuarantineState", "ForceDeletes"}:
            self.clear_quarantine()
        self.force_deletes = self.force_deletes or "ForceDeletes" in scopes
        self.reset |= scopes
        self.enabled = True
        self.due = now

    def begin(self, now: datetime) -> None:
        """A cycle begins: forget what a restart asked for, fix the time of the next cycle."""
        if self.reset & {"Full", "Escrows"}:
            self.escrows.clear()
        if self.reset & {"Full", "ConnectorDataStore"}:
            self.links.clear()
            self.linked_targets.clear()
        self.reset.clear()
        self.due = now + INTERVAL

    def remember(self, object_id: str, link: Link) -> None:
        """Link an object with its target; who had that target before (re-created) loses it."""
        before = self.linked_targets.get(link.target_id)
        if before not in (None, object_id):
            self.links.pop(str(before), None)
        self.links[object_id] = link
        self.linked_targets[link.target_id] = object_id

    def forget(self, object_id: str) -> None:
        """Drop an object's link, and a person from the groups written so far."""
        link = self.links.pop(object_id, None)
        if link is None:
            return
        self.linked_targets.pop(link.target_id, None)
        if link.kind == "User":
            for other in self.links.values():
                other.members.pop(object_id, None)

    def clear_quarantine(self) -> None:
        """Forget the quarantine and the failures that led to it."""
        self.quarantine = None
        self.successive_failures = 0

    def quarantined(self, reason: str, error: Failure, now: datetime) -> None:
        """Put the job into quarantine, or count one more failed attempt of it."""
        known = self.quarantine
        began = known.began if known else now
        count = known.series_count + 1 if known else 1
        self.quarantine = Quarantine(reason, error, began, count, now + QUARANTINE_INTERVAL)
        if now - began >= QUARANTINE_LIMIT:
            self.pause()
        elif self.due is not None and self.due > now:
            self.due = now + QUARANTINE_INTERVAL

    def shown(self) -> Json:
        """The synchronizationJob of Graph; clients rely on `schedule` being there."""
        return {
            "id": self.id,
            "templateId": self.template_id,
            "schedule": {
                "expiration": None,
                "interval": "PT40M",
                "state": "Active" if self.enabled else "Disabled",
            },
            "status": self._status(),
            "synchronizationJobSettings": [],
        }

    def _status(self) -> Json:
        counts = {
            kind: sum(1 for link in self.links.values() if link.kind == kind)
            for kind in ("User", "Group")
        }
        return {
            "countSuccessiveCompleteFailures": self.successive_failures,
            "escrowsPruned": False,
            "code": self._code(),
            "lastExecution": self.last.shown() if self.last else None,
            "lastSuccessfulExecution": self.last_success.shown() if self.last_success else None,
            "lastSuccessfulExecutionWithExports": self.last_with_exports.shown()
            if self.last_with_exports
            else None,
            "quarantine": self.quarantine.shown() if self.quarantine else None,
            "steadyStateFirstAchievedTime": _time(self.steady_first),
            "steadyStateLastAchievedTime": _time(self.steady_last),
            "troubleshootingUrl": None,
            "progress": [],
            "synchronizedEntryCountByType": [
                {"key": kind, "value": count} for kind, count in counts.items() if count
            ],
        }

    def _code(self) -> str:
        if self.quarantine is not None:
            return "Quarantine"
        return "Active" if self.enabled else "Paused"


def _precise(moment: datetime) -> str:
    """Cycles may be shorter than a second; Graph gives fractions here."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _time(moment: datetime | None) -> str:
    return _precise(moment) if moment else NEVER
