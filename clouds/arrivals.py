"""Waiting for principals to arrive in Identity Center through SCIM (step 12)."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from clouds.aws import Aws, AwsError
from clouds.entra import EntraError
from clouds.graph import ON_DEMAND_REQUESTS, ON_DEMAND_WINDOW, Graph
from federation.access.assignments import PrincipalKey
from federation.access.labels import Labels
from federation.identity.principals import Arrivals, EntraPrincipal, match
from federation.identity.provisioning import job_status

# Above this many new principals the job's own cycle is faster than 5 requests in 10 seconds.
_ON_DEMAND_AT_MOST: Final = 50
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class ArrivalWait:
    """Everything the wait needs; `seconds` bounds it. `progress` is told who is still missing,
    by the `labels`.
    """

    graph: Graph
    aws: Aws
    identity_store_id: str
    wanted: Mapping[PrincipalKey, EntraPrincipal]
    labels: Labels
    seconds: float
    progress: Callable[[str], None]

    def __call__(self, job_path: str, object_ids: Mapping[PrincipalKey, str]) -> Arrivals:
        """Provision on demand, then list the identity store with back-off until all are there.

        One list pass an attempt, however many principals. Never raises: what fails becomes the
        reason of a hold, so that it neither blocks other assignments nor revocations.
        """
        wanted = {
            key: replace(principal, object_id=object_ids[key])
            for key, principal in self.wanted.items()
        }
        on_demand = _OnDemand(self.graph, job_path, enabled=len(wanted) <= _ON_DEMAND_AT_MOST)
        arrived: Mapping[PrincipalKey, str] = {}
        deadline = time.monotonic() + self.seconds
        pause = _FIRST_PAUSE
        while True:
            on_demand.provision([wanted[key] for key in sorted(wanted.keys() - arrived.keys())])
            reasons = dict(on_demand.failures)
            conflicts: Mapping[PrincipalKey, str] = {}
            hopeless = ""
            try:
                found = match(wanted.values(), self.aws.principals(self.identity_store_id))
                arrived, conflicts = found.arrived, found.conflicts
                hopeless = self._quarantine(job_path)
            except (AwsError, EntraError) as error:
                reasons |= dict.fromkeys(wanted, str(error))
            missing = wanted.keys() - arrived.keys()
            if hopeless or not missing - conflicts.keys() or time.monotonic() + pause > deadline:
                reasons |= dict.fromkeys(missing, hopeless) if hopeless else conflicts
                return Arrivals(
                    arrived=arrived, reasons={k: v for k, v in reasons.items() if k in missing}
                )
            self.progress(self._still_missing(missing))
            time.sleep(pause)
            pause = min(pause * 1.4, _LONGEST_PAUSE)

    def _still_missing(self, missing: Collection[PrincipalKey]) -> str:
        some = ", ".join(map(self.labels.spoken, sorted(missing)[:5]))
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        return f"waiting for {some}{more} to arrive in Identity Center"

    def _quarantine(self, job_path: str) -> str:
        """Why the job is in quarantine, "" when it is not."""
        why = job_status(self.graph.call("GET", job_path)).quarantine
        return (
            f"the provisioning job is in quarantine ({why}); heal the cause, then run "
            "python -m ops sync --resume"
            if why
            else ""
        )


class _OnDemand:
    """Provisioning on demand within Graph's limit, those first who were tried least."""

    def __init__(self, graph: Graph, job_path: str, *, enabled: bool) -> None:
        self.failures: dict[PrincipalKey, str] = {}
        self._graph = graph
        self._job_path = job_path
        self._attempts: Counter[PrincipalKey] = Counter()
        self._next_at = 0.0 if enabled else math.inf

    def provision(self, missing: Sequence[EntraPrincipal]) -> None:
        """Ask for as many as the limit allows now; a refusal is kept in `failures`."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + ON_DEMAND_WINDOW
        turn = sorted(missing, key=lambda principal: self._attempts[principal.key])
        for principal in turn[:ON_DEMAND_REQUESTS]:
            self._attempts[principal.key] += 1
            kind = principal.key.graph_type
            try:
                self._graph.provision(self._job_path, principal.object_id or "", kind)
            except EntraError as error:
                self.failures[principal.key] = str(error)
            else:
                self.failures.pop(principal.key, None)
