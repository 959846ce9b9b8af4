"""From what Entra knows to what Identity Center knows: matching, holds and pins, all pure.

A group is recognised by externalId = Entra objectId, a user by userName = user principal name (the
gallery application fills a user's externalId from mailNickname by default). A display name alone is
never trusted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.labels import Identity


@dataclass(frozen=True, kw_only=True)
class EntraPrincipal:
    """A principal of the access file as Entra has it. `name` is displayName or user principal name.

    `object_id` is None for a group that this update creates. `by_id` says that the access file
    names it by its object id. `obstacle` says why SCIM will not
    bring it, as far as that can be seen in Entra. `adopt` lets Entra join a group made by hand.
    """

    key: PrincipalKey
    name: str
    object_id: str | None
    obstacle: str = ""
    adopt: bool = False
    by_id: bool = False


@dataclass(frozen=True, kw_only=True)
class IdentityStorePrincipal:
    """A group or user of the identity store. `name` is DisplayName or UserName.

    `enabled` is False for a person whom Entra has deactivated.
    """

    type: Literal["GROUP", "USER"]
    id: str
    name: str
    external_ids: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True)
class Match:
    """Which principals have arrived, and what stands in the way of others (a sentence each).

    `conflicts` are held; `made_by_hand` are groups made by hand that Entra would join: they stop an
    update.
    """

    arrived: Mapping[PrincipalKey, str] = field(default_factory=dict)
    conflicts: Mapping[PrincipalKey, str] = field(default_factory=dict)
    made_by_hand: Mapping[PrincipalKey, str] = field(default_factory=dict)


def match(wanted: Iterable[EntraPrincipal], listed: Iterable[IdentityStorePrincipal]) -> Match:
    """Find each wanted principal among the listed ones."""
    by_external: dict[str, list[IdentityStorePrincipal]] = defaultdict(list)
    by_name: dict[tuple[str, str], list[IdentityStorePrincipal]] = defaultdict(list)
    for principal in listed:
        by_name[principal.type, principal.name.casefold()].append(principal)
        if principal.type == "GROUP":
            for external in principal.external_ids:
                by_external[external].append(principal)
    arrived: dict[PrincipalKey, str] = {}
    conflicts: dict[PrincipalKey, str] = {}
    made_by_hand: dict[PrincipalKey, str] = {}
    for entra in wanted:
        key = entra.key
        named = by_name[key.type, entra.name.casefold()]
        if key.type == "USER":
            found = [user for user in named if user.name == entra.name]
        else:
            found = by_external[entra.object_id] if entra.object_id else []
        if len(found) == 1:
            arrived[key] = found[0].id
        elif found:
            conflicts[key] = _twice(entra, found)
        elif named and key.type == "USER":
            conflicts[key] = _other_case(entra, named[0])
        elif named and not entra.adopt:
            made_by_hand[key] = _made_by_hand(entra, named[0])
    return Match(arrived, conflicts, made_by_hand)


def _twice(entra: EntraPrincipal, found: list[IdentityStorePrincipal]) -> str:
    ids = ", ".join(sorted(principal.id for principal in found))
    return (
        f"Identity Center has {len(found)} principals for {entra.name!r} ({ids}); delete the one "
        "that Entra does not provision"
    )


def _other_case(entra: EntraPrincipal, found: IdentityStorePrincipal) -> str:
    return (
        f"Identity Center knows this person as {found.name!r} but Entra as {entra.name!r}; "
        "sign-in compares "
        "them exactly: correct the userName by provisioning the person again"
    )


def _made_by_hand(entra: EntraPrincipal, found: IdentityStorePrincipal) -> str:
    """Entra looks a group up by displayName before it creates one, and joins what it finds."""
    return (
        f"Identity Center already has a group named {found.name!r} ({found.id}) that this Entra "
        "group did not make; Entra would join it and take over its access: rename or delete it "
        f"there, or set adopt: true for {entra.key}"
    )


@dataclass(frozen=True, kw_only=True)
class PinnedAssignment:
    """An assignment of the stack's last checkpoint, with the principal id it was made for.

    `moved_from` is the assignment under the key that the checkpoint has, where a key was renamed.
    """

    assignment: Assignment
    principal_id: str
    permission_set_arn: str = ""
    moved_from: Assignment | None = None

    def under(self, moved: Mapping[str, str]) -> PinnedAssignment:
        """The same one under the key of today (`moved: {old: new}`)."""
        key = self.assignment.principal.under(moved)
        if key == self.assignment.principal:
            return self
        today = self.assignment._replace(principal=key)
        return replace(self, assignment=today, moved_from=self.assignment)


def recreated(
    pinned: Collection[PinnedAssignment],
    arrived: Mapping[PrincipalKey, str],
    accepted: Mapping[str, str],
    spoken: Callable[[PrincipalKey], str] = str,
) -> list[str]:
    """One paragraph for each principal whose id differs from the id its assignments were made for.

    `spoken` says who a principal is (federation/access/labels.py).

    A changed id means that the principal was deleted and made again: whoever controls the new one
    would inherit the access of the old one, so it takes a person's word (`acceptRecreated`).
    """
    stories: list[str] = []
    by_key: dict[PrincipalKey, list[PinnedAssignment]] = defaultdict(list)
    for pin in pinned:
        by_key[pin.assignment.principal].append(pin)
    for key, pins in sorted(by_key.items()):
        new = arrived.get(key)
        old = sorted({pin.principal_id for pin in pins} - {new})
        if new is None or not old or accepted.get(key.key) == new:
            continue
        assignments = ", ".join(sorted(pin.assignment.logical_name for pin in pins))
        stories.append(
            f"{spoken(key)} was deleted and re-created in Identity Center: its id was "
            f"{' and '.join(old)} and is now {new}. Its {len(pins)} assignments ({assignments}) "
            "stay with the old id. Find out who re-created it; then either repair it at the "
            f"source, or accept the new one with acceptRecreated: {{{key.key}: {new}}} in the "
            "stack configuration"
        )
    return stories


@dataclass(frozen=True, kw_only=True)
class AssignmentPlan:
    """Which assignments can be made now, which may become possible within this update, which are
    held.

    `ready` maps an assignment to its principal id. `late` assignments wait for their principal in
    `up` and have an unknown id in a preview. `held` assignments can't exist yet.
    """

    ready: Mapping[Assignment, str]
    late: tuple[Assignment, ...]
    held: tuple[Assignment, ...]


def plan_assignments(
    assignments: Iterable[Assignment],
    arrived: Mapping[PrincipalKey, str],
    pinned: Mapping[Assignment, PinnedAssignment],
    expected: Collection[PrincipalKey],
) -> AssignmentPlan:
    """Decide on every declared assignment; `expected` principals may arrive within this update.

    An assignment that exists keeps its id while its principal is missing: an incident at the
    identity provider neither moves nor removes access.
    """
    ready: dict[Assignment, str] = {}
    late: list[Assignment] = []
    held: list[Assignment] = []
    for assignment in assignments:
        principal_id = arrived.get(assignment.principal)
        if principal_id is None and assignment in pinned:
            principal_id = pinned[assignment].principal_id
        if principal_id is not None:
            ready[assignment] = principal_id
        elif assignment.principal in expected:
            late.append(assignment)
        else:
            held.append(assignment)
    return AssignmentPlan(ready=ready, late=tuple(late), held=tuple(held))


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """The outcome of a wait: principal ids by key, and why others are still missing."""

    arrived: Mapping[PrincipalKey, str] = field(default_factory=dict)
    reasons: Mapping[PrincipalKey, str] = field(default_factory=dict)


def looked_up(principals: Iterable[EntraPrincipal]) -> dict[PrincipalKey, Identity]:
    """Who is declared, as Entra has them."""
    return {
        one.key: Identity(name=one.name, object_id=one.object_id or "", by_id=one.by_id)
        for one in principals
    }
