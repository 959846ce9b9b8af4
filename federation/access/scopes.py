"""What a team's file may change: `guards.scopes`. Pure.

A file changes access by the rules that it gives, and by what it declares for the rules of others:
the policies of a permission set, the members of a group that the stack makes, and the join with a
group made by hand. Who an existing group or person is, is no matter of scopes: a changed object
stops the update (federation/update/plan.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from federation.access.assignments import Assignment
from federation.access.declared import Access, Group, GuardName, PermissionSet, Rule
from federation.access.findings import Finding, level_of
from federation.access.labels import Labels
from federation.access.naming import account_names
from federation.access.organization import Organization
from federation.access.references import scope_name
from federation.access.selection import Selection
from federation.access.targets import Resolution
from federation.core.errors import Location
from federation.core.wording import plain, several

GUARD: Final[GuardName] = "scopes"
_SHOWN: Final = 5
_Declared = PermissionSet | Group


def check_scopes(
    access: Access, resolution: Resolution, organization: Organization, labels: Labels
) -> Iterator[Finding]:
    """What `guards.scopes` says about each team's file: its rules, and what others use of it."""
    if access.guards.scopes:
        yield from _Scopes(access, resolution, organization, labels).check()


class _Scopes:
    def __init__(
        self, access: Access, resolution: Resolution, organization: Organization, labels: Labels
    ) -> None:
        self.access = access
        self.resolution = resolution
        self.organization = organization
        self.labels = labels
        self.central = access.guards.location.file
        selection = Selection(organization)
        self.granted = {
            file: selection.ids(selectors) for file, selectors in access.guards.scopes.items()
        }
        self.rules = {(rule.location.file, rule.label): rule for rule in access.rules}

    def check(self) -> Iterator[Finding]:
        yield from self._reached()
        yield from self._used()
        yield from self._adopted()

    def _is_team(self, file: str) -> bool:
        return file != self.central

    def _outside(self, file: str, account: str) -> bool:
        return account not in self.granted.get(scope_name(self.central, file), ())

    def _reached(self) -> Iterator[Finding]:
        """Accounts that a team's own rules reach."""
        found: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
        for assignment, reasons in self.resolution.explained:
            for file, label in {(reason.file, reason.rule) for reason in reasons}:
                if self._is_team(file) and self._outside(file, assignment.account):
                    found[file, label].append(assignment)
        for key, assignments in found.items():
            yield self._finding(
                f'rule "{self.rules[key].label}" reaches accounts that guards.scopes does not '
                f"grant its file: {self._named(assignments)}.",
                self.rules[key].location,
                assignments,
            )

    def _used(self) -> Iterator[Finding]:
        """Accounts where rules of other files use what a team's file declares."""
        found: dict[Location, list[Assignment]] = defaultdict(list)
        users: dict[Location, set[tuple[str, str]]] = defaultdict(set)
        declared: dict[Location, _Declared] = {}
        for assignment, rules in self._given():
            for one in self._of_a_team(assignment):
                place = one.location
                others = {key for key in rules if key[0] != place.file}
                # A frozen assignment has no rule any more; a team's own one is told above.
                if (others or not rules) and self._outside(place.file, assignment.account):
                    declared[place] = one
                    found[place].append(assignment)
                    users[place] |= others
        for place, one in declared.items():
            yield self._finding(
                f"{self._what(one)} is declared in {place.file} and used in accounts that "
                f"guards.scopes does not grant that file: {self._named(found[place])}, by "
                f"{self._by(self.rules[key] for key in sorted(users[place]))}; whoever may change "
                f"{place.file} decides {_power(one)}: declare it in {self.central}, or grant the "
                "accounts.",
                place,
                found[place],
            )

    def _given(self) -> Iterator[tuple[Assignment, set[tuple[str, str]]]]:
        """Every assignment that is to be, with the rules that give it."""
        for assignment, reasons in self.resolution.explained:
            yield assignment, {(reason.file, reason.rule) for reason in reasons}
        for assignment in self.resolution.frozen:
            yield assignment, set()

    def _of_a_team(self, assignment: Assignment) -> Iterator[_Declared]:
        """What of an assignment a team's file decides."""
        used = self.access.permission_sets.get(assignment.permission_set)
        if used and self._is_team(used.location.file):
            yield used
        principal = assignment.principal
        group = self.access.groups.get(principal.key) if principal.type == "GROUP" else None
        if group and group.create and self._is_team(group.location.file):
            yield group

    def _adopted(self) -> Iterator[Finding]:
        """Nobody knows here where a group made by hand has access."""
        for group in self.access.groups.values():
            if group.adopt and self._is_team(group.location.file):
                yield self._finding(
                    f"{self._what(group)} has adopt: true, by which its members get the access "
                    "that a group made by hand has in any account: declare it in "
                    f"{self.central}.",
                    group.location,
                )

    def _what(self, one: _Declared) -> str:
        if isinstance(one, Group):
            return self.labels.spoken(one.principal)
        return f"permission set {one.name}"

    def _by(self, rules: Iterable[Rule]) -> str:
        names = [f'rule "{r.label}" ({r.location.file}:{r.location.line})' for r in rules]
        # The account is not ACTIVE, so that AWS keeps what an earlier rule gave.
        return plain(several(names, shown=_SHOWN)) if names else "what an earlier update gave"

    def _named(self, assignments: Iterable[Assignment]) -> str:
        return account_names(self.organization, assignments)

    def _finding(
        self, message: str, location: Location, assignments: Iterable[Assignment] = ()
    ) -> Finding:
        return Finding(
            severity=level_of(self.access.guards, GUARD),
            guard=GUARD,
            message=message,
            location=location,
            assignments=tuple(sorted(assignments)),
            labels=self.labels,
        )


def _power(one: _Declared) -> str:
    return "who is in it" if isinstance(one, Group) else "what it allows"
