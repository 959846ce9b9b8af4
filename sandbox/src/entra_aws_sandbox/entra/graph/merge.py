"""PATCH as Microsoft Graph applies it."""

from __future__ import annotations

from typing import Any

from entra_aws_sandbox.entra.errors import bad_request
from entra_aws_sandbox.entra.values import Json

_LISTS_OF_OBJECTS = {
    "accessToken",
    "addIns",
    "appRoles",
    "assignedLabels",
    "assignedLicenses",
    "idToken",
    "identities",
    "keyCredentials",
    "oauth2PermissionScopes",
    "onPremisesProvisioningErrors",
    "passwordCredentials",
    "preAuthorizedApplications",
    "redirectUriSettings",
    "requiredResourceAccess",
    "resourceSpecificApplicationPermissions",
    "saml2Token",
    "serviceProvisioningErrors",
}


def merge(resource: Json, changes: Json, *, read_only: set[str]) -> None:
    """PATCH as Graph does: complex properties merge, lists and values replace; all or nothing.

    Raises:
        GraphError: 400 for a property the resource does not have or that is read-only, and for a
            value of another type.
    """
    wanted = _plain(changes)
    for name in wanted:
        if name not in resource or name in read_only:
            raise bad_request(f"Invalid property '{name}'.")
    resource.update({name: _merged(name, resource[name], value) for name, value in wanted.items()})


def _merged(name: str, old: Any, new: Any) -> Any:
    if new is None:
        return _emptied(old)
    if isinstance(old, dict) and isinstance(new, dict):
        parts = _plain(new)
        return {**old, **{part: _merged(part, old.get(part), parts[part]) for part in parts}}
    if isinstance(old, list) and isinstance(new, list):
        fits = all(isinstance(one, dict if name in _LISTS_OF_OBJECTS else str) for one in new)
    else:
        fits = old is None or type(old) is type(new)
    if not fits:
        raise bad_request(f"Invalid value specified for property '{name}' of resource.")
    return new


def _emptied(old: Any) -> Any:
    """What a null makes of a property: a list is never null, and a complex one keeps its parts."""
    if isinstance(old, dict):
        return {name: _emptied(part) for name, part in old.items()}
    return [] if isinstance(old, list) else None


def _plain(value: Json) -> Json:
    return {k: v for k, v in value.items() if "@odata." not in k}
