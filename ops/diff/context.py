"""Names for a diff: from the preview itself, from files, and from the clouds where it may ask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Final

from clouds.aws import AwsError
from clouds.entra import EntraError
from clouds.graph import Graph
from federation.access import load_access
from federation.baseline import guards
from federation.changes import AccountLabel, Context
from federation.declared import Access
from federation.errors import InvalidInput
from federation.expired import expired_assignments
from federation.guards import admin_sets
from federation.member_changes import KIND as MEMBER
from federation.member_changes import group_of, object_id
from federation.organization import Organization
from federation.preview import Preview, is_known
from federation.rows import PrincipalKey, PrincipalType
from federation.selection import Selection
from federation.settings import NAMESPACE
from ops.plan import read_organization_file
from ops.session import Session
from ops.stack import REPOSITORY, Cli, StackError, read_stack

_KINDS: Final[dict[str, PrincipalType]] = {"group": "GROUP", "user": "USER"}
_PAGE: Final = 999
_CONCURRENCY: Final = 8


def offline_context(
    preview: Preview, *, organization: str | None, access: Sequence[str] | None, today: date
) -> Context:
    """Names without asking anybody: from files, and as the last update kept them.

    Raises InvalidInput for files that were named and are wrong.
    """
    declared, notes = _access(preview, access)
    found = read_organization_file(Path(organization)) if organization else None
    if found is None and not preview.baseline.get("accounts"):
        notes = (*notes, "accounts have no names and no OUs here: --organization FILE names them")
    return _context(preview, declared, found, today=today, notes=notes)


def stack_context(
    preview: Preview,
    cli: Cli,
    *,
    organization: str | None,
    access: Sequence[str] | None,
    today: date,
) -> Context:
    """Names as the stack's own credentials see them; what can't be read is said in the notes."""
    declared, notes = _access(preview, access)
    problems = list(notes)
    found = read_organization_file(Path(organization)) if organization else None
    people: dict[PrincipalKey, int] = {}
    persons: dict[str, str] = {}
    try:
        session = Session(read_stack(cli))
    except StackError as error:
        problems.append(f"the stack can't be read: {error}")
    else:
        if found is None:
            try:
                found = session.aws.organization(tags=declared is not None and declared.uses_tags)
            except AwsError as error:
                problems.append(f"accounts have no names and no OUs here: {error}")
        try:
            people, persons = _people(session.graph, preview)
        except EntraError as error:
            problems.append(f"people are not counted: {error}")
    return _context(
        preview,
        declared,
        found,
        today=today,
        people=people,
        persons=persons,
        notes=tuple(problems),
    )


def _access(preview: Preview, files: Sequence[str] | None) -> tuple[Access | None, tuple[str, ...]]:
    """The access files: those named, else those of the stack's configuration."""
    if files:
        return load_access(files, root=Path.cwd()), ()
    value = preview.configuration.get(f"{NAMESPACE}:access")
    if not isinstance(value, str):
        return None, ("groups go by their keys here: --access FILE names them",)
    try:
        named = json.loads(value) if value.startswith("[") else [value]
        return load_access(named, root=REPOSITORY), ()
    except (InvalidInput, ValueError):
        # The preview itself says what is wrong with the files.
        return None, ("groups go by their keys here: the access files can't be used",)


def _context(
    preview: Preview,
    access: Access | None,
    organization: Organization | None,
    *,
    today: date,
    people: dict[PrincipalKey, int] | None = None,
    persons: dict[str, str] | None = None,
    notes: tuple[str, ...] = (),
) -> Context:
    protected: frozenset[str] = frozenset()
    if access is not None and organization is not None:
        protected = Selection(organization).ids(access.guards.protected_accounts)
    return Context(
        accounts=_labels(organization, protected) if organization else {},
        principals={**_engine_names(preview), **(_declared_names(access) if access else {})},
        people={**_new_members(preview), **(people or {})},
        persons=persons or {},
        admin_sets=admin_sets(access) if access else frozenset(),
        guards=guards(access, organization) if access and organization else None,
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


def _declared_names(access: Access) -> dict[PrincipalKey, str]:
    names = {user.principal: user.user_principal_name for user in access.users.values()}
    names |= {
        group.principal: group.display_name
        for group in access.groups.values()
        if group.display_name
    }
    return names


def _key(name: str) -> PrincipalKey | None:
    word, _, key = name.partition("/")
    return PrincipalKey(_KINDS[word], key) if word in _KINDS and key else None


def _engine_names(preview: Preview) -> dict[PrincipalKey, str]:
    """Names that Entra told the provider, for groups and people that leave the access file."""
    names: dict[PrincipalKey, str] = {}
    for step in preview.of_kind("AppRoleAssignment", "Group"):
        for state in (step.before, step.after):
            key = _key(state.name) if state else None
            if state is None or key is None:
                continue
            name = state.outputs.get("principalDisplayName") or state.inputs.get("displayName")
            if name and is_known(name):
                names[key] = str(name)
    return names


def _new_members(preview: Preview) -> dict[PrincipalKey, int]:
    """How many members the stack's own groups are to have; unknown in a preview without sames."""
    if not preview.complete:
        return {}
    groups = [step for step in preview.of_kind("Group") if step.after is not None]
    counted = {key: 0 for step in groups if (key := _key(step.name)) is not None}
    for step in preview.of_kind(MEMBER):
        key = group_of(step)
        if key in counted and step.after is not None:
            counted[key] += 1
    return counted


def _people(graph: Graph, preview: Preview) -> tuple[dict[PrincipalKey, int], dict[str, str]]:
    """Direct members of the groups that change (Entra provisions no others), and people's names.

    Raises EntraError.
    """
    groups = _existing_groups(preview)
    with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="graph") as pool:
        counts = dict(
            zip(
                groups, pool.map(lambda ident: _members(graph, ident), groups.values()), strict=True
            )
        )
    persons = _member_ids(preview)
    return counts, _names(graph, sorted(persons)) if persons else {}


def _existing_groups(preview: Preview) -> dict[PrincipalKey, str]:
    made_here = {step.name for step in preview.of_kind("Group")}
    found: dict[PrincipalKey, str] = {}
    for step in preview.of_kind("AppRoleAssignment"):
        state = step.after or step.before
        key = _key(step.name)
        if state is None or key is None or key.type != "GROUP" or step.name in made_here:
            continue
        ident = state.inputs.get("principalObjectId")
        if ident and is_known(ident):
            found[key] = str(ident)
    return found


def _members(graph: Graph, group_id: str) -> int:
    path = f"/groups/{group_id}/members?$select=id&$top={_PAGE}"
    return sum(str(one.get("@odata.type", "")).endswith(".user") for one in graph.entries(path))


def _member_ids(preview: Preview) -> set[str]:
    """People whose membership in the stack's own groups changes, and their owners."""
    found = {object_id(step) for step in preview.of_kind(MEMBER) if step.changes}
    for step in preview.of_kind("Group"):
        if step.changes:
            for state in (step.before, step.after):
                found |= set(state.inputs.get("owners") or ()) if state else set()
    return {ident for ident in found if ident and is_known(ident)}


def _names(graph: Graph, idents: Iterable[str]) -> dict[str, str]:
    """User principal names by object id (Graph, directoryObject: getByIds takes 1,000 ids)."""
    body = {"ids": list(idents)[:1000], "types": ["user"]}
    answer = graph.call("POST", "/directoryObjects/getByIds", body)
    return {one["id"]: str(one.get("userPrincipalName") or one["id"]) for one in answer["value"]}
