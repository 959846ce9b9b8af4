"""Who is signed in at Entra: session cookies, and the sign-in form's protection."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

COOKIE = "entra_session"
FORM_COOKIE = "entra_form"
LIFETIME = timedelta(hours=12)


class Sessions:
    """Sessions of one tenant, in memory; a cookie's value is a random id."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._sessions: dict[str, tuple[str, datetime]] = {}

    def open(self, tenant: Tenant, user: Json) -> str:
        """Begin a session; returns the cookie's value."""
        session = secrets.token_urlsafe(32)
        self._sessions[session] = (user["id"], tenant.clock.now() + LIFETIME)
        return session

    def user(self, tenant: Tenant, session: str) -> Json | None:
        """The person signed in, if the account is still enabled."""
        user_id, ends = self._sessions.get(session, ("", tenant.clock.now()))
        user = tenant.users.get(user_id)
        if user is None or not user["accountEnabled"] or tenant.clock.now() >= ends:
            self._sessions.pop(session, None)
            return None
        return user

    def close(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)

    def form_token(self, cookie: str) -> str:
        """The hidden value that only a form served with this cookie can carry."""
        return hmac.new(self._key, cookie.encode(errors="replace"), hashlib.sha256).hexdigest()

    def is_own_form(self, cookie: str, token: str) -> bool:
        """Whether a posted form was served to the browser that posts it."""
        expected = self.form_token(cookie).encode()
        return bool(cookie) and hmac.compare_digest(expected, token.encode(errors="replace"))
