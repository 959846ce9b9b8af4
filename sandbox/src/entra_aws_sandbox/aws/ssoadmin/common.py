"""What the operations of sso-admin share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from entra_aws_sandbox.aws.errors import conflict, denied
from entra_aws_sandbox.aws.identitystore.store import IdentityStore
from entra_aws_sandbox.aws.organizations.directory import Organization
from entra_aws_sandbox.aws.paging import listed
from entra_aws_sandbox.aws.ssoadmin.jobs import Jobs
from entra_aws_sandbox.aws.ssoadmin.state import IdentityCenter, PermissionSet
from entra_aws_sandbox.aws.wire import Call
from entra_aws_sandbox.clock import Clock

Body = dict[str, Any]
Handler = Callable[[Call], Body]

# API reference, "MaxResults": pages hold at most 100 entries.
PAGE = 100


@dataclass
class Site:
    """Everything sso-admin works on. `store` is there as soon as the instance is."""

    clock: Clock
    center: IdentityCenter
    jobs: Jobs
    organization: Organization
    home_region: str
    store: IdentityStore | None = None
    # "CreateAccountAssignment: 10 outstanding async calls" (user guide, quotas); None: no limit.
    max_outstanding: int | None = None
    # How long a write to a permission set takes to reach every host of AWS.
    propagation: timedelta = timedelta()

    def permission_set(self, call: Call) -> PermissionSet:
        """The permission set a call is about."""
        return self.center.permission_set(call.body["PermissionSetArn"])

    def manageable(self, call: Call) -> PermissionSet:
        """The permission set a call manages, in whichever account; refused to a delegated
        administrator if it reaches the management account (user guide, "Delegated administration").
        """
        found = self.permission_set(call)
        management = self.organization.management_account_id
        reaches = management in self.center.accounts_of(found.arn)
        if reaches and call.account_id != management:
            raise denied("You can't modify permission sets provisioned in the management account.")
        return found

    def changeable(self, call: Call) -> PermissionSet:
        """The permission set a call changes. Raises ConflictException while "the previous write did
        not have time to propagate" (API reference, ConflictException).
        """
        found = self.manageable(call)
        if self.clock.now() < found.written + self.propagation:
            raise conflict(
                f"PermissionSet {found.name} is being changed by another request. Please try again."
            )
        return found

    def write(self, permission_set: PermissionSet) -> None:
        """Note a change: what the accounts have is no longer the latest."""
        permission_set.revision += 1
        permission_set.written = self.clock.now()


def page(name: str, items: Sequence[Any], call: Call) -> Body:
    """One page of a list, as every List… operation answers it."""
    return listed(name, items, call.body, size=PAGE)


def without_none(body: Body) -> Body:
    """An answer without the members that have no value."""
    return {name: value for name, value in body.items() if value is not None}
