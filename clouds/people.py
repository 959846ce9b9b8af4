"""Who is in the groups that separation of duties compares, as Entra says.

Source: Microsoft Graph v1.0, "List group members". Direct members only: Entra provisions no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final

from clouds.directory import Directory
from clouds.graph import Graph, is_person
from federation.access.assignments import PrincipalKey
from federation.access.declared import Access
from federation.access.duties import to_compare
from federation.access.organization import Organization
from federation.access.targets import resolve

_CONCURRENCY: Final = 8


def read_people(
    graph: Graph, access: Access, organization: Organization, directory: Directory, *, today: date
) -> dict[PrincipalKey, Mapping[str, str]]:
    """Names by lower-cased Entra object id, for each principal that has to be compared that day.

    One call a page for each group among them that the stack does not make itself: it makes its own
    ones what is declared. No call where nothing has to be compared. Raises EntraError.
    """
    if not access.guards.separation_of_duties:
        return {}
    found: dict[PrincipalKey, Mapping[str, str]] = {}
    asked: dict[PrincipalKey, str] = {}
    # The update resolves all rules once more, with what it knows by then: here only those count.
    concerned = {name for sets in access.guards.separation_of_duties for name in sets}
    rules = tuple(rule for rule in access.rules if concerned.intersection(rule.permission_sets))
    found_by = resolve(access.but(rules=rules), organization, today=today)
    for key in sorted(to_compare(access, found_by)):
        principal = directory.principals[key]
        object_id = principal.object_id or ""
        if key.type == "USER":
            found[key] = {object_id.lower(): principal.name}
        elif access.groups[key.key].create:
            members = access.groups[key.key].members
            found[key] = {directory.people[name.lower()].lower(): name for name in members}
        else:
            asked[key] = object_id
    if asked:
        with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="graph") as pool:
            read = pool.map(lambda ident: _people(graph, ident), asked.values())
            found |= zip(asked, read, strict=True)
    return found


def _people(graph: Graph, group_id: str) -> dict[str, str]:
    """Without User.Read.All, Graph tells the ids alone."""
    return {
        member["id"].lower(): str(member.get("userPrincipalName") or member["id"])
        for member in graph.members(group_id, "id,userPrincipalName")
        if is_person(member)
    }
