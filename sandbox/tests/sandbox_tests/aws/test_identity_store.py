"""The identitystore API: people, groups and memberships, as AWS shows them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox_tests.aws.support import Cloud

ISSUER = "https://scim.aws.com/d-936712ab34"
NOBODY = "00000000-0000-0000-0000-000000000000"


def refusal(operation: Any, **arguments: Any) -> dict[str, Any]:
    """The error answer of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**arguments)
    return dict(refused.value.response)


def create_ada(cloud: Cloud, **changes: Any) -> str:
    """Create a person by the API; her id."""
    arguments = {
        "UserName": "ada@example.com",
        "DisplayName": "Ada Example",
        "Name": {"GivenName": "Ada", "FamilyName": "Example"},
        "Emails": [{"Value": "ada@example.com", "Type": "work", "Primary": True}],
        **changes,
    }
    return str(cloud.store.create_user(IdentityStoreId=cloud.store_id, **arguments)["UserId"])


def test_a_person(center: Cloud) -> None:
    ada = create_ada(center, Title="Engineer")
    which = {"IdentityStoreId": center.store_id, "UserId": ada}
    found = center.store.describe_user(**which)
    assert found["UserArn"] == f"arn:aws:identitystore:::user/{ada}"
    assert found["Name"] == {"GivenName": "Ada", "FamilyName": "Example"}
    assert found["Emails"] == [{"Value": "ada@example.com", "Type": "work", "Primary": True}]
    assert (found["UserStatus"], found["Revision"]) == ("ENABLED", "1")
    assert "ExternalIds" not in found
    center.store.update_user(
        **which,
        Operations=[
            {"AttributePath": "title"},
            {"AttributePath": "name.givenName", "AttributeValue": "Augusta"},
            {"AttributePath": "nickName", "AttributeValue": "Ada"},
        ],
    )
    found = center.store.describe_user(**which)
    assert "Title" not in found
    assert (found["Name"]["GivenName"], found["NickName"]) == ("Augusta", "Ada")
    assert found["Revision"] == "2"
    stale = refusal(center.store.delete_user, **which, Revision="1")
    assert stale["Error"]["Code"] == "ConflictException"
    assert stale["Reason"] == "CONCURRENT_MODIFICATION"
    center.store.delete_user(**which)
    center.store.delete_user(**which)
    gone = refusal(center.store.describe_user, **which)
    assert (gone["Error"]["Code"], gone["ResourceType"]) == ("ResourceNotFoundException", "USER")


@pytest.mark.parametrize(
    "wrong",
    [
        {"Name": {"GivenName": "Ada"}},
        {"DisplayName": ""},
        {"UserName": "two words"},
        {"UserName": "Administrator"},
        {"Emails": [{"Value": "a@example.com"}, {"Value": "b@example.com"}]},
    ],
)
def test_people_that_aws_refuses(center: Cloud, wrong: dict[str, Any]) -> None:
    arguments = {
        "IdentityStoreId": center.store_id,
        "UserName": "ada",
        "DisplayName": "Ada",
        "Name": {"GivenName": "Ada", "FamilyName": "Example"},
        **wrong,
    }
    client = center.client("identitystore", checks=False)
    refused = refusal(client.create_user, **arguments)
    assert refused["Error"]["Code"] == "ValidationException"
    assert center.state()["users"]["count"] == 0


def test_names_and_addresses_are_there_once(center: Cloud) -> None:
    create_ada(center)
    other_address = [{"Value": "other@example.com", "Primary": True}]
    for change in ({"Emails": other_address}, {"UserName": "other"}):
        with pytest.raises(ClientError) as refused:
            create_ada(center, **change)
        assert refused.value.response["Error"]["Code"] == "ConflictException"
        assert refused.value.response["Reason"] == "UNIQUENESS_CONSTRAINT_VIOLATION"
    create_ada(center, UserName="other", Emails=other_address)


def test_groups_and_memberships(center: Cloud) -> None:
    store, ada, group = center.store, create_ada(center), center.group("AWS-Platform")
    which = {"IdentityStoreId": center.store_id}
    member = {"MemberId": {"UserId": ada}}
    created = store.create_group_membership(**which, GroupId=group, **member)
    again = refusal(store.create_group_membership, **which, GroupId=group, **member)
    assert again["Error"]["Code"] == "ConflictException"
    unknown = refusal(
        store.create_group_membership, **which, GroupId=group, MemberId={"UserId": NOBODY}
    )
    assert unknown["ResourceType"] == "USER"
    (listed,) = store.list_group_memberships(**which, GroupId=group)["GroupMemberships"]
    assert listed["MembershipId"] == created["MembershipId"]
    assert listed["MemberId"] == {"UserId": ada}
    (of_ada,) = store.list_group_memberships_for_member(**which, **member)["GroupMemberships"]
    assert of_ada["GroupId"] == group
    found = store.get_group_membership_id(**which, GroupId=group, **member)
    assert found["MembershipId"] == created["MembershipId"]
    other = center.group("AWS-Data")
    answers = store.is_member_in_groups(**which, GroupIds=[group, other], **member)["Results"]
    assert [each["MembershipExists"] for each in answers] == [True, False]
    store.delete_user(**which, UserId=ada)
    assert store.list_group_memberships(**which, GroupId=group)["GroupMemberships"] == []
    gone = refusal(store.describe_group_membership, **which, MembershipId=created["MembershipId"])
    assert gone["ResourceType"] == "GROUP_MEMBERSHIP"


def test_a_group_goes_with_its_memberships(center: Cloud) -> None:
    ada, group = create_ada(center), center.group("AWS-Platform")
    which = {"IdentityStoreId": center.store_id}
    center.store.create_group_membership(**which, GroupId=group, MemberId={"UserId": ada})
    center.store.delete_group(**which, GroupId=group)
    listed = center.store.list_group_memberships_for_member(**which, MemberId={"UserId": ada})
    assert listed["GroupMemberships"] == []


def test_a_renamed_group_keeps_its_id(center: Cloud) -> None:
    group = center.group("AWS-Platform")
    which = {"IdentityStoreId": center.store_id}
    changes = [{"AttributePath": "displayName", "AttributeValue": "AWS-Core"}]
    center.store.update_group(**which, GroupId=group, Operations=changes)
    name = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "AWS-Core"}}
    assert center.store.get_group_id(**which, AlternateIdentifier=name)["GroupId"] == group
    old = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "AWS-Platform"}}
    missing = refusal(center.store.get_group_id, **which, AlternateIdentifier=old)
    assert missing["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": "GROUP not found.",
    }
    center.group("AWS-Platform")
    taken = refusal(
        center.store.update_group,
        **which,
        GroupId=group,
        Operations=[{"AttributePath": "displayName", "AttributeValue": "AWS-Platform"}],
    )
    assert taken["Error"]["Code"] == "ConflictException"


def test_only_scim_gives_external_ids(trusted: Cloud) -> None:
    ada = trusted.scim_user("ada")
    group = trusted.scim_group("AWS-Platform", ada, externalId="object-1")
    by_hand = trusted.group("AWS-Local")
    which = {"IdentityStoreId": trusted.store_id}
    groups = {each["GroupId"]: each for each in trusted.store.list_groups(**which)["Groups"]}
    assert groups[group]["ExternalIds"] == [{"Issuer": ISSUER, "Id": "object-1"}]
    assert "ExternalIds" not in groups[by_hand]
    external = {"ExternalId": {"Issuer": ISSUER, "Id": "object-1"}}
    assert trusted.store.get_group_id(**which, AlternateIdentifier=external)["GroupId"] == group
    user = {"ExternalId": {"Issuer": ISSUER, "Id": "ada"}}
    assert trusted.store.get_user_id(**which, AlternateIdentifier=user)["UserId"] == ada
    for path, value in (("userName", "ADA@example.com"), ("emails.value", "ada@example.com")):
        unique = {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}
        assert trusted.store.get_user_id(**which, AlternateIdentifier=unique)["UserId"] == ada
    described = trusted.store.describe_user(
        **which, UserId=ada, Extensions=["aws:identitystore:enterprise"]
    )
    assert described["Extensions"] == {"aws:identitystore:enterprise": {"department": "Research"}}


def test_filters_and_pages(center: Cloud) -> None:
    which = {"IdentityStoreId": center.store_id}
    groups = [center.group(f"G{number}") for number in range(5)]
    wanted = [{"AttributePath": "DisplayName", "AttributeValue": "G3"}]
    (found,) = center.store.list_groups(**which, Filters=wanted)["Groups"]
    assert found["GroupId"] == groups[3]
    unknown = refusal(
        center.store.list_groups,
        **which,
        Filters=[{"AttributePath": "Description", "AttributeValue": "x"}],
    )
    assert unknown["Error"]["Code"] == "ValidationException"
    pages = center.store.get_paginator("list_groups").paginate(
        **which, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Groups"]) for page in pages] == [2, 2, 1]


def test_the_store_itself(center: Cloud) -> None:
    (listed,) = center.store.list_identity_stores()["IdentityStores"]
    described = center.store.describe_identity_store(IdentityStoreId=center.store_id)
    for shown in (listed, described):
        assert shown["IdentityStoreId"] == center.store_id
    other = refusal(center.store.list_groups, IdentityStoreId="d-0000000000")
    assert other["ResourceType"] == "IDENTITY_STORE"
    network = {"VpceAccessRequired": False, "ScimAllowSourceIps": ["203.0.113.0/24"]}
    center.store.update_identity_store(
        IdentityStoreId=center.store_id, NetworkConfiguration=network
    )
    described = center.store.describe_identity_store(IdentityStoreId=center.store_id)
    assert described["NetworkConfiguration"] == network


def test_groups_people_and_memberships_one_by_one_and_in_pages(center: Cloud) -> None:
    store = {"IdentityStoreId": center.store_id}
    ids = [
        center.store.create_user(
            **store,
            UserName=name,
            DisplayName=name,
            Name={"GivenName": name, "FamilyName": "Example"},
        )["UserId"]
        for name in ("ada", "bob", "eve")
    ]
    pages = center.store.get_paginator("list_users").paginate(
        **store, PaginationConfig={"PageSize": 2}
    )
    assert [[each["UserId"] for each in page["Users"]] for page in pages] == [ids[:2], ids[2:]]
    group = center.group("AWS-Platform")
    described = center.store.describe_group(**store, GroupId=group)
    assert (described["GroupId"], described["DisplayName"]) == (group, "AWS-Platform")
    membership = center.store.create_group_membership(
        **store, GroupId=group, MemberId={"UserId": ids[0]}
    )["MembershipId"]
    which = {**store, "MembershipId": membership}
    assert center.store.describe_group_membership(**which)["MemberId"] == {"UserId": ids[0]}
    center.store.delete_group_membership(**which)
    with pytest.raises(ClientError) as refused:
        center.store.describe_group_membership(**which)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    left = center.store.list_group_memberships(**store, GroupId=group)
    assert left["GroupMemberships"] == []
