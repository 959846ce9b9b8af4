"""Reads whom Entra provisions: the application's assignments and the members of its groups."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from clouds.graph import Graph, is_person
from federation.identity.scope import Group, Person, Scope, obstacle

_CONCURRENCY: Final = 8
_PERSON: Final = "id,userPrincipalName,displayName,givenName,surname,accountEnabled"
_PAGE: Final = 999


def read_scope(graph: Graph, service_principal_id: str) -> Scope:
    """Everybody in scope of the job: one call for the assignments, one a group for its members.

    Raises EntraError.
    """
    path = f"/servicePrincipals/{service_principal_id}/appRoleAssignedTo?$top={_PAGE}"
    assigned = list(graph.entries(path))
    groups = {a["principalId"]: a for a in assigned if a["principalType"] == "Group"}
    direct = [a["principalId"] for a in assigned if a["principalType"] == "User"]
    with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="graph") as pool:
        people = pool.submit(lambda: [_person(graph, object_id) for object_id in direct])
        read = dict(
            zip(
                groups,
                pool.map(lambda ident: list(graph.members(ident, _PERSON)), groups),
                strict=True,
            )
        )
    found = {person.object_id: person for person in people.result()}
    for members in read.values():
        found |= {member["id"]: _as_person(member) for member in members if is_person(member)}
    return Scope(
        groups={
            object_id: Group(
                object_id=object_id,
                name=groups[object_id]["principalDisplayName"],
                people=frozenset(m["id"] for m in members if is_person(m)),
                nested=tuple(
                    sorted(str(m.get("displayName") or m["id"]) for m in members if _is_group(m))
                ),
            )
            for object_id, members in read.items()
        },
        people=found,
    )


def _person(graph: Graph, object_id: str) -> Person:
    return _as_person(graph.call("GET", f"/users/{object_id}?$select={_PERSON}"))


def _as_person(user: Mapping[str, Any]) -> Person:
    return Person(
        object_id=user["id"],
        name=str(user.get("userPrincipalName") or user["id"]),
        display_name=str(user.get("displayName") or ""),
        obstacle=obstacle(user),
    )


def _is_group(member: Mapping[str, Any]) -> bool:
    return str(member.get("@odata.type", "")).endswith(".group")
