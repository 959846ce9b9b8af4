"""Who of the break-glass principals can sign in, as far as Entra says."""

from __future__ import annotations

from collections.abc import Mapping

from clouds.graph import MEMBERS_A_PAGE, Graph, is_person
from federation.access.assignments import PrincipalKey
from federation.access.break_glass import break_glass_keys
from federation.access.declared import Access
from federation.identity.principals import EntraPrincipal


def read_rescuers(
    graph: Graph, access: Access, principals: Mapping[PrincipalKey, EntraPrincipal]
) -> dict[PrincipalKey, int]:
    """How many people who can sign in each break-glass principal has: direct members only.

    Nested ones are not provisioned (Entra, "Assign users and groups to an application"). One call
    for each group that the stack does not make itself: a page is enough to find one person. Raises
    EntraError.
    """
    found: dict[PrincipalKey, int] = {}
    for key in break_glass_keys(access):
        principal = principals[key]
        group = access.groups.get(key.key)
        if group is None:
            found[key] = 0 if principal.obstacle else 1
        elif group.create:
            found[key] = len(group.members)
        else:
            found[key] = _people(graph, principal.object_id or "")
    return found


def _people(graph: Graph, group_id: str) -> int:
    select = f"$select=id,accountEnabled&$top={MEMBERS_A_PAGE}"
    page = graph.call("GET", f"/groups/{group_id}/members?{select}")
    # Without User.Read.All, Graph leaves accountEnabled out.
    return sum(
        is_person(member) and member.get("accountEnabled") is not False for member in page["value"]
    )
