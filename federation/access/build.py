"""From validated entries of all files to one `Access`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from federation.access.access_file import (
    SELECTOR_KINDS,
    AccessFile,
    BoundaryEntry,
    CustomerPolicyEntry,
    GroupEntry,
    GuardsEntry,
    PermissionSetEntry,
    RuleEntry,
    SelectorEntry,
)
from federation.access.assignments import PrincipalKey
from federation.access.declared import (
    Access,
    Boundary,
    CustomerPolicy,
    Group,
    Guards,
    PermissionSet,
    QuotaLimits,
    Rule,
    Selector,
    User,
)
from federation.core.source import Document, Path


def build_access(loaded: Iterable[tuple[AccessFile, Document]]) -> Access:
    """Join the files, in any order: names are sorted, rules keep the order of their file."""
    groups: dict[str, Group] = {}
    users: dict[str, User] = {}
    permission_sets: dict[str, PermissionSet] = {}
    rules: list[Rule] = []
    guards, quotas = Guards(), QuotaLimits()
    moved: dict[str, str] = {}
    for entries, document in sorted(loaded, key=lambda pair: pair[1].file):
        groups.update((key, _group(key, entry, document)) for key, entry in entries.groups.items())
        for key, user in entries.users.items():
            place = document.locate(("users", key), key=True)
            users[key] = User(key=key, user_principal_name=user.user_principal_name, location=place)
        for name, entry in entries.permission_sets.items():
            permission_sets[name] = _permission_set(name, entry, document)
        rules += [_rule(index, rule, document) for index, rule in enumerate(entries.rules)]
        moved.update(entries.moved)
        if entries.guards is not None:
            guards = _guards(entries.guards, document)
        if entries.quotas is not None:
            quotas = QuotaLimits(**entries.quotas.model_dump())
    return Access(
        groups=_sorted(groups),
        users=_sorted(users),
        permission_sets=_sorted(permission_sets),
        rules=tuple(rules),
        guards=guards,
        quotas=quotas,
        moved=_sorted(moved),
    )


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(mapping.items()))


def _group(key: str, entry: GroupEntry, document: Document) -> Group:
    return Group(
        key=key,
        display_name=entry.display_name,
        object_id=entry.object_id.lower() if entry.object_id else None,
        create=entry.create,
        owners=tuple(entry.owners),
        members=tuple(entry.members),
        adopt=entry.adopt,
        location=document.locate(("groups", key), key=True),
    )


def _permission_set(name: str, entry: PermissionSetEntry, document: Document) -> PermissionSet:
    return PermissionSet(
        name=name,
        description=entry.description,
        session_duration=entry.session_duration,
        managed_policies=tuple(entry.managed_policies),
        customer_managed_policies=tuple(map(_customer_policy, entry.customer_managed_policies)),
        inline_policy=entry.inline_policy,
        permissions_boundary=_boundary(entry.permissions_boundary),
        relay_state=entry.relay_state,
        tags=_sorted(entry.tags),
        location=document.locate(("permissionSets", name), key=True),
    )


def _customer_policy(entry: CustomerPolicyEntry) -> CustomerPolicy:
    return CustomerPolicy(entry.name, entry.path)


def _boundary(entry: BoundaryEntry | None) -> Boundary | None:
    if entry is None:
        return None
    customer = entry.customer_managed_policy
    return Boundary(
        managed_policy=entry.managed_policy,
        customer_managed_policy=_customer_policy(customer) if customer else None,
    )


def _rule(index: int, entry: RuleEntry, document: Document) -> Rule:
    path: Path = ("rules", index)
    key = (
        PrincipalKey("GROUP", entry.group)
        if entry.group is not None
        else PrincipalKey("USER", str(entry.user))
    )
    return Rule(
        label=entry.id or f"rules[{index}]",
        id=entry.id,
        owner=entry.owner,
        principal=key,
        permission_sets=tuple(entry.permission_sets),
        targets=_selectors(entry.targets, document, (*path, "targets")),
        exceptions=_selectors(entry.except_, document, (*path, "except")),
        until=entry.until,
        acknowledged=entry.protected is not None,
        location=document.locate(path),
    )


def _selectors(
    entries: list[SelectorEntry], document: Document, path: Path
) -> tuple[Selector, ...]:
    return tuple(_selector(entry, document, (*path, index)) for index, entry in enumerate(entries))


def _selector(entry: SelectorEntry, document: Document, path: Path) -> Selector:
    kind = next(kind for kind in SELECTOR_KINDS if entry.value(kind) is not None)
    value = entry.value(kind)
    return Selector(
        kind=kind,
        value=tuple(sorted(value.items())) if isinstance(value, dict) else value,
        children=entry.children is not False,
        optional=entry.optional,
        location=document.locate((*path, kind)),
    )


def _guards(entry: GuardsEntry, document: Document) -> Guards:
    def selectors(entries: list[SelectorEntry], *steps: str) -> tuple[Selector, ...]:
        return _selectors(entries, document, ("guards", *steps))

    return Guards(
        break_glass=tuple(entry.break_glass),
        protected_accounts=selectors(entry.protected_accounts, "protectedAccounts"),
        admin_permission_sets=tuple(entry.admin_permission_sets),
        harmless_policies=tuple(entry.harmless_policies),
        never=selectors(entry.never, "never"),
        max_removals=entry.max_removals,
        separation_of_duties=tuple(map(tuple, entry.separation_of_duties)),
        require_owner=entry.require_owner,
        users_instead_of_groups=entry.users_instead_of_groups,
        scopes={file: selectors(e, "scopes", file) for file, e in sorted(entry.scopes.items())},
        severity=dict(sorted(entry.severity.items())),
        location=document.locate(("guards",), key=True),
    )
