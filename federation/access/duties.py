"""Separation of duties: nobody holds two permission sets of one list in one account. Pure.

It compares principals, and the people behind them: one who is in two groups holds what both hold.
A disabled person counts, since nothing here is asked again when somebody enables them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Access, GuardName
from federation.access.findings import UNVERIFIED, Finding, level_of
from federation.access.labels import Labels, shown
from federation.access.naming import account_names, rule_names
from federation.access.organization import Organization
from federation.access.targets import Resolution
from federation.core.wording import listed, plain, several

GUARD: Final[GuardName] = "separationOfDuties"
_SHOWN: Final = 8
# Who a principal is, or who is in it: names by the id by which people compare.
People = Mapping[PrincipalKey, Mapping[str, str]]
# A permission set, and who holds it in an account.
_Held = tuple[str, PrincipalKey]


def declared_people(access: Access) -> People:
    """The users, and the members of the groups that the stack makes, by lower-cased user principal
    name: who is in a group that exists is in no file.
    """
    users = {
        user.principal: {user.user_principal_name.lower(): user.user_principal_name}
        for user in access.users.values()
    }
    groups = {
        group.principal: {name.lower(): name for name in group.members}
        for group in access.groups.values()
        if group.create
    }
    return {**users, **groups}


def to_compare(access: Access, resolution: Resolution) -> frozenset[PrincipalKey]:
    """The principals whose people must be known: where two of them hold two sets of one list."""
    return frozenset(
        principal
        for sets in access.guards.separation_of_duties
        for held in _held(resolution, sets)
        for _, principal in _crossing(held)
    )


def check_duties(
    access: Access,
    resolution: Resolution,
    organization: Organization,
    people: People | None,
    labels: Labels,
) -> Iterator[Finding]:
    """What `guards.separationOfDuties` says about the declared assignments.

    `people` are Entra object ids in lower case for each of `to_compare`; None: nothing is known
    but the access file.
    """
    duties = _Duties(access, resolution, organization, labels)
    known = declared_people(access) if people is None else people
    for sets in access.guards.separation_of_duties:
        held = _held(resolution, sets)
        yield from duties.principals(sets, held)
        yield from duties.people(sets, held, known)
        yield from duties.unknown(sets, held, known)


class _Duties:
    def __init__(
        self, access: Access, resolution: Resolution, organization: Organization, labels: Labels
    ) -> None:
        self.guards = access.guards
        self.resolution = resolution
        self.organization = organization
        self.labels = labels

    def principals(
        self, sets: tuple[str, ...], held: Mapping[frozenset[_Held], list[str]]
    ) -> Iterator[Finding]:
        """One finding for all principals that hold two of the sets themselves."""
        clashes = [
            Assignment(name, principal, account)
            for holds, accounts in held.items()
            for name, principal in holds
            if any(other != name and who == principal for other, who in holds)
            for account in accounts
        ]
        if clashes:
            who = sorted({self.labels.spoken(assignment.principal) for assignment in clashes})
            yield self._finding(
                f"{', '.join(who)} would hold more than one of {', '.join(sets)} in one account: "
                f"{rule_names(self.resolution, clashes)}.",
                clashes,
            )

    def people(
        self, sets: tuple[str, ...], held: Mapping[frozenset[_Held], list[str]], known: People
    ) -> Iterator[Finding]:
        """One for all people who hold the same by the same groups in the same accounts."""
        names = {ident: name for members in known.values() for ident, name in members.items()}
        found: dict[tuple[str, frozenset[_Held]], set[str]] = defaultdict(set)
        for holds, accounts in held.items():
            for person, own in _by_person(_crossing(holds), known):
                found[person, own].update(accounts)
        together: dict[tuple[tuple[_Held, ...], tuple[str, ...]], list[str]] = defaultdict(list)
        for (person, own), where in found.items():
            together[tuple(sorted(own)), tuple(sorted(where))].append(shown(names[person]))
        for (own_held, ordered), persons in together.items():
            clashes = [
                Assignment(name, principal, account)
                for name, principal in own_held
                for account in ordered
            ]
            by = plain(listed(f"{name} by {self.labels.spoken(who)}" for name, who in own_held))
            yield self._finding(
                f"{plain(several(sorted(persons), shown=_SHOWN))} would hold more than one of "
                f"{', '.join(sets)} in one account, {by}: "
                f"{account_names(self.organization, clashes)}; "
                f"{rule_names(self.resolution, clashes)}.",
                clashes,
            )

    def unknown(
        self, sets: tuple[str, ...], held: Iterable[frozenset[_Held]], known: People
    ) -> Iterator[Finding]:
        """Whose people would have to be known, and are not."""
        open_ = {
            self.labels.spoken(principal)
            for holds in held
            for (one, first), (other, second) in combinations(sorted(holds), 2)
            if one != other
            and first != second
            # Nobody is in an empty group, whoever is in the other one.
            and all(known.get(key, True) for key in (first, second))
            and not {first, second} <= known.keys()
            for principal in (first, second)
        }
        if open_:
            yield Finding(
                severity="warning",
                guard=UNVERIFIED,
                message=f"whether one person is in several of "
                f"{plain(several(sorted(open_), shown=_SHOWN))}, and so would hold more than one "
                f"of {', '.join(sets)} in one account, is not known without Entra: pulumi preview "
                "checks it.",
                location=self.guards.location,
            )

    def _finding(self, message: str, assignments: Iterable[Assignment]) -> Finding:
        return Finding(
            severity=level_of(self.guards, GUARD),
            guard=GUARD,
            message=message,
            location=self.guards.location,
            assignments=tuple(sorted(assignments)),
            labels=self.labels,
        )


def _held(resolution: Resolution, sets: tuple[str, ...]) -> dict[frozenset[_Held], list[str]]:
    """Accounts by what of the sets is held there."""
    by_account: dict[str, set[_Held]] = defaultdict(set)
    for assignment in resolution.assignments:
        if assignment.permission_set in sets:
            by_account[assignment.account].add((assignment.permission_set, assignment.principal))
    found: dict[frozenset[_Held], list[str]] = defaultdict(list)
    for account, held in by_account.items():
        found[frozenset(held)].append(account)
    return found


def _crossing(held: Iterable[_Held]) -> frozenset[_Held]:
    """What is held beside another set of another principal."""
    ordered = tuple(held)
    return frozenset(
        (name, who)
        for name, who in ordered
        if any(other != name and whose != who for other, whose in ordered)
    )


def _by_person(held: Iterable[_Held], known: People) -> Iterator[tuple[str, frozenset[_Held]]]:
    """Each person who holds different sets by different principals, and these."""
    by_person: dict[str, set[_Held]] = defaultdict(set)
    for name, principal in held:
        for person in known.get(principal, ()):
            by_person[person].add((name, principal))
    for person, own in by_person.items():
        if crossing := _crossing(own):
            yield person, crossing
