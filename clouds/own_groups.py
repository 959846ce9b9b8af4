"""Who is in the groups that the stack makes, and who owns them: read and repaired in Entra.

Source: Microsoft Graph v1.0, "List group members" and "List group owners" (direct ones, of any
kind), "Add members", "Remove member" and the same of owners.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from clouds.entra import EntraError
from clouds.graph import Graph
from federation.access.assignments import PrincipalKey
from federation.engine.repairs import GroupRepair, Relation
from federation.update.memberships import GroupInEntra, MembershipFacts, sentence

_PAGE: Final = 999
_CONCURRENCY: Final = 8
_NOT_FOUND: Final = 404
# Graph's 400 for a link that is there, which has no code of its own.
_THERE: Final = "already exist"


def read_memberships(
    graph: Graph, groups: Mapping[PrincipalKey, str], people: Mapping[str, str]
) -> MembershipFacts:
    """Members and owners of groups by object id: two calls a group and page. Raises EntraError.

    `people` are Entra object ids by lower-cased user principal name.
    """
    if not groups:
        return MembershipFacts(people=people)
    caller = str(graph.credentials.claims().get("oid") or "")
    with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="graph") as pool:
        found = pool.map(lambda ident: _read(graph, ident), groups.values())
        return MembershipFacts(
            groups=dict(zip(groups, found, strict=True)), people=people, caller=caller
        )


def _read(graph: Graph, group_id: str) -> GroupInEntra | None:
    """A group as it is, None for one that Entra does not have."""
    try:
        return GroupInEntra(
            object_id=group_id,
            members=_linked(graph, group_id, "members"),
            owners=_linked(graph, group_id, "owners"),
        )
    except EntraError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _linked(graph: Graph, group_id: str, relation: Relation) -> dict[str, str]:
    """Names by object id; whoever the caller may not read goes by the id."""
    query = f"$select=id,displayName,userPrincipalName&$top={_PAGE}"
    return {
        one["id"]: str(one.get("userPrincipalName") or one.get("displayName") or one["id"])
        for one in graph.entries(f"/groups/{group_id}/{relation}?{query}")
    }


def repair_group(graph: Graph, repair: GroupRepair) -> None:
    """Add or remove one member or owner; what is so already is done.

    Raises EntraError with a sentence that names both.
    """
    try:
        if repair.action == "add":
            _add(graph, repair)
        else:
            _remove(graph, repair)
    except EntraError as error:
        raise EntraError(
            f"{sentence(repair)}: {error}; the next pulumi up tries again",
            code=error.code,
            status=error.status,
        ) from None


def _add(graph: Graph, repair: GroupRepair) -> None:
    objects = f"{graph.credentials.endpoints.graph}/v1.0/directoryObjects"
    body = {"@odata.id": f"{objects}/{repair.object_id}"}
    try:
        graph.call("POST", f"/groups/{repair.group_id}/{repair.relation}/$ref", body)
    except EntraError as error:
        if _THERE not in str(error):
            raise


def _remove(graph: Graph, repair: GroupRepair) -> None:
    path = f"/groups/{repair.group_id}/{repair.relation}/{repair.object_id}/$ref"
    try:
        graph.call("DELETE", path)
    except EntraError as error:
        # An answer that got lost looks like this; so does an object that has not replicated yet.
        if error.status != _NOT_FOUND:
            raise
        if repair.object_id in _linked(graph, repair.group_id, repair.relation):
            raise
