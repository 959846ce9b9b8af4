"""The organization as moto keeps it, with what the sandbox needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends
from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeOrganizationalUnit,
    organizations_backends,
)

IDENTITY_CENTER = "sso.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class AccountSeed:
    """An account of the seed; `ou` is a path from the root, empty for the root itself."""

    id: str
    name: str
    email: str
    ou: str
    state: str
    tags: dict[str, str]


class Organization:
    """One organization, owned by the management account, in moto's memory."""

    def __init__(self, management_account_id: str) -> None:
        self.management_account_id = management_account_id
        organizations_backends.master_accounts.clear()
        self.backend = organizations_backends[management_account_id]["aws"]
        # moto's list lacks Identity Center, which AWS lists among the services that support it.
        if IDENTITY_CENTER not in FakeDelegatedAdministrator.SUPPORTED_SERVICES:
            FakeDelegatedAdministrator.SUPPORTED_SERVICES.append(IDENTITY_CENTER)

    def found(self, organization_id: str, root_id: str, name: str, email: str) -> None:
        """Create the organization with the ids of the seed instead of moto's random ones."""
        self.backend.create_organization(region="us-east-1", FeatureSet="ALL")
        org, root, management = self.backend.org, self.backend.ou[0], self.backend.accounts[0]
        org.id, org.root_id, org.master_account_email = organization_id, root_id, email
        root.id, root.organization_id = root_id, organization_id
        management.organization_id, management.parent_id = organization_id, root_id
        management.name, management.email = name, email
        self.backend.enable_aws_service_access(ServicePrincipal=IDENTITY_CENTER)

    def add_unit(self, path: str, unit_id: str) -> None:
        """Create an organizational unit; its parent must exist."""
        parent, _, name = path.rpartition("/")
        self.backend.create_organizational_unit(Name=name, ParentId=self.unit_id(parent))
        unit = self.backend.ou[-1]
        unit.id = unit_id

    def add_account(self, seed: AccountSeed) -> None:
        """Create a member account with a known id."""
        account = FakeAccount(self.backend.org, AccountName=seed.name, Email=seed.email)
        self._own(account, seed.id)
        account.parent_id = self.unit_id(seed.ou)
        account.tags = dict(seed.tags)
        account.status = account.state = seed.state
        self.backend.accounts.append(account)
        self._attach_default_policies(account)

    def _own(self, account: FakeAccount, account_id: str) -> None:
        """moto makes the account and its access role under a random id: move both."""
        role = iam_backends.pop(account.id)
        account.id = account_id
        iam_backends[account_id]["aws"].create_role(
            role_name="OrganizationAccountAccessRole",
            assume_role_policy_document=role["aws"]
            .get_role("OrganizationAccountAccessRole")
            .assume_role_policy_document,
            path="/",
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration="3600",
        )
        organizations_backends.master_accounts[account_id] = (self.management_account_id, "aws")

    def _attach_default_policies(self, account: FakeAccount) -> None:
        for policy in self.backend.policies:
            if policy.aws_managed:
                account.attached_policies.append(policy)
                policy.attachments.append(account)

    def unit_id(self, path: str) -> str:
        """The id of the organizational unit at a path from the root (empty: the root)."""
        parent: FakeOrganizationalUnit = self.backend.ou[0]
        for name in path.split("/") if path else ():
            parent = next(
                unit
                for unit in self.backend.ou
                if unit.parent_id == parent.id and unit.name == name
            )
        return str(parent.id)

    def account(self, account_id: str) -> Any | None:
        """moto's account, or None if the organization has no such account."""
        return next((each for each in self.backend.accounts if each.id == account_id), None)

    def describe(self, account: FakeAccount) -> dict[str, Any]:
        """An account as AWS describes it: moto leaves out where it is."""
        parents = {unit.id: unit.parent_id for unit in self.backend.ou}
        steps = [account.id]
        parent = account.parent_id
        while parent:
            steps.append(parent)
            parent = parents.get(parent)
        path = "/".join([self.backend.org.id, *reversed(steps)])
        return {**account.describe(), "Paths": [f"{path}/"]}

    def account_name(self, account_id: str) -> str:
        """The account's name, or its id if it has left the organization."""
        account = self.account(account_id)
        return str(account.name) if account else account_id

    def is_delegated_administrator(self, account_id: str) -> bool:
        """Whether an account administers Identity Center for the organization."""
        return any(
            admin.account.id == account_id and IDENTITY_CENTER in admin.services
            for admin in self.backend.admins
        )

    def set_state(self, account_id: str, state: str) -> None:
        """Put an account into a state, such as SUSPENDED. Raises KeyError if there is none."""
        account = self.account(account_id)
        if account is None:
            raise KeyError(account_id)
        account.state = account.status = state

    def has_policy(self, account_id: str, path: str, name: str) -> bool:
        """Whether a customer managed policy exists in an account's IAM."""
        arn = f"arn:aws:iam::{account_id}:policy{path}{name}"
        return arn in iam_backends[account_id]["aws"].managed_policies

    def add_policy(self, account_id: str, path: str, name: str, document: str) -> None:
        """Create a customer managed policy in an account's IAM."""
        iam_backends[account_id]["aws"].create_policy(
            description="", path=path, policy_document=document, policy_name=name, tags={}
        )
