"""One WSGI application for everything the emulated AWS serves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from werkzeug import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.faults import answer_is_lost, expect_answer
from entra_aws_sandbox.aws.gateway import is_signed, refused
from entra_aws_sandbox.aws.pages import message_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from entra_aws_sandbox.aws import Aws

_log = logging.getLogger(__name__)

# IdP metadata has at most 75,000 characters and a SAML response 50,000; SCIM bodies are smaller.
MAX_BODY = 2_000_000

_SCIM = "scim/v2"
_ROUTES = Map(
    [
        Rule("/", methods=["POST"], endpoint="api"),
        Rule("/start/<alias>", methods=["GET"], endpoint="start"),
        Rule("/start/<alias>/access.json", methods=["GET"], endpoint="access"),
        Rule("/start/<alias>/sign-out", methods=["POST"], endpoint="sign_out"),
        Rule("/platform/saml/acs/<tenant>", methods=["POST"], endpoint="acs"),
        Rule("/dual-stack/platform/saml/acs/<tenant>", methods=["POST"], endpoint="acs"),
        Rule("/_sandbox/<path:action>", methods=["POST"], endpoint="control"),
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
        expect_answer()
        tenant, _, rest = environ.get("PATH_INFO", "").lstrip("/").partition("/")
        if rest == _SCIM or rest.startswith(f"{_SCIM}/"):
            answer = self._scim(tenant, rest, environ, start_response)
        else:
            request = Request(environ)
            request.max_content_length = MAX_BODY
            request.max_form_memory_size = MAX_BODY
            answer = self._respond(request)(environ, start_response)
        if answer_is_lost():
            # The server closes the connection without an answer.
            raise ConnectionAbortedError
        return answer

    def _scim(
        self, tenant: str, rest: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        mounted = {
            **environ,
            "SCRIPT_NAME": f"/{tenant}/{_SCIM}",
            "PATH_INFO": rest.removeprefix(_SCIM),
        }
        application: Any = self._aws.scim(tenant)
        answer: Iterable[bytes] = application(mounted, start_response)
        return answer

    def _respond(self, request: Request) -> Response:
        if is_signed(request):
            return self._call(request)
        try:
            endpoint, values = _ROUTES.bind_to_environ(request.environ).match()
            return self._routed(request, endpoint, values)
        except HTTPException as error:
            code = error.code or 500
            return message_page(error.name, error.description or error.name, code)
        except Exception:  # noqa: BLE001  (a person gets a page, the log the traceback)
            _log.exception("%s %s failed", request.method, request.path)
            return message_page("Internal error", "The sandbox failed; see its log.", 500)

    def _call(self, request: Request) -> Response:
        """An API call, at whichever path the service has it; its answer is never a page."""
        try:
            request.get_data(cache=True)
        except HTTPException as error:
            name, text = error.name.replace(" ", ""), error.description or error.name
            return refused(request, AwsError(name, text, status=error.code or 400))
        return self._aws.gateway.respond(request)

    def _routed(self, request: Request, endpoint: str, values: Mapping[str, Any]) -> Response:
        aws = self._aws
        if endpoint == "api":
            return aws.gateway.respond(request)
        if endpoint == "control":
            return aws.control.respond(request, values["action"])
        if endpoint == "acs":
            return aws.portal.consume(request, f"{aws.base_url}{request.path}")
        pages = {
            "start": aws.portal.start,
            "access": aws.portal.access,
            "sign_out": aws.portal.sign_out,
        }
        return pages[endpoint](request, values["alias"])
