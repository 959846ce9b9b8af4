"""Whom Entra provisions, and who of them has arrived in Identity Center, both pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from federation.identity.principals import IdentityStorePrincipal

# AWS user guide, "Automatic provisioning": what a person needs to be provisioned.
_REQUIRED: Final = {
    "givenName": "first name",
    "surname": "last name",
    "displayName": "display name",
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in scope. `obstacle` says why SCIM will not bring them, "" when nothing is known."""

    object_id: str
    name: str
    display_name: str = ""
    obstacle: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """An assigned group with its direct members in scope; `nested` names the groups within it."""

    object_id: str
    name: str
    people: frozenset[str] = frozenset()
    nested: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Everybody whom the provisioning job provisions, by object id.

    Entra, "How provisioning works": assigned people and direct members of assigned groups.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)


def obstacle(person: Mapping[str, Any]) -> str:
    """Why SCIM will not bring a person (a Graph user), "" when nothing stands in the way."""
    if person.get("accountEnabled") is False:
        return "the person is disabled in Entra"
    missing = [label for attribute, label in _REQUIRED.items() if not person.get(attribute)]
    if not missing:
        return ""
    return f"Identity Center requires a {' and a '.join(missing)}, which Entra lacks"


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Somebody in scope who is not in Identity Center, and why as far as known."""

    kind: Literal["Group", "User"]
    object_id: str
    name: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Census:
    """Scope against identity store. Ids in `groups` and `people` map Entra's to Identity Center's.

    `missing` could be there and are not; `kept_out` are those whom an obstacle keeps away;
    `leaving` were provisioned, are no longer in scope and go with the next cycle.
    """

    groups: Mapping[str, str]
    people: Mapping[str, str]
    missing: tuple[Missing, ...]
    kept_out: tuple[Missing, ...]
    leaving: tuple[Missing, ...] = ()

    def counts(self) -> dict[str, dict[str, int]]:
        """How many groups and people are in scope, and how many of them have arrived."""
        absent = {
            kind: sum(1 for m in self.missing if m.kind == kind) for kind in ("Group", "User")
        }
        return {
            "groups": {"inScope": len(self.groups) + absent["Group"], "arrived": len(self.groups)},
            "people": {"inScope": len(self.people) + absent["User"], "arrived": len(self.people)},
        }


def take_census(scope: Scope, listed: Collection[IdentityStorePrincipal]) -> Census:
    """Who has arrived: groups by externalId = objectId, people by userName, as assignments are
    matched.
    """
    groups_by_external: dict[str, str] = {}
    users_by_name: dict[str, str] = {}
    for principal in listed:
        if principal.type == "USER":
            users_by_name[principal.name] = principal.id
            continue
        for external in principal.external_ids:
            groups_by_external[external] = principal.id
    groups = {
        object_id: groups_by_external[object_id]
        for object_id in scope.groups
        if object_id in groups_by_external
    }
    people = {
        person.object_id: users_by_name[person.name]
        for person in scope.people.values()
        if person.name in users_by_name
    }
    absent = [
        *(
            Missing(kind="Group", object_id=group.object_id, name=group.name)
            for group in scope.groups.values()
            if group.object_id not in groups
        ),
        *(
            Missing(
                kind="User", object_id=person.object_id, name=person.name, reason=person.obstacle
            )
            for person in scope.people.values()
            if person.object_id not in people
        ),
    ]
    absent.sort(key=lambda missing: (missing.kind, missing.name))
    return Census(
        groups=groups,
        people=people,
        missing=tuple(one for one in absent if not one.reason),
        kept_out=tuple(one for one in absent if one.reason),
        leaving=_leaving(scope, listed),
    )


def _leaving(scope: Scope, listed: Collection[IdentityStorePrincipal]) -> tuple[Missing, ...]:
    """Only SCIM gives an external id: who has none was made by hand, and stays."""
    names = {person.name for person in scope.people.values()}
    gone = [
        Missing(
            kind="Group" if principal.type == "GROUP" else "User",
            object_id=principal.external_ids[0],
            name=principal.name,
            reason="it is no longer in scope",
        )
        for principal in listed
        if principal.external_ids
        and principal.enabled
        and not (
            principal.name in names
            if principal.type == "USER"
            else any(external in scope.groups for external in principal.external_ids)
        )
    ]
    return tuple(sorted(gone, key=lambda one: (one.kind, one.name)))


@dataclass(frozen=True, kw_only=True)
class Change:
    """What on demand has to bring: an object, and for a group the members to link with it."""

    kind: Literal["Group", "User"]
    object_id: str
    name: str
    members: tuple[str, ...] = ()


# Graph, synchronizationJob: provisionOnDemand takes at most five members of a group.
MEMBERS_A_REQUEST: Final = 5


def on_demand_requests(
    scope: Scope, census: Census, memberships: Mapping[str, Collection[str]]
) -> tuple[list[Change], int]:
    """The on-demand requests that bring whoever is missing, and how many removals they can't carry.

    `memberships` are the Identity Center ids in each arrived group, by the group's object id. A
    group's new members are linked five a request and come with it; a person in none of the requests
    gets one of their own.
    """
    requests: list[Change] = []
    linked: set[str] = set()
    removals = 0
    absent = {one.object_id for one in census.missing}
    arrived = {ident: object_id for object_id, ident in census.people.items()}
    for group in sorted(scope.groups.values(), key=lambda group: group.name):
        present = {arrived.get(ident, ident) for ident in memberships.get(group.object_id, ())}
        able = {one for one in group.people if one in absent or one in census.people}
        removals += len(present - group.people)
        new = sorted(able - present, key=lambda one: scope.people[one].name)
        linked.update(new)
        batches = [
            tuple(new[start : start + MEMBERS_A_REQUEST])
            for start in range(0, len(new), MEMBERS_A_REQUEST)
        ]
        if group.object_id in absent and not batches:
            batches = [()]
        requests += [
            Change(kind="Group", object_id=group.object_id, name=group.name, members=batch)
            for batch in batches
        ]
    people = [
        Change(kind="User", object_id=one.object_id, name=one.name)
        for one in census.missing
        if one.kind == "User" and one.object_id not in linked
    ]
    return people + requests, removals
