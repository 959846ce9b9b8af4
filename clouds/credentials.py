"""The access token for Graph: one for all threads, renewed before it ends."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import urllib3

from clouds.entra import Endpoints, EntraError, setting
from clouds.sign_in import SignIn

# A token is renewed this many seconds before it ends.
_MARGIN: Final = 300


@dataclass
class Credentials:
    """Obtains access tokens for Graph and renews them in time: one token for all threads."""

    pool: urllib3.PoolManager
    endpoints: Endpoints
    config: Mapping[str, str] = field(repr=False)
    _token: str = field(default="", repr=False)
    _renew_at: float = 0.0
    _credential: Any = field(default=None, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def tenant_id(self) -> str:
        """The directory (tenant) id. Raises EntraError when none is configured."""
        tenant = setting(self.config, "tenantId", "ARM_TENANT_ID")
        if not tenant:
            raise EntraError("no Entra tenant is configured: set azuread:tenantId or ARM_TENANT_ID")
        return tenant

    def token(self) -> str:
        """A bearer token that stays valid for five minutes at least. Raises EntraError."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._token, lifetime = self._fetch()
                self._renew_at = time.monotonic() + max(lifetime - _MARGIN, 0)
            return self._token

    def claims(self) -> dict[str, Any]:
        """The claims of the access token, which Graph itself will check. Raises EntraError."""
        parts = self.token().split(".")
        try:
            text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
            claims: dict[str, Any] = json.loads(text)
        except (IndexError, ValueError):
            raise EntraError(
                "the access token can't be read, so its app roles are unknown"
            ) from None
        return claims

    def _fetch(self) -> tuple[str, float]:
        # azure-identity takes 0.15 s to import; what asks Entra nothing must not pay them.
        from clouds.azure_credentials import credential, fetch  # noqa: PLC0415

        found = SignIn.read(self.config)
        if self._credential is None:
            self._credential = credential(found, self.endpoints, self.pool)
        return fetch(self._credential, found, self.endpoints)
