"""Faults of Graph, switched on by tests and people: calls that are refused, slow or unanswered."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from entra_aws_sandbox.entra.errors import GraphError, bad_request, too_many_requests

if TYPE_CHECKING:
    from entra_aws_sandbox.entra.values import Json

KINDS = ("throttle", "error", "conflict", "delay", "lost")
_MAX_DELAY_SECONDS = 60.0


@dataclass
class Fault:
    """One fault: which operations it hits, and how often (None: until cleared).

    `operation` is a pattern such as `POST /groups` or `GET *`; the first `spared` calls of it go
    well. Kinds: `throttle`, `error` and
    `conflict` refuse the call; `delay` takes `seconds` longer; `lost` carries the call out and
    loses the answer.
    """

    kind: str
    operation: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    spared: int = 0

    def hits(self, operation: str) -> bool:
        """Whether a call is one of those meant, and the fault is not used up."""
        return self.times != 0 and fnmatchcase(operation, self.operation)


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def replace(self, entries: Any) -> None:
        """Switch on these and no others. Raises the 400 of Graph for entries that are none."""
        if not isinstance(entries, list):
            raise bad_request("faults must be a list of objects.")
        faults = [_read(entry) for entry in entries]
        with self._lock:
            self._faults = faults

    def shown(self) -> list[Json]:
        """What is switched on."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def gate(self, operation: str) -> None:
        """Hit a call, before it is carried out, with what is meant for it. Raises GraphError."""
        fault = self._take(operation, "delay")
        if fault is not None:
            time.sleep(fault.seconds)
        fault = self._take(operation, "throttle", "error", "conflict")
        if fault is not None:
            raise _refusal(fault.kind)

    def loses(self, operation: str) -> bool:
        """Whether the answer of a call that was carried out gets lost."""
        return self._take(operation, "lost") is not None

    def _take(self, operation: str, *kinds: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.hits(operation):
                    if fault.spared > 0:
                        fault.spared -= 1
                        continue
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


def _refusal(kind: str) -> GraphError:
    if kind == "throttle":
        return too_many_requests(1)
    if kind == "error":
        return GraphError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service is temporarily unavailable. Please retry.",
        )
    return GraphError(
        HTTPStatus.CONFLICT,
        "Directory_ConcurrencyViolation",
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
    )


def _read(entry: Any) -> Fault:
    names = Fault.__dataclass_fields__.keys()
    if not isinstance(entry, dict) or entry.keys() - names or entry.get("kind") not in KINDS:
        raise bad_request(
            f"A fault has a kind ({', '.join(KINDS)}) and may have operation, times, seconds and "
            "spared."
        )
    fault = Fault(**entry)
    if not isinstance(fault.operation, str):
        raise bad_request("The operation of a fault is a pattern such as POST /groups or GET *.")
    if not (fault.times is None or isinstance(fault.times, int)):
        raise bad_request("times is a number, or null for a fault that lasts until it is cleared.")
    if not isinstance(fault.spared, int):
        raise bad_request("spared is a number of calls.")
    if not isinstance(fault.seconds, int | float) or not 0 <= fault.seconds <= _MAX_DELAY_SECONDS:
        raise bad_request(f"A delay has from 0 to {_MAX_DELAY_SECONDS:g} seconds.")
    return fault
