"""Where Entra is: the endpoints of the clouds, and the connections to them.

Environment variables and configuration keys are those of the azuread provider.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

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


# Microsoft Graph documentation, "National cloud deployments"; names as in the azuread provider
# (go-azure-sdk, sdk/environments/from_name.go).
_CLOUDS: Final = {
    "public": Endpoints("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "usgovernment": Endpoints("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "dod": Endpoints("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": Endpoints(
        "https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"
    ),
}

_ALIASES: Final = {"global": "public", "usgovernmentl4": "usgovernment", "usgovernmentl5": "dod"}

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
    host = setting(config, "metadataHost", "ARM_METADATA_HOSTNAME")
    if not host:
        name = (setting(config, "environment", "ARM_ENVIRONMENT") or "public").lower()
        name = _ALIASES.get(name, name)
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


def setting(config: Mapping[str, Any], key: str, *variables: str) -> str:
    """A value of the `azuread:` configuration, else of the first variable that is set, else ""."""
    return str(
        config.get(key) or next((os.environ[one] for one in variables if os.environ.get(one)), "")
    )
