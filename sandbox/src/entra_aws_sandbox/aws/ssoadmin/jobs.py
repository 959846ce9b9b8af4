"""What Identity Center does later: requests that are IN_PROGRESS until their time has come."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from entra_aws_sandbox.aws.errors import not_found
from entra_aws_sandbox.clock import Clock

IN_PROGRESS, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"

# What to do when a job's time has come: the reason of its failure, or None for success.
Work = Callable[[], str | None]


@dataclass
class Job:
    """One asynchronous request; `about` are the members its status shows beside the state."""

    request_id: str
    kind: str
    created: datetime
    due: datetime
    work: Work
    about: dict[str, Any] = field(default_factory=dict)
    state: str = IN_PROGRESS
    reason: str | None = None

    def shown(self) -> dict[str, Any]:
        """The full status, as the Describe…Status operations show it."""
        status = {**self.brief(), **self.about}
        return {**status, "FailureReason": self.reason} if self.reason else status

    def brief(self) -> dict[str, Any]:
        """The status as the List…Status operations show it."""
        return {"RequestId": self.request_id, "Status": self.state, "CreatedDate": self.created}


class Jobs:
    """The requests of an instance, in the order they came.

    `delay` is how long each takes; requests for one account are carried out one after another
    ("IAM roles updated at a time per account: 1", user guide, quotas). `fails` tells, by
    operation, whether a fault lets the request fail.
    """

    def __init__(self, clock: Clock, fails: Callable[[str], bool]) -> None:
        self.delay = timedelta()
        self._clock = clock
        self._fails = fails
        self._jobs: dict[str, Job] = {}
        self._pending: list[Job] = []
        self._busy_until: dict[str, datetime] = {}

    def start(
        self, operation: str, kind: str, about: dict[str, Any], accounts: list[str], work: Work
    ) -> dict[str, Any]:
        """Take a request; its answer is always IN_PROGRESS, however soon it is carried out."""
        now = self._clock.now()
        free = max((self._busy_until.get(each, now) for each in accounts), default=now)
        due = max(free, now) + self.delay
        self._busy_until.update(dict.fromkeys(accounts, due))
        if self._fails(operation):
            work = _failure
        job = Job(str(uuid.uuid4()), kind, now, due, work, about)
        self._jobs[job.request_id] = job
        self._pending.append(job)
        return job.shown()

    def settle(self) -> None:
        """Carry out, in order, whatever is due by the sandbox's clock."""
        now = self._clock.now()
        due = [job for job in self._pending if job.due <= now]
        self._pending = [job for job in self._pending if job.due > now]
        for job in due:
            job.reason = job.work()
            job.state = FAILED if job.reason else SUCCEEDED

    @property
    def pending(self) -> int:
        """How many requests are not carried out yet."""
        return len(self._pending)

    def outstanding(self, kind: str) -> int:
        """How many requests of a kind are IN_PROGRESS."""
        return sum(job.kind == kind for job in self._pending)

    def status(self, kind: str, request_id: str) -> dict[str, Any]:
        """Raises ResourceNotFoundException if there is no such request."""
        job = self._jobs.get(request_id)
        if job is None or job.kind != kind:
            raise not_found(f"Could not find a request with id {request_id}")
        return job.shown()

    def listed(self, kind: str, state: str | None) -> list[dict[str, Any]]:
        """The requests of a kind, newest first, as the List…Status operations show them."""
        jobs = [job for job in reversed(self._jobs.values()) if job.kind == kind]
        return [job.brief() for job in jobs if state in (None, job.state)]


def _failure() -> str:
    return "Received a 500 status error: An internal error occurred. Please try again later."
