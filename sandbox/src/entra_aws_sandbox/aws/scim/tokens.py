"""The provisioning tenant and its bearer tokens, made by a person in the console."""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from entra_aws_sandbox.clock import Clock

# User guide, "Rotate an access token": tokens are valid for a year, a directory has two at most
# (expired ones count).
LIFETIME = timedelta(days=365)
MAX_TOKENS = 2


@dataclass(frozen=True)
class Token:
    """A bearer token; its `secret` is shown once."""

    id: str
    secret: str
    created: datetime
    expires: datetime


class Tenant:
    """Automatic provisioning: where Entra writes to, and what it must show."""

    def __init__(self, clock: Clock) -> None:
        self.id = f"{secrets.token_hex(5)}-{uuid.uuid4()}"
        self._clock = clock
        self._tokens: list[Token] = []
        self._lock = Lock()

    @property
    def tokens(self) -> list[Token]:
        """The tokens, oldest first, expired ones included."""
        with self._lock:
            return list(self._tokens)

    def new_token(self) -> Token:
        """Raises ValueError if the directory has two tokens already."""
        with self._lock:
            if len(self._tokens) >= MAX_TOKENS:
                raise ValueError(
                    f"There are {MAX_TOKENS} access tokens already, expired ones included: "
                    "delete one first."
                )
            now = self._clock.now()
            token = Token(str(uuid.uuid4()), secrets.token_urlsafe(48), now, now + LIFETIME)
            self._tokens.append(token)
            return token

    def delete_token(self, token_id: str | None) -> Token:
        """Delete a token, the oldest if no id is given. Raises ValueError if there is none."""
        with self._lock:
            found = next((each for each in self._tokens if token_id in (None, each.id)), None)
            if found is None:
                raise ValueError("There is no such access token.")
            self._tokens.remove(found)
            return found

    def accepts(self, secret: str) -> bool:
        """Whether a bearer token is one of this tenant's and has not expired."""
        now = self._clock.now()
        valid = [each for each in self.tokens if each.expires > now]
        return any(hmac.compare_digest(each.secret.encode(), secret.encode()) for each in valid)
