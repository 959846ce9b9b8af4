"""What of a live instance can be declared as it is, and what can't: the first half of an adoption.

Pure: what is there comes in as `Live`, files and the reasons for what stays out go out. Nothing is
declared that does not exist, and `differences` proves it on the files as they are loaded.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

from federation.access.access import read_text
from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import (
    Access,
    Boundary,
    CustomerPolicy,
    Group,
    Guards,
    PermissionSet,
    User,
)
from federation.access.inference import infer_rules
from federation.access.keys import Names
from federation.access.organization import Organization
from federation.access.targets import resolve
from federation.access.written import access_file
from federation.core.domain import OBJECT_ID, managed_policy_path
from federation.engine.set_content import (
    DEFAULT_SESSION,
    SetContent,
    declared_content,
    name_and_path,
    same_policy,
)
from federation.engine.unmanaged import Holder, Pair
from federation.identity.principals import IdentityStorePrincipal

ACCESS_FILE: Final = "access.yaml"
# AWS Control Tower user guide, "How AWS Control Tower works", resources of the landing zone.
CONTROL_TOWER: Final = frozenset(
    {
        "AWSAdministratorAccess",
        "AWSOrganizationsFullAccess",
        "AWSPowerUserAccess",
        "AWSReadOnlyAccess",
        "AWSServiceCatalogAdminFullAccess",
        "AWSServiceCatalogEndUserAccess",
    }
)
# As `python -m ops new-environment` writes it: a stack that has just begun takes little away.
_MAX_REMOVALS: Final = 20
# Tags that AWS itself sets; the provider leaves them out as well.
_SYSTEM_TAG: Final = "aws:"

Cause = Literal[
    "controlTower", "unwritable", "setLeft", "deleted", "local", "twice", "otherCase", "account"
]


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that stays as it is, outside the stack. `detail` is what the cause leaves open.

    `name` is a permission set's, a principal's of the identity store, or that of an assignment as
    `<permission set> / <principal> / <account id>`.
    """

    kind: Literal["permissionSet", "principal", "assignment"]
    name: str
    cause: Cause
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Live:
    """What both clouds answer, read at one time.

    `sets` are by name, `holders` by permission set and account. `groups` are Entra's display names
    by object id, `namesakes` those that several groups of Entra bear (case-folded), `people` user
    principal names by object id. `assigned` are the object ids of the groups and people that the
    application is assigned to.
    """

    organization: Organization
    sets: Mapping[str, SetContent]
    holders: Mapping[Pair, Collection[Holder]]
    identity_store: Collection[IdentityStorePrincipal]
    groups: Mapping[str, str]
    people: Mapping[str, str]
    namesakes: Collection[str] = ()
    assigned: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """What is declared, and what is left; `files` are texts by path beside the access file.

    `contents` are the sets that are declared, `mixed` those with assignments in the management
    account and in others. `object_ids` are those of the declared principals.
    """

    files: Mapping[str, str]
    assignments: frozenset[Assignment]
    contents: Mapping[str, SetContent]
    object_ids: Mapping[PrincipalKey, str]
    left: tuple[Left, ...]
    mixed: tuple[str, ...]


def adopt(live: Live, *, literal: bool = False) -> Adoption:
    """Files that declare all that can be declared. `literal`: accounts by id, never by OU."""
    return _Adopting(live).result(literal=literal)


def external_group_ids(listed: Iterable[IdentityStorePrincipal]) -> set[str]:
    """The object ids that Entra may have for groups of the identity store."""
    return {
        ident
        for one in listed
        if one.type == "GROUP"
        for ident in one.external_ids
        if OBJECT_ID.problem_with(ident) is None
    }


def differences(access: Access, adoption: Adoption, organization: Organization) -> list[str]:
    """How what the loaded files declare differs from what exists, a line each; nothing if exact."""
    # No rule that was inferred ends.
    found = resolve(access, organization, today=date.max)
    live, declared = adoption.assignments, frozenset(found.assignments)
    lines = [
        *(f"{one.logical_name} exists and is not declared" for one in sorted(live - declared)),
        *(f"{one.logical_name} is declared and does not exist" for one in sorted(declared - live)),
    ]
    lines += [one.message for one in found.findings if one.severity == "error"]
    written = {
        name: declared_content(one, organization.partition)
        for name, one in access.permission_sets.items()
    }
    lines += [
        f"permission set {name} is declared with other contents than it has"
        for name in sorted(written.keys() | adoption.contents.keys())
        if not _same(written.get(name), adoption.contents.get(name))
    ]
    return lines


def _same(one: SetContent | None, other: SetContent | None) -> bool:
    if one is None or other is None:
        return False
    return same_policy(one.inline, other.inline) and _but_inline(one) == _but_inline(other)


def _but_inline(content: SetContent) -> dict[str, Any]:
    return {**vars(content), "inline": None, "tags": dict(content.tags)}


class _Adopting:
    def __init__(self, live: Live) -> None:
        self.live = live
        self.left: list[Left] = []
        self.names = Names()
        self.groups: dict[str, Group] = {}
        self.users: dict[str, User] = {}
        self.object_ids: dict[PrincipalKey, str] = {}
        self.contents: dict[str, SetContent] = {}
        self.policies: dict[str, str] = {}

    def result(self, *, literal: bool) -> Adoption:
        sets = self._sets()
        keys = self._principals()
        assignments = frozenset(self._assignments(keys))
        mixed = self._mixed()
        access = Access(
            groups=self.groups,
            users=self.users,
            permission_sets=sets,
            rules=infer_rules(assignments, self.live.organization, literal=literal),
            guards=Guards(
                max_removals=_MAX_REMOVALS,
                severity={"managementAssignments": "warn"} if mixed else {},
            ),
        )
        return Adoption(
            files={ACCESS_FILE: access_file(access), **self.policies},
            assignments=assignments,
            contents=self.contents,
            object_ids=self.object_ids,
            left=tuple(sorted(self.left, key=lambda one: (one.kind, one.name, one.cause))),
            mixed=mixed,
        )

    def _sets(self) -> dict[str, PermissionSet]:
        """Every set that an access file can hold, its inline policy in a file of its own."""
        sets: dict[str, PermissionSet] = {}
        files = Names()
        for name, content in sorted(self.live.sets.items()):
            if name in CONTROL_TOWER:
                self._leave("permissionSet", name, "controlTower")
                continue
            tags = {key: v for key, v in content.tags.items() if not _is_system(key)}
            whole = SetContent(**{**vars(content), "tags": tags})
            declared, problem = _declared(name, whole)
            if declared is None or problem:
                self._leave("permissionSet", name, "unwritable", problem)
                continue
            if declared.inline_policy is not None:
                path = f"policies/{files.key(name, otherwise='policy')}.json"
                text = json.dumps(declared.inline_policy, indent=2, ensure_ascii=False)
                self.policies[path] = f"{text}\n"
                written: Any = path
                declared = declared.but(inline_policy=written)
            sets[name], self.contents[name] = declared, whole
        return sets

    @cached_property
    def _known(self) -> dict[Holder, IdentityStorePrincipal]:
        return {Holder(one.type, one.id): one for one in self.live.identity_store}

    @cached_property
    def _counterparts(self) -> dict[Holder, str | Cause]:
        """The object id of each principal of the identity store, or why it has none."""
        by_object: dict[str, list[Holder]] = defaultdict(list)
        found: dict[Holder, str | Cause] = {}
        people = {name: ident for ident, name in self.live.people.items()}
        folded = {name.casefold() for name in people}
        for holder, one in self._known.items():
            if holder.type == "GROUP":
                objects = [ident for ident in one.external_ids if ident in self.live.groups]
                found[holder] = objects[0] if len(objects) == 1 else "local"
            elif one.name in people:
                found[holder] = people[one.name]
            else:
                found[holder] = "otherCase" if one.name.casefold() in folded else "local"
            by_object[found[holder]].append(holder)
        for ident, holders in by_object.items():
            if ident in self.live.groups and len(holders) > 1:
                found.update(dict.fromkeys(holders, "twice"))
        return found

    def _principals(self) -> dict[Holder, PrincipalKey]:
        """Keys for everybody who holds an adopted set or is assigned to the application."""
        holding = {
            holder
            for pair, holders in self.live.holders.items()
            if pair.permission_set in self.contents
            for holder in holders
        }
        keys: dict[Holder, PrincipalKey] = {}
        wanted = {*self.live.assigned}
        for holder in holding:
            wanted.add(self._counterparts.get(holder, ""))
        by_object = {
            ident: self._declare_group(ident, name)
            for ident, name in sorted(self.live.groups.items(), key=lambda one: (one[1], one[0]))
            if ident in wanted
        }
        for ident, name in sorted(self.live.people.items(), key=lambda one: (one[1], one[0])):
            if ident in wanted:
                by_object[ident] = self._declare_user(ident, name)
        for holder, counterpart in self._counterparts.items():
            key = by_object.get(counterpart)
            if key is not None:
                keys[holder] = key
        self._leave_principals(holding)
        return keys

    def _declare_group(self, ident: str, name: str) -> PrincipalKey | None:
        key = self.names.key(name, otherwise="group")
        group = Group(key=key, display_name=name)
        if name.casefold() in self.live.namesakes or _wrong(Access(groups={key: group})):
            group = Group(key=key, object_id=ident)
        self.groups[key], self.object_ids[group.principal] = group, ident
        return group.principal

    def _declare_user(self, ident: str, name: str) -> PrincipalKey | None:
        key = self.names.key(name, otherwise="user")
        user = User(key=key, user_principal_name=name)
        problem = _wrong(Access(users={key: user}))
        if problem:
            self._leave("principal", name, "unwritable", problem)
            return None
        self.users[key], self.object_ids[user.principal] = user, ident
        return user.principal

    def _leave_principals(self, holding: Collection[Holder]) -> None:
        """Local ones that hold nothing: those that do are named with their assignments."""
        for holder, one in self._known.items():
            by_hand = not one.external_ids and self._counterparts[holder] == "local"
            if by_hand and holder not in holding:
                self._leave("principal", one.name, "local", one.id)

    def _assignments(self, keys: Mapping[Holder, PrincipalKey]) -> Iterator[Assignment]:
        accounts = self.live.organization.by_id
        for pair, holders in self.live.holders.items():
            account = accounts.get(pair.account)
            for holder in holders:
                cause, detail = self._obstacle(pair, holder, keys)
                if cause is None and (account is None or not account.active):
                    cause, detail = "account", account.state if account else ""
                if cause is None:
                    yield Assignment(pair.permission_set, keys[holder], pair.account)
                    continue
                known = self._known.get(holder)
                who = known.name if known else holder.id
                name = f"{pair.permission_set} / {who} / {pair.account}"
                self._leave("assignment", name, cause, detail)

    def _obstacle(
        self, pair: Pair, holder: Holder, keys: Mapping[Holder, PrincipalKey]
    ) -> tuple[Cause | None, str]:
        if pair.permission_set not in self.contents:
            return "setLeft", pair.permission_set
        if holder not in self._known:
            return "deleted", holder.id
        if holder in keys:
            return None, ""
        found = self._counterparts[holder]
        if found in ("local", "twice", "otherCase"):
            return found, holder.id
        return "unwritable", ""

    def _mixed(self) -> tuple[str, ...]:
        management = self.live.organization.management_account_id
        places: dict[str, set[bool]] = defaultdict(set)
        for pair, holders in self.live.holders.items():
            if holders and pair.permission_set in self.contents:
                places[pair.permission_set].add(pair.account == management)
        return tuple(sorted(name for name, found in places.items() if len(found) > 1))

    def _leave(
        self,
        kind: Literal["permissionSet", "principal", "assignment"],
        name: str,
        cause: Cause,
        detail: str = "",
    ) -> None:
        self.left.append(Left(kind=kind, name=name, cause=cause, detail=detail))


def _is_system(tag: str) -> bool:
    return tag.casefold().startswith(_SYSTEM_TAG)


def _declared(name: str, content: SetContent) -> tuple[PermissionSet | None, str]:
    """A set as it is written, and what is wrong with it, "" for nothing."""
    try:
        inline = json.loads(content.inline) if content.inline else None
    except ValueError:
        return None, "its inline policy is no JSON"
    declared = PermissionSet(
        name=name,
        description=content.description or None,
        session_duration=None if content.session == DEFAULT_SESSION else content.session,
        managed_policies=tuple(sorted(map(managed_policy_path, content.managed))),
        customer_managed_policies=tuple(sorted(map(_customer, content.customer))),
        inline_policy=inline,
        permissions_boundary=_boundary(content.boundary),
        relay_state=content.relay_state or None,
        tags=dict(sorted(content.tags.items())),
    )
    return declared, _wrong(Access(permission_sets={name: declared}))


def _customer(text: str) -> CustomerPolicy:
    name, path = name_and_path(text)
    return CustomerPolicy(name=name, path=path)


def _boundary(text: str) -> Boundary | None:
    if not text:
        return None
    if text.startswith("arn:"):
        return Boundary(managed_policy=managed_policy_path(text))
    return Boundary(customer_managed_policy=_customer(text))


def _wrong(access: Access) -> str:
    """The first thing that loading it would complain about."""
    problems = read_text(access_file(access), ACCESS_FILE).problems
    return problems[0].message if problems else ""
