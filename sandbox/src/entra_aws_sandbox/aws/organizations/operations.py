"""The operations of AWS Organizations: moto's, and those it gets wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException

from entra_aws_sandbox.aws.errors import AwsError, denied
from entra_aws_sandbox.aws.organizations.directory import Organization
from entra_aws_sandbox.aws.paging import listed
from entra_aws_sandbox.aws.wire import Call

# AWS answers at most 20 entries a page (organizations API, MaxResults).
PAGE = 20

# What moto answers as AWS does; its organization policies, for one, it does not.
_MOTOS = frozenset(
    {
        "CloseAccount",
        "CreateAccount",
        "CreateOrganization",
        "DeregisterDelegatedAdministrator",
        "DescribeCreateAccountStatus",
        "DescribeOrganization",
        "DescribeOrganizationalUnit",
        "DisableAWSServiceAccess",
        "EnableAWSServiceAccess",
        "TagResource",
        "UntagResource",
        "UpdateOrganizationalUnit",
    }
)
# The lists that moto gives as a whole, and what they hold.
_MOTOS_LISTS = {
    "ListAWSServiceAccessForOrganization": "EnabledServicePrincipals",
    "ListCreateAccountStatus": "CreateAccountStatuses",
    "ListRoots": "Roots",
    "ListTagsForResource": "Tags",
}

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# moto's reasons are missing; these are the ones its messages stand for.
_REASONS = {
    "You specified an invalid value.": "INVALID_ENUM",
    "You specified an unrecognized service principal.": "UNRECOGNIZED_SERVICE_PRINCIPAL",
    "You provided a value that does not match the required pattern.": "INVALID_PATTERN",
}

Body = dict[str, Any]


class OrganizationsOperations:
    """Answers for the management account and for Identity Center's delegated administrator."""

    def __init__(self, organization: Organization, left: Callable[[str], None]) -> None:
        """`left` is told the id of every account that leaves the organization."""
        self._organization = organization
        self._left = left
        self._own: dict[str, Callable[[Body], Body]] = {
            "DescribeAccount": self._describe_account,
            "ListAccounts": self._list_accounts,
            "ListAccountsForParent": self._list_accounts_for_parent,
            "ListOrganizationalUnitsForParent": self._list_units_for_parent,
            "ListChildren": self._list_children,
            "ListDelegatedAdministrators": self._list_delegated_administrators,
            "ListDelegatedServicesForAccount": self._list_delegated_services,
            "ListParents": self._list_parents,
            "MoveAccount": self._move_account,
            "CreateOrganizationalUnit": self._create_unit,
            "DeleteOrganizationalUnit": self._delete_unit,
            "RegisterDelegatedAdministrator": self._register_administrator,
            "RemoveAccountFromOrganization": self._remove_account,
        }

    def handle(self, call: Call) -> Body:
        """See Operations."""
        self._refuse_members(call)
        own = self._own.get(call.operation)
        try:
            if own:
                return own(call.body)
            if call.operation in _MOTOS_LISTS:
                return self._whole(call.operation, _MOTOS_LISTS[call.operation], call.body)
            if call.operation in _MOTOS:
                return self._moto(call.operation, call.body)
        except ServiceException as error:
            raise _as_aws(error) from None
        raise NotImplementedError(call.operation)

    def _refuse_members(self, call: Call) -> None:
        """Members may only ask for the organization; the delegated administrator may read all."""
        organization = self._organization
        reads = call.operation.startswith(("List", "Describe"))
        if call.account_id == organization.management_account_id:
            return
        if call.operation == "DescribeOrganization":
            return
        if reads and organization.is_delegated_administrator(call.account_id):
            return
        raise denied("You don't have permissions to access this resource.")

    def _moto(self, operation: str, body: Body) -> Body:
        method = getattr(self._organization.backend, _WORD.sub("_", operation).lower())
        if operation == "CreateOrganization":
            body = {"region": "us-east-1", **body}
        return _without_nulls(method(**body) or {})

    def _whole(self, operation: str, name: str, body: Body) -> Body:
        """One page of a list that moto gives as a whole."""
        asked = {key: body[key] for key in body.keys() - {"NextToken", "MaxResults"}}
        return _page(name, self._moto(operation, asked)[name], body)

    def _require_account(self, body: Body) -> None:
        """moto says of an unknown account that there is no organization."""
        if self._organization.account(body["AccountId"]) is None:
            raise AwsError(
                "AccountNotFoundException",
                "You specified an account that doesn't exist.",
            )

    def _list_accounts(self, body: Body) -> Body:
        accounts = map(self._organization.describe, self._organization.backend.accounts)
        return _page("Accounts", list(accounts), body)

    def _describe_account(self, body: Body) -> Body:
        self._require_account(body)
        account = self._organization.account(body["AccountId"])
        return {"Account": self._organization.describe(account)}

    def _list_accounts_for_parent(self, body: Body) -> Body:
        parent = self._organization.backend.validate_parent_id(body["ParentId"])
        accounts = [
            self._organization.describe(each)
            for each in self._organization.backend.accounts
            if each.parent_id == parent
        ]
        return _page("Accounts", accounts, body)

    def _list_units_for_parent(self, body: Body) -> Body:
        parent = self._organization.backend.validate_parent_id(body["ParentId"])
        units = [
            each.describe()["OrganizationalUnit"]
            for each in self._organization.backend.ou[1:]
            if each.parent_id == parent
        ]
        return _page("OrganizationalUnits", units, body)

    def _list_children(self, body: Body) -> Body:
        parent = self._organization.backend.validate_parent_id(body["ParentId"])
        backend = self._organization.backend
        kind = body["ChildType"]
        every = backend.accounts if kind == "ACCOUNT" else backend.ou[1:]
        children = [{"Id": each.id, "Type": kind} for each in every if each.parent_id == parent]
        return _page("Children", children, body)

    def _list_delegated_administrators(self, body: Body) -> Body:
        found = self._organization.backend.list_delegated_administrators(
            ServicePrincipal=body.get("ServicePrincipal")
        )
        return _page("DelegatedAdministrators", found["DelegatedAdministrators"], body)

    def _list_delegated_services(self, body: Body) -> Body:
        self._require_account(body)
        return self._whole("ListDelegatedServicesForAccount", "DelegatedServices", body)

    def _list_parents(self, body: Body) -> Body:
        backend = self._organization.backend
        if all(each.id != body["ChildId"] for each in [*backend.accounts, *backend.ou[1:]]):
            raise AwsError(
                "ChildNotFoundException",
                "We can't find an organizational unit (OU) or AWS account with the ChildId that "
                "you specified.",
            )
        return self._whole("ListParents", "Parents", body)

    def _move_account(self, body: Body) -> Body:
        account = self._organization.backend.get_account_by_id(body["AccountId"])
        if account.parent_id != body["SourceParentId"]:
            raise AwsError(
                "SourceParentNotFoundException",
                "We can't find a source root or OU with the ParentId that you specified.",
            )
        return self._moto("MoveAccount", body)

    def _create_unit(self, body: Body) -> Body:
        backend = self._organization.backend
        parent = backend.validate_parent_id(body["ParentId"])
        if any(each.parent_id == parent and each.name == body["Name"] for each in backend.ou):
            raise AwsError(
                "DuplicateOrganizationalUnitException",
                "An OU with the same name already exists.",
            )
        return self._moto("CreateOrganizationalUnit", body)

    def _delete_unit(self, body: Body) -> Body:
        backend = self._organization.backend
        unit = backend.get_organizational_unit_by_id(body["OrganizationalUnitId"])
        if any(each.parent_id == unit.id for each in [*backend.ou, *backend.accounts]):
            raise AwsError(
                "OrganizationalUnitNotEmptyException",
                "The specified OU is not empty. Move all accounts to another root or to other "
                "OUs, remove all child OUs, and try the operation again.",
            )
        return self._moto("DeleteOrganizationalUnit", body)

    def _register_administrator(self, body: Body) -> Body:
        """Identity Center has one delegated administrator at a time."""
        present = self._organization.backend.list_delegated_administrators(
            ServicePrincipal=body["ServicePrincipal"]
        )["DelegatedAdministrators"]
        if any(each["Id"] != body["AccountId"] for each in present):
            raise AwsError(
                "ConstraintViolationException",
                "You have exceeded the allowed number of delegated administrators for the "
                "delegated service.",
                Reason="MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
            )
        return self._moto("RegisterDelegatedAdministrator", body)

    def _remove_account(self, body: Body) -> Body:
        self._require_account(body)
        answer = self._moto("RemoveAccountFromOrganization", body)
        self._left(body["AccountId"])
        return answer


def _page(name: str, items: list[Body], body: Body) -> Body:
    refusal = AwsError(
        "InvalidInputException",
        "The provided NextToken is not valid.",
        Reason="INVALID_NEXT_TOKEN",
    )
    return listed(name, items, body, size=PAGE, shown=_without_nulls, refusal=refusal)


def _as_aws(error: ServiceException) -> AwsError:
    members: dict[str, Any] = {}
    if error.code == "InvalidInputException" and error.message in _REASONS:
        members["Reason"] = _REASONS[error.message]
    return AwsError(error.code, error.message, **members)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
