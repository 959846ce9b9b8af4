"""What an access file declares, as the rest of the program sees it: frozen values, no pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from federation.access.assignments import PrincipalKey
from federation.core.domain import managed_policy_path
from federation.core.errors import NOWHERE, Location

SelectorKind = Literal["ou", "ouId", "account", "accountName", "accountNameGlob", "tag"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """An Entra group: `display_name` or `object_id`, never both."""

    key: str
    display_name: str | None = None
    object_id: str | None = None
    create: bool = False
    owners: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    adopt: bool = False
    location: Location = field(default=NOWHERE, compare=False, repr=False)

    @property
    def principal(self) -> PrincipalKey:
        """The group as the principal of assignments."""
        return PrincipalKey("GROUP", self.key)


@dataclass(frozen=True, kw_only=True)
class User:
    """An Entra user by user principal name."""

    key: str
    user_principal_name: str
    location: Location = field(default=NOWHERE, compare=False, repr=False)

    @property
    def principal(self) -> PrincipalKey:
        """The user as the principal of assignments."""
        return PrincipalKey("USER", self.key)


@dataclass(frozen=True, order=True)
class CustomerPolicy:
    """A policy that exists under this name and path in every target account."""

    name: str
    path: str = "/"


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """A permissions boundary: exactly one of the two."""

    managed_policy: str | None = None
    customer_managed_policy: CustomerPolicy | None = None

    def managed_policy_arn(self, partition: str) -> str | None:
        """ARN of the AWS-managed policy in a partition, None for a customer-managed one."""
        return managed_policy_arn(self.managed_policy, partition) if self.managed_policy else None


@dataclass(frozen=True, kw_only=True)
class PermissionSet:
    """A template of roles. `managed_policies` are as written: name, path/name or ARN."""

    name: str
    description: str | None = None
    session_duration: str | None = None
    managed_policies: tuple[str, ...] = ()
    customer_managed_policies: tuple[CustomerPolicy, ...] = ()
    inline_policy: Mapping[str, Any] | None = None
    permissions_boundary: Boundary | None = None
    relay_state: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    location: Location = field(default=NOWHERE, compare=False, repr=False)

    def managed_policy_arns(self, partition: str) -> tuple[str, ...]:
        """ARNs of the AWS-managed policies in a partition, as `aws` or `aws-us-gov`, sorted."""
        return tuple(
            sorted(managed_policy_arn(policy, partition) for policy in self.managed_policies)
        )

    @property
    def inline_policy_json(self) -> str | None:
        """The inline policy as canonical JSON: sorted keys, no blanks, ASCII."""
        return None if self.inline_policy is None else canonical_json(self.inline_policy)


@dataclass(frozen=True, kw_only=True)
class Selector:
    """Accounts by one property; `value` is a tuple of (key, value) pairs for tags."""

    kind: SelectorKind
    value: str | tuple[tuple[str, str], ...]
    children: bool = True
    optional: bool = False
    location: Location = field(default=NOWHERE, compare=False, repr=False)

    @property
    def text(self) -> str:
        """The selector as in the file: `ou: Workloads/Dev`."""
        if isinstance(self.value, str):
            inner = self.value
        else:
            inner = "{" + ", ".join(f"{key}: {value}" for key, value in self.value) + "}"
        return f"{self.kind}: {inner}" + ("" if self.children else ", children: false")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Principal x permission sets x targets. `label` is the id, or `rules[n]` without one."""

    label: str
    principal: PrincipalKey
    permission_sets: tuple[str, ...]
    targets: tuple[Selector, ...]
    exceptions: tuple[Selector, ...] = ()
    id: str | None = None
    owner: str | None = None
    until: date | None = None
    acknowledged: bool = False
    location: Location = field(default=NOWHERE, compare=False, repr=False)

    def expired(self, today: date) -> bool:
        """True from the day after `until`."""
        return self.until is not None and today > self.until


@dataclass(frozen=True, kw_only=True)
class Guards:
    """What no rule may do. An empty value means that the guard is not configured."""

    break_glass: tuple[str, ...] = ()
    protected_accounts: tuple[Selector, ...] = ()
    admin_permission_sets: tuple[str, ...] = ()
    harmless_policies: tuple[str, ...] = ()
    never: tuple[Selector, ...] = ()
    max_removals: int | None = None
    separation_of_duties: tuple[tuple[str, ...], ...] = ()
    require_owner: Literal["error", "warn"] | None = None
    users_instead_of_groups: Literal["error", "warn"] | None = None
    scopes: Mapping[str, tuple[Selector, ...]] = field(default_factory=dict)
    severity: Mapping[str, Literal["error", "warn"]] = field(default_factory=dict)
    location: Location = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class QuotaLimits:
    """Service quotas of this organization; None means the documented default."""

    permission_sets: int | None = None
    permission_sets_per_account: int | None = None
    managed_policies_per_role: int | None = None
    groups: int | None = None
    assignments: int | None = None


@dataclass(frozen=True, kw_only=True)
class Access:
    """Everything that one or many access files declare together.

    `files` are the SHA-256 digests of the files that were read, by name.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    permission_sets: Mapping[str, PermissionSet] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    guards: Guards = Guards()
    quotas: QuotaLimits = QuotaLimits()
    moved: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def uses_tags(self) -> bool:
        """True if any selector needs account tags (which cost one call an account to read)."""
        guards = self.guards
        groups = [
            *(rule.targets for rule in self.rules),
            *(rule.exceptions for rule in self.rules),
            guards.protected_accounts,
            guards.never,
            *guards.scopes.values(),
        ]
        return any(selector.kind == "tag" for selectors in groups for selector in selectors)

    @property
    def principals(self) -> tuple[PrincipalKey, ...]:
        """Every declared principal, sorted."""
        declared: list[Group | User] = [*self.groups.values(), *self.users.values()]
        return tuple(sorted(entry.principal for entry in declared))


def managed_policy_arn(policy: str, partition: str) -> str:
    """ARN of an AWS-managed policy in a partition; an ARN of another partition is moved there."""
    return f"arn:{partition}:iam::aws:policy/{managed_policy_path(policy)}"


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, without blanks, in ASCII: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
