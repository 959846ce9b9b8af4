"""Whether an object in a cloud is the one that this stack made and could not write down. Pure.

Anybody in a tenant may make a group of any name. So a name alone says nothing: the object must have
been made by our own application, be in nobody else's hands, and be younger than the last update
that succeeded, after which nothing was missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

# The provider's name for a group while it renames it (hashicorp/terraform-provider-azuread,
# group_resource.go).
TEMPORARY: Final = "TERRAFORM_UPDATE_"
# How far the clock of a cloud and the one that wrote the state may be apart.
_CLOCKS: Final = timedelta(minutes=5)
# What anybody may have made; all else is a part of what is this stack's already.
_CHECKED: Final = frozenset(
    {
        *("Group", "ApplicationFromTemplate", "PermissionSet"),
        "ServicePrincipalTokenSigningCertificate",
    }
)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who is signed in at Entra: object id of the user or service principal, and the client id.

    `is_application` is False for a person, whose client id is that of the Azure CLI.
    """

    object_id: str
    app_id: str
    is_application: bool

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Identity:
        """The identity in the claims of an access token of Graph."""
        return cls(
            object_id=str(claims.get("oid") or ""),
            app_id=str(claims.get("appid") or claims.get("azp") or ""),
            is_application="scp" not in claims,
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """An object in a cloud that may be the one; `id` is as the state has it.

    `created_by` is the client id of the application that made it, "" where Graph does not tell,
    `owners` and `members` are object ids; for an application, members are those assigned to it.
    `oddities` are sentences about what an object that was just made does not have.
    """

    id: str
    name: str = ""
    created: datetime | None = None
    created_by: str = ""
    owners: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    oddities: tuple[str, ...] = ()

    @property
    def is_temporary(self) -> bool:
        """Whether it is a group in the middle of being renamed."""
        return self.name.startswith(TEMPORARY)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The object to take in, None when there is none; `refused` are those that are doubtful."""

    taken: Found | None = None
    refused: Sequence[tuple[Found, str]] = ()


def choose(
    kind: str,
    inputs: Mapping[str, Any],
    candidates: Collection[Found],
    *,
    identity: Identity,
    since: datetime | None,
) -> Verdict:
    """The one candidate without any doubt, or why there is none.

    `since` is the end of the last update that succeeded. A group under its temporary name counts
    only where none has the declared one; if doubtful, it is somebody else's and no matter.
    """
    doubtful = {
        one.id: list(doubts(kind, inputs, one, identity=identity, since=since))
        for one in candidates
    }
    named = [one for one in candidates if not one.is_temporary]
    if not named:
        named = [one for one in candidates if not doubtful[one.id]]
    if len(named) > 1:
        for one in named:
            doubtful[one.id].append(f"{len(named)} may be the one")
    refused = [(one, "; ".join(doubtful[one.id])) for one in named if doubtful[one.id]]
    taken = [one for one in named if not doubtful[one.id]]
    return Verdict(taken=taken[0] if taken else None, refused=refused)


def doubts(
    kind: str,
    inputs: Mapping[str, Any],
    found: Found,
    *,
    identity: Identity,
    since: datetime | None,
) -> Iterator[str]:
    """Why an object may be another one than this stack's; nothing when it certainly is."""
    if kind not in _CHECKED:
        return
    yield from _too_old(found, since)
    yield from found.oddities
    if kind == "Group":
        yield from _maker(found, identity)
        yield from _unexpected("owner", found.owners - _allowed(inputs, "owners", identity))
        yield from _unexpected("member", found.members - _ids(inputs, "members"))
    if kind == "ApplicationFromTemplate":
        if identity.object_id not in found.owners:
            yield "this sign-in does not own it"
        yield from _unexpected("owner", found.owners - {identity.object_id})
        yield from _unexpected("assigned principal", found.members)


def _too_old(found: Found, since: datetime | None) -> Iterator[str]:
    if since is None:
        yield "nothing tells when this stack began to make it"
    elif found.created is None:
        yield "nothing tells when it was made"
    elif found.created < since - _CLOCKS:
        yield (
            f"it was made at {found.created:%Y-%m-%d %H:%M:%S %Z}, before this stack's last "
            f"successful update ended ({since:%Y-%m-%d %H:%M:%S %Z})"
        )


def _maker(found: Found, identity: Identity) -> Iterator[str]:
    if not identity.is_application:
        # Everybody who signs in with the Azure CLI does so with the same application.
        if identity.object_id not in found.owners:
            yield "a person is signed in, who does not own it"
    elif not found.created_by:
        yield "Entra does not tell which application made it"
    elif found.created_by != identity.app_id:
        yield f"another application made it ({found.created_by})"
    if not found.owners:
        yield "nobody owns it"


def _allowed(inputs: Mapping[str, Any], key: str, identity: Identity) -> frozenset[str]:
    # Without declared owners, the provider makes the caller the only one.
    return _ids(inputs, key) | {identity.object_id}


def _ids(inputs: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(map(str, inputs.get(key) or ()))


def _unexpected(role: str, ids: Collection[str]) -> Iterator[str]:
    if ids:
        yield f"it has an undeclared {role}: {', '.join(sorted(ids))}"
