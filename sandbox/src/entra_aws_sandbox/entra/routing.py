"""How a request finds its handler, and what a handler sees and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Map, Rule

from entra_aws_sandbox.entra.errors import bad_request
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json
from entra_aws_sandbox.json_body import parsed

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from entra_aws_sandbox.entra.login import Caller
    from entra_aws_sandbox.entra.synchronization.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Call:
    """One authenticated request to Graph."""

    tenant: Tenant
    engine: Engine
    request: Request
    caller: Caller
    version: str

    def body(self) -> Json:
        """The JSON object of the request; raises the 400 of Graph when there is none."""
        try:
            body = parsed(self.request.get_data())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise bad_request("Unable to read JSON request payload.", "BadRequest")
        return body

    def context(self, of: str) -> str:
        """The `@odata.context` address of an answer."""
        return f"{self.tenant.base_url}/{self.version}/$metadata#{of}"


@dataclass(frozen=True)
class Reply:
    """An answer with a status of its own."""

    body: Json | None = None
    status: int = HTTPStatus.OK


Answer = Json | Reply | None
Handler = Callable[..., Answer]


@dataclass(frozen=True)
class Route:
    """One operation. `unlocked` handlers take the tenant's lock themselves: they are slow."""

    method: str
    path: str
    handler: Handler
    unlocked: bool

    @property
    def operation(self) -> str:
        """The key of the permission table, such as `GET /groups/<group>`."""
        return f"{self.method} {self.path}"


class Routes:
    """The operations of one area of Graph, declared with a decorator."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def __call__(
        self, method: str, path: str, *, unlocked: bool = False
    ) -> Callable[[Handler], Handler]:
        """Declare the handler of `method path`; variables are `<name>` as in werkzeug."""

        def declare(handler: Handler) -> Handler:
            self.all.append(Route(method, path, handler, unlocked))
            return handler

        return declare


def url_map(routes: list[Route]) -> Map:
    """The werkzeug map of these routes; each endpoint is the Route itself."""
    rules: list[Any] = [Rule(r.path, endpoint=r, methods=[r.method]) for r in routes]
    return Map(rules, strict_slashes=False, merge_slashes=False)
