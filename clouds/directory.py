"""The access file's groups and people, looked up in Entra in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouds.graph import Graph
from federation.declared import Access
from federation.errors import InvalidInput, Problem
from federation.principals import EntraPrincipal
from federation.rows import PrincipalKey
from federation.scope import obstacle


@dataclass(frozen=True, kw_only=True)
class Directory:
    """`principals` by key; `people` maps a lower-cased user principal name to its object id."""

    principals: Mapping[PrincipalKey, EntraPrincipal]
    people: Mapping[str, str]


def read_directory(
    graph: Graph, access: Access, known_ids: Mapping[PrincipalKey, str]
) -> Directory:
    """Look everything up that the access file names.

    `known_ids` are object ids from the checkpoint: those of groups that the stack itself made.
    Raises InvalidInput with every group and person that Entra lacks or has more than once,
    EntraError when Graph refuses.
    """
    problems: list[Problem] = []
    principals: dict[PrincipalKey, EntraPrincipal] = {}
    groups = _find_groups(graph, access)
    for key, group in access.groups.items():
        principal_key = PrincipalKey("GROUP", key)
        object_id = known_ids.get(principal_key)
        name = group.display_name or group.object_id or key
        if not group.create:
            found = groups[name]
            sentence = _only_one(
                found, f"group named {name!r}" if group.display_name else f"group {name}"
            )
            if sentence:
                problems.append(Problem.at(group.location, sentence))
                continue
            object_id, name = found[0]["id"], found[0]["displayName"]
        principals[principal_key] = EntraPrincipal(
            key=principal_key, name=name, object_id=object_id, adopt=group.adopt
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
    if problems:
        raise InvalidInput(problems)
    return Directory(
        principals=principals, people={upn: person["id"] for upn, person in people.items()}
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


def _only_one(found: list[dict[str, Any]], what: str) -> str:
    if not found:
        return f"Entra has no {what}; correct the name, or let the stack make it with create: true."
    if len(found) > 1:
        ids = ", ".join(sorted(entry["id"] for entry in found))
        return f"Entra has {len(found)} {what} ({ids}); name the right one with objectId."
    if not found[0].get("securityEnabled", True):
        # Entra, "Assign users and groups to an application": security groups only.
        return f"the {what} is not security-enabled, so it can't be assigned to an application."
    return ""
