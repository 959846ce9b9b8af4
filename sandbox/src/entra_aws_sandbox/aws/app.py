"""One WSGI application for everything the emulated AWS serves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from werkzeug import Request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.faults import answer_is_lost, expect_answer
from entra_aws_sandbox.aws.gateway import is_signed, refused
from entra_aws_sandbox.aws.pages import message_page
from entra_aws_sandbox.routes import Route, url_map

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from entra_aws_sandbox.aws import Aws

_log = logging.getLogger(__name__)

# IdP metadata has at most 75,000 characters and a SAML response 50,000; SCIM bodies are smaller.
MAX_BODY = 2_000_000

_SCIM = "scim/v2"


class Application:
    """Routes requests to the API gateway, SCIM, the portal and the control surface."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._routes = url_map(
            [
                Route("POST", "/", aws.gateway.respond),
                Route("GET", "/start/<alias>", aws.portal.start),
                Route("GET", "/start/<alias>/access.json", aws.portal.access),
                Route("POST", "/start/<alias>/sign-out", aws.portal.sign_out),
                Route("POST", "/platform/saml/acs/<tenant>", self._consume),
                Route("POST", "/dual-stack/platform/saml/acs/<tenant>", self._consume),
                Route("POST", "/_sandbox/<path:action>", aws.control.respond),
            ]
        )

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
            route, values = self._routes.bind_to_environ(request.environ).match()
            response: Response = route.handler(request, **values)
        except HTTPException as error:
            code = error.code or 500
            return message_page(error.name, error.description or error.name, code)
        except Exception:  # noqa: BLE001  (a person gets a page, the log the traceback)
            _log.exception("%s %s failed", request.method, request.path)
            return message_page("Internal error", "The sandbox failed; see its log.", 500)
        return response

    def _call(self, request: Request) -> Response:
        """An API call, at whichever path the service has it; its answer is never a page."""
        try:
            request.get_data(cache=True)
        except HTTPException as error:
            name, text = error.name.replace(" ", ""), error.description or error.name
            return refused(request, AwsError(name, text, status=error.code or 400))
        return self._aws.gateway.respond(request)

    def _consume(self, request: Request, tenant: str) -> Response:  # noqa: ARG002
        return self._aws.portal.consume(request, f"{self._aws.base_url}{request.path}")
