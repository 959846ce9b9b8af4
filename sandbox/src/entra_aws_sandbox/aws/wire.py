"""The JSON 1.1 protocol of AWS, and the one place every call of such a service goes through."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from botocore.model import OperationModel
from werkzeug import Request, Response

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.validation import (
    answer_violations,
    error_violations,
    operation_model,
    request_violations,
)
from entra_aws_sandbox.json_body import json_object

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API call: what is asked, of which service, by whom. `body` is the parsed request."""

    service: str
    operation: str
    region: str
    account_id: str
    access_key: str
    body: dict[str, Any] = field(default_factory=dict)


class Operations(Protocol):
    """A service's operations: `handle` answers a call or raises AwsError."""

    def handle(self, call: Call) -> dict[str, Any]:
        """The answer to a call whose request is valid; NotImplementedError if it is not known."""


Gate = Callable[[Call], None]


class JsonService:
    """Serves a service's operations: checks the request, runs it, checks the answer.

    `gates` see every call before it is run and may refuse it with an AwsError: rights, throttles
    and faults belong there. What the emulator itself does wrong is kept in `violations`.
    """

    def __init__(self, service: str, operations: Operations, gates: list[Gate]) -> None:
        self.service = service
        self.violations: list[str] = []
        self._operations = operations
        self._gates = gates

    def respond(self, request: Request, call: Call) -> Response:
        """The HTTP answer to one call; never HTML, and never a traceback."""
        operation = operation_model(self.service, call.operation)
        try:
            try:
                return _answer(self._run(request, call, operation))
            except AwsError as error:
                if operation is not None:
                    self._check(call, error_violations(operation, error.code, _members(error)))
                return refusal(error)
        except Exception:  # noqa: BLE001  (a client gets an answer, the log the traceback)
            _log.exception("%s %s failed", self.service, call.operation)
            return refusal(AwsError("InternalFailure", "An internal error occurred.", status=500))

    def _run(
        self, request: Request, call: Call, operation: OperationModel | None
    ) -> dict[str, Any]:
        if operation is None:
            raise _unknown(call)
        body = _parsed(request)
        call = Call(**{**call.__dict__, "body": body})
        for gate in self._gates:
            gate(call)
        broken = request_violations(operation, body)
        if broken:
            raise _invalid_request(self.service, broken)
        try:
            answer = self._operations.handle(call)
        except NotImplementedError:
            raise _unknown(call) from None
        self._check(call, answer_violations(operation, answer))
        return answer

    def _check(self, call: Call, violations: list[str]) -> None:
        """Keep what an answer does wrong, and answer with a failure rather than with a lie."""
        if not violations:
            return
        self.violations += [f"{self.service} {call.operation}: {each}" for each in violations]
        raise RuntimeError("; ".join(violations))


def _parsed(request: Request) -> dict[str, Any]:
    try:
        return json_object(request.get_data())
    except ValueError:
        raise AwsError("SerializationException", "The request is not a JSON object.") from None


def _unknown(call: Call) -> AwsError:
    return AwsError("UnknownOperationException", f"The operation {call.operation} is unknown.")


def _invalid_request(service: str, broken: list[str]) -> AwsError:
    """Organizations has an error of its own for what the others call a ValidationException."""
    count = "1 validation error" if len(broken) == 1 else f"{len(broken)} validation errors"
    message = f"{count} detected: {'; '.join(broken)}"
    if service != "organizations":
        return AwsError("ValidationException", message)
    reason = "INPUT_REQUIRED" if "must not be null" in message else "INVALID_PATTERN"
    return AwsError("InvalidInputException", message, Reason=reason)


def _members(error: AwsError) -> dict[str, Any]:
    return {"Message": error.message, **error.members}


def _answer(body: dict[str, Any]) -> Response:
    return _json_response(json.dumps(body, default=_epoch), 200)


def refusal(error: AwsError) -> Response:
    """An error of the JSON protocol."""
    body = {"__type": error.code, **_members(error)}
    response = _json_response(json.dumps(body, default=_epoch), error.status)
    response.headers["x-amzn-ErrorType"] = error.code
    return response


def _json_response(text: str, status: int) -> Response:
    response = Response(text, status, content_type="application/x-amz-json-1.1")
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def _epoch(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} cannot be answered as JSON")
