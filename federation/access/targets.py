"""From rules to assignments: who gets which permission set in which account, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import repeat
from typing import Final, Literal

from federation.access.assignments import Assignment, ExplainedAssignment, PrincipalKey, Reason
from federation.access.declared import Access, Rule, Selector
from federation.access.findings import Finding, Severity, sort_findings
from federation.access.organization import Account, Organization
from federation.access.selection import Match, Selection
from federation.core.errors import NOWHERE, Location, Problem

__all__ = [
    "Assignment",
    "Exclusion",
    "ExplainedAssignment",
    "PrincipalKey",
    "Reason",
    "Resolution",
    "resolve",
    "target_problems",
]

# Warned early enough for a review meeting to renew it.
EXPIRY_NOTICE: Final = timedelta(days=14)
# The management account only ever gets assignments that name it.
_NAMING: Final = ("account", "accountName")

Cause = Literal["except", "never", "state", "management", "expired"]
_Given = dict[str, tuple[Reason, ...]]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An account that a rule's targets match and that it gives no assignments in; `by` says why."""

    rule: Rule
    account: str
    cause: Cause
    by: str
    location: Location


@dataclass(frozen=True)
class Resolution:
    """What the rules come to in one organization on one day.

    `assignments` are sorted and unique; `frozen` are assignments of before on accounts in which AWS
    changes nothing, kept as they are.
    """

    explained: tuple[ExplainedAssignment, ...]
    findings: tuple[Finding, ...] = ()
    frozen: tuple[Assignment, ...] = ()
    excluded: tuple[Exclusion, ...] = ()

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """The declared assignments, sorted."""
        return tuple(one.assignment for one in self.explained)


def resolve(
    access: Access,
    organization: Organization,
    *,
    today: date,
    previous: Collection[Assignment] = (),
) -> Resolution:
    """Resolve every rule. `previous` are the assignments of the last update. Never raises.

    A selector that names nothing is an error among the findings: the access that it was meant to
    give or to take away would not be what the file says.
    """
    resolver = _Resolver(access, organization, today)
    for rule in access.rules:
        resolver.add(rule)
    resolver.check_guard_selectors()
    frozen = resolver.freeze(previous)
    return Resolution(
        explained=resolver.explained(),
        findings=sort_findings(resolver.findings),
        frozen=frozen,
        excluded=tuple(sorted(resolver.excluded, key=_place)),
    )


def target_problems(access: Access, organization: Organization, *, today: date) -> list[Problem]:
    """What selectors name and the organization lacks, in files with other errors beside.

    `access` may be valid in part only (`read_access`); its assignments mean nothing then.
    """
    return [
        Problem.at(finding.location, finding.message)
        for finding in resolve(access, organization, today=today).findings
        if finding.guard == "selectors" and finding.severity == "error"
    ]


class _Resolver:
    def __init__(self, access: Access, organization: Organization, today: date) -> None:
        self.access = access
        self.organization = organization
        self.today = today
        self.selection = Selection(organization)
        self.findings: list[Finding] = []
        self.excluded: list[Exclusion] = []
        self._pairs: dict[tuple[str, PrincipalKey], list[_Given]] = defaultdict(list)
        self._usable: dict[Selector, tuple[str, ...]] = {}
        self._never: dict[str, Selector] = {}
        for selector in access.guards.never:
            for account in self.selection.match(selector).accounts:
                self._never.setdefault(account.id, selector)

    def add(self, rule: Rule) -> None:
        """Work out the assignments of one rule."""
        if rule.expired(self.today):
            self._expired(rule)
            return
        self._expiring(rule)
        given = self._targets(rule)
        self._take_away(rule, given)
        accounts = {account: given[account] for account in sorted(given)}
        for permission_set in rule.permission_sets:
            self._pairs[permission_set, rule.principal].append(accounts)

    def explained(self) -> tuple[ExplainedAssignment, ...]:
        """Every assignment once, sorted, with all its reasons."""
        made: list[ExplainedAssignment] = []
        for (permission_set, principal), parts in sorted(self._pairs.items()):
            given = parts[0] if len(parts) == 1 else _merge(parts)
            assignments = map(Assignment, repeat(permission_set), repeat(principal), given)
            made += map(ExplainedAssignment, assignments, given.values())
        return tuple(made)

    def check_guard_selectors(self) -> None:
        """Say which selectors of the guards name nothing."""
        for name, selectors, restricts in self.access.guards.selectors:
            for selector in selectors:
                match = self.selection.match(selector)
                active = any(account.active for account in match.accounts)
                whose = f"guards: {name}"
                self._judge(selector, match, whose, usable=active, restricts=restricts)

    def freeze(self, previous: Collection[Assignment]) -> tuple[Assignment, ...]:
        """Earlier assignments on accounts that are not ACTIVE; what they use must stay declared."""
        accounts = self.organization.by_id
        frozen = sorted(
            assignment
            for assignment in set(previous)
            if assignment.account in accounts and not accounts[assignment.account].active
        )
        principals = set(self.access.principals)
        for assignment in frozen:
            for declared, what in (
                (
                    assignment.permission_set in self.access.permission_sets,
                    f"permission set {assignment.permission_set}",
                ),
                (assignment.principal in principals, str(assignment.principal)),
            ):
                if not declared:
                    account = accounts[assignment.account]
                    self._find(
                        "error",
                        "frozen",
                        f"{what} is gone from the access files, but {account} is "
                        f"{account.state} and AWS can't remove its assignment there; keep it "
                        "declared until the account leaves the organization.",
                        assignments=(assignment,),
                    )
        return tuple(frozen)

    def _targets(self, rule: Rule) -> _Given:
        given: _Given = {}
        left_out: list[Exclusion] = []
        for selector in rule.targets:
            reason = _reason(rule, selector)
            match = self.selection.match(selector)
            usable = self._usable_ids(selector, match)
            self._judge(selector, match, f'rule "{rule.label}"', usable=bool(usable))
            _give(given, dict.fromkeys(usable, (reason,)))
            if len(usable) < len(match.accounts):
                left_out += self._unusable(rule, selector, match, set(usable))
        self.excluded += [exclusion for exclusion in left_out if exclusion.account not in given]
        return given

    def _usable_ids(self, selector: Selector, match: Match) -> tuple[str, ...]:
        found = self._usable.get(selector)
        if found is None:
            management = self.organization.management_account_id
            found = self._usable[selector] = tuple(
                account.id
                for account in match.accounts
                if account.active and (selector.kind in _NAMING or account.id != management)
            )
        return found

    def _unusable(
        self, rule: Rule, selector: Selector, match: Match, usable: set[str]
    ) -> Iterator[Exclusion]:
        for account in match.accounts:
            if account.id not in usable:
                cause: Cause = "management" if account.active else "state"
                by = (
                    "the management account is a target only by account or accountName"
                    if account.active
                    else f"the account is {account.state}"
                )
                yield Exclusion(rule, account.id, cause, by, selector.location)

    def _take_away(self, rule: Rule, given: _Given) -> None:
        for selector in rule.exceptions:
            match = self.selection.match(selector)
            active = any(account.active for account in match.accounts)
            whose = f'rule "{rule.label}", except'
            self._judge(selector, match, whose, usable=active, restricts=True)
            for account in match.accounts:
                if given.pop(account.id, None):
                    self.excluded.append(
                        Exclusion(rule, account.id, "except", selector.text, selector.location)
                    )
        for ident in self._never.keys() & given.keys():
            selector = self._never[ident]
            self._named_never(rule, given.pop(ident), ident)
            self.excluded.append(Exclusion(rule, ident, "never", selector.text, selector.location))

    def _named_never(self, rule: Rule, reasons: tuple[Reason, ...], ident: str) -> None:
        naming = {s.text: s for s in rule.targets if s.kind in _NAMING and not s.optional}
        for reason in reasons:
            selector = naming.get(reason.selector)
            if selector:
                self._find(
                    "warning",
                    "never",
                    f'rule "{rule.label}" names {self.organization.by_id[ident]}, which '
                    "guards.never takes from every rule; it gives nothing there.",
                    selector.location,
                )

    def _judge(
        self,
        selector: Selector,
        match: Match,
        whose: str,
        *,
        usable: bool,
        restricts: bool = False,
    ) -> None:
        """Say what a selector fails to mean. `restricts`: it takes access away, or guards it."""
        # `optional` is for what does not exist yet; what exists twice must be told apart.
        if usable or (selector.optional and not match.ambiguous):
            return
        if match.wrong:
            self._find("error", "selectors", f"{whose}: {match.wrong}", selector.location)
            return
        why = f"{whose}: {selector.text} {self._why_unusable(match)}"
        if restricts and match.untagged:
            # A mistyped value would take nothing away and look as if it did.
            why += " Correct the value, or write optional: true until an account has it."
            self._find("error", "selectors", why, selector.location)
        else:
            self._find("warning", "selectors", why, selector.location)

    def _why_unusable(self, match: Match) -> str:
        states: list[Account] = [account for account in match.accounts if not account.active]
        if not match.accounts:
            return "holds no account."
        if not states:
            return (
                "holds only the management account, which must be named by account or accountName."
            )
        return f"holds no ACTIVE account: {', '.join(f'{a} is {a.state}' for a in states[:3])}."

    def _expired(self, rule: Rule) -> None:
        self._find(
            "warning",
            "until",
            f'rule "{rule.label}" ended on {rule.until} and gives nothing any more; remove it.',
            rule.location,
        )
        for selector in rule.targets:
            for account in self._usable_ids(selector, self.selection.match(selector)):
                self.excluded.append(
                    Exclusion(rule, account, "expired", f"until: {rule.until}", rule.location)
                )

    def _expiring(self, rule: Rule) -> None:
        if rule.until is not None and rule.until - self.today <= EXPIRY_NOTICE:
            days = (rule.until - self.today).days
            when = "today" if days == 0 else f"in {days} day{'' if days == 1 else 's'}"
            self._find(
                "warning",
                "until",
                f'rule "{rule.label}" ends {when}, after {rule.until}; renew it if it must stay.',
                rule.location,
            )

    def _find(
        self,
        severity: Severity,
        guard: str,
        message: str,
        location: Location = NOWHERE,
        assignments: tuple[Assignment, ...] = (),
    ) -> None:
        self.findings.append(
            Finding(
                severity=severity,
                guard=guard,
                message=message,
                location=location,
                assignments=assignments,
            )
        )


def _place(exclusion: Exclusion) -> tuple[Location, str, str, str]:
    rule = exclusion.rule
    return (rule.location, rule.label, exclusion.account, exclusion.by)


def _reason(rule: Rule, selector: Selector) -> Reason:
    return Reason(selector.location.file, selector.location.line, rule.label, selector.text)


def _merge(parts: list[_Given]) -> _Given:
    together: _Given = {}
    for part in parts:
        _give(together, part)
    return {account: together[account] for account in sorted(together)}


def _give(given: _Given, more: _Given) -> None:
    """Add accounts and reasons; accounts that had none share one tuple, as most do."""
    both = given.keys() & more.keys() if given else ()
    joined = {ident: tuple(sorted({*given[ident], *more[ident]})) for ident in both}
    given.update(more)
    given.update(joined)
