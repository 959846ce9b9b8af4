"""The credentials of azure-identity, sent to the cloud's sign-in service and nowhere else."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, urlsplit

import requests
import urllib3
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)
from requests.adapters import HTTPAdapter

from clouds.entra import Endpoints, EntraError
from clouds.sign_in import Kind, SignIn
from federation.core.errors import printable

# The azuread provider's default (go-azure-sdk, sdk/auth/managed_identity_authorizer.go).
_IMDS: Final = "http://169.254.169.254/metadata/identity/oauth2/token"
_AUDIENCE: Final = "api://AzureADTokenExchange"
_RETRIES: Final[dict[str, Any]] = {
    "retry_total": 6,
    "retry_connect": 2,
    "retry_backoff_factor": 0.5,
}

# Their refusals are said once, in a sentence; without a handler Python prints warnings itself.
for _name in ("azure", "msal"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class _Only(HTTPAdapter):
    """Sends what azure-identity addresses to `address` on to `target`, and refuses the rest.

    `known` answers URLs without a call: msal asks the service where its token endpoint is, and
    whatever it said must not lead a secret elsewhere.
    """

    def __init__(self, address: str, target: str, known: dict[str, Any]) -> None:
        self._address, self._target, self._known = address, target, known
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """As HTTPAdapter.send. Raises EntraError for another address, and for a redirect."""
        url = request.url or ""
        if url in self._known:
            body = BytesIO(json.dumps(self._known[url]).encode())
            headers = {"Content-Type": "application/json"}
            return self.build_response(
                request,
                urllib3.HTTPResponse(body, headers=headers, status=200, preload_content=False),
            )
        rest = url.removeprefix(self._address)
        if rest == url or rest[:1] not in {"/", "?", ""}:
            host = urlsplit(url).netloc
            raise EntraError(
                f"the sign-in would go to {host}, which is not {self._target}: nothing is sent "
                "there; the azuread provider does not ask it either"
            )
        request.url = self._target + rest
        answer = super().send(request, *args, **kwargs)
        if 300 <= answer.status_code < 400:
            host = urlsplit(answer.headers.get("Location", "")).netloc or "elsewhere"
            raise EntraError(
                f"{self._target} answers with a redirect to {host}, which is not followed: "
                "credentials go nowhere else",
                status=answer.status_code,
            )
        return answer


def _transport(address: str, target: str, known: dict[str, Any] | None = None) -> RequestsTransport:
    session = requests.Session()
    # No .netrc, proxy or certificate file that only this library knows.
    session.trust_env = False
    session.adapters.clear()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Only(address, target, known or {}))
    paths = ssl.get_default_verify_paths()
    return RequestsTransport(
        session=session,
        use_env_settings=False,
        connection_timeout=10,
        read_timeout=30,
        # The trust of Python and of the providers (SSL_CERT_FILE), not certifi's.
        connection_verify=paths.cafile or paths.capath or True,
    )


def credential(sign_in: SignIn, endpoints: Endpoints, pool: urllib3.PoolManager) -> TokenCredential:
    """The credential that the azuread provider would take. Raises EntraError."""
    try:
        return _credential(sign_in, endpoints, pool)
    except ValueError as error:
        if sign_in.kind is Kind.CERTIFICATE:
            raise EntraError(
                "the client certificate can't be opened: it has to be PKCS#12 with an RSA key, and "
                "ARM_CLIENT_CERTIFICATE_PASSWORD its password"
            ) from None
        raise EntraError(f"the Entra sign-in is not configured well: {_line(error)}") from None


def _credential(
    sign_in: SignIn, endpoints: Endpoints, pool: urllib3.PoolManager
) -> TokenCredential:
    kind = sign_in.kind
    if kind is Kind.AZURE_CLI:
        return AzureCliCredential(tenant_id=sign_in.tenant, process_timeout=60)
    if kind is Kind.MANAGED_IDENTITY:
        return ManagedIdentityCredential(
            client_id=sign_in.client or None,
            transport=_transport(_IMDS, sign_in.msi_endpoint or _IMDS),
            **_RETRIES | {"retry_total": 3},
        )
    # azure-identity takes https only; the sandbox's http is put back by the transport.
    authority = f"https://{urlsplit(endpoints.login).netloc}"
    tenant = f"{authority}/{sign_in.tenant}"
    known = {
        f"{tenant}/v2.0/.well-known/openid-configuration": {
            "issuer": f"{tenant}/v2.0",
            "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{tenant}/oauth2/v2.0/token",
        }
    }
    options: dict[str, Any] = {
        "authority": authority,
        "disable_instance_discovery": True,
        "transport": _transport(authority, endpoints.login, known),
        **_RETRIES,
    }
    if kind is Kind.CERTIFICATE:
        return CertificateCredential(
            sign_in.tenant,
            sign_in.client,
            certificate_data=sign_in.pkcs12(),
            password=sign_in.certificate_password,
            **options,
        )
    if kind is Kind.SECRET:
        return ClientSecretCredential(sign_in.tenant, sign_in.client, sign_in.secret, **options)
    options.pop("disable_instance_discovery")
    return ClientAssertionCredential(
        sign_in.tenant, sign_in.client, _assertion(sign_in, pool), **options
    )


def _assertion(sign_in: SignIn, pool: urllib3.PoolManager) -> Callable[[], str]:
    """Where a federated token comes from, each time that one is needed."""
    if sign_in.kind is Kind.OIDC:
        return lambda: sign_in.oidc_token
    return lambda: _requested(sign_in, pool)


def _requested(sign_in: SignIn, pool: urllib3.PoolManager) -> str:
    """The federated token that the run's own service gives. Raises EntraError."""
    url, pipelines = sign_in.request_url, sign_in.kind is Kind.PIPELINES
    parameters = f"audience={quote(_AUDIENCE, safe='')}"
    if pipelines:
        connection = quote(sign_in.service_connection, safe="")
        parameters += f"&api-version=7.1&serviceConnectionId={connection}"
    try:
        answer = pool.request(
            "POST" if pipelines else "GET",
            f"{url}{'&' if '?' in url else '?'}{parameters}",
            headers={
                "Authorization": f"Bearer {sign_in.request_token}",
                "Content-Type": "application/json",
            },
        )
        return str(answer.json()["oidcToken" if pipelines else "value"])
    except (urllib3.exceptions.HTTPError, LookupError, TypeError, ValueError):
        raise EntraError(
            f"{urlsplit(url).netloc} gives no federated token: in GitHub Actions the job needs "
            "the permission id-token: write"
        ) from None


def fetch(credential: TokenCredential, sign_in: SignIn, endpoints: Endpoints) -> tuple[str, float]:
    """An access token for Graph and its lifetime in seconds. Raises EntraError."""
    try:
        token = credential.get_token(f"{endpoints.graph}/.default")
    except (AzureError, EntraError, ValueError, LookupError) as error:
        raise _refusal(error, sign_in, endpoints) from None
    return token.token, token.expires_on - time.time()


def _refusal(error: Exception, sign_in: SignIn, endpoints: Endpoints) -> EntraError:
    """One sentence for what azure-identity raised; its own words only where they are Entra's."""
    reason: BaseException | None = error
    while reason:
        if isinstance(reason, EntraError):
            return reason
        if isinstance(reason, ServiceRequestError | ServiceResponseError):
            where = endpoints.login
            if sign_in.kind is Kind.MANAGED_IDENTITY:
                where = sign_in.msi_endpoint or _IMDS
            return EntraError(f"the Entra sign-in endpoint {where} can't be reached")
        reason = reason.__cause__ or reason.__context__
    kind = sign_in.kind
    if kind is Kind.AZURE_CLI:
        return EntraError(
            "no Entra credentials: set ARM_CLIENT_ID with ARM_CLIENT_SECRET, a certificate or a "
            "federated token (ARM_USE_OIDC), or sign in with the Azure CLI"
        )
    who = f"the application {sign_in.client}"
    if kind is Kind.MANAGED_IDENTITY:
        who = f"the managed identity {sign_in.client or 'of this machine'}"
    status = getattr(getattr(error, "response", None), "status_code", 0) or 0
    return EntraError(f"Entra refused the sign-in of {who}: {_line(error)}", status=status)


def _line(error: Exception) -> str:
    text = str(getattr(error, "message", "") or error).removeprefix("Authentication failed: ")
    return printable(next(iter(text.splitlines()), type(error).__name__))
