"""The WSGI application: login, Graph, federation metadata, sign-in pages, control surface."""

from __future__ import annotations

import json
import logging
import re
import uuid
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from entra_aws_sandbox.entra import permissions
from entra_aws_sandbox.entra.control import Control
from entra_aws_sandbox.entra.errors import GraphError, SignInError
from entra_aws_sandbox.entra.faults import Faults
from entra_aws_sandbox.entra.graph import ROUTES
from entra_aws_sandbox.entra.login import TokenIssuer, endpoints, refusal
from entra_aws_sandbox.entra.odata import check_options
from entra_aws_sandbox.entra.routing import Call, Reply
from entra_aws_sandbox.entra.saml.metadata import federation_metadata
from entra_aws_sandbox.entra.saml.sign_in import SignIn
from entra_aws_sandbox.routes import Route, url_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from entra_aws_sandbox.entra.synchronization.engine import Engine
    from entra_aws_sandbox.entra.tenant import Tenant
    from entra_aws_sandbox.entra.values import Json

_log = logging.getLogger(__name__)

VERSIONS = ("v1.0", "beta")
MAX_BODY = 1024 * 1024
GRAPH = url_map(ROUTES)
METADATA = "/federationmetadata/2007-06/federationmetadata.xml"
_BY_APP_ID = re.compile(r"^/(applications|servicePrincipals)\(appId='([^']+)'\)")


class App:
    """Answers every request for one tenant: in JSON, except for the sign-in pages."""

    def __init__(self, tenant: Tenant, engine: Engine, issuer: TokenIssuer, client_id: str) -> None:
        self._tenant = tenant
        self._engine = engine
        self._issuer = issuer
        self._sign_in = SignIn(tenant)
        self._faults = Faults()
        control = Control(tenant, engine, issuer, client_id, self._faults)
        self._pages = url_map(
            [
                Route("GET", "/metadata/endpoints", self._endpoints),
                Route("POST", "/<tenant>/oauth2/v2.0/token", self._token),
                Route("GET", f"/<tenant>{METADATA}", self._metadata),
                *(
                    Route(method, f"/<tenant>{path}", partial(self._sign_in_page, page))
                    for method, path, page in (
                        ("GET", "/saml2", self._sign_in.saml),
                        ("POST", "/saml2", self._sign_in.saml),
                        ("POST", "/login", self._sign_in.login),
                        ("GET", "/oauth2/v2.0/logout", self._sign_in.sign_out),
                        ("GET", "/myapps", self._sign_in.apps),
                        ("GET", "/myapps/signin/<app_id>", self._sign_in.start),
                    )
                ),
                Route("POST", "/_sandbox/<action>", control.respond, unlocked=True),
            ]
        )

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        request.max_content_length = MAX_BODY
        request.max_form_memory_size = MAX_BODY
        return self._answer(request)(environ, start)

    def _answer(self, request: Request) -> Response:
        request_id = str(uuid.uuid4())
        try:
            version = request.path.split("/", 2)[1]
            is_graph = version in VERSIONS
            response = self._graph(request, version) if is_graph else self._page(request)
        except GraphError as error:
            response = self._error(error, request_id)
        except MethodNotAllowed:
            response = self._error(
                GraphError(
                    HTTPStatus.METHOD_NOT_ALLOWED,
                    "Request_BadRequest",
                    "Specified HTTP method is not allowed for the request target.",
                ),
                request_id,
            )
        except HTTPException as error:
            status = error.code or HTTPStatus.BAD_REQUEST
            response = self._error(
                GraphError(status, "BadRequest", str(error.description)), request_id
            )
        except ConnectionError:
            # A fault lets an answer get lost.
            raise
        except Exception:  # noqa: BLE001  (a client gets an answer, the log the traceback)
            _log.exception("%s %s failed", request.method, request.path)
            response = self._error(
                GraphError(
                    HTTPStatus.INTERNAL_SERVER_ERROR, "InternalServerError", "The sandbox failed."
                ),
                request_id,
            )
        response.headers["request-id"] = request_id
        return response

    def _graph(self, request: Request, version: str) -> Response:
        with self._tenant.lock:
            caller = self._issuer.caller(self._tenant, request.headers.get("Authorization", ""))
            route, arguments = self._route(request, version)
            permissions.check(self._tenant, caller, route.operation, arguments)
            check_options(request.args)
        self._faults.gate(route.operation)
        call = Call(
            tenant=self._tenant,
            engine=self._engine,
            request=request,
            caller=caller,
            version=version,
        )
        with self._locked(route):
            response = _reply(route.handler(call, **arguments))
        if self._faults.loses(route.operation):
            # The server closes the connection without an answer.
            raise ConnectionAbortedError
        return response

    def _route(self, request: Request, version: str) -> tuple[Route, dict[str, str]]:
        path = self._by_object_id(request.path.removeprefix(f"/{version}"))
        adapter = GRAPH.bind("", path_info=path)
        try:
            endpoint, arguments = adapter.match(method=request.method)
        except NotFound:
            segment = path.rstrip("/").rpartition("/")[2]
            raise GraphError(
                HTTPStatus.BAD_REQUEST,
                "BadRequest",
                f"Resource not found for the segment '{segment}'.",
            ) from None
        return endpoint, dict(arguments)

    def _by_object_id(self, path: str) -> str:
        """Replace the alternate key `collection(appId='…')` by the object id."""
        found = _BY_APP_ID.match(path)
        if found is None:
            return path
        collection, app_id = found.groups()
        tenant = self._tenant
        lookup = (
            tenant.application_of if collection == "applications" else tenant.service_principal_of
        )
        resource = lookup(app_id)
        object_id = resource["id"] if resource else app_id
        return f"/{collection}/{object_id}{path[found.end() :]}"

    def _page(self, request: Request) -> Response:
        route, arguments = self._pages.bind("", path_info=request.path).match(method=request.method)
        with self._locked(route):
            response: Response = route.handler(request, **arguments)
        return response

    def _locked(self, route: Route) -> AbstractContextManager[Any]:
        return nullcontext() if route.unlocked else self._tenant.lock

    def _sign_in_page(
        self, page: Callable[..., Response], request: Request, tenant: str, **arguments: str
    ) -> Response:
        try:
            self._check_tenant(tenant)
            return page(request, **arguments)
        except SignInError as error:
            return self._sign_in.refused(error)

    def _endpoints(self, _request: Request) -> Response:
        return _json(endpoints(self._tenant.base_url))

    def _token(self, request: Request, tenant: str) -> Response:
        try:
            answer = self._issuer.answer(self._tenant, tenant, request.form)
        except SignInError as error:
            trace = str(uuid.uuid4())
            return _json(refusal(error, trace, self._tenant.timestamp()), error.status)
        response = _json(answer)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _metadata(self, request: Request, tenant: str) -> Response:
        try:
            self._check_tenant(tenant)
            document = federation_metadata(self._tenant, request.args.get("appid"))
        except SignInError as error:
            raise GraphError(error.status, f"AADSTS{error.number}", error.message) from None
        return Response(document, content_type="application/xml; charset=utf-8")

    def _check_tenant(self, tenant: str) -> None:
        if tenant not in {self._tenant.id, *self._tenant.verified_domains}:
            raise SignInError(90002, f"Tenant '{tenant}' not found.", HTTPStatus.NOT_FOUND)

    def _error(self, error: GraphError, request_id: str) -> Response:
        body = {
            "error": {
                "code": error.code,
                "message": error.message,
                "innerError": {
                    "date": self._tenant.timestamp().removesuffix("Z"),
                    "request-id": request_id,
                    "client-request-id": request_id,
                },
            }
        }
        response = _json(body, error.status)
        response.headers.update(error.headers)
        return response


def _reply(answer: Json | Reply | None) -> Response:
    if answer is None:
        return Response(status=HTTPStatus.NO_CONTENT)
    if isinstance(answer, Reply):
        return _json(answer.body or {}, answer.status)
    return _json(answer)


def _json(body: Json, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
