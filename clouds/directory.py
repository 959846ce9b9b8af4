"""The access file's groups and people, looked up in Entra in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouds.graph import Graph
from federation.access.assignments import PrincipalKey
from federation.access.declared import Access
from federation.access.findings import Finding
from federation.core.errors import InvalidInput, Problem
from federation.engine.checkpoint import Checkpoint
from federation.identity.identification import check_one_key_each, choose_group
from federation.identity.principals import EntraPrincipal
from federation.identity.scope import obstacle


@dataclass(frozen=True, kw_only=True)
class Directory:
    """`principals` by key; `people` maps a lower-cased user principal name to its object id.

    `warnings` name groups of which Entra has more than one.
    """

    principals: Mapping[PrincipalKey, EntraPrincipal]
    people: Mapping[str, str]
    warnings: tuple[Finding, ...] = ()


def read_directory(graph: Graph, access: Access, checkpoint: Checkpoint) -> Directory:
    """Look everything up that the access file names.

    The checkpoint knows the groups that the stack itself made, and which of two groups of one name
    is meant. Raises InvalidInput with every group and person that Entra lacks or has more than
    once, and every two keys for one of them; EntraError when Graph refuses.
    """
    problems: list[Problem] = []
    warnings: list[Finding] = []
    principals: dict[PrincipalKey, EntraPrincipal] = {}
    groups = _find_groups(graph, access)
    for key, group in access.groups.items():
        principal_key = PrincipalKey("GROUP", key)
        object_id = checkpoint.object_ids.get(principal_key)
        name = group.display_name or group.object_id or key
        if not group.create:
            chosen, warning = choose_group(
                group, groups[name], checkpoint.remembered(principal_key)
            )
            if isinstance(chosen, Problem):
                problems.append(chosen)
                continue
            if warning:
                warnings.append(warning)
            object_id, name = chosen["id"], chosen["displayName"]
        principals[principal_key] = EntraPrincipal(
            key=principal_key,
            name=name,
            object_id=object_id,
            adopt=group.adopt,
            by_id=group.object_id is not None,
        )
    people = {
        person["userPrincipalName"].lower(): person
        for person in graph.users_by_name(sorted(_people(access)))
    }
    for key, user in access.users.items():
        person = people.get(user.user_principal_name.lower())
        if person is None:
            problems.append(
                Problem.at(user.location, f"Entra has no user {user.user_principal_name!r}.")
            )
            continue
        principal_key = PrincipalKey("USER", key)
        principals[principal_key] = EntraPrincipal(
            key=principal_key,
            name=person["userPrincipalName"],
            object_id=person["id"],
            obstacle=obstacle(person),
        )
    for key, group in access.groups.items():
        problems += [
            Problem.at(group.location, f"Entra has no user {upn!r}, named by group {key!r}.")
            for upn in (*group.owners, *group.members)
            if upn.lower() not in people
        ]
    problems += check_one_key_each(access, principals)
    if problems:
        raise InvalidInput(problems)
    return Directory(
        principals=principals,
        people={upn: person["id"] for upn, person in people.items()},
        warnings=tuple(warnings),
    )


def _people(access: Access) -> set[str]:
    names = {user.user_principal_name for user in access.users.values()}
    for group in access.groups.values():
        names.update(group.owners, group.members)
    return names


def _find_groups(graph: Graph, access: Access) -> Mapping[str, list[dict[str, Any]]]:
    existing = [group for group in access.groups.values() if not group.create]
    names = {group.display_name for group in existing if group.display_name}
    ids = {group.object_id for group in existing if group.object_id}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in graph.groups_by_name(sorted(names)):
        # Graph ignores upper and lower case; names compare exactly.
        found[entry["displayName"]].append(entry)
    for entry in graph.groups_by_id(sorted(ids)):
        found[entry["id"]].append(entry)
    return found
