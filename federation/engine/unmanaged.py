"""Grants that somebody made by hand, beside what the stack manages. Pure.

The stack owns its application and its permission sets, so every assignment of these is either
declared, or in the checkpoint (made by an update), or made by hand. What was made by hand is in no
state: the clouds are asked, and the rest is *unmanaged*. Nothing ends it by itself, since a person
wanted it; a person declares it or ends it.

Every preview makes the bounded look (`Grants`): where each own set is provisioned, and who is
assigned to the application. Who has a set in an account takes a call each, which is the deep look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, NamedTuple

from federation.access.assignments import Assignment, PrincipalType
from federation.access.organization import Organization
from federation.core.domain import quoted
from federation.core.errors import printable
from federation.core.wording import count
from federation.engine.checkpoint import Checkpoint
from federation.identity.principals import IdentityStorePrincipal

# What they come to: a warning, or an update that does all its work and then fails.
UnmanagedPolicy = Literal["report", "fail"]
REMEDY: Final = "declare it, or end it by hand"
_SHOWN: Final = 50


class Pair(NamedTuple):
    """An own permission set by its name, and the id of an account where it is provisioned."""

    permission_set: str
    account: str


class Holder(NamedTuple):
    """A group or user of the identity store, by id."""

    type: PrincipalType
    id: str


@dataclass(frozen=True, kw_only=True)
class AppGrant:
    """Somebody assigned to the application; `principal_type` is Graph's, as `User` or `Group`.

    `name` is Graph's display name, which anybody may have.
    """

    principal_type: str
    object_id: str
    name: str
    kind: Literal["application"] = "application"


@dataclass(frozen=True, kw_only=True)
class AccountGrant:
    """An own permission set in an account where nothing of it is declared; who has it there takes
    the deep look.
    """

    permission_set: str
    account: str
    account_name: str
    kind: Literal["account"] = "account"


@dataclass(frozen=True, kw_only=True)
class AssignmentGrant:
    """An assignment of an own permission set. `name` is that of the identity store, "" for a
    principal that it no longer has.
    """

    permission_set: str
    account: str
    account_name: str
    principal_type: PrincipalType
    principal_id: str
    name: str
    kind: Literal["assignment"] = "assignment"


Grant = AppGrant | AccountGrant | AssignmentGrant


@dataclass(frozen=True, kw_only=True)
class Grants:
    """What the bounded look saw: accounts by own permission set, and who is assigned to the
    application.
    """

    provisioned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assigned: tuple[AppGrant, ...] = ()


def pairs(grants: Grants, organization: Organization) -> list[Pair]:
    """What the deep look asks about: each own set and account. Accounts that are not ACTIVE are
    left out, as everywhere: nobody signs in there, and AWS changes nothing.
    """
    return sorted(
        Pair(name, account)
        for name, accounts in grants.provisioned.items()
        for account in set(accounts)
        if account in organization.by_id and organization.by_id[account].active
    )


def unmanaged(
    grants: Grants,
    checkpoint: Checkpoint,
    organization: Organization,
    *,
    assignments: Collection[Assignment] = (),
    object_ids: Collection[str] = (),
) -> tuple[Grant, ...]:
    """What the bounded look shows that neither the checkpoint nor the declaration has.

    `assignments` are the declared ones, `object_ids` the Entra object ids of the declared
    principals; both are empty where the declaration can't be resolved.
    """
    known = {*object_ids, *checkpoint.object_ids.values()}
    managed = {
        Pair(assignment.permission_set, assignment.account)
        for assignment in (*assignments, *(pin.assignment for pin in checkpoint.assignments))
    }
    return _sorted(
        [
            *(one for one in grants.assigned if one.object_id not in known),
            *(
                AccountGrant(
                    permission_set=pair.permission_set,
                    account=pair.account,
                    account_name=organization.by_id[pair.account].name,
                )
                for pair in pairs(grants, organization)
                if pair not in managed
            ),
        ]
    )


def unmanaged_assignments(
    live: Mapping[Pair, Collection[Holder]],
    checkpoint: Checkpoint,
    organization: Organization,
    store: Iterable[IdentityStorePrincipal],
    *,
    assignments: Mapping[Assignment, str],
) -> tuple[AssignmentGrant, ...]:
    """What the deep look shows that neither the checkpoint nor the declaration has.

    `assignments` are the declared assignments with the principal id of each, `store` gives names.
    """
    managed = {_held(assignment, ident) for assignment, ident in assignments.items()}
    managed |= {_held(pin.assignment, pin.principal_id) for pin in checkpoint.assignments}
    names = {Holder(one.type, one.id): one.name for one in store}
    found = [
        AssignmentGrant(
            permission_set=pair.permission_set,
            account=pair.account,
            account_name=organization.by_id[pair.account].name,
            principal_type=holder.type,
            principal_id=holder.id,
            name=names.get(holder, ""),
        )
        for pair, holders in live.items()
        for holder in set(holders)
        if (pair, holder) not in managed
    ]
    return tuple(sorted(found, key=_order))


def _held(assignment: Assignment, principal_id: str) -> tuple[Pair, Holder]:
    return Pair(assignment.permission_set, assignment.account), Holder(
        assignment.principal.type, principal_id
    )


def deepened(
    grants: Iterable[Grant], looked_at: Collection[Pair], found: Iterable[AssignmentGrant]
) -> tuple[Grant, ...]:
    """The bounded look's grants, with who it is in place of the accounts that were looked at."""
    return _sorted(
        [
            *(
                one
                for one in grants
                if one.kind != "account" or Pair(one.permission_set, one.account) not in looked_at
            ),
            *found,
        ]
    )


def _sorted(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(grants, key=_order))


def _order(grant: Grant) -> tuple[str, ...]:
    if isinstance(grant, AppGrant):
        return ("", grant.principal_type, grant.name, grant.object_id)
    place = (grant.permission_set, grant.account)
    if isinstance(grant, AccountGrant):
        return place
    return (*place, grant.principal_type, grant.name, grant.principal_id)


def who(grant: AppGrant | AssignmentGrant) -> str:
    """The principal before people: kind, name and id. The one place that names them."""
    kind = _KINDS.get(grant.principal_type, grant.principal_type)
    ident = grant.object_id if isinstance(grant, AppGrant) else grant.principal_id
    return f"{kind} {quoted(grant.name)} ({ident})" if grant.name else f"{kind} {ident}"


_KINDS: Final[Mapping[str, str]] = {
    "GROUP": "group",
    "USER": "user",
    "Group": "group",
    "User": "user",
    "ServicePrincipal": "service principal",
}


def sentences(grants: Iterable[Grant]) -> list[str]:
    """A sentence without an end for each grant."""
    return [sentence(one) for one in grants]


def sentence(grant: Grant) -> str:
    """What was granted by hand, and to whom; one line, and foreign names can't move the cursor."""
    return printable(_sentence(grant)).replace("\n", "\\n")


def _sentence(grant: Grant) -> str:
    if isinstance(grant, AppGrant):
        return f"{who(grant)} is assigned to the application by hand, not declared"
    place = f"{grant.account_name} ({grant.account})"
    if isinstance(grant, AccountGrant):
        return (
            f"{grant.permission_set} is assigned by hand on {place}, where nothing of it is "
            "declared (python -m ops status --full names to whom)"
        )
    return f"{who(grant)} has {grant.permission_set} on {place} by hand, not declared"


def for_machines(grant: Grant) -> dict[str, Any]:
    """Plain data, as commands print it for machines."""
    found: dict[str, Any] = {"kind": grant.kind, "text": sentence(grant)}
    if not isinstance(grant, AppGrant):
        found["permissionSet"] = grant.permission_set
        found["account"] = {"id": grant.account, "name": grant.account_name}
    if not isinstance(grant, AccountGrant):
        ident = grant.object_id if isinstance(grant, AppGrant) else grant.principal_id
        kind = _KINDS.get(grant.principal_type, grant.principal_type)
        found["principal"] = {"type": kind, "id": ident, "name": grant.name}
    return found


def to_dict(grant: Grant) -> dict[str, Any]:
    """Plain data, as the component Unmanaged keeps it."""
    return asdict(grant)


def from_dict(data: Mapping[str, Any]) -> Grant:
    """The grant that `to_dict` wrote. Raises KeyError or TypeError for other data."""
    return _CLASSES[data["kind"]](**data)


_CLASSES: Final[Mapping[str, type[Grant]]] = {
    "application": AppGrant,
    "account": AccountGrant,
    "assignment": AssignmentGrant,
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """Unmanaged grants, and what they come to."""

    policy: UnmanagedPolicy = "report"
    grants: Sequence[Grant] = ()

    @property
    def fails(self) -> bool:
        """Whether an update fails over them, after all its work."""
        return self.policy == "fail" and bool(self.grants)

    def warnings(self) -> list[str]:
        """What an update says: a sentence for each of the first 50, and how many more there are.

        The access diff and `ops status` leave nothing out.
        """
        first = [f"{sentence(one)}: {REMEDY}" for one in self.grants[:_SHOWN]]
        left = len(self.grants) - _SHOWN
        more = f"{count(left, 'more grant')} by hand: python -m ops status names all"
        return [*first, *([more] if left > 0 else [])]

    def to_dict(self) -> dict[str, Any]:
        """Inputs and outputs of the component Unmanaged."""
        return {"policy": self.policy, "grants": [to_dict(one) for one in self.grants]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """The report that `to_dict` wrote. Raises KeyError or TypeError for other data."""
        return cls(policy=data["policy"], grants=tuple(from_dict(one) for one in data["grants"]))


NOTHING: Final = Report()
