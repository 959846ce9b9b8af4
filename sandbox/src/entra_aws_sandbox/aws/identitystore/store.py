"""The state of the identity store. SCIM and the identitystore API are two views of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from entra_aws_sandbox.aws.errors import AwsError, conflict, not_found
from entra_aws_sandbox.clock import Clock


@dataclass
class Principal:
    """What a person and a group have in common. `external_id` can only be set through SCIM."""

    id: str
    created: datetime
    updated: datetime
    external_id: str | None = None
    revision: int = 1


@dataclass
class User(Principal):
    """A person. `attributes` are spelled as in SCIM, without id, externalId, meta and schemas."""

    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def user_name(self) -> str | None:
        """What the SAML NameID must equal."""
        return self.attributes.get("userName")

    @property
    def active(self) -> bool:
        """Whether the person may sign in; people are active unless SCIM says otherwise."""
        return bool(self.attributes.get("active", True))

    @property
    def email(self) -> str | None:
        """The e-mail address; AWS allows one."""
        emails = self.attributes.get("emails") or [{}]
        return emails[0].get("value")


@dataclass
class Group(Principal):
    """A group. Its members are memberships, kept apart."""

    display_name: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Membership:
    """That one person is a member of one group."""

    id: str
    group_id: str
    user_id: str
    created: datetime


class _Index:
    """Which ids have a value, with upper and lower case as one."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, None]] = {}

    def add(self, value: str | None, identifier: str) -> None:
        if value:
            self._ids.setdefault(value.casefold(), {})[identifier] = None

    def remove(self, value: str | None, identifier: str) -> None:
        if value:
            self._ids.get(value.casefold(), {}).pop(identifier, None)

    def find(self, value: str | None) -> list[str]:
        return list(self._ids.get(value.casefold(), ())) if value else []


class IdentityStore:
    """People, groups and memberships of one identity store.

    Every method may be called from several threads. Lookups by id, userName, displayName, e-mail
    and externalId take constant time, so that a first cycle of 10,000 people stays quick.
    """

    def __init__(self, *, identifier: str, account_id: str, issuer: str, clock: Clock) -> None:
        self.id = identifier
        self.arn = f"arn:aws:identitystore::{account_id}:identitystore/{identifier}"
        self.issuer = issuer
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.memberships: dict[str, Membership] = {}
        self.network: dict[str, Any] | None = None
        self.lock = RLock()
        self._clock = clock
        self._members: dict[str, dict[str, Membership]] = {}
        self._groups_of: dict[str, dict[str, Membership]] = {}
        self._by_user_name = _Index()
        self._by_email = _Index()
        self._by_display_name = _Index()
        self._users_by_external_id = _Index()
        self._groups_by_external_id = _Index()

    # People

    def add_user(self, attributes: dict[str, Any], external_id: str | None = None) -> User:
        """A new person. Raises ConflictException for a userName or e-mail that is taken."""
        with self.lock:
            user = User(
                id=str(uuid.uuid4()),
                created=self._clock.now(),
                updated=self._clock.now(),
                external_id=external_id,
                attributes=attributes,
            )
            self._refuse_taken(user)
            self._put_user(user)
            return user

    def change_user(self, user: User, attributes: dict[str, Any], external_id: str | None) -> User:
        """The person with other attributes. Raises ConflictException as `add_user`."""
        with self.lock:
            changed = User(
                id=user.id,
                created=user.created,
                updated=self._clock.now(),
                external_id=external_id,
                revision=user.revision + 1,
                attributes=attributes,
            )
            self._refuse_taken(changed)
            self._forget_user(user)
            self._put_user(changed)
            return changed

    def remove_user(self, user_id: str) -> None:
        """Take a person away, with her memberships (her assignments stay: AWS keeps orphans)."""
        with self.lock:
            user = self.user(user_id)
            for membership in list(self._groups_of.get(user_id, {}).values()):
                self.remove_membership(membership.id)
            self._forget_user(user)
            del self.users[user_id]

    def user(self, user_id: str) -> User:
        """Raises ResourceNotFoundException if there is no such person."""
        with self.lock:
            if user_id not in self.users:
                raise missing("USER", user_id)
            return self.users[user_id]

    def users_named(self, user_name: str) -> list[User]:
        """People with this userName, in upper or lower case: one or none."""
        with self.lock:
            return [self.users[each] for each in self._by_user_name.find(user_name)]

    def users_with_email(self, email: str) -> list[User]:
        """People with this e-mail address: one or none."""
        with self.lock:
            return [self.users[each] for each in self._by_email.find(email)]

    def users_with_external_id(self, external_id: str) -> list[User]:
        """People whom SCIM gave this externalId; AWS does not ask it to be unique."""
        with self.lock:
            return [
                self.users[each]
                for each in self._users_by_external_id.find(external_id)
                if self.users[each].external_id == external_id
            ]

    def _put_user(self, user: User) -> None:
        self.users[user.id] = user
        self._by_user_name.add(user.user_name, user.id)
        self._by_email.add(user.email, user.id)
        self._users_by_external_id.add(user.external_id, user.id)

    def _forget_user(self, user: User) -> None:
        self._by_user_name.remove(user.user_name, user.id)
        self._by_email.remove(user.email, user.id)
        self._users_by_external_id.remove(user.external_id, user.id)

    def _refuse_taken(self, user: User) -> None:
        for taken in (self._by_user_name.find(user.user_name), self._by_email.find(user.email)):
            if set(taken) - {user.id}:
                raise duplicate("USER")

    # Groups

    def add_group(
        self,
        display_name: str | None,
        *,
        description: str | None = None,
        external_id: str | None = None,
    ) -> Group:
        """A new group. Raises ConflictException for a display name that is taken."""
        with self.lock:
            group = Group(
                id=str(uuid.uuid4()),
                created=self._clock.now(),
                updated=self._clock.now(),
                external_id=external_id,
                display_name=display_name,
                description=description,
            )
            self._refuse_taken_name(group)
            self._put_group(group)
            return group

    def change_group(
        self,
        group: Group,
        *,
        display_name: str | None,
        description: str | None,
        external_id: str | None,
    ) -> Group:
        """The group with another name or externalId. Raises ConflictException as `add_group`."""
        with self.lock:
            changed = Group(
                id=group.id,
                created=group.created,
                updated=self._clock.now(),
                external_id=external_id,
                revision=group.revision + 1,
                display_name=display_name,
                description=description,
            )
            self._refuse_taken_name(changed)
            self._forget_group(group)
            self._put_group(changed)
            return changed

    def remove_group(self, group_id: str) -> None:
        """Take a group away, with its memberships."""
        with self.lock:
            group = self.group(group_id)
            for membership in list(self._members.get(group_id, {}).values()):
                self.remove_membership(membership.id)
            self._forget_group(group)
            del self.groups[group_id]

    def group(self, group_id: str) -> Group:
        """Raises ResourceNotFoundException if there is no such group."""
        with self.lock:
            if group_id not in self.groups:
                raise missing("GROUP", group_id)
            return self.groups[group_id]

    def groups_named(self, display_name: str) -> list[Group]:
        """Groups with this display name, in upper or lower case: one or none."""
        with self.lock:
            return [self.groups[each] for each in self._by_display_name.find(display_name)]

    def groups_with_external_id(self, external_id: str) -> list[Group]:
        """Groups to which SCIM gave this externalId."""
        with self.lock:
            return [
                self.groups[each]
                for each in self._groups_by_external_id.find(external_id)
                if self.groups[each].external_id == external_id
            ]

    def _put_group(self, group: Group) -> None:
        self.groups[group.id] = group
        self._by_display_name.add(group.display_name, group.id)
        self._groups_by_external_id.add(group.external_id, group.id)

    def _forget_group(self, group: Group) -> None:
        self._by_display_name.remove(group.display_name, group.id)
        self._groups_by_external_id.remove(group.external_id, group.id)

    def _refuse_taken_name(self, group: Group) -> None:
        if set(self._by_display_name.find(group.display_name)) - {group.id}:
            raise duplicate("GROUP")

    # Memberships

    def add_membership(self, group_id: str, user_id: str) -> Membership:
        """Make a person a member. Raises ConflictException if she is one already."""
        with self.lock:
            self.group(group_id)
            self.user(user_id)
            if user_id in self._members.get(group_id, {}):
                raise duplicate("GROUP_MEMBERSHIP")
            membership = Membership(str(uuid.uuid4()), group_id, user_id, self._clock.now())
            self.memberships[membership.id] = membership
            self._members.setdefault(group_id, {})[user_id] = membership
            self._groups_of.setdefault(user_id, {})[group_id] = membership
            return membership

    def remove_membership(self, membership_id: str) -> None:
        """Raises ResourceNotFoundException if there is no such membership."""
        with self.lock:
            membership = self.membership(membership_id)
            del self.memberships[membership_id]
            del self._members[membership.group_id][membership.user_id]
            del self._groups_of[membership.user_id][membership.group_id]

    def membership(self, membership_id: str) -> Membership:
        """Raises ResourceNotFoundException if there is no such membership."""
        with self.lock:
            if membership_id not in self.memberships:
                raise missing("GROUP_MEMBERSHIP", membership_id)
            return self.memberships[membership_id]

    def membership_of(self, group_id: str, user_id: str) -> Membership | None:
        """The membership of a person in a group, if there is one."""
        with self.lock:
            return self._members.get(group_id, {}).get(user_id)

    def members(self, group_id: str) -> list[Membership]:
        """The memberships of a group."""
        with self.lock:
            return list(self._members.get(group_id, {}).values())

    def groups_of(self, user_id: str) -> Iterator[Membership]:
        """The memberships of a person."""
        with self.lock:
            return iter(list(self._groups_of.get(user_id, {}).values()))


def missing(kind: str, identifier: str | None = None) -> AwsError:
    """The ResourceNotFoundException of identitystore; `kind` is a ResourceType of its model.

    `identifier` is the id asked for, if it was asked for by its id.
    """
    members = {"ResourceId": identifier} if identifier else {}
    return not_found(f"{kind} not found.", ResourceType=kind, **members)


def duplicate(kind: str) -> AwsError:
    """The ConflictException of identitystore for a value that must be unique."""
    return conflict(f"Duplicate {kind}", Reason="UNIQUENESS_CONSTRAINT_VIOLATION")
