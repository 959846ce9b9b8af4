"""Where Entra is and who asks: endpoints of the clouds, credentials of the stack's provider.

Environment variables and configuration keys are those of the azuread provider, so that whatever
signs the provider in signs this program in as well.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import urllib3

from federation.identity.saml_metadata import is_web_url


class EntraError(RuntimeError):
    """A call that Entra refused or that never arrived; the message is one sentence for a person.

    `code` is Graph's error code (such as Authorization_RequestDenied), "" when there was no answer;
    `status` the HTTP status, 0 then.
    """

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Endpoints:
    """Base URLs of one cloud, without trailing slash."""

    login: str
    graph: str


# Microsoft Graph documentation, "National cloud deployments".
_CLOUDS: Final = {
    "public": Endpoints("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "usgovernment": Endpoints("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "china": Endpoints(
        "https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"
    ),
}

# Graph answers 429 with Retry-After, which urllib3 obeys. Repeating is safe for every call made
# here: look-ups, tokens, and provisioning on demand, which compares before it writes.
_RETRIES: Final = urllib3.Retry(
    total=6,
    connect=2,
    status_forcelist=[429, 503, 504],
    backoff_factor=0.5,
    backoff_max=20,
    raise_on_status=False,
    allowed_methods=None,
    # A 307 would take the client secret along, to whatever host it names.
    redirect=False,
)
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=30)


def http() -> urllib3.PoolManager:
    """A connection pool with the time-outs and retries that every call of this package uses.

    Redirects are never followed: their answers (3xx) are the caller's.
    """
    return urllib3.PoolManager(retries=_RETRIES, timeout=_TIMEOUT, maxsize=10)


def refuse_redirect(answer: urllib3.BaseHTTPResponse, asked: str) -> None:
    """Raise EntraError for an answer that sends the caller, with its credentials, elsewhere."""
    if 300 <= answer.status < 400:
        host = urlsplit(answer.headers.get("Location", "")).netloc or "elsewhere"
        raise EntraError(
            f"{asked} answers with a redirect to {host}, which is not followed: credentials go "
            "nowhere else",
            status=answer.status,
        )


def endpoints(pool: urllib3.PoolManager, config: Mapping[str, str]) -> Endpoints:
    """Login and Graph URLs: from the metadata host when one is set, else of the named cloud.

    `config` holds the `azuread:` configuration without namespace. Raises EntraError.
    """
    host = _setting(config, "metadataHost", "ARM_METADATA_HOSTNAME")
    if not host:
        name = (_setting(config, "environment", "ARM_ENVIRONMENT") or "public").lower()
        if name not in _CLOUDS:
            raise EntraError(f"unknown azuread environment {name!r}; known: {', '.join(_CLOUDS)}")
        return _CLOUDS[name]
    url = f"https://{host}/metadata/endpoints?api-version=2022-09-01"
    try:
        document = pool.request("GET", url, retries=_RETRIES.new(total=2)).json()
        found = Endpoints(
            document["authentication"]["loginEndpoint"].rstrip("/"),
            document["microsoftGraphResourceId"].rstrip("/"),
        )
    except urllib3.exceptions.HTTPError:
        raise EntraError(
            f"the Entra metadata host {host} can't be reached; is the sandbox running?"
        ) from None
    except (KeyError, TypeError, ValueError):
        raise EntraError(f"{host} does not answer with a metadata document") from None
    if not (is_web_url(found.login) and is_web_url(found.graph)):
        raise EntraError(f"the metadata of {host} names an endpoint that is not https")
    return found


@dataclass
class Credentials:
    """Obtains access tokens for Graph and renews them in time.

    A client secret, a federated token (OIDC), or the Azure CLI's sign-in, tried in this order.
    """

    pool: urllib3.PoolManager
    endpoints: Endpoints
    config: Mapping[str, str] = field(repr=False)
    _token: str = field(default="", repr=False)
    _renew_at: float = 0.0

    @property
    def tenant_id(self) -> str:
        """The directory (tenant) id. Raises EntraError when none is configured."""
        tenant = _setting(self.config, "tenantId", "ARM_TENANT_ID")
        if not tenant:
            raise EntraError("no Entra tenant is configured: set azuread:tenantId or ARM_TENANT_ID")
        return tenant

    def token(self) -> str:
        """A bearer token that stays valid for five minutes at least. Raises EntraError."""
        if time.monotonic() >= self._renew_at:
            self._token, lifetime = self._fetch()
            self._renew_at = time.monotonic() + max(lifetime - 300, 0)
        return self._token

    def claims(self) -> dict[str, Any]:
        """The claims of the access token, which Graph itself will check. Raises EntraError."""
        parts = self.token().split(".")
        try:
            text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
            claims: dict[str, Any] = json.loads(text)
        except (IndexError, ValueError):
            raise EntraError("the access token can't be read; app roles can't be told") from None
        return claims

    def _fetch(self) -> tuple[str, float]:
        form = {
            "client_id": _setting(self.config, "clientId", "ARM_CLIENT_ID"),
            "grant_type": "client_credentials",
            "scope": f"{self.endpoints.graph}/.default",
        }
        secret = _setting(self.config, "clientSecret", "ARM_CLIENT_SECRET")
        assertion = "" if secret else self._federated_token()
        if secret:
            form["client_secret"] = secret
        elif assertion:
            form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            form["client_assertion"] = assertion
        else:
            return self._azure_cli()
        url = f"{self.endpoints.login}/{quote(self.tenant_id)}/oauth2/v2.0/token"
        try:
            answer = self.pool.request("POST", url, fields=form, encode_multipart=False)
            refuse_redirect(answer, self.endpoints.login)
            body = answer.json()
        except (urllib3.exceptions.HTTPError, ValueError):
            raise EntraError(
                f"the Entra sign-in endpoint {self.endpoints.login} can't be reached"
            ) from None
        if answer.status != 200:
            reason = str(body.get("error_description") or body.get("error")).splitlines()[0]
            raise EntraError(
                f"Entra refused the sign-in of the application {form['client_id']}: {reason}",
                code=str(body.get("error")),
                status=answer.status,
            )
        return str(body["access_token"]), float(body["expires_in"])

    def _federated_token(self) -> str:
        token = _setting(self.config, "oidcToken", "ARM_OIDC_TOKEN")
        path = _setting(self.config, "oidcTokenFilePath", "ARM_OIDC_TOKEN_FILE_PATH")
        url = os.environ.get("ARM_OIDC_REQUEST_URL") or os.environ.get(
            "ACTIONS_ID_TOKEN_REQUEST_URL"
        )
        bearer = os.environ.get("ARM_OIDC_REQUEST_TOKEN") or os.environ.get(
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
        )
        if token:
            return token
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError):
                raise EntraError(
                    f"the federated token file {path} can't be read: correct "
                    "ARM_OIDC_TOKEN_FILE_PATH"
                ) from None
        if not (url and bearer):
            return ""
        try:
            answer = self.pool.request(
                "GET",
                f"{url}&audience=api%3A%2F%2FAzureADTokenExchange",
                headers={"Authorization": f"Bearer {bearer}"},
            )
            return str(answer.json()["value"])
        except (urllib3.exceptions.HTTPError, LookupError, TypeError, ValueError):
            raise EntraError(
                f"{urlsplit(url).netloc} gives no federated token: in GitHub Actions the job needs "
                "the permission id-token: write"
            ) from None

    def _azure_cli(self) -> tuple[str, float]:
        command = [
            "az",
            "account",
            "get-access-token",
            "--resource",
            self.endpoints.graph,
            "--tenant",
            self.tenant_id,
            "--output",
            "json",
        ]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            raise EntraError(
                "no Entra credentials: set ARM_CLIENT_ID with ARM_CLIENT_SECRET or a federated "
                "token "
                "(ARM_USE_OIDC), or sign in with the Azure CLI"
            ) from None
        return str(json.loads(answer.stdout)["accessToken"]), 600.0


def _setting(config: Mapping[str, Any], key: str, variable: str) -> str:
    return str(config.get(key) or os.environ.get(variable) or "")
