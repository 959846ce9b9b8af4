"""Which Entra object each key of the access file means, from what Graph answered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from federation.access.assignments import PrincipalKey
from federation.access.declared import Access, Group, User
from federation.access.findings import Finding
from federation.core.errors import Problem
from federation.identity.principals import EntraPrincipal

# A group as Graph lists it: id, displayName, securityEnabled.
Entry = Mapping[str, Any]


def choose_group(
    group: Group, found: Sequence[Entry], remembered: Collection[str]
) -> tuple[Entry | Problem, Finding | None]:
    """The group that a key means among those `found` for its name or id, and a warning or None.

    Any user of a tenant may make a second group of a name, which must not keep an update from
    revoking: of several, the one is meant whose object id the last checkpoint has (`remembered`)
    for this key. Without that memory a name that several bear is a problem.
    """
    named = group.display_name
    what = f"group named {named!r}" if named else f"group {group.object_id}"
    known = [entry for entry in found if entry["id"] in remembered]
    chosen = known[0] if len(known) == 1 else found[0] if len(found) == 1 else None
    if chosen is None:
        return Problem.at(group.location, _nobody_or_several(found, what)), None
    if not chosen.get("securityEnabled", True):
        # Entra, "Assign users and groups to an application": security groups only.
        who = what if named else f"{what}, {chosen['displayName']!r},"
        text = f"the {who} is not security-enabled, so it can't be assigned to an application."
        return Problem.at(group.location, text), None
    others = sorted(entry["id"] for entry in found if entry is not chosen)
    return chosen, _namesakes(group, chosen, others, what) if others else None


def check_one_key_each(
    access: Access, principals: Mapping[PrincipalKey, EntraPrincipal]
) -> list[Problem]:
    """A problem for each key that means an Entra object which another key means already.

    Guards compare keys, and removing one key would take away what the other still declares.
    """
    entries: list[Group | User] = [*access.groups.values(), *access.users.values()]
    first: dict[str, PrincipalKey] = {}
    places = {entry.principal: entry.location for entry in entries}
    problems: list[Problem] = []
    for key in sorted(principals, key=lambda key: (places[key], key)):
        principal = principals[key]
        if principal.object_id is None:
            continue
        other = first.setdefault(principal.object_id, key)
        if other != key:
            place = f"{places[other].file}:{places[other].line}"
            text = (
                f"{key} and {other} ({place}) are one object in Entra, {principal.name!r} "
                f"({principal.object_id}); one object, one key: use {other.key} in both places."
            )
            problems.append(Problem.at(places[key], text))
    return problems


def _nobody_or_several(found: Sequence[Entry], what: str) -> str:
    if not found:
        return f"Entra has no {what}; correct the name, or let the stack make it with create: true."
    ids = ", ".join(sorted(entry["id"] for entry in found))
    return f"Entra has {len(found)} {what} ({ids}); name the right one with objectId."


def _namesakes(group: Group, chosen: Entry, others: list[str], what: str) -> Finding:
    return Finding(
        severity="warning",
        guard="groups",
        message=(
            f"Entra has {len(others) + 1} {what}: {chosen['id']} is the one that this stack knows "
            f"and stays {group.key}; find out who made {', '.join(others)}, and name the right one "
            "with objectId."
        ),
        location=group.location,
    )
