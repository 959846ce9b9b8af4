"""PATCH as Microsoft Graph applies it."""

from __future__ import annotations

from sandbox.entra.errors import bad_request
from sandbox.entra.tenant import Json


def merge(resource: Json, changes: Json, *, read_only: set[str]) -> None:
    """PATCH as Graph does: complex properties merge, lists and values replace.

    Raises:
        GraphError: 400 for a property the resource does not have or that is read-only.
    """
    for name, value in changes.items():
        if "@odata." in name:
            continue
        if name not in resource or name in read_only:
            raise bad_request(f"Invalid property '{name}'.")
        if isinstance(resource[name], dict) and isinstance(value, dict):
            resource[name] = {**resource[name], **_plain(value)}
        else:
            resource[name] = value


def _plain(value: Json) -> Json:
    return {k: v for k, v in value.items() if "@odata." not in k}
