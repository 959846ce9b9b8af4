"""One WSGI application for everything the emulated AWS serves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response as BaseResponse

from sandbox.aws.console import ConsoleError
from sandbox.aws.pages import message_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from sandbox.aws import Aws

# IdP metadata has at most 75,000 characters and a SAML response 50,000; SCIM bodies are smaller.
MAX_BODY = 2_000_000

_ROUTES = Map(
    [
        Rule("/", methods=["POST"], endpoint="api"),
        Rule("/start/<alias>", methods=["GET"], endpoint="start"),
        Rule("/start/<alias>/access.json", methods=["GET"], endpoint="access"),
        Rule("/start/<alias>/sign-out", methods=["POST"], endpoint="sign_out"),
        Rule("/platform/saml/acs/<tenant>", methods=["POST"], endpoint="acs"),
        Rule("/dual-stack/platform/saml/acs/<tenant>", methods=["POST"], endpoint="acs"),
        Rule("/_sandbox/console/<action>", methods=["POST"], endpoint="console"),
        Rule("/_sandbox/account-state", methods=["POST"], endpoint="account_state"),
        Rule("/_sandbox/timing", methods=["POST"], endpoint="timing"),
        Rule("/_sandbox/state", methods=["GET", "POST"], endpoint="state"),
    ],
    strict_slashes=False,
    merge_slashes=False,
)


class Application:
    """Routes requests to the API gateway, SCIM, the portal and the control surface."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See WSGI."""
        tenant, _, rest = environ.get("PATH_INFO", "").lstrip("/").partition("/")
        if rest == "scim/v2" or rest.startswith("scim/v2/"):
            return self._scim(tenant, rest, environ, start_response)
        request = Request(environ)
        request.max_content_length = MAX_BODY
        request.max_form_memory_size = MAX_BODY
        return self._respond(request)(environ, start_response)

    def _scim(
        self, tenant: str, rest: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        mount = "/scim/v2"
        environ = {
            **environ,
            "SCRIPT_NAME": f"/{tenant}{mount}",
            "PATH_INFO": f"/{rest}".removeprefix(mount),
        }
        application: Any = self._aws.scim(tenant)
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    def _respond(self, request: Request) -> BaseResponse:
        try:
            endpoint, values = _ROUTES.bind_to_environ(request.environ).match()
            if request.path.startswith("/_sandbox/"):
                return self._control(request, endpoint, values)
            return self._public(request, endpoint, values)
        except HTTPException as error:
            code = error.code or 500
            return message_page(error.name, error.description or error.name, code)

    def _public(self, request: Request, endpoint: str, values: Mapping[str, Any]) -> BaseResponse:
        aws = self._aws
        if endpoint == "api":
            return aws.gateway.respond(request)
        if endpoint == "start":
            return aws.portal.start(request, values["alias"])
        if endpoint == "access":
            return aws.portal.access(request, values["alias"])
        if endpoint == "sign_out":
            return aws.portal.sign_out(request, values["alias"])
        return aws.portal.consume(request, f"{aws.base_url}{request.path}")

    def _control(self, request: Request, endpoint: str, values: Mapping[str, Any]) -> Response:
        """The control surface; the header keeps web pages out."""
        if request.headers.get("X-Sandbox") != "1":
            return _json({"message": "Send the header X-Sandbox: 1."}, 403)
        if endpoint == "state":
            return _json(self._aws.state(), 200)
        body = _object(request)
        if body is None:
            return _json({"message": "The body must be a JSON object."}, 400)
        try:
            return _json(self._controlled(endpoint, values, body), 200)
        except ConsoleError as error:
            return _json({"message": str(error)}, error.status)

    def _controlled(
        self, endpoint: str, values: Mapping[str, Any], body: dict[str, Any]
    ) -> dict[str, Any]:
        if endpoint == "console":
            return self._aws.console.run(values["action"], body)
        if endpoint == "account_state":
            return self._aws.set_account_state(body)
        return self._aws.set_timing(body)


def _object(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
