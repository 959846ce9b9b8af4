"""Provisioning now instead of in 40 minutes: on demand for a few objects, else a new cycle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from clouds.aws import Aws
from clouds.graph import Graph, pace
from federation.identity.provisioning import JobStatus, job_status
from federation.identity.scope import Census, Change, Scope, on_demand_requests, take_census

# Above this many objects the job's own cycle is faster than 5 requests in 10 seconds.
ON_DEMAND_AT_MOST: Final = 50
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class View:
    """Who is there at one moment, what is missing still, and what only a cycle takes away.

    `removals` counts memberships, and groups and people who are no longer in scope.
    """

    scope: Scope
    census: Census
    requests: tuple[Change, ...]
    removals: int

    @property
    def objects(self) -> int:
        """How many objects are new or changed."""
        missing = {one.object_id for one in self.census.missing}
        return len(missing | {request.object_id for request in self.requests})

    @property
    def in_step(self) -> bool:
        """Whether nothing is left to bring or to take away."""
        return not self.objects and not self.removals


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a sync came to. `failures` says why by object id, `waited` whether the end was awaited.

    `how` is "nothing", "on demand" or "cycle".
    """

    how: str
    before: View
    after: View
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sync:
    """One job and both clouds; `progress` is told what happens. Methods raise the clouds' errors.

    `scope` reads who is in scope now.
    """

    graph: Graph
    aws: Aws
    identity_store_id: str
    job_path: str
    scope: Callable[[], Scope]
    progress: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep

    def look(self) -> View:
        """Scope against identity store, memberships included."""
        scope = self.scope()
        census = take_census(scope, self.aws.principals(self.identity_store_id))
        # A crowd of missing objects means a cycle anyway: then a call a group would be wasted.
        few = len(census.missing) <= ON_DEMAND_AT_MOST
        members = self.aws.memberships(
            self.identity_store_id, list(census.groups.values()) if few else ()
        )
        by_object = {
            object_id: members[ident]
            for object_id, ident in census.groups.items()
            if ident in members
        }
        requests, removals = on_demand_requests(scope, census, by_object) if few else ([], 0)
        return View(
            scope=scope,
            census=census,
            requests=tuple(requests),
            removals=removals + len(census.leaving),
        )

    def status(self) -> JobStatus:
        """The job's status."""
        return job_status(self.graph.call("GET", self.job_path))

    def run(self, *, seconds: float) -> Outcome:
        """Bring everybody in scope; waits up to `seconds` for the end, 0 to not wait."""
        before = self.look()
        if before.in_step:
            return Outcome(how="nothing", before=before, after=before)
        if before.removals or before.objects > ON_DEMAND_AT_MOST or not before.requests:
            self.progress(
                f"{before.objects} to bring and {before.removals} to take away: the cycle begins "
                "anew"
            )
            # Escrows: those that failed before are tried again at once.
            self.graph.restart(self.job_path, "Watermark", "Escrows")
            after = self.wait(seconds) if seconds else before
            return Outcome(how="cycle", before=before, after=after)
        failures = self._on_demand(before.requests)
        after = self.wait(seconds) if seconds else self.look()
        return Outcome(how="on demand", before=before, after=after, failures=failures)

    def resume(self, *, accept_deletions: bool) -> None:
        """Lift a quarantine and start the job; everything is processed again."""
        scopes = ["Watermark", "Escrows", "QuarantineState"]
        if accept_deletions:
            scopes.append("ForceDeletes")
        self.graph.restart(self.job_path, *scopes)
        self.graph.start(self.job_path)

    def wait(self, seconds: float) -> View:
        """Look again with back-off until all is in step, a quarantine, or time is up."""
        deadline = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        while True:
            view = self.look()
            late = time.monotonic() + pause > deadline
            if view.in_step or late or self.status().quarantine:
                return view
            self.progress(f"waiting for {view.objects or view.removals} more")
            self.sleep(pause)
            pause = min(pause * 1.4, _LONGEST_PAUSE)

    def wait_for_cycle(self, before: JobStatus, seconds: float) -> JobStatus:
        """The status after a cycle that ended later than the last one of `before`, or in time."""
        deadline = time.monotonic() + seconds
        while True:
            now = self.status()
            if now.last and now.last != before.last:
                return now
            if time.monotonic() + _FIRST_PAUSE > deadline:
                return now
            self.sleep(_FIRST_PAUSE)

    def _on_demand(self, requests: tuple[Change, ...]) -> dict[str, str]:
        self.progress(f"{len(requests)} requests on demand, 5 in 10 seconds")
        calls = [
            partial(
                self.graph.provision,
                self.job_path,
                request.object_id,
                request.kind,
                request.members,
            )
            for request in requests
        ]
        return {
            request.object_id: str(error)
            for request, error in zip(requests, pace(calls, self.sleep), strict=True)
            if error
        }
