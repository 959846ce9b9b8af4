"""Refusals as Microsoft Graph and the Entra login endpoints word them."""

from __future__ import annotations

from http import HTTPStatus


class GraphError(Exception):
    """A refusal of Graph: HTTP status, code and message, as in `{"error": {"code", "message"}}`."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class SignInError(Exception):
    """A refusal of the login pages: an AADSTS number, a sentence and the HTTP status."""

    def __init__(self, number: int, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.number = number
        self.message = message
        self.status = status


def bad_request(message: str, code: str = "Request_BadRequest") -> GraphError:
    """A 400 of the directory."""
    return GraphError(HTTPStatus.BAD_REQUEST, code, message)


def not_found(object_id: str) -> GraphError:
    """The 404 that Graph gives for an object id it does not know."""
    return GraphError(
        HTTPStatus.NOT_FOUND,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property "
        "objects are not present.",
    )


def forbidden() -> GraphError:
    """The 403 of a token that lacks the app role for an operation."""
    return GraphError(
        HTTPStatus.FORBIDDEN,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )


def unauthorized(message: str) -> GraphError:
    """The 401 of a missing, expired or foreign access token."""
    return GraphError(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", message)


def too_many_requests(retry_after_seconds: int) -> GraphError:
    """The 429 of Graph, with its Retry-After header in seconds."""
    return GraphError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequests",
        "Too many requests. Retry after the time given in the Retry-After header.",
        {"Retry-After": str(retry_after_seconds)},
    )
