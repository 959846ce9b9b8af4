"""What AWS allows in number and size, and how long an update takes.

Source: IAM Identity Center user guide, "Quotas", unless said otherwise. Adjustable quotas can
be set in the access file under `quotas` once AWS has raised them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from federation.access.declared import Access
from federation.access.findings import Finding, sort_findings
from federation.access.organization import Organization
from federation.access.targets import Resolution
from federation.core.domain import managed_policy_partition
from federation.core.errors import NOWHERE, Location


@dataclass(frozen=True)
class Defaults:
    """Documented quotas of a new organization."""

    permission_sets: int = 3500
    permission_sets_per_account: int = 500
    groups: int = 100_000


DEFAULTS: Final = Defaults()
# CreateAccountAssignment and DeleteAccountAssignment: ten asynchronous calls at once.
CONCURRENT_WRITES: Final = 10
# The provider waits 10 s before it first asks for the result and then 5 s between questions.
WRITE_DURATION: Final = timedelta(seconds=15)


def check_quotas(
    access: Access, resolution: Resolution, organization: Organization
) -> tuple[Finding, ...]:
    """What AWS would refuse in the declared access as a whole."""
    found = [*_numbers(access, resolution, organization), *_partitions(access, organization)]
    return sort_findings(found)


def estimated_duration(*, added: int = 0, removed: int = 0) -> timedelta:
    """How long AWS takes at least to write assignments: ten at a time, 15 s each."""
    return ceil((added + removed) / CONCURRENT_WRITES) * WRITE_DURATION


def spoken_duration(duration: timedelta) -> str:
    """`about 12 min`, or `about 3 h 20 min`."""
    hours, minutes = divmod(max(1, round(duration.total_seconds() / 60)), 60)
    return f"about {hours} h {minutes} min" if hours else f"about {minutes} min"


def _numbers(
    access: Access, resolution: Resolution, organization: Organization
) -> Iterator[Finding]:
    limits = access.quotas
    for count, limit, what, key in (
        (
            len(access.permission_sets),
            limits.permission_sets or DEFAULTS.permission_sets,
            "permission sets",
            "permissionSets",
        ),
        (len(access.groups), limits.groups or DEFAULTS.groups, "groups", "groups"),
        (len(resolution.explained), limits.assignments, "assignments", "assignments"),
    ):
        if limit is not None and count > limit:
            yield _over(f"{count:,} {what}; at most {limit:,}.", key)
    per_account: dict[str, set[str]] = defaultdict(set)
    for assignment in (*resolution.assignments, *resolution.frozen):
        per_account[assignment.account].add(assignment.permission_set)
    limit = limits.permission_sets_per_account or DEFAULTS.permission_sets_per_account
    for account, names in sorted(per_account.items()):
        if len(names) > limit:
            where = organization.by_id[account]
            text = f"{len(names):,} permission sets in {where}; at most {limit:,}."
            yield _over(text, "permissionSetsPerAccount")


def _partitions(access: Access, organization: Organization) -> Iterator[Finding]:
    for permission_set in access.permission_sets.values():
        boundary = permission_set.permissions_boundary
        policies = [*permission_set.managed_policies]
        policies += [boundary.managed_policy] if boundary and boundary.managed_policy else []
        for policy in policies:
            partition = managed_policy_partition(policy)
            if partition not in {None, organization.partition}:
                yield _finding(
                    "partition",
                    f"permission set {permission_set.name} names {policy}, but the organization "
                    f"is in {organization.partition}; write the policy's name alone.",
                    permission_set.location,
                )


def _over(message: str, key: str) -> Finding:
    return _finding("quotas", f"{message} Ask AWS for more, then set quotas.{key}.")


def _finding(guard: str, message: str, location: Location = NOWHERE) -> Finding:
    return Finding(severity="error", guard=guard, message=message, location=location)
