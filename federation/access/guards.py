"""Rules about access that stop a preview. Pure: declared assignments, previous assignments,
organization.

A guard that is not configured does nothing. Each is an error unless `guards.severity` says `warn`
(or its own key does); each message names the rule and the assignments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

from federation.access.administration import (
    EVERYTHING,
    Administration,
    Level,
    Reason,
    administration,
)
from federation.access.assignments import Assignment
from federation.access.break_glass import UNKNOWN, Rescue, check_break_glass
from federation.access.declared import Access, GuardName, PermissionSet, Rule
from federation.access.duties import People, check_duties
from federation.access.findings import Finding, level_of, sort_findings
from federation.access.labels import Labels
from federation.access.naming import account_names, rule_names
from federation.access.organization import Organization
from federation.access.scopes import check_scopes
from federation.access.selection import Selection
from federation.access.targets import Resolution
from federation.core.errors import NOWHERE, Location


def check_guards(
    access: Access,
    resolution: Resolution,
    organization: Organization,
    previous: Collection[Assignment] = (),
    rescue: Rescue = UNKNOWN,
    *,
    people: People | None = None,
    labels: Labels,
) -> tuple[Finding, ...]:
    """Everything that the guards say about declared assignments. `previous` are the last update's
    assignments, `rescue` is what is known about the break-glass principals, `people` who is in the
    principals that separation of duties compares, `labels` say who everybody is.
    """
    guards = _Guards(access, resolution, organization, previous, labels)
    found = [
        *guards.check(),
        *check_duties(access, resolution, organization, people, labels),
        *check_scopes(access, resolution, organization, labels),
        *check_break_glass(access, resolution.assignments, organization, rescue, labels),
    ]
    return sort_findings(found)


def administration_of(
    permission_set: PermissionSet, harmless: Collection[str] = ()
) -> Administration:
    """What the policies of a permission set come to. `harmless` are the customer-managed policies
    of `guards.harmlessPolicies`, as path and name.
    """
    customer = {one.path_and_name for one in permission_set.customer_managed_policies}
    boundary = permission_set.permissions_boundary
    return administration(
        managed=permission_set.managed_policies,
        inline=permission_set.inline_policy,
        customer=customer - set(harmless),
        boundary=boundary.managed_policy if boundary else None,
    )


def admin_sets(access: Access) -> frozenset[str]:
    """Names of the admin permission sets: declared ones, and those found by their policies."""
    found = {
        name
        for name, entry in access.permission_sets.items()
        if administration_of(entry).level() is Level.ADMIN
    }
    return frozenset(found | set(access.guards.admin_permission_sets))


def spoken(reason: Reason) -> str:
    """A reason as part of a sentence: `statement 2 allows iam:PutRolePolicy`."""
    match reason.kind:
        case "declared":
            return "guards.adminPermissionSets names it"
        case "customer":
            return f"what the customer-managed policy {reason.policy} allows is not known here"
        case "listed":
            return f"{reason.policy} is a policy for administrators"
        case "unknown":
            return f"the AWS-managed policy {reason.policy} is not known to this release"
    return " and ".join(
        (one.policy or f"statement {one.statement} of the inline policy")
        + " allows "
        + ("nearly everything" if one.action == EVERYTHING else one.action.replace(">", " to "))
        for one in reason.grants
    )


class _Guards:
    def __init__(
        self,
        access: Access,
        resolution: Resolution,
        organization: Organization,
        previous: Collection[Assignment],
        labels: Labels,
    ) -> None:
        self.access = access
        self.labels = labels
        self.guards = access.guards
        self.resolution = resolution
        self.organization = organization
        self.previous = previous
        self.selection = Selection(organization)
        self.rules: Mapping[tuple[str, str], Rule] = {
            (rule.location.file, rule.label): rule for rule in access.rules
        }

    def check(self) -> Iterator[Finding]:
        guards = self.guards
        yield from self._management_assignments()
        for configured, guard in (
            (guards.protected_accounts, self._admin_on_protected),
            (guards.protected_accounts, self._escalates_on_protected),
            (guards.never, self._never),
            (guards.max_removals is not None, self._max_removals),
            (guards.require_owner, self._require_owner),
            (guards.users_instead_of_groups, self._users_instead_of_groups),
        ):
            if configured:
                yield from guard()

    @cached_property
    def _protected(self) -> frozenset[str]:
        return self.selection.ids(self.guards.protected_accounts)

    @cached_property
    def _administration(self) -> Mapping[str, Administration]:
        harmless = self.guards.harmless_policies
        sets = self.access.permission_sets
        return {name: administration_of(entry, harmless) for name, entry in sets.items()}

    def _reason(self, assignment: Assignment) -> tuple[Level, Reason | None]:
        """How far a permission set reaches in an account, and why."""
        management = assignment.account == self.organization.management_account_id
        found = self._administration.get(assignment.permission_set, Administration())
        level = found.level(management=management)
        declared = assignment.permission_set in self.guards.admin_permission_sets
        if declared and level is not Level.ADMIN:
            return Level.ADMIN, Reason(level=Level.ADMIN, kind="declared")
        return level, found.why(management=management)

    def _why(self, assignments: Iterable[Assignment]) -> str:
        reasons = {(one.permission_set, self._reason(one)[1]) for one in assignments}
        return "; ".join(sorted(f"{name} because {spoken(why)}" for name, why in reasons if why))

    def _finding(
        self,
        guard: GuardName,
        message: str,
        location: Location = NOWHERE,
        assignments: Iterable[Assignment] = (),
    ) -> Finding:
        return Finding(
            severity=level_of(self.guards, guard),
            guard=guard,
            message=message,
            location=location,
            assignments=tuple(sorted(assignments)),
            labels=self.labels,
        )

    def _by_rule(
        self, concerns: Callable[[Assignment, Rule], bool]
    ) -> Iterator[tuple[Rule, list[Assignment]]]:
        """The rules that give assignments of concern, with these assignments."""
        found: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
        for assignment, reasons in self.resolution.explained:
            for key in {(reason.file, reason.rule) for reason in reasons}:
                if concerns(assignment, self.rules[key]):
                    found[key].append(assignment)
        for key, assignments in found.items():
            yield self.rules[key], assignments

    def _admin_on_protected(self) -> Iterator[Finding]:
        yield from self._on_protected(
            "adminOnProtected", Level.ADMIN, "gives the admin set {} in protected accounts"
        )

    def _escalates_on_protected(self) -> Iterator[Finding]:
        yield from self._on_protected(
            "escalatesOnProtected",
            Level.ESCALATES,
            "gives {}, which may lead to administration, in protected accounts",
        )

    def _on_protected(self, guard: GuardName, level: Level, what: str) -> Iterator[Finding]:
        for rule, assignments in self._reaching(level):
            sets = ", ".join(sorted({assignment.permission_set for assignment in assignments}))
            yield self._finding(
                guard,
                f'rule "{rule.label}" {what.format(sets)} ({self._accounts(assignments)}): '
                f"{self._why(assignments)}; write protected: acknowledged in the rule if it must.",
                rule.location,
                assignments,
            )

    def _reaching(self, level: Level) -> Iterator[tuple[Rule, list[Assignment]]]:
        """The rules that give sets of a level in protected accounts and don't say so."""

        def concerns(assignment: Assignment, rule: Rule) -> bool:
            return (
                assignment.account in self._protected
                and not rule.acknowledged
                and self._reason(assignment)[0] is level
            )

        return self._by_rule(concerns)

    def _never(self) -> Iterator[Finding]:
        forbidden = self.selection.ids(self.guards.never)
        assignments = [
            assignment
            for assignment in self.resolution.assignments
            if assignment.account in forbidden
        ]
        if assignments:
            yield self._finding(
                "never",
                "assignments in accounts that get none by guards.never: "
                f"{self._accounts(assignments)}.",
                self.guards.location,
                assignments,
            )

    def _max_removals(self) -> Iterator[Finding]:
        limit = self.guards.max_removals or 0
        kept = {*self.resolution.assignments, *self.resolution.frozen}
        removed = set(self.previous) - kept
        if len(removed) > limit:
            yield self._finding(
                "maxRemovals",
                f"this update removes {len(removed)} assignments, more than the {limit} of "
                "guards.maxRemovals; raise it for this one update if that is meant.",
                self.guards.location,
                removed,
            )

    def _require_owner(self) -> Iterator[Finding]:
        for rule in self.access.rules:
            if rule.owner is None:
                text = f'rule "{rule.label}" has no owner; write who answers for this access.'
                yield self._finding("requireOwner", text, rule.location)

    def _users_instead_of_groups(self) -> Iterator[Finding]:
        for rule in self.access.rules:
            if rule.principal.type == "USER":
                yield self._finding(
                    "usersInsteadOfGroups",
                    f'rule "{rule.label}" gives access to {self.labels.spoken(rule.principal)} '
                    "directly; a group in Entra shows it in every access review.",
                    rule.location,
                )

    def _management_assignments(self) -> Iterator[Finding]:
        """A set with a management assignment can't be changed by the delegated administrator at
        all.

        Source: IAM Identity Center user guide, "Delegated administration".
        """
        management = self.organization.management_account_id
        by_set: dict[str, list[Assignment]] = defaultdict(list)
        for assignment in (*self.resolution.assignments, *self.resolution.frozen):
            by_set[assignment.permission_set].append(assignment)
        for name, assignments in by_set.items():
            others = [assignment for assignment in assignments if assignment.account != management]
            if others and len(others) < len(assignments):
                declared = self.access.permission_sets.get(name)
                yield self._finding(
                    "managementAssignments",
                    f"permission set {name} has assignments in the management account and in "
                    f"others ({rule_names(self.resolution, assignments)}); the delegated "
                    "administrator would lose it everywhere: make a set of its own for the "
                    "management account.",
                    declared.location if declared else NOWHERE,
                    assignments,
                )

    def _accounts(self, assignments: Iterable[Assignment]) -> str:
        return account_names(self.organization, assignments)
