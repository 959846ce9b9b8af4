"""What the operations on people, groups and memberships share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from entra_aws_sandbox.aws.errors import conflict, invalid
from entra_aws_sandbox.aws.identitystore.store import IdentityStore, Principal, missing

# "Administrator and AWSAdministrators are reserved names" (identitystore API, CreateUser,
# CreateGroup).
RESERVED_NAMES = frozenset({"administrator", "awsadministrators"})
DEFAULT_PAGE = 100

Body = dict[str, Any]
Handler = Callable[[IdentityStore, Body], Body]


def alternate(
    store: IdentityStore,
    body: Body,
    kind: str,
    paths: Mapping[str, Callable[[str], Sequence[Any]]],
    by_external_id: Callable[[str], Sequence[Any]],
) -> Any:
    """The principal an AlternateIdentifier means; ResourceNotFoundException if there is none."""
    external_id = body["AlternateIdentifier"].get("ExternalId")
    unique = body["AlternateIdentifier"].get("UniqueAttribute")
    if (external_id is None) == (unique is None):
        raise invalid("Exactly one of ExternalId and UniqueAttribute must be given")
    if external_id is not None:
        wanted = external_id["Id"]
        found = by_external_id(wanted) if external_id["Issuer"] == store.issuer else []
    else:
        wanted = str(unique["AttributeValue"])
        if unique["AttributePath"].casefold() not in paths:
            raise invalid(f"The attribute path {unique['AttributePath']} is not unique")
        found = paths[unique["AttributePath"].casefold()](wanted)
    if not found:
        raise missing(kind)
    return found[0]


def history(store: IdentityStore, principal: Principal) -> Body:
    """When a principal was made and changed, and the externalId that SCIM gave it."""
    shown: Body = {"CreatedAt": principal.created, "UpdatedAt": principal.updated}
    if principal.external_id:
        shown["ExternalIds"] = [{"Issuer": store.issuer, "Id": principal.external_id}]
    return shown


def refuse_stale(principal: Principal, body: Body) -> None:
    """The optimistic lock: a Revision that is not the current one is refused."""
    if body.get("Revision") not in (None, str(principal.revision)):
        raise conflict("The resource was changed since.", Reason="CONCURRENT_MODIFICATION")


def refuse_reserved(name: str | None) -> None:
    """Raises ValidationException for a name that AWS keeps for itself."""
    if name and name.casefold() in RESERVED_NAMES:
        raise invalid(f"{name} is a reserved name")


def plain_id(identifier: str) -> str:
    """An id, given as such or as an ARN."""
    return identifier.rpartition("/")[2]


def first_lower(name: str) -> str:
    """An attribute as SCIM spells it."""
    return name[:1].lower() + name[1:]
