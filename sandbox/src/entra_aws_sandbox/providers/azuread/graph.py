"""The Graph client of the azuread double: what the real plugin's SDK does on the wire.

Endpoints come from the metadata document of `ARM_METADATA_HOSTNAME`, always over https; the
hosts that it names may be plain http (go-azure-sdk `sdk/internal/metadata`). Which statuses are
retried, and how consistency is awaited, is read from hashicorp/terraform-provider-azuread;
intervals are much shorter here, because the emulator is near.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from entra_aws_sandbox.providers.resource import ProviderError

CONSECUTIVE = 5  # good answers in a row before a change counts as replicated
POLL_INTERVAL = 0.01  # seconds; the real plugin waits 5 s
CONSISTENCY_TIMEOUT = 10.0  # seconds; the real plugin waits 3 to 15 minutes
RETRIED = frozenset({408, 424, 429, 500, 502, 503, 504})
ATTEMPTS = 8
FIRST_PAUSE = 0.05  # seconds, doubled each time
LONGEST_PAUSE = 2.0  # seconds
TOKEN_RESERVE = 20 * 60  # seconds before its expiry that a token is renewed
REQUEST_TIMEOUT = 60.0  # seconds
METADATA_VERSION = "2022-09-01"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who calls Graph, and where its metadata host is (`host:port`)."""

    metadata_host: str
    tenant_id: str
    client_id: str
    client_secret: str

    @classmethod
    def of(cls, config: Mapping[str, str]) -> Credentials:
        """From `azuread:` configuration, else from the `ARM_` variables, as the real plugin."""
        variables = {
            "metadata_host": ("metadataHost", "ARM_METADATA_HOSTNAME"),
            "tenant_id": ("tenantId", "ARM_TENANT_ID"),
            "client_id": ("clientId", "ARM_CLIENT_ID"),
            "client_secret": ("clientSecret", "ARM_CLIENT_SECRET"),
        }
        values = {
            name: config.get(key) or os.getenv(variable) or ""
            for name, (key, variable) in variables.items()
        }
        missing = sorted(name for name, value in values.items() if not value)
        if missing:
            raise ProviderError(
                f"the azuread double has no {', '.join(missing)}: set azuread configuration or"
                " ARM_METADATA_HOSTNAME, ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET"
            )
        return cls(**values)


class CallError(ProviderError):
    """A call to Graph that failed."""


class LostAnswerError(CallError):
    """A call whose answer never came, in the words of go-azure-sdk (`sdk/client/client.go`).

    A write is not sent again. A read is not, either, when the connection ended (EOF).
    """

    def __init__(self, method: str, url: str, error: Exception) -> None:
        why = (
            f"EOF ({error})"
            if method == "GET"
            else "HTTP response was nil; connection may have been reset"
        )
        super().__init__(f'{method.capitalize()} "{url}": {why}')


class GraphError(CallError):
    """An answer that the real plugin does not accept, in its words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        super().__init__(
            f"unexpected status {status} ({status} {phrase}) with error: {code}: {message}"
        )


class Graph:
    """Calls Graph as one application. Thread-safe."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        authority = os.getenv("SSL_CERT_FILE")
        self._tls = ssl.create_default_context(cafile=authority or None)
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0
        self.tenant_id = credentials.tenant_id
        self.client_id = credentials.client_id
        self.base, self._login = self._endpoints()
        self.caller_id = _claims(self._authorization())["oid"]

    def get(self, path: str, query: Mapping[str, str] | None = None, **more: Any) -> Any:
        """GET `path` (with its API version); the parsed body."""
        return self.call("GET", path, query=query, **more)

    def find(self, path: str, query: Mapping[str, str] | None = None, **more: Any) -> Any:
        """As `get`, or None where Graph answers 404."""
        try:
            return self.get(path, query, **more)
        except GraphError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
        """Every item of a list, through its `@odata.nextLink`s."""
        page = self.get(path, query)
        while True:
            yield from page["value"]
            link = page.get("@odata.nextLink")
            if not link:
                return
            page = self.get(link.removeprefix(self.base))

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        also_retried: frozenset[int] = frozenset(),
        retry: Callable[[GraphError], bool] = lambda _: False,
    ) -> Any:
        """One call, repeated while its answer asks for it; the parsed body, or None.

        Raises GraphError for any other answer that is not a success.
        """
        url = self.base + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        pause = FIRST_PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._send(method, url, body)
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return json.loads(answer.data) if answer.data else None
            error = _error(answer)
            again = error.status in RETRIED | also_retried or retry(error)
            if not again or attempt == ATTEMPTS:
                raise error
            time.sleep(_pause(answer, pause))
            pause = min(pause * 2, LONGEST_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, method: str, url: str, body: Any) -> urllib3.BaseHTTPResponse:
        headers = {
            "Authorization": f"Bearer {self._authorization()}",
            "Accept": "application/json; charset=utf-8; IEEE754Compatible=false",
        }
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = json.dumps(body).encode()
        try:
            with self._connections() as http:
                return http.request(method, url, body=data, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise LostAnswerError(method, url, error) from error

    def _connections(self) -> urllib3.PoolManager:
        """For one request, as in go-azure-sdk: one that is kept may be gone by the next."""
        return urllib3.PoolManager(retries=False, timeout=REQUEST_TIMEOUT, ssl_context=self._tls)

    def _endpoints(self) -> tuple[str, str]:
        host = self._credentials.metadata_host
        url = f"https://{host}/metadata/endpoints?api-version={METADATA_VERSION}"
        try:
            with self._connections() as http:
                answer = http.request("GET", url)
        except urllib3.exceptions.HTTPError as error:
            raise ProviderError(f"retrieving metadata from {host}: {error}") from error
        if answer.status != HTTPStatus.OK:
            raise ProviderError(f"retrieving metadata from {host}: HTTP status {answer.status}")
        document = answer.json()
        graph = document["microsoftGraphResourceId"].rstrip("/")
        return graph, document["authentication"]["loginEndpoint"]

    def _authorization(self) -> str:
        with self._lock:
            if not self._token or time.monotonic() >= self._renew_at:
                self._token, lifetime = self._new_token()
                self._renew_at = time.monotonic() + lifetime - TOKEN_RESERVE
            return self._token

    def _new_token(self) -> tuple[str, float]:
        url = f"{self._login}/{self._credentials.tenant_id}/oauth2/v2.0/token"
        fields = {
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "grant_type": "client_credentials",
            "scope": f"{self.base}/.default",
        }
        with self._connections() as http:
            answer = http.request_encode_body("POST", url, fields=fields, encode_multipart=False)
        if answer.status != HTTPStatus.OK:
            raise ProviderError(
                "building client: unable to obtain access token: clientCredentialsToken: received"
                f" HTTP status {answer.status} with response: {answer.data.decode()}"
            )
        token = answer.json()
        return token["access_token"], float(token["expires_in"])


def consistently(check: Callable[[], bool], *, failure: str) -> None:
    """Wait until `check` holds for five calls in a row. Raises ProviderError after the bound."""
    deadline = time.monotonic() + CONSISTENCY_TIMEOUT
    hits = 0
    while True:
        hits = hits + 1 if check() else 0
        if hits == CONSECUTIVE:
            return
        if time.monotonic() > deadline:
            raise ProviderError(f"{failure}: context deadline exceeded")
        time.sleep(POLL_INTERVAL)


def _error(answer: urllib3.BaseHTTPResponse) -> GraphError:
    try:
        details = json.loads(answer.data)["error"]
        return GraphError(answer.status, details["code"], details["message"])
    except (ValueError, KeyError, TypeError):
        return GraphError(answer.status, "unknown", answer.data.decode(errors="replace")[:200])


def _pause(answer: urllib3.BaseHTTPResponse, otherwise: float) -> float:
    after = answer.headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else otherwise


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims
