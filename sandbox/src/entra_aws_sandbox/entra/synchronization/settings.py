"""Synchronization secrets: where and how a job pushes, as Graph takes and gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from entra_aws_sandbox.entra.errors import bad_request
from entra_aws_sandbox.entra.values import Json

SECRET_KEYS = {
    "AppKey",
    "ClientSecret",
    "ConsumerSecret",
    "Oauth2AccessToken",
    "Oauth2ClientSecret",
    "Oauth2RefreshToken",
    "Password",
    "SecretToken",
    "TokenKey",
}
"""Keys whose values reads show as `*`."""
NOTIFICATION_TYPES = {
    "Enabled": bool,
    "Recipients": str,
    "DeleteThresholdEnabled": bool,
    "DeleteThresholdValue": int,
    "HumanResourcesLookaheadQueryEnabled": bool,
}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Settings:
    """What a cycle needs of the secrets."""

    base_address: str
    token: str
    sync_all: bool
    skip_out_of_scope_deletions: bool
    delete_threshold: int | None
    """Deletions above which a cycle stops; None when the guard is off."""


def settings_of(secrets: dict[str, str]) -> Settings:
    """The settings that stored secrets amount to."""
    notifications = json.loads(secrets.get("SyncNotificationSettings") or "{}")
    guarded = notifications.get("DeleteThresholdEnabled") is True
    return Settings(
        base_address=secrets.get("BaseAddress", "").split("?")[0].rstrip("/"),
        token=secrets.get("SecretToken", ""),
        sync_all=_true(secrets.get("SyncAll")),
        skip_out_of_scope_deletions=_true(secrets.get("SkipOutOfScopeDeletions")),
        delete_threshold=int(notifications.get("DeleteThresholdValue", 500)) if guarded else None,
    )


def parsed(pairs: Any) -> dict[str, str]:
    """The secrets of a request body's `value`; empty values are left out.

    Raises:
        GraphError: 400 for what is no list of key and value, or a value that can't work.
    """
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise bad_request("The value must be a list of key and value pairs, both strings.")
    secrets = {pair["key"]: pair["value"] for pair in pairs if pair["value"]}
    _check_address(secrets.get("BaseAddress"))
    _check_notifications(secrets.get("SyncNotificationSettings"))
    return secrets


def shown(secrets: dict[str, str]) -> list[Json]:
    """The secrets as a read gives them: values of secret keys as `*`."""
    return [
        {"key": key, "value": "*" if key in SECRET_KEYS else value}
        for key, value in secrets.items()
    ]


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, dict)
        and isinstance(pair.get("key"), str)
        and isinstance(pair.get("value"), str)
    )


def _check_address(address: str | None) -> None:
    if address is None:
        return
    parts = urlsplit(address)
    loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or loopback):
        raise bad_request(f"BaseAddress '{address}' is not a valid https address.", "InvalidValue")


def _check_notifications(text: str | None) -> None:
    if text is None:
        return
    try:
        notifications = json.loads(text)
    except ValueError:
        notifications = None
    if not isinstance(notifications, dict) or not all(
        type(value) is NOTIFICATION_TYPES.get(key) for key, value in notifications.items()
    ):
        raise bad_request(
            "SyncNotificationSettings must be a JSON object with Enabled, Recipients, "
            "DeleteThresholdEnabled and DeleteThresholdValue.",
            "InvalidValue",
        )


def _true(text: str | None) -> bool:
    return (text or "").casefold() == "true"
