"""The access file as it is written: pydantic models, one for each mapping of the YAML.

They check shape and values of one file; what needs more than one entry (names, duplicates) is
checked in `references`. The JSON Schema for editors is generated from these models.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

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
)

SelectorKind = Literal["ou", "ouId", "account", "accountName", "accountNameGlob", "tag"]
SELECTOR_KINDS: Final[tuple[SelectorKind, ...]] = (
    "ou",
    "ouId",
    "account",
    "accountName",
    "accountNameGlob",
    "tag",
)
GuardLevel = Literal["error", "warn"]
GuardName = Literal[
    "breakGlass",
    "adminOnProtected",
    "never",
    "maxRemovals",
    "separationOfDuties",
    "requireOwner",
    "usersInsteadOfGroups",
    "scopes",
    "managementAssignments",
]


def wrong(sentence: str) -> PydanticCustomError:
    """A validation error whose message is exactly the sentence."""
    return PydanticCustomError("domain", "{sentence}", {"sentence": sentence})


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) == 10 else value
        except ValueError:
            return value
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class Entry(BaseModel):
    """A mapping in the file: keys in camelCase, unknown ones refused, no silent conversions."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        # Only AccessFile is validated by itself: building the others too doubles the start-up time.
        defer_build=True,
    )


class GroupEntry(Entry):
    """An Entra group, by name or object id."""

    display_name: DisplayName | None = Field(
        None, description="Name of the group in Entra. Unique there, or give objectId instead."
    )
    object_id: ObjectId | None = Field(None, description="Object id of the group in Entra.")
    create: bool = Field(False, description="Create the group in Entra with this program.")
    owners: list[UserPrincipalName] = Field([], description="Owners of a created group.")
    members: list[UserPrincipalName] = Field([], description="All members of a created group.")
    adopt: bool = Field(
        False, description="Join a group of this name that was made by hand in Identity Center."
    )

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if (self.display_name is None) == (self.object_id is None):
            raise wrong("a group needs exactly one of displayName and objectId.")
        if self.create and self.display_name is None:
            raise wrong("a group that is created needs a displayName, it has no objectId yet.")
        if not self.create and (self.owners or self.members):
            raise wrong("owners and members are managed only for groups with create: true.")
        return self


class UserEntry(Entry):
    """An Entra user."""

    user_principal_name: UserPrincipalName = Field(description="Sign-in name in Entra.")


class CustomerPolicyEntry(Entry):
    """A customer-managed policy that exists under this name and path in every target account."""

    name: CustomerPolicyName
    path: CustomerPolicyPath = "/"


class BoundaryEntry(Entry):
    """The permissions boundary: an AWS-managed or a customer-managed policy."""

    managed_policy: ManagedPolicy | None = Field(None, description="Name, path/name or ARN.")
    customer_managed_policy: CustomerPolicyEntry | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.managed_policy is None) == (self.customer_managed_policy is None):
            raise wrong(
                "a permissions boundary is exactly one of managedPolicy and customerManagedPolicy."
            )
        return self


def _inline(value: Any) -> Any:
    if not isinstance(value, dict | str):
        raise wrong("an inline policy is a mapping, or the path of a JSON file.")
    if not value:
        raise wrong("the inline policy is empty; leave the key out instead.")
    return value


InlinePolicy = Annotated[
    Any,
    BeforeValidator(_inline),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "description": "JSON file, relative to the access file."},
                {"type": "object", "required": ["Version", "Statement"]},
            ]
        }
    ),
]


class PermissionSetEntry(Entry):
    """A permission set: the template of the roles that people get."""

    description: Description | None = None
    session_duration: SessionDuration | None = Field(
        None, description="PT1H (the default) to PT12H.", examples=["PT8H"]
    )
    managed_policies: list[ManagedPolicy] = Field(
        [], description="AWS-managed policies: name, path/name or ARN."
    )
    customer_managed_policies: list[CustomerPolicyEntry] = Field(
        [], description="Policies that exist in every target account already."
    )
    inline_policy: InlinePolicy = Field(None, description="A JSON file, or the policy itself.")
    permissions_boundary: BoundaryEntry | None = None
    relay_state: RelayState | None = Field(None, description="Where the console opens.")
    # AWS SDK model sso-admin, CreatePermissionSet: at most 75 tags.
    tags: dict[OwnTagKey, TagValue] = Field({}, max_length=75)


class SelectorEntry(Entry):
    """Accounts by id, name, glob, OU or tag: exactly one of them."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in SELECTOR_KINDS]}
    )

    ou: OuPath | None = Field(None, description='OU path from the root, "/" for everything.')
    ou_id: OuId | None = Field(None, description="OU id, where a name holds a slash.")
    account: AccountId | None = Field(None, description="Account id, in quotes.")
    account_name: AccountName | None = Field(None, description="Exact and unique account name.")
    account_name_glob: AccountNameGlob | None = Field(None, description="* ? and [a-z] on names.")
    tag: dict[TagKey, TagValue] | None = Field(
        None, min_length=1, description="Account tags; several keys mean and."
    )
    children: bool | None = Field(None, description="false: only accounts of the OU itself.")
    optional: bool = Field(
        False,
        description="No complaint while it matches nothing; a name that several share stays an "
        "error.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [kind for kind in SELECTOR_KINDS if self.value(kind) is not None]
        if len(given) != 1:
            found = f"found {' and '.join(given)}" if given else "found none"
            raise wrong(f"a selector has exactly one of {', '.join(SELECTOR_KINDS)}; {found}.")
        if self.children is not None and given[0] not in {"ou", "ouId"}:
            raise wrong(f"children goes with ou and ouId, not with {given[0]}.")
        return self

    def value(self, kind: str) -> Any:
        """What the selector says for one of SELECTOR_KINDS."""
        return getattr(self, _FIELDS[kind])


_FIELDS: Final = {(field.alias or name): name for name, field in SelectorEntry.model_fields.items()}


class RuleEntry(Entry):
    """Principals times permission sets times targets."""

    id: Key | None = Field(None, description="Name of the rule in messages and reports.")
    owner: Owner | None = Field(None, description="Who answers for this access.")
    group: str | None = Field(None, description="Key of the group that gets the access.")
    user: str | None = Field(None, description="Key of a user. Groups are better.")
    permission_sets: list[PermissionSetName] = Field(
        min_length=1, description="What it may do: names under permissionSets."
    )
    targets: list[SelectorEntry] = Field(
        min_length=1, description="Where: the accounts that any of these selectors means."
    )
    except_: list[SelectorEntry] = Field(
        [], alias="except", description="Taken away from this rule."
    )
    until: Day | None = Field(None, description="Last day of temporary access.")
    protected: Literal["acknowledged"] | None = Field(
        None, description="This rule may give admin sets in protected accounts."
    )

    @model_validator(mode="after")
    def _one_principal(self) -> Self:
        if (self.group is None) == (self.user is None):
            raise wrong("a rule needs exactly one of group and user.")
        return self


class GuardsEntry(Entry):
    """What no rule may do; in one central file only."""

    break_glass: list[str] = Field(
        [],
        description="Groups or users that keep an admin set in every protected account; one of "
        "them at least has people who can sign in. The set is administrative by its own policies, "
        "without conditions, Deny statements, customer-managed policies or another permissions "
        "boundary than AdministratorAccess.",
    )
    protected_accounts: list[SelectorEntry] = Field(
        [], description="Accounts that admin sets reach only where a rule acknowledges it."
    )
    admin_permission_sets: list[PermissionSetName] = Field(
        [], description="Admin sets besides those found by their policies."
    )
    never: list[SelectorEntry] = Field(
        [], description="Accounts that get no assignments; beats every rule."
    )
    max_removals: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Most assignments that one update may remove."
    )
    separation_of_duties: list[Annotated[list[PermissionSetName], Field(min_length=2)]] = Field(
        [], description="Sets that nobody holds together in one account, people by several groups."
    )
    require_owner: GuardLevel | None = Field(None, description="Every rule names an owner.")
    users_instead_of_groups: GuardLevel | None = Field(
        None, description="No rule gives access to a user directly."
    )
    scopes: dict[str, list[SelectorEntry]] = Field(
        {}, description="Where a team's file may change access, by its path relative to this file."
    )
    severity: dict[GuardName, GuardLevel] = Field(
        {}, description="error (the default) or warn, by guard."
    )

    @model_validator(mode="after")
    def _break_glass_needs_protected(self) -> Self:
        if self.break_glass and not self.protected_accounts:
            raise wrong(
                "breakGlass needs protectedAccounts: the accounts in which it keeps an admin set."
            )
        return self


class QuotasEntry(Entry):
    """Service quotas of this organization, where AWS has raised them (or to stay below them)."""

    permission_sets: Annotated[int, Field(ge=1)] | None = None
    permission_sets_per_account: Annotated[int, Field(ge=1)] | None = None
    # IAM quotas: 10 managed policies per role by default; Identity Center takes at most 20 per set.
    managed_policies_per_role: Annotated[int, Field(ge=1, le=20)] | None = None
    groups: Annotated[int, Field(ge=1)] | None = None
    assignments: Annotated[int, Field(ge=1)] | None = Field(
        None, description="A ceiling of your own; AWS documents none."
    )


class AccessFile(Entry):
    """Who gets what, where: groups and users x permission sets x accounts."""

    groups: dict[Key, GroupEntry] = Field(
        {}, description="Entra groups, by keys of yours that never change."
    )
    users: dict[Key, UserEntry] = Field({}, description="Entra users, by keys of yours.")
    permission_sets: dict[PermissionSetName, PermissionSetEntry] = Field(
        {}, description="Permission sets by name."
    )
    rules: list[RuleEntry] = Field(
        [], description="Who gets what, where. Their order is irrelevant."
    )
    guards: GuardsEntry | None = Field(None, description="In one central file only.")
    quotas: QuotasEntry | None = Field(None, description="In one central file only.")
    moved: dict[Key, Key] = Field({}, description="Renamed keys: {old: new}.")
