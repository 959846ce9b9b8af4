"""The organization: the seed, and what moto alone gets wrong."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox_tests.aws.support import Cloud

AUDIT, DEV = "333344445555", "611111111111"


def code(operation: Any, **arguments: Any) -> str:
    """The code of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**arguments)
    return str(refused.value.response["Error"]["Code"])


def tree(cloud: Cloud, parent: str, path: str = "") -> dict[str, list[str]]:
    """The names of the accounts, by the path of their unit."""
    client = cloud.organizations
    accounts = client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent)
    found = {path: sorted(a["Name"] for page in accounts for a in page["Accounts"])}
    units = client.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
    for unit in units:
        below = f"{path}/{unit['Name']}" if path else unit["Name"]
        found |= tree(cloud, unit["Id"], below)
    return found


def test_the_seed(cloud: Cloud) -> None:
    organization = cloud.organizations.describe_organization()["Organization"]
    assert organization["Id"] == "o-exampleorg1"
    assert organization["MasterAccountId"] == "111122223333"
    (root,) = cloud.organizations.list_roots()["Roots"]
    assert tree(cloud, root["Id"]) == {
        "": ["example-management"],
        "Security": ["audit", "log-archive"],
        "Infrastructure": ["shared-services"],
        "Infrastructure/Prod": ["network-prod"],
        "Workloads": [],
        "Workloads/Dev": ["billing-dev", "web-dev"],
        "Workloads/Prod": ["billing-prod", "core-prod", "web-prod"],
        "Sandbox": ["team-sandbox-1", "team-sandbox-2"],
        "Suspended": ["old-crm"],
    }
    old_crm = cloud.organizations.describe_account(AccountId="911111111111")["Account"]
    assert (old_crm["State"], old_crm["Status"]) == ("SUSPENDED", "SUSPENDED")
    tags = cloud.organizations.list_tags_for_resource(ResourceId=DEV)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"env": "dev", "owner": "billing"}


def test_the_only_root_takes_a_page_size(cloud: Cloud) -> None:
    answer = cloud.organizations.list_roots(MaxResults=1)
    assert [root["Id"] for root in answer["Roots"]] == ["r-ex01"]
    assert "NextToken" not in answer


def test_pages_have_at_most_twenty_entries(cloud: Cloud) -> None:
    for number in range(10):
        cloud.organizations.create_account(
            Email=f"a{number}@example.com", AccountName=f"account-{number}"
        )
    pages = list(cloud.organizations.get_paginator("list_accounts").paginate())
    assert [len(page["Accounts"]) for page in pages] == [20, 3]
    identifiers = {account["Id"] for page in pages for account in page["Accounts"]}
    assert len(identifiers) == 23
    assert code(cloud.organizations.list_accounts, NextToken="nonsense") == "InvalidInputException"
    assert code(cloud.organizations.list_accounts, MaxResults=21) == "InvalidInputException"


def test_accounts_move_and_close(cloud: Cloud) -> None:
    client = cloud.organizations
    (parent,) = client.list_parents(ChildId=DEV)["Parents"]
    (root,) = client.list_roots()["Roots"]
    move = {"AccountId": DEV, "DestinationParentId": root["Id"]}
    wrong = code(client.move_account, **move, SourceParentId=root["Id"])
    assert wrong == "SourceParentNotFoundException"
    client.move_account(**move, SourceParentId=parent["Id"])
    assert client.list_parents(ChildId=DEV)["Parents"] == [{"Id": root["Id"], "Type": "ROOT"}]
    client.close_account(AccountId=DEV)
    assert client.describe_account(AccountId=DEV)["Account"]["State"] == "SUSPENDED"
    assert code(client.describe_account, AccountId="999999999999") == "AccountNotFoundException"


def test_an_account_tells_its_path(cloud: Cloud) -> None:
    (unit,) = cloud.organizations.list_parents(ChildId=DEV)["Parents"]
    (above,) = cloud.organizations.list_parents(ChildId=unit["Id"])["Parents"]
    path = f"o-exampleorg1/r-ex01/{above['Id']}/{unit['Id']}/{DEV}/"
    described = cloud.organizations.describe_account(AccountId=DEV)["Account"]
    assert described["Paths"] == [path]
    every = cloud.organizations.list_accounts()["Accounts"]
    below = cloud.organizations.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"]
    assert described in every
    assert described in below


def test_units(cloud: Cloud) -> None:
    client = cloud.organizations
    (root,) = client.list_roots()["Roots"]
    create = client.create_organizational_unit
    taken = code(create, ParentId=root["Id"], Name="Sandbox")
    assert taken == "DuplicateOrganizationalUnitException"
    unit = create(ParentId=root["Id"], Name="Workloads2")["OrganizationalUnit"]
    create(ParentId=unit["Id"], Name="Sandbox")
    full = code(client.delete_organizational_unit, OrganizationalUnitId=unit["Id"])
    assert full == "OrganizationalUnitNotEmptyException"
    inside = {"ParentId": unit["Id"], "ChildType": "ORGANIZATIONAL_UNIT"}
    (child,) = client.list_children(**inside)["Children"]
    client.delete_organizational_unit(OrganizationalUnitId=child["Id"])
    assert client.list_children(**inside)["Children"] == []


def test_members_may_not_look_around_but_the_delegate_may(cloud: Cloud) -> None:
    member = cloud.member_client("organizations", AUDIT)
    assert member.describe_organization()["Organization"]["Id"] == "o-exampleorg1"
    assert code(member.list_accounts) == "AccessDeniedException"
    cloud.organizations.register_delegated_administrator(
        AccountId=AUDIT, ServicePrincipal="sso.amazonaws.com"
    )
    assert len(member.list_accounts()["Accounts"]) == 13
    assert code(member.close_account, AccountId=DEV) == "AccessDeniedException"
    (delegate,) = cloud.organizations.list_delegated_administrators(
        ServicePrincipal="sso.amazonaws.com"
    )["DelegatedAdministrators"]
    assert delegate["Id"] == AUDIT
    cloud.organizations.deregister_delegated_administrator(
        AccountId=AUDIT, ServicePrincipal="sso.amazonaws.com"
    )
    assert code(member.list_accounts) == "AccessDeniedException"


def test_policies_are_there_where_the_seed_says(cloud: Cloud) -> None:
    for account, expected in ((DEV, {"deploy", "boundary"}), (AUDIT, set())):
        policies = cloud.member_client("iam", account).list_policies(Scope="Local")["Policies"]
        assert {policy["PolicyName"] for policy in policies} == expected
    identity = cloud.member_client("sts", AUDIT).get_caller_identity()
    assert identity["Account"] == AUDIT
    assert cloud.client("sts").get_caller_identity()["Account"] == "111122223333"


def test_the_rest_of_the_operations(cloud: Cloud) -> None:
    """Each answer is checked against botocore's model on its way."""
    client = cloud.organizations
    created = client.create_account(Email="new@example.com", AccountName="new")
    request = {"CreateAccountRequestId": created["CreateAccountStatus"]["Id"]}
    assert client.describe_create_account_status(**request)["CreateAccountStatus"]["State"]
    statuses = client.list_create_account_status(MaxResults=1)
    assert (len(statuses["CreateAccountStatuses"]), "NextToken" in statuses) == (1, True)
    (unit, *_) = client.list_organizational_units_for_parent(ParentId="r-ex01")[
        "OrganizationalUnits"
    ]
    which = {"OrganizationalUnitId": unit["Id"]}
    client.update_organizational_unit(**which, Name="Renamed")
    described = client.describe_organizational_unit(**which)["OrganizationalUnit"]
    assert described["Name"] == "Renamed"
    client.tag_resource(ResourceId=DEV, Tags=[{"Key": "a", "Value": "b"}])
    client.untag_resource(ResourceId=DEV, TagKeys=["a"])
    services = client.list_aws_service_access_for_organization(MaxResults=5)
    assert services["EnabledServicePrincipals"][0]["ServicePrincipal"] == "sso.amazonaws.com"
    client.register_delegated_administrator(AccountId=AUDIT, ServicePrincipal="sso.amazonaws.com")
    (service,) = client.list_delegated_services_for_account(AccountId=AUDIT, MaxResults=5)[
        "DelegatedServices"
    ]
    assert service["ServicePrincipal"] == "sso.amazonaws.com"


def test_who_is_unknown_is_named_as_aws_names_it(cloud: Cloud) -> None:
    client, nobody = cloud.organizations, "999999999999"
    assert code(client.list_parents, ChildId=nobody) == "ChildNotFoundException"
    assert code(client.list_parents, ChildId="ou-ex01-99999999") == "ChildNotFoundException"
    for operation in (
        client.describe_account,
        client.close_account,
        client.remove_account_from_organization,
        client.list_delegated_services_for_account,
    ):
        assert code(operation, AccountId=nobody) == "AccountNotFoundException"


def test_organization_policies_are_not_emulated(cloud: Cloud) -> None:
    client = cloud.organizations
    kind = "SERVICE_CONTROL_POLICY"
    for refused in (
        code(client.list_policies, Filter=kind),
        code(client.list_policies_for_target, TargetId=DEV, Filter=kind),
        code(client.describe_policy, PolicyId="p-FullAWSAccess"),
    ):
        assert refused == "UnknownOperationException"
