"""Waiting for principals to arrive in Identity Center through SCIM (step 12)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from clouds.aws import Aws, AwsError
from clouds.entra import EntraError
from clouds.graph import Graph, pace
from federation.principals import Arrivals, EntraPrincipal, match
from federation.provisioning import job_status
from federation.rows import PrincipalKey

# Above this many new principals the job's own cycle is faster than 5 requests in 10 seconds.
_ON_DEMAND_AT_MOST: Final = 50
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class ArrivalWait:
    """Everything the wait needs; `seconds` bounds it. `progress` is told who is still missing."""

    graph: Graph
    aws: Aws
    identity_store_id: str
    wanted: Mapping[PrincipalKey, EntraPrincipal]
    seconds: float
    progress: Callable[[str], None]

    def __call__(self, job_path: str, object_ids: Mapping[PrincipalKey, str]) -> Arrivals:
        """Provision on demand, then list the identity store with back-off until all are there.

        One list pass an attempt, however many principals. Never raises: what fails becomes the
        reason of a hold, so that it neither blocks other rows nor revocations.
        """
        wanted = {
            key: replace(principal, object_id=object_ids[key])
            for key, principal in self.wanted.items()
        }
        reasons: dict[PrincipalKey, str] = {}
        arrived: Mapping[PrincipalKey, str] = {}
        deadline = time.monotonic() + self.seconds
        pause = _FIRST_PAUSE
        while True:
            missing = wanted.keys() - arrived.keys()
            reasons |= self._provision(job_path, [wanted[key] for key in sorted(missing)])
            try:
                found = match(wanted.values(), self.aws.principals(self.identity_store_id))
                arrived, conflicts = found.arrived, found.conflicts
                reasons |= conflicts
                hopeless = self._quarantine(job_path)
            except (AwsError, EntraError) as error:
                conflicts, hopeless = {}, ""
                reasons |= dict.fromkeys(missing, str(error))
            missing = wanted.keys() - arrived.keys()
            if hopeless:
                reasons |= dict.fromkeys(missing, hopeless)
            if hopeless or not missing - conflicts.keys() or time.monotonic() + pause > deadline:
                return Arrivals(
                    arrived=arrived, reasons={k: v for k, v in reasons.items() if k in missing}
                )
            self.progress(_still_missing(missing))
            time.sleep(pause)
            pause = min(pause * 1.4, _LONGEST_PAUSE)

    def _provision(self, job_path: str, missing: list[EntraPrincipal]) -> dict[PrincipalKey, str]:
        if len(missing) > _ON_DEMAND_AT_MOST:
            return {}
        calls = [
            partial(
                self.graph.provision,
                job_path,
                principal.object_id or "",
                "Group" if principal.key.type == "GROUP" else "User",
            )
            for principal in missing
        ]
        return {
            principal.key: str(error)
            for principal, error in zip(missing, pace(calls), strict=True)
            if error
        }

    def _quarantine(self, job_path: str) -> str:
        """Why the job is in quarantine, "" when it is not."""
        why = job_status(self.graph.call("GET", job_path)).quarantine
        return (
            f"the provisioning job is in quarantine ({why}); heal the cause, then run "
            "python -m ops sync --resume"
            if why
            else ""
        )


def _still_missing(missing: Collection[PrincipalKey]) -> str:
    some = ", ".join(str(key) for key in sorted(missing)[:5])
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return f"waiting for {some}{more} to arrive in Identity Center"
