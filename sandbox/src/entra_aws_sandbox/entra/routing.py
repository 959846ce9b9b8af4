"""How operations of Graph are declared, and what a handler sees and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from entra_aws_sandbox.entra.errors import bad_request
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json
from entra_aws_sandbox.json_body import json_object
from entra_aws_sandbox.routes import Route

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
            return json_object(self.request.get_data())
        except ValueError:
            message = "Unable to read JSON request payload."
            raise bad_request(message, "BadRequest") from None

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
