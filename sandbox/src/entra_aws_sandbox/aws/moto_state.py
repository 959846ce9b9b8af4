"""What moto keeps of the organization and of IAM, as plain data."""

from __future__ import annotations

from typing import Any

from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends

_BACKENDS = {"iam": iam_backends, "organizations": organizations_backends}


def moto_state() -> dict[str, Any]:
    """moto's backends by service, account and region, and who is master of whom."""
    state: dict[str, Any] = {
        service: {account: dict(regions) for account, regions in list(backends.items())}
        for service, backends in _BACKENDS.items()
    }
    return {**state, "masters": dict(organizations_backends.master_accounts)}


def restore_moto(state: dict[str, Any]) -> None:
    """Put such backends in the place of those that moto has."""
    for service, backends in _BACKENDS.items():
        for account, regions in state[service].items():
            for region, backend in regions.items():
                backends[account][region] = backend
    organizations_backends.master_accounts.clear()
    organizations_backends.master_accounts.update(state["masters"])
