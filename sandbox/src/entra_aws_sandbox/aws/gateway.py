"""The API endpoint: which service a signed request is for, who asks, and what answers.

sso-admin, identitystore and organizations are answered here; sts and iam by moto, except for what a
caller asks about itself. As at moto, the service and the region are those that the request is
signed for.
"""

from __future__ import annotations

import io
import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug import Request, Response
from werkzeug.wrappers import Response as BaseResponse

from entra_aws_sandbox.aws import query
from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.policy import Users
from entra_aws_sandbox.aws.validation import operation_model
from entra_aws_sandbox.aws.wire import Call, Gate, JsonService, refusal

_log = logging.getLogger(__name__)
_CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 .*?Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[a-z0-9-]+)/"
    r"(?P<service>[a-z0-9-]+)/aws4_request"
)
_QUERY_SERVICES = ("sts", "iam")
# The service a request is signed for → the name of its model.
_SIGNED_AS = {
    "sso": "sso-admin",
    "identitystore": "identitystore",
    "organizations": "organizations",
}


@dataclass(frozen=True)
class _Signed:
    key: str
    region: str
    service: str


class Gateway:
    """Dispatches signed API calls. `gates` see every call, whichever service it is for."""

    def __init__(
        self,
        services: list[JsonService],
        gates: list[Gate],
        users: Users,
        management_account_id: str,
    ) -> None:
        self._services = {service.service: service for service in services}
        self._gates = gates
        self._users = users
        self._management_account_id = management_account_id
        self._moto = {name: create_backend_app(name) for name in _QUERY_SERVICES}

    def respond(self, request: Request) -> BaseResponse:
        """The answer to a POST on the API endpoint."""
        signed = _signed(request)
        if signed is None:
            return _query_error("MissingAuthenticationToken", "The request is not signed.", 403)
        model = _SIGNED_AS.get(signed.service)
        if model is not None:
            return self._services[model].respond(request, self._call(request, signed, model))
        if signed.service in _QUERY_SERVICES:
            return self._respond_query(request, signed)
        message = (
            f"The sandbox has no service {signed.service}; it has organizations, sso-admin, "
            "identitystore, sts and iam."
        )
        return refused(request, AwsError("UnknownOperationException", message))

    def _call(self, request: Request, signed: _Signed, service: str) -> Call:
        target = request.headers.get("X-Amz-Target", "")
        return Call(
            service=service,
            operation=target.rpartition(".")[2],
            region=signed.region,
            account_id=self._account_of(signed.key),
            access_key=signed.key,
        )

    def _account_of(self, access_key: str) -> str:
        """The account a key belongs to; keys that nobody made are the management account's."""
        for account_id, regions in list(iam_backends.items()):
            if access_key in regions["aws"].access_keys:
                return account_id
        return self._management_account_id

    def _respond_query(self, request: Request, signed: _Signed) -> BaseResponse:
        parameters = {
            name: values[0]
            for name, values in parse_qs(request.get_data(as_text=True, cache=True)).items()
        }
        call = Call(
            service=signed.service,
            operation=parameters.get("Action", ""),
            region=signed.region,
            account_id=self._account_of(signed.key),
            access_key=signed.key,
            body=parameters,
        )
        try:
            _check(call, parameters)
            for gate in self._gates:
                gate(call)
            told = query.answer(call, parameters, self._users)
        except AwsError as error:
            return _query_error(error.code, error.message, error.status)
        if told is not None:
            return told
        environ: dict[str, Any] = dict(request.environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account_id
        environ["wsgi.input"] = io.BytesIO(request.get_data(cache=True))
        try:
            answer = BaseResponse.from_app(self._moto[signed.service], environ)
        except NotImplementedError:
            return _query_error("InvalidAction", _unknown(call), 400)
        except Exception:  # noqa: BLE001  (a client gets an answer, the log the traceback)
            _log.exception("%s %s failed", call.service, call.operation)
            return _query_error("InternalFailure", "An internal error occurred.", 500)
        for header in [name for name, _ in answer.headers if name.startswith("Access-Control-")]:
            del answer.headers[header]
        return answer


def _check(call: Call, parameters: Mapping[str, str]) -> None:
    """Raises AwsError for an operation that the service lacks, or one without what it needs."""
    model = operation_model(call.service, call.operation)
    if model is None:
        raise AwsError("InvalidAction", _unknown(call))
    required = model.input_shape.required_members if model.input_shape else ()
    for name in required:
        if not any(given == name or given.startswith(f"{name}.") for given in parameters):
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed "
                "to satisfy constraint: Member must not be null",
            )


def _unknown(call: Call) -> str:
    # Not every text that can be sent can be answered in XML.
    name = call.operation if call.operation.isalnum() and call.operation.isascii() else "?"
    return f"Could not find operation {name} of {call.service}"


def is_signed(request: Request) -> bool:
    """Whether a request is an API call, whatever its path."""
    return request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256")


def refused(request: Request, error: AwsError) -> Response:
    """An error of no service in particular, in the protocol that the request is in."""
    if "X-Amz-Target" in request.headers:
        return refusal(error)
    return _query_error(error.code, error.message, error.status)


def _signed(request: Request) -> _Signed | None:
    found = _CREDENTIAL.match(request.headers.get("Authorization", ""))
    return _Signed(found["key"], found["region"], found["service"]) if found else None


def _query_error(code: str, message: str, status: int) -> Response:
    """An error of the query protocol, which sts and iam speak."""
    request_id = str(uuid.uuid4())
    text = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    response = Response(text, status, content_type="text/xml")
    response.headers["x-amzn-RequestId"] = request_id
    # Clients of REST services look here for the code.
    response.headers["x-amzn-ErrorType"] = code
    return response
