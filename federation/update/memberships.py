"""Members and owners of the groups that the stack makes: declared, in the state, in Entra. Pure.

A member is declared or not, in the state or not, in Entra or not:

| declared | in the state | in Entra | |
|---|---|---|---|
| yes | yes | yes | nothing to do |
| yes | no | yes | taken into the state |
| yes | yes | no | repaired: added |
| yes | no | no | made |
| no | yes | yes | taken out by the program, and left out of the state once that is done |
| no | yes | no | left out of the state, without a call |
| no | no | yes | repaired: taken out |
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from federation.access.assignments import PrincipalKey
from federation.access.declared import Access, Group
from federation.access.findings import Finding
from federation.core.errors import printable
from federation.engine.checkpoint import Checkpoint
from federation.engine.repairs import Action, GroupRepair, Relation

# Access ends first; an owner comes before another one goes, since Graph keeps the last one.
_ORDER: Final = (
    ("members", "remove"),
    ("owners", "add"),
    ("owners", "remove"),
    ("members", "add"),
)


@dataclass(frozen=True, kw_only=True)
class GroupInEntra:
    """A group of the stack as Entra has it: direct members and owners of any kind, as names by
    Entra object id.
    """

    object_id: str
    members: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MembershipFacts:
    """What the clouds say about the stack's own groups.

    `groups` holds those that the state has, None for one that is gone from Entra. `people` are
    Entra object ids by lower-cased user principal name, `caller` is the object id of the signed-in
    identity.
    """

    groups: Mapping[PrincipalKey, GroupInEntra | None] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""


@dataclass(frozen=True, kw_only=True)
class Memberships:
    """What to do about the members and owners of the stack's own groups.

    `members` are those to register, by group and Entra object id, with the id under which an
    existing one is taken into the state (None for all others). `removals` leave the access file and
    are steps of the engine; `repairs` are no steps.
    """

    members: Mapping[PrincipalKey, Mapping[str, str | None]] = field(default_factory=dict)
    removals: tuple[GroupRepair, ...] = ()
    repairs: tuple[GroupRepair, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def after(self, failed: Collection[GroupRepair]) -> Memberships:
        """What to register once all was tried and some failed: a member who could not be taken out
        stays in the state, and the next update tries again.
        """
        members = {key: dict(ids) for key, ids in self.members.items()}
        for one in self.removals:
            if one in failed:
                members[_key(one)][one.object_id] = None
        for one in self.repairs:
            added = one.relation == "members" and one.action == "add" and one not in failed
            # A refresh in the same update has dropped it from the state.
            if added:
                members[_key(one)][one.object_id] = membership_id(one.group_id, one.object_id)
        return replace(self, members=members)


def membership_id(group_id: str, member_id: str) -> str:
    """The id of a GroupMember (azuread provider, "Import")."""
    return f"{group_id}/member/{member_id}"


def own_groups(access: Access, checkpoint: Checkpoint) -> dict[PrincipalKey, str]:
    """The Entra object ids of the groups that the stack made and still declares."""
    return {
        group.principal: checkpoint.groups[group.principal]
        for group in access.groups.values()
        if group.create and group.principal in checkpoint.groups
    }


def plan_memberships(
    access: Access,
    checkpoint: Checkpoint,
    facts: MembershipFacts,
) -> Memberships:
    """Compare what is declared with the state and with Entra, for every group to be made."""
    plans = []
    for group in access.groups.values():
        if group.create:
            known = _Known(
                members=checkpoint.members.get(group.principal, frozenset()),
                owners=checkpoint.owners.get(group.principal, frozenset()),
            )
            plans.append(_plan(group, known, facts))
    return Memberships(
        members={key: ids for plan in plans for key, ids in plan.members.items()},
        removals=tuple(sorted((one for plan in plans for one in plan.removals), key=_order)),
        repairs=tuple(sorted((one for plan in plans for one in plan.repairs), key=_order)),
        warnings=tuple(one for plan in plans for one in plan.warnings),
    )


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the state has of one group: Entra object ids."""

    members: frozenset[str]
    owners: frozenset[str]


def _plan(group: Group, known: _Known, facts: MembershipFacts) -> Memberships:
    key = group.principal
    declared = {facts.people[name.lower()]: name for name in group.members}
    found = facts.groups.get(key)
    if found is None:
        return Memberships(
            members={key: dict.fromkeys(declared)},
            warnings=(_gone(group),) if key in facts.groups else (),
        )
    present, in_state = found.members, known.members
    undeclared = tuple(_repairs(group, found, ("members", "remove"), _but(present, declared)))
    lacking = {ident: declared[ident] for ident in _but(declared, present) if ident in in_state}
    return Memberships(
        members={
            key: {
                ident: membership_id(found.object_id, ident)
                if ident in present and ident not in in_state
                else None
                for ident in declared
            }
        },
        removals=tuple(one for one in undeclared if one.object_id in in_state),
        repairs=(
            *(one for one in undeclared if one.object_id not in in_state),
            *_owner_repairs(group, found, known, facts),
            *_repairs(group, found, ("members", "add"), lacking),
        ),
        warnings=tuple(_owner_warnings(group, found, facts.caller)),
    )


def _but(objects: Mapping[str, str], others: Collection[str]) -> dict[str, str]:
    return {ident: name for ident, name in objects.items() if ident not in others}


def _owner_repairs(
    group: Group, found: GroupInEntra, known: _Known, facts: MembershipFacts
) -> Iterator[GroupRepair]:
    """Owners that the engine takes for right and that are not: what the state lacks is a step."""
    declared = {facts.people[name.lower()]: name for name in group.owners}
    if declared and known.owners == declared.keys():
        yield from _repairs(group, found, ("owners", "add"), _but(declared, found.owners))
        yield from _repairs(group, found, ("owners", "remove"), _but(found.owners, declared))


def _owner_warnings(group: Group, found: GroupInEntra, caller: str) -> Iterator[Finding]:
    others = sorted(name for ident, name in found.owners.items() if ident != caller)
    if group.owners or not others:
        return
    yield Finding(
        severity="warning",
        guard="groupOwners",
        message=f"{', '.join(others)} can change who is in the group {group.display_name!r}, which "
        "this stack makes, as its owner: declare the group's owners, and others are taken away.",
        location=group.location,
    )


def _gone(group: Group) -> Finding:
    return Finding(
        severity="warning",
        guard="groupGone",
        message=f"the group {group.display_name!r}, which this stack made, is gone from Entra: "
        "pulumi up --refresh makes it anew.",
        location=group.location,
    )


def _repairs(
    group: Group,
    found: GroupInEntra,
    what: tuple[Relation, Action],
    objects: Mapping[str, str],
) -> Iterator[GroupRepair]:
    """One for each object; `objects` are names by Entra object id."""
    for object_id, name in objects.items():
        yield GroupRepair(
            group=group.key,
            group_name=group.display_name or group.key,
            group_id=found.object_id,
            relation=what[0],
            action=what[1],
            object_id=object_id,
            name=name,
        )


def _order(repair: GroupRepair) -> tuple[object, ...]:
    return (
        _ORDER.index((repair.relation, repair.action)),
        repair.group,
        repair.name,
        repair.object_id,
    )


def _key(repair: GroupRepair) -> PrincipalKey:
    return PrincipalKey("GROUP", repair.group)


def sentence(repair: GroupRepair) -> str:
    """What is to be repaired, for a person: one sentence without an end."""
    group, name = printable(repair.group_name), printable(repair.name)
    word = repair.relation.removesuffix("s")
    article = "an" if word == "owner" else "a"
    if repair.action == "add":
        return f"{name} is declared as {article} {word} of the group {group}, and is none in Entra"
    return f"{name} is {article} {word} of the group {group} in Entra, and nobody declares it"
