"""What a run used, and the fewest permissions that allow it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Purpose = Literal["preview", "deploy", "destroy"]
PURPOSES: tuple[Purpose, ...] = ("preview", "deploy", "destroy")

Roles = frozenset[str]

_OWNED = " (owned)"
# How much harm a role can do, so that of two sufficient sets the lesser one is taken; the order is
# that of the permissions reference, which marks the least privileged permission of each operation.
_HARM = {
    "GroupMember.Read.All": 1,
    "Application.Read.All": 2,
    "Group.Read.All": 2,
    "Synchronization.Read.All": 2,
    "User.Read.All": 2,
    "Application.ReadWrite.OwnedBy": 5,
    "Group.Create": 5,
    "Directory.Read.All": 10,
    "GroupMember.ReadWrite.All": 10,
    "Synchronization.ReadWrite.All": 20,
    "Group.ReadWrite.All": 20,
    "User.ReadWrite.All": 30,
    "AppRoleAssignment.ReadWrite.All": 50,
    "Application.ReadWrite.All": 50,
    "Directory.ReadWrite.All": 200,
}


@dataclass
class Usage:
    """The IAM actions and the operations of Graph that runs of one purpose used.

    `grants` holds for each operation the sets of app roles of which one had to be there.
    """

    actions: set[str] = field(default_factory=set)
    grants: dict[str, frozenset[Roles]] = field(default_factory=dict)

    def add(self, actions: Iterable[str], operations: dict[str, Any]) -> None:
        """Take in what both clouds tell under `/_sandbox/permissions`."""
        self.actions |= set(actions)
        for operation, told in operations.items():
            usable = frozenset(_usable(told))
            # Once on a foreign object means: the rights on one's own do not suffice.
            self.grants[operation] = self.grants.get(operation, usable) & usable

    def roles(self) -> tuple[str, ...]:
        """The least harmful set of app roles that allows every operation, sorted."""
        return tuple(sorted(_least(sorted(set(self.grants.values()), key=len), frozenset())))

    def needed_by(self, role: str) -> list[str]:
        """The operations that the least set would not allow without a role, sorted."""
        others = frozenset(self.roles()) - {role}
        return sorted(
            operation
            for operation, need in self.grants.items()
            if not any(grant <= others for grant in need)
        )


def _least(needs: list[frozenset[Roles]], roles: Roles) -> Roles:
    """The least harmful set that holds `roles` and meets every need; strict needs come first."""
    for number, need in enumerate(needs):
        if not any(grant <= roles for grant in need):
            rest = needs[number + 1 :]
            return min((_least(rest, roles | grant) for grant in need), key=_harm)
    return roles


def _harm(roles: Roles) -> tuple[int, list[str]]:
    return sum(_HARM[role] for role in roles), sorted(roles)


def _usable(told: dict[str, Any]) -> Iterable[Roles]:
    for grant in told["anyOf"]:
        if told["owned"] or not any(role.endswith(_OWNED) for role in grant):
            yield frozenset(role.removesuffix(_OWNED) for role in grant)
