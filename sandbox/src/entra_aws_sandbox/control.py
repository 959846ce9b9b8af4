"""The control surface of the sandbox process itself: who it is, reset, clock.

Each cloud adds its own under ``/_sandbox/``; this one answers under ``/_sandbox/process/``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import urllib3

from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.json_body import parsed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/_sandbox/process/"
# A web page can make a browser post a form to loopback, but not with a header of its own.
HEADER = {"X-Sandbox": "1"}
_TIMEOUT_SECONDS = 30.0

Action = Callable[[dict[str, Any]], dict[str, Any]]


class Control:
    """The actions of the process, as a WSGI application in front of a cloud's own."""

    def __init__(self, actions: dict[str, Action]) -> None:
        self._actions = actions

    def before(self, app: WSGIApplication) -> WSGIApplication:
        """The same application with the process's control surface in front."""

        def controlled(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path = str(environ.get("PATH_INFO", ""))
            if not path.startswith(PREFIX):
                return app(environ, start_response)
            status, answer = self._answer(environ, path.removeprefix(PREFIX))
            start_response(
                f"{status.value} {status.phrase}", [("Content-Type", "application/json")]
            )
            return [json.dumps(answer).encode()]

        return controlled

    def _answer(self, environ: WSGIEnvironment, name: str) -> tuple[HTTPStatus, dict[str, Any]]:
        if environ.get("HTTP_X_SANDBOX") != "1" or environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.FORBIDDEN, {
                "message": "The control surface takes POST, X-Sandbox: 1."
            }
        action = self._actions.get(name)
        if action is None:
            return HTTPStatus.NOT_FOUND, {"message": f"There is no action {name}."}
        try:
            return HTTPStatus.OK, action(parsed(environ["wsgi.input"].read()))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            return HTTPStatus.BAD_REQUEST, {"message": str(error)}


def post(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call an action of a control surface; returns its answer.

    Raises SandboxError with the sentence that the sandbox answers, or when nobody answers.
    """
    try:
        answer = urllib3.request(
            "POST", url, json=body or {}, headers=HEADER, timeout=_TIMEOUT_SECONDS, retries=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise SandboxError(f"Nothing answers at {url}; see: entra-aws-sandbox status") from error
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {}
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise SandboxError(
            content.get("message") or f"The sandbox answered {answer.status} at {url}."
        )
    return content


def step_from(text: str) -> timedelta:
    """``+40m``, ``2h``, ``90s`` or ``1d`` as a time step. Raises ValueError for anything else."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = text.removeprefix("+")[:-1], text[-1:]
    if unit not in units or not re.fullmatch("[0-9]{1,9}", number):
        raise ValueError(f'"{text}" is no time step; write for example +40m, +2h or +1d.')
    return timedelta(seconds=int(number) * units[unit])
