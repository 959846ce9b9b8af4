"""Names for a diff: from the preview itself, from files, and from the clouds where it may ask."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from clouds.aws import AwsError
from clouds.entra import EntraError
from clouds.graph import Graph, is_person
from federation.access.access import load_access
from federation.access.assignments import PrincipalKey
from federation.access.declared import Access
from federation.access.expired import expired_assignments
from federation.access.guards import admin_sets
from federation.access.labels import Identity, declared
from federation.access.organization import Organization
from federation.access.selection import Selection
from federation.core.errors import InvalidInput
from federation.diff.changes import AccountLabel, Context
from federation.diff.member_changes import KIND as MEMBER
from federation.diff.member_changes import group_of, object_id
from federation.diff.owner_changes import KINDS as OWNED
from federation.diff.owner_changes import owner_ids
from federation.engine.preview import Preview, is_known
from federation.update.settings import NAMESPACE
from ops.cli import REPOSITORY, Cli, StackError
from ops.plan import read_organization_file
from ops.session import Session
from ops.stack import read_stack

_CONCURRENCY: Final = 8


def offline_context(
    preview: Preview, *, organization: str | None, access: Sequence[str] | None, today: date
) -> Context:
    """Names without asking anybody: from files, and as the last update kept them.

    Raises InvalidInput for files that were named and are wrong.
    """
    declares, notes = _access(preview, access)
    found = read_organization_file(Path(organization)) if organization else None
    if found is None and not preview.known_accounts:
        notes = (*notes, "accounts have no names and no OUs here: --organization FILE names them")
    return _context(preview, declares, found, today=today, notes=notes)


def stack_context(
    preview: Preview,
    cli: Cli,
    *,
    organization: str | None,
    access: Sequence[str] | None,
    today: date,
) -> Context:
    """Names as the stack's own credentials see them; what can't be read is said in the notes."""
    declares, notes = _access(preview, access)
    problems = list(notes)
    found = read_organization_file(Path(organization)) if organization else None
    people: dict[PrincipalKey, int] = {}
    names: dict[str, str] = {}
    try:
        session = Session(read_stack(cli))
    except StackError as error:
        problems.append(f"the stack can't be read: {error}")
    else:
        if found is None:
            try:
                found = session.aws.organization(tags=declares is not None and declares.uses_tags)
            except AwsError as error:
                problems.append(f"accounts have no names and no OUs here: {error}")
        try:
            names = _names(session.graph, preview)
        except EntraError as error:
            problems.append(f"names were not read in Entra: {error}")
        try:
            people = _people(session.graph, preview)
        except EntraError as error:
            problems.append(f"people are not counted: {error}")
    return _context(
        preview,
        declares,
        found,
        today=today,
        people=people,
        names=names,
        notes=tuple(problems),
    )


def _access(preview: Preview, files: Sequence[str] | None) -> tuple[Access | None, tuple[str, ...]]:
    """The access files: those named, else those of the stack's configuration."""
    if files:
        return load_access(files, root=Path.cwd()), ()
    value = preview.configuration.get(f"{NAMESPACE}:access")
    if not isinstance(value, str):
        return None, ("groups may lack their names here: --access FILE names them",)
    try:
        named = json.loads(value) if value.startswith("[") else [value]
        return load_access(named, root=REPOSITORY), ()
    except (InvalidInput, ValueError):
        # The preview itself says what is wrong with the files.
        return None, ("groups may lack their names here: the access files can't be used",)


def _context(
    preview: Preview,
    access: Access | None,
    organization: Organization | None,
    *,
    today: date,
    people: dict[PrincipalKey, int] | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    notes: tuple[str, ...] = (),
) -> Context:
    protected: frozenset[str] = frozenset()
    if access is not None and organization is not None:
        protected = Selection(organization).ids(access.guards.protected_accounts)
    return Context(
        accounts=_labels(organization, protected) if organization else {},
        principals=_identities(preview, access, names),
        people={**_new_members(preview), **(people or {})},
        persons={one: names[one] for one in _member_ids(preview) if one in names},
        admin_sets=admin_sets(access) if access else frozenset(),
        expired=(
            expired_assignments(access, organization, today=today)
            if access and organization
            else {}
        ),
        notes=notes,
    )


def _labels(organization: Organization, protected: frozenset[str]) -> dict[str, AccountLabel]:
    paths = organization.unit_paths
    return {
        account.id: AccountLabel(
            name=account.name,
            unit="/".join(paths.get(account.parent_id, ())),
            protected=account.id in protected,
        )
        for account in organization.accounts
    }


def _identities(
    preview: Preview, access: Access | None, names: Mapping[str, str]
) -> dict[PrincipalKey, Identity]:
    """Who everybody is. `names` are what Entra says now, by object id; what it told the provider at
    the last update, and what is declared, serve where that is not known.
    """
    said, ids, own = declared(access) if access else {}, preview.object_ids, _own_names(preview)
    known = _provider_names(preview)
    found: dict[PrincipalKey, Identity] = {}
    for key in said.keys() | ids.keys() | own.keys():
        file = said.get(key, Identity(by_id=key not in own and access is None))
        ident = ids.get(key) or file.object_id
        name = own.get(key) or names.get(ident) or file.name or known.get((key, ident))
        found[key] = Identity(name=name or "", object_id=ident, by_id=file.by_id)
    return found


def _own_names(preview: Preview) -> dict[PrincipalKey, str]:
    """The names that the stack gives its own groups; of one that it deletes, the last."""
    names: dict[PrincipalKey, str] = {}
    for step in preview.of_kind("Group"):
        state = step.after or step.before
        key = PrincipalKey.parse(step.name)
        if key and state and is_known(state.inputs.get("displayName")):
            names[key] = str(state.inputs.get("displayName") or "")
    return names


def _provider_names(preview: Preview) -> dict[tuple[PrincipalKey, str], str]:
    """The names that Entra told the provider, by key and object id."""
    names: dict[tuple[PrincipalKey, str], str] = {}
    for step in preview.of_kind("AppRoleAssignment"):
        for state in (step.before, step.after):
            key = PrincipalKey.parse(state.name) if state else None
            if state is None or key is None:
                continue
            name = state.outputs.get("principalDisplayName")
            if name and is_known(name):
                names[key, str(state.inputs.get("principalObjectId"))] = str(name)
    return names


def _new_members(preview: Preview) -> dict[PrincipalKey, int]:
    """How many members the stack's own groups are to have; unknown in a preview without sames."""
    if not preview.complete:
        return {}
    groups = [step for step in preview.of_kind("Group") if step.after is not None]
    counted = {key: 0 for step in groups if (key := PrincipalKey.parse(step.name)) is not None}
    for step in preview.of_kind(MEMBER):
        key = group_of(step)
        if key in counted and step.after is not None:
            counted[key] += 1
    return counted


def _people(graph: Graph, preview: Preview) -> dict[PrincipalKey, int]:
    """Direct members of the groups that change (Entra provisions no others). Raises EntraError."""
    groups = _existing_groups(preview)
    with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="graph") as pool:
        counts = pool.map(lambda ident: _members(graph, ident), groups.values())
        return dict(zip(groups, counts, strict=True))


def _names(graph: Graph, preview: Preview) -> dict[str, str]:
    """What Entra calls everybody, by object id: groups by display name, people by user principal
    name. Raises EntraError.
    """
    ids = preview.object_ids
    groups = graph.groups_by_id(ident for key, ident in ids.items() if key.type == "GROUP")
    users = {ident for key, ident in ids.items() if key.type == "USER"} | _member_ids(preview)
    people = graph.users_by_id(sorted(users))
    return {one["id"]: str(one.get("displayName") or "") for one in groups} | {
        one["id"]: str(one.get("userPrincipalName") or one["id"]) for one in people
    }


def _existing_groups(preview: Preview) -> dict[PrincipalKey, str]:
    made_here = {step.name for step in preview.of_kind("Group")}
    found: dict[PrincipalKey, str] = {}
    for step in preview.of_kind("AppRoleAssignment"):
        state = step.after or step.before
        key = PrincipalKey.parse(step.name)
        if state is None or key is None or key.type != "GROUP" or step.name in made_here:
            continue
        ident = state.inputs.get("principalObjectId")
        if ident and is_known(ident):
            found[key] = str(ident)
    return found


def _members(graph: Graph, group_id: str) -> int:
    return sum(map(is_person, graph.members(group_id, "id")))


def _member_ids(preview: Preview) -> set[str]:
    """People whose membership in the stack's own groups changes, and who owns what changes."""
    found = {object_id(step) for step in preview.of_kind(MEMBER) if step.changes}
    for step in preview.of_kind(*OWNED):
        if step.changes:
            found |= owner_ids(step)
    return {ident for ident in found if ident and is_known(ident)}
