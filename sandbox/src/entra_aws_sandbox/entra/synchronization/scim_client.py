"""A polite SCIM client: keep-alive, Retry-After, a few retries, no lock held."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import quote

import urllib3

from entra_aws_sandbox.entra.synchronization.settings import Settings
from entra_aws_sandbox.entra.values import Json

CONNECTIONS = 8
ATTEMPTS = 4
RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_DELAY_SECONDS = 0.2
MAX_DELAY_SECONDS = 10.0
TIMEOUT = urllib3.Timeout(connect=5, read=30)
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class ScimError(Exception):
    """The endpoint refused a request."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"HTTP {status}: {detail}")
        self.status = status
        self.detail = detail


class CredentialsRefusedError(ScimError):
    """The endpoint does not accept the token (401 or 403)."""


class UnreachableError(Exception):
    """The endpoint can't be reached, or a connection broke."""


class StoppedError(Exception):
    """The job was paused or deleted, or the tenant closed."""


class ScimClient:
    """Requests to one endpoint with one bearer token; safe to use from several threads."""

    def __init__(self, settings: Settings, stopped: threading.Event) -> None:
        self._base = settings.base_address
        self._stopped = stopped
        self._http = urllib3.PoolManager(maxsize=CONNECTIONS, block=True, timeout=TIMEOUT)
        self._headers = {
            "Authorization": f"Bearer {settings.token}",
            "Accept": "application/scim+json",
            "Content-Type": "application/scim+json; charset=utf-8",
        }

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def find(self, resource_type: str, attribute: str, value: str) -> list[Json]:
        """The resources whose attribute equals the value; groups without their members."""
        literal = value.replace("\\", "\\\\").replace('"', '\\"')
        query = "filter=" + quote(f'{attribute} eq "{literal}"')
        if resource_type == "Groups":
            query = f"excludedAttributes=members&{query}"
        found = self._send("GET", f"/{resource_type}?{query}").get("Resources") or []
        return [_identified(resource) for resource in found]

    def create(self, resource_type: str, body: Json) -> Json:
        """Create a resource; returns it with its id."""
        return _identified(self._send("POST", f"/{resource_type}", body))

    def patch(self, resource_type: str, target_id: str, operations: list[Json]) -> None:
        """Change a resource."""
        body = {"schemas": [PATCH_SCHEMA], "Operations": operations}
        self._send("PATCH", f"/{resource_type}/{quote(target_id)}", body)

    def delete(self, resource_type: str, target_id: str) -> None:
        """Delete a resource; one that is gone already is no error."""
        try:
            self._send("DELETE", f"/{resource_type}/{quote(target_id)}")
        except ScimError as error:
            if error.status != 404:
                raise

    def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        data = json.dumps(body).encode() if body is not None else None
        delay = FIRST_DELAY_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            if self._stopped.is_set():
                raise StoppedError
            last = attempt == ATTEMPTS
            try:
                response = self._request(method, path, data)
            except UnreachableError:
                # Whether a lost POST did its work only a look at the target can tell.
                if last or method == "POST":
                    raise
                asked = ""
            else:
                if last or response.status not in RETRIED:
                    return _checked(response)
                asked = response.headers.get("Retry-After", "")
            seconds = float(asked) if asked.isdecimal() else delay
            self._stopped.wait(min(seconds, MAX_DELAY_SECONDS))
            delay *= 2
        raise StoppedError

    def _request(self, method: str, path: str, data: bytes | None) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(
                method,
                self._base + path,
                body=data,
                headers=self._headers,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            reason = str(error).rsplit(": ", 1)[-1]
            raise UnreachableError(f"{self._base} does not answer: {reason}") from error


def _identified(resource: Any) -> Json:
    """A resource of an answer, sure to have an id."""
    if not isinstance(resource, dict) or not isinstance(resource.get("id"), str):
        raise ScimError(200, "the answer holds a resource without id")
    return resource


def _checked(response: urllib3.BaseHTTPResponse) -> Json:
    answer = _json(response)
    if response.status in (401, 403):
        raise CredentialsRefusedError(response.status, _detail(answer))
    if not 200 <= response.status < 300:
        raise ScimError(response.status, _detail(answer))
    return answer if isinstance(answer, dict) else {}


def _json(response: urllib3.BaseHTTPResponse) -> Any:
    try:
        return json.loads(response.data or b"{}")
    except ValueError:
        return None


def _detail(answer: Any) -> str:
    if isinstance(answer, dict):
        return str(answer.get("detail") or answer.get("message") or "no detail given")
    return "the answer is not JSON"
