"""The state of IAM Identity Center: one organization instance and everything in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from entra_aws_sandbox.aws.errors import not_found

_ID_CHARACTERS = "0123456789abcdef"


@dataclass
class Instance:
    """The organization instance, from the moment a person enabled it in the console."""

    arn: str
    identity_store_id: str
    identity_store_arn: str
    owner_account_id: str
    region: str
    created: datetime
    name: str | None = None
    permission_sets_enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    access_control: list[dict[str, Any]] | None = None

    @property
    def id(self) -> str:
        """`ssoins-…`."""
        return self.arn.rpartition("/")[2]


@dataclass
class PolicyReference:
    """A customer managed policy by name and path, as it must exist in every target account."""

    name: str
    path: str = "/"

    def shown(self) -> dict[str, str]:
        """As the API shows it."""
        return {"Name": self.name, "Path": self.path}


@dataclass
class PermissionSet:
    """A permission set; `revision` grows with everything that provisioning has to carry out."""

    arn: str
    name: str
    created: datetime
    description: str | None = None
    session_duration: str = "PT1H"
    relay_state: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    managed_policies: list[str] = field(default_factory=list)
    customer_policies: list[PolicyReference] = field(default_factory=list)
    inline_policy: str | None = None
    boundary: dict[str, Any] | None = None
    revision: int = 1
    written: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.written = self.created


@dataclass(frozen=True)
class Assignment:
    """One principal, one permission set, one account: AWS's account assignment."""

    account_id: str
    permission_set_arn: str
    principal_type: str
    principal_id: str


class IdentityCenter:
    """Everything sso-admin knows. Hold `lock` while reading or changing it."""

    def __init__(self) -> None:
        self.instance: Instance | None = None
        self.permission_sets: dict[str, PermissionSet] = {}
        self.lock = RLock()
        # (account, permission set) → the revision that the account's role has
        self.provisioned: dict[tuple[str, str], int] = {}
        self._assignments: dict[tuple[str, str], dict[Assignment, None]] = {}
        self._by_principal: dict[str, dict[Assignment, None]] = {}
        self._accounts_of: dict[str, dict[str, None]] = {}
        self._sets_of: dict[str, dict[str, None]] = {}

    def permission_set(self, arn: str) -> PermissionSet:
        """Raises ResourceNotFoundException if there is no such permission set."""
        if arn not in self.permission_sets:
            raise not_found(f"Could not find PermissionSet with id {arn.rpartition('/')[2]}")
        return self.permission_sets[arn]

    def assignments(self, account_id: str, permission_set_arn: str) -> list[Assignment]:
        """The assignments of a permission set in an account."""
        return list(self._assignments.get((account_id, permission_set_arn), ()))

    def assignments_of(self, principal_id: str) -> list[Assignment]:
        """The assignments of a principal."""
        return list(self._by_principal.get(principal_id, ()))

    def all_assignments(self) -> list[Assignment]:
        """Every assignment."""
        return [one for assignments in self._assignments.values() for one in assignments]

    def accounts_of(self, permission_set_arn: str) -> list[str]:
        """The accounts a permission set is provisioned in."""
        return list(self._accounts_of.get(permission_set_arn, ()))

    def sets_of(self, account_id: str) -> list[str]:
        """The permission sets provisioned in an account."""
        return list(self._sets_of.get(account_id, ()))

    def add_assignment(self, assignment: Assignment) -> None:
        """Keep an assignment (once) and provision its permission set in the account."""
        place = (assignment.account_id, assignment.permission_set_arn)
        self._assignments.setdefault(place, {})[assignment] = None
        self._by_principal.setdefault(assignment.principal_id, {})[assignment] = None
        self._accounts_of.setdefault(assignment.permission_set_arn, {})[assignment.account_id] = (
            None
        )
        self._sets_of.setdefault(assignment.account_id, {})[assignment.permission_set_arn] = None
        self.provisioned[place] = self.permission_sets[assignment.permission_set_arn].revision

    def remove_assignment(self, assignment: Assignment) -> None:
        """Take an assignment away; the last of a set in an account takes the role with it."""
        place = (assignment.account_id, assignment.permission_set_arn)
        self._assignments.get(place, {}).pop(assignment, None)
        self._by_principal.get(assignment.principal_id, {}).pop(assignment, None)
        if not self._assignments.get(place):
            self._assignments.pop(place, None)
            self.provisioned.pop(place, None)
            self._accounts_of.get(assignment.permission_set_arn, {}).pop(
                assignment.account_id, None
            )
            self._sets_of.get(assignment.account_id, {}).pop(assignment.permission_set_arn, None)

    def remove_account(self, account_id: str) -> None:
        """Forget the assignments of an account that has left the organization."""
        with self.lock:
            for arn in self.sets_of(account_id):
                for assignment in self.assignments(account_id, arn):
                    self.remove_assignment(assignment)

    def is_latest(self, account_id: str, permission_set_arn: str) -> bool:
        """Whether an account's role has everything that is in the permission set now."""
        current = self.permission_sets[permission_set_arn].revision
        return self.provisioned.get((account_id, permission_set_arn)) == current

    def mark_provisioned(self, permission_set_arn: str, accounts: Iterable[str]) -> None:
        """The roles in these accounts have what is in the permission set now."""
        revision = self.permission_sets[permission_set_arn].revision
        for account_id in accounts:
            self.provisioned[account_id, permission_set_arn] = revision


def random_id(prefix: str, length: int) -> str:
    """An identifier such as `ps-0123456789abcdef`."""
    return prefix + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(length))
