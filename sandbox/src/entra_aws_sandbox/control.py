"""Calls of a running sandbox's control surface.

The process answers under ``/_sandbox/process/``, each cloud under ``/_sandbox/``.
"""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import urllib3

from entra_aws_sandbox.folder import SandboxError

PREFIX = "/_sandbox/process/"
# A web page can make a browser post a form to loopback, but not with a header of its own.
HEADER = {"X-Sandbox": "1"}
_TIMEOUT_SECONDS = 30.0


def post(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call an action of a control surface; returns its answer.

    Raises SandboxError with the sentence that the sandbox answers, or when nobody answers.
    """
    try:
        answer = urllib3.request(
            "POST", url, json=body or {}, headers=HEADER, timeout=_TIMEOUT_SECONDS, retries=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise SandboxError(f"Nothing answers at {url}; see: entra-aws-sandbox status") from error
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {}
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise SandboxError(
            content.get("message") or f"The sandbox answered {answer.status} at {url}."
        )
    return content


def step_from(text: str) -> timedelta:
    """``+40m``, ``2h``, ``90s`` or ``1d`` as a time step. Raises ValueError for anything else."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = text.removeprefix("+")[:-1], text[-1:]
    if unit not in units or not re.fullmatch("[0-9]{1,9}", number):
        raise ValueError(f'"{text}" is no time step; write for example +40m, +2h or +1d.')
    return timedelta(seconds=int(number) * units[unit])
