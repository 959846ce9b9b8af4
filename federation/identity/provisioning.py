"""What Graph says about provisioning: the job's state, and the outcome of an on-demand request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

# Graph writes a time that never was as the first moment of its calendar.
_NEVER: Final = "0001-01-01"
# Entra, "How provisioning works", by skip reason: why an object is left alone although it was asked
# for. RedundantExport (both sides already match) is a success.
_SKIPPED: Final = {
    "NotEffectivelyEntitled": "it is not in scope: neither it nor a group of it is assigned to the "
    "application, or the assignment has not reached the provisioning service yet",
    "NotActiveInSource": "the person is disabled in Entra",
}
_TOO_MANY_DELETES: Final = "TooManyDeletes"
_DONE: Final = "RedundantExport"


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A finished cycle. `failures` counts the objects that were put aside for another try."""

    kind: Literal["initial", "incremental"]
    ended: datetime
    succeeded: bool
    failures: int
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """The synchronization job as Graph shows it.

    `state` is Graph's status code: NotRun, Active, Paused or Quarantine. `enabled` is False for a
    paused job, and for one that Entra disabled after four weeks in quarantine. `quarantine` says
    why, "" outside of it; `too_many_deletes` that the deletion threshold is the reason.
    """

    state: str
    enabled: bool
    quarantine: str = ""
    too_many_deletes: bool = False
    last: Cycle | None = None

    @property
    def healthy(self) -> bool:
        """Whether the job provisions by itself."""
        return self.enabled and not self.quarantine


def job_status(job: Mapping[str, Any]) -> JobStatus:
    """The status in a `synchronizationJob` of Graph."""
    status = job.get("status") or {}
    return JobStatus(
        state=str(status.get("code") or "NotRun"),
        enabled=(job.get("schedule") or {}).get("state") == "Active",
        quarantine=_quarantine(status),
        too_many_deletes=(status.get("quarantine") or {}).get("reason") == _TOO_MANY_DELETES,
        last=_last_cycle(status),
    )


def _quarantine(status: Mapping[str, Any]) -> str:
    if status.get("code") != "Quarantine":
        return ""
    quarantine = status.get("quarantine") or {}
    error = quarantine.get("error") or {}
    reason = error.get("message") or error.get("code") or quarantine.get("reason")
    return str(reason or "Graph gives no reason").removesuffix(".")


def _last_cycle(status: Mapping[str, Any]) -> Cycle | None:
    execution = status.get("lastExecution")
    if not execution:
        return None
    steady = str(status.get("steadyStateFirstAchievedTime") or _NEVER)
    initial = steady.startswith(_NEVER) or _time(execution["timeBegan"]) <= _time(steady)
    error = execution.get("error") or {}
    return Cycle(
        kind="initial" if initial else "incremental",
        ended=_time(execution["timeEnded"]),
        succeeded=execution.get("state") in {"Succeeded", "EntryLevelErrors"},
        failures=int(execution.get("countEscrowed") or 0),
        error=str(error.get("message") or error.get("code") or "").removesuffix("."),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def on_demand_failure(answer: Mapping[str, Any] | None) -> str:
    """Why an on-demand request did nothing, "" when it did or nothing was left to do.

    Graph answers HTTP 200 in any case: the outcome is in two JSON texts, `key` and `value`.
    """
    key, value = _parsed(answer, "key"), _parsed(answer, "value")
    outcome = str(key.get("result") or "").lower()
    details = {**(value.get("statusInfo") or {}), **(key.get("details") or {})}
    code = str(details.get("errorCode") or "")
    failed = [
        step
        for step in value.get("provisioningSteps") or []
        if str(step.get("status", "")).lower() in {"failure", "failed"}
    ]
    if outcome == "skipped" and not failed:
        return "" if code == _DONE else _SKIPPED.get(code, code or "Entra skipped it")
    if outcome in {"success", ""} and not failed:
        return ""
    given = details.get("errorMessage") or details.get("reason")
    last = failed[-1].get("description") if failed else ""
    return str(given or last or code or "provisioning on demand failed").removesuffix(".")


def _parsed(answer: Mapping[str, Any] | None, key: str) -> dict[str, Any]:
    try:
        value = json.loads((answer or {}).get(key) or "{}")
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
