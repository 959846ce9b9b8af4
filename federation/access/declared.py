"""What an access file declares: one class for each mapping of the YAML.

These classes are the validation of a file, its JSON Schema, the model that the rest of the program
works with, and what is written back. They check what one mapping can know of itself; what needs
more than one (names, duplicates) is checked in `references`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from federation.access.assignments import PrincipalKey
from federation.core.domain import (
    AccountId,
    AccountName,
    AccountNameGlob,
    CustomerPolicyName,
    CustomerPolicyPath,
    Description,
    DisplayName,
    Key,
    ManagedPolicy,
    ObjectId,
    OuId,
    OuPath,
    Owner,
    OwnTagKey,
    PermissionSetName,
    RelayState,
    SessionDuration,
    TagKey,
    TagValue,
    UserPrincipalName,
    managed_policy_path,
)
from federation.core.entry import (
    Entry,
    Many,
    from_place,
    written,
    written_fields,
    written_name,
    wrong,
)
from federation.core.errors import Location
from federation.core.source import Document, Path

GuardLevel = Literal["error", "warn"]
GuardName = Literal[
    "breakGlass",
    "adminOnProtected",
    "escalatesOnProtected",
    "never",
    "maxRemovals",
    "separationOfDuties",
    "requireOwner",
    "usersInsteadOfGroups",
    "scopes",
    "managementAssignments",
]


@dataclass(frozen=True, kw_only=True)
class Group(Entry):
    """An Entra group, by name or object id."""

    own_key: ClassVar = "key"

    key: str = from_place()
    display_name: DisplayName | None = written(
        "Name of the group in Entra. Unique there, or give objectId instead.", None
    )
    object_id: ObjectId | None = written("Object id of the group in Entra.", None)
    create: bool = written("Create the group in Entra with this program.", False)
    owners: Many[UserPrincipalName] = written("Owners of a created group.", ())
    members: Many[UserPrincipalName] = written("All members of a created group.", ())
    adopt: bool = written(
        "Join a group of this name that was made by hand in Identity Center.", False
    )

    def __post_init__(self) -> None:
        if (self.display_name is None) == (self.object_id is None):
            raise wrong("a group needs exactly one of displayName and objectId.")
        if self.create and self.display_name is None:
            raise wrong("a group that is created needs a displayName, it has no objectId yet.")
        if not self.create and (self.owners or self.members):
            raise wrong("owners and members are managed only for groups with create: true.")

    @property
    def principal(self) -> PrincipalKey:
        """The group as the principal of assignments."""
        return PrincipalKey("GROUP", self.key)


@dataclass(frozen=True, kw_only=True)
class User(Entry):
    """An Entra user."""

    own_key: ClassVar = "key"

    key: str = from_place()
    user_principal_name: UserPrincipalName = written("Sign-in name in Entra.")

    @property
    def principal(self) -> PrincipalKey:
        """The user as the principal of assignments."""
        return PrincipalKey("USER", self.key)


@dataclass(frozen=True, order=True)
class CustomerPolicy(Entry):
    """A customer-managed policy that exists under this name and path in every target account."""

    name: CustomerPolicyName
    path: CustomerPolicyPath = "/"

    @property
    def path_and_name(self) -> str:
        """`/team/deploy`: how `guards.harmlessPolicies` names it."""
        return f"{self.path}{self.name}"


@dataclass(frozen=True, kw_only=True)
class Boundary(Entry):
    """The permissions boundary: an AWS-managed or a customer-managed policy."""

    managed_policy: ManagedPolicy | None = written("Name, path/name or ARN.", None)
    customer_managed_policy: CustomerPolicy | None = None

    def __post_init__(self) -> None:
        if (self.managed_policy is None) == (self.customer_managed_policy is None):
            raise wrong(
                "a permissions boundary is exactly one of managedPolicy and customerManagedPolicy."
            )

    def managed_policy_arn(self, partition: str) -> str | None:
        """ARN of the AWS-managed policy in a partition, None for a customer-managed one."""
        return managed_policy_arn(self.managed_policy, partition) if self.managed_policy else None


def _inline(value: Any) -> Any:
    if not isinstance(value, dict | str):
        raise wrong("an inline policy is a mapping, or the path of a JSON file.")
    if not value:
        raise wrong("the inline policy is empty; leave the key out instead.")
    return value


# A path is for the loader only: it puts the content of the file in its place.
InlinePolicy = Annotated[
    Mapping[str, Any],
    PlainValidator(_inline),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "description": "JSON file, relative to the access file."},
                {"type": "object", "required": ["Version", "Statement"]},
            ]
        }
    ),
]


@dataclass(frozen=True, kw_only=True)
class PermissionSet(Entry):
    """A permission set: the template of the roles that people get."""

    own_key: ClassVar = "name"

    name: str = from_place()
    description: Description | None = None
    session_duration: SessionDuration | None = written(
        "PT1H (the default) to PT12H.", None, examples=["PT8H"]
    )
    managed_policies: Many[ManagedPolicy] = written(
        "AWS-managed policies: name, path/name or ARN.", ()
    )
    customer_managed_policies: Many[CustomerPolicy] = written(
        "Policies that exist in every target account already.", ()
    )
    inline_policy: InlinePolicy | None = written("A JSON file, or the policy itself.", None)
    permissions_boundary: Boundary | None = None
    relay_state: RelayState | None = written("Where the console opens.", None)
    # AWS SDK model sso-admin, CreatePermissionSet: at most 75 tags.
    tags: Mapping[OwnTagKey, TagValue] = written(default=dict, max_length=75)

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
class Selector(Entry):
    """Accounts by id, name, glob, OU or tag: exactly one of them."""

    __pydantic_config__: ClassVar = ConfigDict(
        **Entry.__pydantic_config__,
        json_schema_extra=lambda schema: schema.update(
            oneOf=[{"required": [kind]} for kind in SELECTOR_KINDS]
        ),
    )

    ou: OuPath | None = written('OU path from the root, "/" for everything.', None, kind=True)
    ou_id: OuId | None = written("OU id, where a name holds a slash.", None, kind=True)
    account: AccountId | None = written("Account id, in quotes.", None, kind=True)
    account_name: AccountName | None = written("Exact and unique account name.", None, kind=True)
    account_name_glob: AccountNameGlob | None = written("* ? and [a-z] on names.", None, kind=True)
    tag: Annotated[Mapping[TagKey, TagValue], Field(min_length=1)] | None = written(
        "Account tags; several keys mean and.", None, kind=True
    )
    children: bool | None = written("false: only accounts of the OU itself.", None)
    optional: bool = written(
        "No complaint while it matches nothing; a name that several share stays an error.", False
    )

    def __post_init__(self) -> None:
        given = self._given
        if len(given) != 1:
            found = f"found {' and '.join(given)}" if given else "found none"
            raise wrong(f"a selector has exactly one of {', '.join(SELECTOR_KINDS)}; {found}.")
        if self.children is not None and given[0] not in {"ou", "ouId"}:
            raise wrong(f"children goes with ou and ouId, not with {given[0]}.")

    def __hash__(self) -> int:
        return hash((self.kind, self.value))

    @property
    def _given(self) -> list[str]:
        values = self.__dict__
        return [kind for kind, name in SELECTOR_KINDS.items() if values[name] is not None]

    @cached_property
    def kind(self) -> str:
        """Which of SELECTOR_KINDS it is."""
        return self._given[0]

    @cached_property
    def value(self) -> str | tuple[tuple[str, str], ...]:
        """What the selector says; sorted (key, value) pairs for tags."""
        value = getattr(self, SELECTOR_KINDS[self.kind])
        return tuple(sorted(value.items())) if isinstance(value, Mapping) else value

    @cached_property
    def text(self) -> str:
        """The selector as in the file: `ou: Workloads/Dev`."""
        if isinstance(self.value, str):
            inner = self.value
        else:
            inner = "{" + ", ".join(f"{key}: {value}" for key, value in self.value) + "}"
        return f"{self.kind}: {inner}" + (", children: false" if self.children is False else "")

    def place(self, document: Document, path: Path) -> Location:
        """The place of its value."""
        return document.locate((*path, self.kind))


# The kinds of selectors as they are written, with the names of their fields.
SELECTOR_KINDS: Final[Mapping[str, str]] = {
    written_name(one): one.name for one in written_fields(Selector) if one.metadata.get("kind")
}


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) == 10 else value
        except ValueError:
            return value
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


@dataclass(frozen=True, kw_only=True)
class Rule(Entry):
    """Principals times permission sets times targets."""

    id: Key | None = written("Name of the rule in messages and reports.", None)
    owner: Owner | None = written("Who answers for this access.", None)
    group: str | None = written("Key of the group that gets the access.", None)
    user: str | None = written("Key of a user. Groups are better.", None)
    permission_sets: Many[PermissionSetName] = written(
        "What it may do: names under permissionSets.", min_length=1
    )
    targets: Many[Selector] = written(
        "Where: the accounts that any of these selectors means.", min_length=1
    )
    exceptions: Many[Selector] = written("Taken away from this rule.", (), alias="except")
    until: Day | None = written("Last day of temporary access.", None)
    protected: Literal["acknowledged"] | None = written(
        "This rule may give admin sets in protected accounts.", None
    )

    def __post_init__(self) -> None:
        if (self.group is None) == (self.user is None):
            raise wrong("a rule needs exactly one of group and user.")

    @property
    def label(self) -> str:
        """The id, or `rules[n]` without one."""
        return self.id or self.location.path

    @cached_property
    def principal(self) -> PrincipalKey:
        """Who gets the access."""
        if self.group is not None:
            return PrincipalKey("GROUP", self.group)
        return PrincipalKey("USER", str(self.user))

    @property
    def acknowledged(self) -> bool:
        """True if it may give admin sets in protected accounts."""
        return self.protected is not None

    def expired(self, today: date) -> bool:
        """True from the day after `until`."""
        return self.until is not None and today > self.until


class GuardSelectors(NamedTuple):
    """The selectors of one guard. `restricts`: they take access away, or guard it."""

    name: str
    selectors: tuple[Selector, ...]
    restricts: bool


@dataclass(frozen=True, kw_only=True)
class Guards(Entry):
    """What no rule may do; in one central file only."""

    break_glass: Many[str] = written(
        "Groups or users that keep an admin set in every protected account; one of "
        "them at least has people who can sign in. The set is administrative by its own policies, "
        "without conditions, Deny statements, customer-managed policies or another permissions "
        "boundary than AdministratorAccess.",
        (),
    )
    protected_accounts: Many[Selector] = written(
        "Accounts that admin sets reach only where a rule acknowledges it.", ()
    )
    admin_permission_sets: Many[PermissionSetName] = written(
        "Admin sets besides those found by their policies.", ()
    )
    harmless_policies: Many[str] = written(
        "Customer-managed policies that lead to no administration, as path and name "
        "(/team/deploy); what others allow is not known here.",
        (),
    )
    never: Many[Selector] = written("Accounts that get no assignments; beats every rule.", ())
    max_removals: Annotated[int, Field(ge=0)] | None = written(
        "Most assignments that one update may remove.", None
    )
    separation_of_duties: Many[Annotated[Many[PermissionSetName], Field(min_length=2)]] = written(
        "Sets that nobody holds together in one account, people by several groups.", ()
    )
    require_owner: GuardLevel | None = written("Every rule names an owner.", None)
    users_instead_of_groups: GuardLevel | None = written(
        "No rule gives access to a user directly.", None
    )
    scopes: Mapping[str, Many[Selector]] = written(
        "Where a team's file may change access, by its path relative to this file.", dict
    )
    severity: Mapping[GuardName, GuardLevel] = written(
        "error (the default, but for escalatesOnProtected) or warn, by guard.", dict
    )

    def __post_init__(self) -> None:
        if self.break_glass and not self.protected_accounts:
            raise wrong(
                "breakGlass needs protectedAccounts: the accounts in which it keeps an admin set."
            )

    def level(self, guard: GuardName) -> GuardLevel | None:
        """What a violation of a guard comes to, None for one of the two that are off."""
        own: dict[GuardName, GuardLevel | None] = {
            "escalatesOnProtected": "warn",
            "requireOwner": self.require_owner,
            "usersInsteadOfGroups": self.users_instead_of_groups,
        }
        default = own.get(guard, "error")
        level = self.severity.get(guard, default) if default else None
        if guard == "adminOnProtected" and self.level("escalatesOnProtected") == "error":
            # Who administers escalates, too.
            return "error"
        return level

    @property
    def selectors(self) -> Iterator[GuardSelectors]:
        """Every selector that a guard holds."""
        for one in written_fields(Guards):
            value = getattr(self, one.name)
            if isinstance(value, tuple) and value and isinstance(value[0], Selector):
                yield GuardSelectors(written_name(one), value, restricts=True)
        for file, granted in self.scopes.items():
            yield GuardSelectors(f"scopes of {file}", granted, restricts=False)


@dataclass(frozen=True, kw_only=True)
class QuotaLimits(Entry):
    """Service quotas of this organization, where AWS has raised them (or to stay below them)."""

    permission_sets: Annotated[int, Field(ge=1)] | None = None
    permission_sets_per_account: Annotated[int, Field(ge=1)] | None = None
    # IAM quotas: 10 managed policies per role by default; Identity Center takes at most 20 per set.
    managed_policies_per_role: Annotated[int, Field(ge=1, le=20)] | None = None
    groups: Annotated[int, Field(ge=1)] | None = None
    assignments: Annotated[int, Field(ge=1)] | None = written(
        "A ceiling of your own; AWS documents none.", None
    )


@dataclass(frozen=True, kw_only=True)
class Access(Entry):
    """Who gets what, where: groups and users x permission sets x accounts."""

    groups: Mapping[Key, Group] = written("Entra groups, by keys of yours that never change.", dict)
    users: Mapping[Key, User] = written("Entra users, by keys of yours.", dict)
    permission_sets: Mapping[PermissionSetName, PermissionSet] = written(
        "Permission sets by name.", dict
    )
    rules: Many[Rule] = written("Who gets what, where. Their order is irrelevant.", ())
    guards: Guards = written("In one central file only.", Guards)
    quotas: QuotaLimits = written("In one central file only.", QuotaLimits)
    moved: Mapping[Key, Key] = written("Renamed keys: {old: new}.", dict)
    # SHA-256 digests of the files that were read, by name; what many declare is one `Access`.
    files: Mapping[str, str] = from_place(dict, compare=False)

    @property
    def uses_tags(self) -> bool:
        """True if any selector needs account tags (which cost one call an account to read)."""
        groups = [
            *(rule.targets for rule in self.rules),
            *(rule.exceptions for rule in self.rules),
            *(guard.selectors for guard in self.guards.selectors),
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
