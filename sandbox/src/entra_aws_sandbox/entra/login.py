"""Client-credential tokens: issued by the login endpoint, checked on every call of Graph."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from entra_aws_sandbox.entra.errors import SignInError, unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_aws_sandbox.entra.tenant import Tenant
    from entra_aws_sandbox.entra.values import Json

LIFETIME = timedelta(seconds=3600)


@dataclass(frozen=True)
class Caller:
    """Who calls Graph: the application, its service principal and the app roles it was given."""

    app_id: str
    object_id: str
    roles: frozenset[str]


class TokenIssuer:
    """Signs access tokens with a key of its own and knows them again."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def answer(self, tenant: Tenant, requested: str, form: Mapping[str, str]) -> Json:
        """The token endpoint's answer to a form. Raises SignInError as Entra words it."""
        client_id = form.get("client_id", "")
        if requested not in {tenant.id, tenant.verified_domains[0]}:
            raise SignInError(90002, f"Tenant '{requested}' not found.")
        if form.get("grant_type") != "client_credentials":
            raise SignInError(70003, "The app requested an unsupported grant type.")
        if client_id not in tenant.client_secrets:
            raise SignInError(
                700016,
                f"Application with identifier '{client_id}' was not found in the directory "
                f"'{tenant.display_name}'.",
            )
        if not form.get("scope", "").endswith("/.default"):
            raise SignInError(
                1002012, "The provided value for scope is not valid: it must end in /.default."
            )
        if not hmac.compare_digest(
            form.get("client_secret", "").encode(), tenant.client_secrets[client_id].encode()
        ):
            raise SignInError(
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID, for a secret added to app "
                f"'{client_id}'.",
                HTTPStatus.UNAUTHORIZED,
            )
        return {
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "ext_expires_in": int(LIFETIME.total_seconds()),
            "access_token": self.token(tenant, client_id, sorted(tenant.app_roles[client_id])),
        }

    def token(self, tenant: Tenant, client_id: str, roles: list[str]) -> str:
        """An access token for Graph with these app roles, valid for an hour of sandbox time."""
        service_principal = tenant.service_principal_of(client_id)
        issued = int(tenant.clock.now().timestamp())
        claims = {
            "aud": tenant.base_url,
            "iss": f"https://sts.windows.net/{tenant.id}/",
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(LIFETIME.total_seconds()),
            "appid": client_id,
            "idtyp": "app",
            "oid": service_principal["id"] if service_principal else "",
            "sub": service_principal["id"] if service_principal else "",
            "roles": roles,
            "tid": tenant.id,
            "ver": "1.0",
        }
        signed = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def caller(self, tenant: Tenant, authorization: str) -> Caller:
        """Who a bearer token belongs to. Raises the 401 of Graph."""
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() != "bearer" or not token:
            raise unauthorized("Access token is empty.")
        signed, _, signature = token.strip().rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            raise unauthorized("Access token validation failure. Invalid signature.")
        claims: dict[str, Any] = json.loads(_decode(signed.split(".")[1]))
        if claims["exp"] <= tenant.clock.now().timestamp():
            raise unauthorized("Lifetime validation failed, the token is expired.")
        return Caller(claims["appid"], claims["oid"], frozenset(claims["roles"]))

    def _signature(self, signed: str) -> str:
        return _base64url(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


def refusal(error: SignInError, trace: str, timestamp: str) -> Json:
    """The JSON body with which the token endpoint refuses."""
    names = {
        7000215: "invalid_client",
        700016: "unauthorized_client",
        70003: "unsupported_grant_type",
    }
    return {
        "error": names.get(error.number, "invalid_request"),
        "error_description": f"AADSTS{error.number}: {error.message} Trace ID: {trace} "
        f"Timestamp: {timestamp}",
        "error_codes": [error.number],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": trace,
    }


def endpoints(base_url: str) -> Json:
    """The cloud metadata document from which clients learn the login and Graph addresses."""
    return {
        "name": "Sandbox",
        "resourceManager": f"{base_url}/",
        "microsoftGraphResourceId": f"{base_url}/",
        "authentication": {
            "loginEndpoint": base_url,
            "audiences": [base_url],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {},
    }


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _encode(part: Json) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
