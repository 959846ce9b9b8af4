"""Faults and limits of the emulated AWS, switched on by tests and people.

They are gates: they see every API and SCIM call before it is carried out.
"""

from __future__ import annotations

import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import Any

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.validation import operation_model
from entra_aws_sandbox.aws.wire import Call

KINDS = ("throttle", "error", "conflict", "delay", "lost", "failed")

_MAX_DELAY_SECONDS = 60.0

# What the three kinds of refusal are called, by service; organizations has names of its own.
_CODES = {
    "throttle": ("ThrottlingException", "TooManyRequestsException", 400),
    "error": ("InternalServerException", "ServiceException", 500),
    "conflict": ("ConflictException", "ConcurrentModificationException", 400),
}
# sts and iam have no error of that name.
_MODELLED = ("sso-admin", "identitystore", "organizations")
_MESSAGES = {
    "throttle": "Rate exceeded",
    "error": "An internal error occurred.",
    "conflict": "The resource is being changed by another request.",
}

_lost: ContextVar[bool] = ContextVar("response_lost", default=False)


@dataclass
class Fault:
    """One fault: which calls it hits (None: all of them) and how often (None: until cleared).

    The first `spared` calls of those go well. Kinds: `throttle`, `error` and `conflict` refuse the
    call (`conflict` where the operation can meet one); `delay` takes `seconds` longer; `lost`
    carries the call out and loses the answer; `failed` lets the asynchronous request end FAILED.
    """

    kind: str
    service: str | None = None
    operation: str | None = None
    times: int | None = 1
    seconds: float = 0.0
    spared: int = 0

    def hits(self, service: str, operation: str) -> bool:
        """Whether a call is one of those meant, and the fault is not used up."""
        return (
            self.times != 0
            and self.service in (None, service)
            and self.operation in (None, operation)
            and (self.kind != "conflict" or _can_conflict(service, operation))
        )


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def replace(self, entries: list[dict[str, Any]]) -> None:
        """Switch on these and no others. Raises ValueError for an entry that is none."""
        faults = [_read(entry) for entry in entries]
        with self._lock:
            self._faults = faults

    def shown(self) -> list[dict[str, Any]]:
        """What is switched on."""
        with self._lock:
            return [dict(fault.__dict__) for fault in self._faults]

    def gate(self, call: Call) -> None:
        """Hit a call with what is meant for it."""
        fault = self._take(call.service, call.operation, ("delay",))
        if fault is not None:
            time.sleep(fault.seconds)
        if self._take(call.service, call.operation, ("lost",)):
            _lost.set(True)
        fault = self._take(call.service, call.operation, tuple(_CODES))
        if fault is not None:
            raise _refusal(fault.kind, call.service)

    def fails(self, operation: str) -> bool:
        """Whether the asynchronous request that an operation starts ends FAILED."""
        return self._take("sso-admin", operation, ("failed",)) is not None

    def _take(self, service: str, operation: str, kinds: tuple[str, ...]) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.hits(service, operation):
                    if fault.spared > 0:
                        fault.spared -= 1
                        continue
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


class RateLimit:
    """The "20 TPS collective" of sso-admin (user guide, quotas), off unless switched on."""

    def __init__(self) -> None:
        self.per_second: int | None = None
        self._times: deque[float] = deque()
        self._lock = Lock()

    def gate(self, call: Call) -> None:
        """Raises ThrottlingException beyond the limit."""
        limit = self.per_second
        if limit is None or call.service != "sso-admin":
            return
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - 1:
                self._times.popleft()
            if len(self._times) >= limit:
                raise _refusal("throttle", call.service)
            self._times.append(now)


def expect_answer() -> None:
    """A request begins: its answer is not lost yet."""
    _lost.set(False)


def answer_is_lost() -> bool:
    """Whether a fault took the answer to this thread's request."""
    return _lost.get()


def _can_conflict(service: str, operation: str) -> bool:
    """Whether an operation has a conflict among its errors; all of SCIM has."""
    if service not in _MODELLED:
        return service == "scim"
    model = operation_model(service, operation)
    code = _code("conflict", service)
    return model is not None and any(shape.name == code for shape in model.error_shapes)


def _code(kind: str, service: str) -> str:
    usual, organizations, _ = _CODES[kind]
    return organizations if service == "organizations" else usual


def _refusal(kind: str, service: str) -> AwsError:
    return AwsError(_code(kind, service), _MESSAGES[kind], status=_CODES[kind][2])


def _read(entry: dict[str, Any]) -> Fault:
    unknown = entry.keys() - Fault.__dataclass_fields__.keys()
    if unknown or entry.get("kind") not in KINDS:
        raise ValueError(
            f"A fault has a kind ({', '.join(KINDS)}) and may have service, operation, times, "
            "seconds and spared."
        )
    fault = Fault(**entry)
    if not 0 <= fault.seconds <= _MAX_DELAY_SECONDS:
        raise ValueError(f"A delay has from 0 to {_MAX_DELAY_SECONDS:g} seconds.")
    if (
        fault.kind == "conflict"
        and fault.service
        and fault.operation
        and not _can_conflict(fault.service, fault.operation)
    ):
        raise ValueError(f"AWS never answers {fault.operation} with a conflict.")
    return fault
