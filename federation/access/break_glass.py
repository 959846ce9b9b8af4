"""The way in when everything else fails: what it must be able to do, and whether it is. Pure.

A break-glass principal has in every protected account an assignment of a permission set that is
administrative by its own policies and that nothing takes away again, and one of the principals at
least has people who can sign in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Access, GuardName, PermissionSet
from federation.access.findings import UNVERIFIED, Finding, Severity, level_of
from federation.access.iam_matching import is_about, reaches_all, statements
from federation.access.iam_policy import denies
from federation.access.labels import Labels
from federation.access.organization import Organization
from federation.access.selection import Selection
from federation.core.domain import managed_policy_path

GUARD: Final[GuardName] = "breakGlass"
_FULL: Final = "AdministratorAccess"
_MANAGED: Final = frozenset({_FULL, "IAMFullAccess"})
# What gains everything else, if it is allowed on every role (service authorization reference).
_WAYS: Final = ("iam:AttachRolePolicy", "iam:PutRolePolicy")
_ROLES: Final = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
# AWS managed policies reference: those that hold a Deny statement and are meant to take away.
_DENYING: Final = ("AWSDenyAll", "AWSCompromisedKeyQuarantine")


@dataclass(frozen=True, kw_only=True)
class Rescue:
    """What is known about the break-glass principals beside the access file.

    `people` counts who can sign in, by principal; one that is missing there is not in Entra yet.
    None: nothing is known. `absent` had an assignment and are gone from Identity Center.
    """

    people: Mapping[PrincipalKey, int] | None = None
    absent: Collection[PrincipalKey] = ()


UNKNOWN: Final = Rescue()


def break_glass_keys(access: Access) -> tuple[PrincipalKey, ...]:
    """The principals of `guards.breakGlass`, sorted."""
    return tuple(key for key in access.principals if key.key in access.guards.break_glass)


def weakness(permission_set: PermissionSet) -> str:
    """Why a permission set is no way in when everything else fails, "" if it is one.

    What can't be seen here counts as a weakness: a customer-managed policy may deny.
    """
    return next(_weaknesses(permission_set), "")


def _weaknesses(permission_set: PermissionSet) -> Iterator[str]:
    boundary = permission_set.permissions_boundary
    if boundary and managed_policy_path(boundary.managed_policy or "") != _FULL:
        yield f"its permissions boundary is not {_FULL}"
    managed = {managed_policy_path(policy) for policy in permission_set.managed_policies}
    yield from (f"{policy} denies" for policy in sorted(managed) if policy.startswith(_DENYING))
    inline = permission_set.inline_policy
    if inline is not None and denies(inline):
        yield "its inline policy has a Deny statement"
    if permission_set.customer_managed_policies:
        yield "what its customer-managed policies deny is not known here"
    if not managed & _MANAGED and not (inline is not None and _administers(inline)):
        yield "its policies don't allow administration without conditions"


def _administers(policy: Mapping[str, Any]) -> bool:
    return any(
        one.get("Effect") == "Allow"
        and not one.get("Condition")
        and any(is_about(one, action) for action in _WAYS)
        and reaches_all(one, _ROLES)
        for one in statements(policy)
    )


def check_break_glass(
    access: Access,
    assignments: Collection[Assignment],
    organization: Organization,
    rescue: Rescue,
    labels: Labels,
) -> Iterator[Finding]:
    """What `guards.breakGlass` says about the declared assignments `assignments`."""
    yield from _assignments(access, assignments, organization, labels)
    if rescue.people is None:
        yield from _unknown(access, labels)
    else:
        yield from _empty(access, rescue.people, labels)
    for key in break_glass_keys(access):
        if key in rescue.absent:
            yield _finding(
                access,
                f"break-glass {labels.spoken(key)} had its assignments and is gone from Identity "
                "Center, so that it gets nobody in: run python -m ops sync, or python -m ops "
                "status for the reason",
            )


def _assignments(
    access: Access, assignments: Collection[Assignment], organization: Organization, labels: Labels
) -> Iterator[Finding]:
    guards, selection = access.guards, Selection(organization)
    weak = {name: weakness(entry) for name, entry in access.permission_sets.items()}
    held: dict[PrincipalKey, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for assignment in assignments:
        held[assignment.principal][assignment.account].add(assignment.permission_set)
    accounts = organization.by_id
    wanted = selection.ids(guards.protected_accounts) - selection.ids(guards.never)
    needed = sorted(ident for ident in wanted if accounts[ident].active)
    for key in break_glass_keys(access):
        missing = [
            ident for ident in needed if all(weak.get(name, name) for name in held[key][ident])
        ]
        if missing:
            names = ", ".join(str(accounts[ident]) for ident in missing)
            useless = sorted({name for ident in missing for name in held[key][ident]})
            why = "".join(f"; {name} does not count: {weak.get(name)}" for name in useless)
            yield _finding(
                access,
                f"break-glass {labels.spoken(key)} holds no admin set in {names}{why}; "
                "without it nobody gets in when everything else fails",
            )


def _empty(access: Access, people: Mapping[PrincipalKey, int], labels: Labels) -> Iterator[Finding]:
    keys = break_glass_keys(access)
    empty = [key for key in keys if not people.get(key)]
    for key in empty:
        text = (
            f"break-glass {labels.spoken(key)} has nobody who can sign in"
            if key.type == "USER"
            else f"break-glass {labels.spoken(key)} has no direct member who can sign in"
        )
        all_empty = len(empty) == len(keys)
        yield _finding(access, text, severity=None if all_empty else "warning")


def _unknown(access: Access, labels: Labels) -> Iterator[Finding]:
    names = ", ".join(map(labels.spoken, break_glass_keys(access)))
    if names:
        text = (
            f"whether break-glass {names} has people who can sign in is not known without Entra: "
            "pulumi preview checks it"
        )
        yield _finding(access, text, severity="warning", guard=UNVERIFIED)


def _finding(
    access: Access, text: str, *, severity: Severity | None = None, guard: str = GUARD
) -> Finding:
    return Finding(
        severity=severity or level_of(access.guards, GUARD),
        guard=guard,
        message=f"{text}.",
        location=access.guards.location,
    )
