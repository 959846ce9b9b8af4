"""Faults and limits of the emulated AWS: gates that see every call before it is carried out."""

from __future__ import annotations

import time
from collections import deque
from contextvars import ContextVar
from threading import Lock

from entra_aws_sandbox import faults
from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.validation import operation_model
from entra_aws_sandbox.aws.wire import Call
from entra_aws_sandbox.faults import KINDS, REFUSALS

# sts and iam have no error of that name.
_MODELLED = ("sso-admin", "identitystore", "organizations")

_lost: ContextVar[bool] = ContextVar("response_lost", default=False)


class Faults(faults.Faults):
    """The faults that are switched on in AWS."""

    def __init__(self) -> None:
        super().__init__(faults.AWS)

    def gate(self, call: Call) -> None:
        """Hit a call with what is meant for it."""
        fault = self.take(call.service, call.operation, "delay")
        if fault is not None:
            time.sleep(fault.seconds)
        if self.take(call.service, call.operation, "lost"):
            _lost.set(True)
        fault = self.take(call.service, call.operation, *REFUSALS)
        if fault is not None:
            raise _refusal(fault.kind, call.service)

    def fails(self, operation: str) -> bool:
        """Whether the asynchronous request that an operation starts ends FAILED."""
        return self.take("sso-admin", operation, "failed") is not None

    def possible(self, kind: str, service: str, operation: str) -> bool:
        """A conflict is possible where it is among an operation's errors, and in all of SCIM."""
        if kind != "conflict":
            return True
        if service not in _MODELLED:
            return service == "scim"
        model = operation_model(service, operation)
        code = KINDS[kind].answers[service].code
        return model is not None and any(shape.name == code for shape in model.error_shapes)


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


def _refusal(kind: str, service: str) -> AwsError:
    answer = KINDS[kind].answers[service]
    return AwsError(answer.code, answer.message, status=answer.status)
