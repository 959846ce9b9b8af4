"""The control surface under `/_sandbox/`: actions by name, each takes and gives a JSON object.

The header `X-Sandbox: 1` keeps web pages out: none can send it across origins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from werkzeug import Request, Response

from entra_aws_sandbox.control import HEADER
from entra_aws_sandbox.json_body import json_object

Body = dict[str, Any]
Action = Callable[[Body], Body]


class ActionError(Exception):
    """Why an action was not carried out: a sentence, and the HTTP status of the answer."""

    def __init__(self, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


class Surface:
    """The actions of the process or of one of its clouds. They may raise ActionError."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = actions

    def respond(self, request: Request, action: str) -> Response:
        """The answer to `POST /_sandbox/<action>`."""
        try:
            return _json(self._carry_out(request, action), HTTPStatus.OK)
        except ActionError as error:
            return _json({"message": str(error)}, error.status)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            return _json({"message": str(error)}, HTTPStatus.BAD_REQUEST)

    def _carry_out(self, request: Request, name: str) -> Body:
        trusted = all(request.headers.get(header) == value for header, value in HEADER.items())
        if not trusted or request.method != "POST":
            raise ActionError("The control surface takes POST, X-Sandbox: 1.", HTTPStatus.FORBIDDEN)
        if name not in self._actions:
            raise ActionError(
                f"There is no action {name}; there are {', '.join(self._actions)}.",
                HTTPStatus.NOT_FOUND,
            )
        try:
            body = json_object(request.get_data())
        except ValueError:
            raise ActionError("The body must be a JSON object.") from None
        return self._actions[name](body)


def _json(body: Body, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
