"""SCIM as AWS has it: tokens, limits, errors, and Entra's own shapes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from sandbox_tests.aws.support import GROUP_SCHEMAS, PATCH_SCHEMAS, Cloud, person

NOBODY = "00000000-0000-0000-0000-000000000000"


def find(cloud: Cloud, kind: str, text: str) -> list[dict[str, Any]]:
    """The resources a filter finds."""
    answer = cloud.scim("GET", f"/{kind}?filter={quote(text)}")
    assert answer.status == 200, answer.data
    found: list[dict[str, Any]] = answer.json()["Resources"]
    return found


def members(cloud: Cloud, group_id: str) -> set[str]:
    """The members of a group, by the identitystore API: SCIM never shows them."""
    listed = cloud.store.list_group_memberships(IdentityStoreId=cloud.store_id, GroupId=group_id)
    return {each["MemberId"]["UserId"] for each in listed["GroupMemberships"]}


def assert_refused(answer: urllib3.BaseHTTPResponse, status: int, words: str = "") -> None:
    """An error in AWS's shape."""
    body = answer.json()
    assert answer.status == status, body
    assert body["status"] == str(status)
    assert body["schemas"] == body["schema"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", body["timeStamp"])
    assert answer.headers["x-amzn-RequestId"] == body["exceptionRequestId"]
    assert words in body["detail"]


class TestTokens:
    """Who may write."""

    def test_there_are_two_tokens_at_most(self, trusted: Cloud) -> None:
        first = trusted.provisioning
        second = trusted.console("rotate-token")
        assert second["scimEndpoint"] == first["scimEndpoint"]
        third = trusted.try_console("rotate-token")
        assert third.status == 409
        assert "2 access tokens already" in third.json()["message"]
        for each in (first, second):
            assert trusted.scim("GET", "/Users", token=each["accessToken"]).status == 200
        trusted.console("delete-token", oldest=True)
        assert_refused(trusted.scim("GET", "/Users", token=first["accessToken"]), 401)
        assert trusted.scim("GET", "/Users", token=second["accessToken"]).status == 200
        trusted.console("rotate-token")

    def test_a_token_is_good_for_a_year(self, trusted: Cloud) -> None:
        trusted.clock.advance(timedelta(days=364))
        assert trusted.scim("GET", "/Users").status == 200
        trusted.clock.advance(timedelta(days=2))
        assert_refused(trusted.scim("GET", "/Users"), 401)
        trusted.console("rotate-token")
        assert trusted.try_console("rotate-token").status == 409

    def test_wrong_tokens_and_tenants(self, trusted: Cloud) -> None:
        assert_refused(trusted.scim("GET", "/Users", token="wrong"), 401)
        assert_refused(trusted.scim("GET", "/ServiceProviderConfig", token="wrong"), 401)
        good = {"Authorization": f"Bearer {trusted.provisioning['accessToken']}"}
        assert_refused(trusted.request("GET", "/other/scim/v2/Users", headers=good), 401)

    def test_there_is_no_endpoint_before_provisioning(self, center: Cloud) -> None:
        assert_refused(center.request("GET", "/tenant/scim/v2/Users"), 401)


class TestPeople:
    """Users, one by one."""

    def test_the_life_of_a_person(self, trusted: Cloud) -> None:
        ada = trusted.scim_user("ada")
        shown = trusted.scim("GET", f"/Users/{ada}").json()
        assert shown["userName"] == "ada@example.com"
        assert shown["externalId"] == "ada"
        assert set(shown["meta"]) == {"resourceType", "created", "lastModified"}
        changed = trusted.patch_user(
            ada,
            {"op": "Replace", "path": "displayName", "value": "Ada L"},
            {"op": "Add", "path": "title", "value": "Engineer"},
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "al@example.com"},
            {"op": "Replace", "path": "active", "value": "False"},
        )
        assert changed.status == 200
        body = changed.json()
        assert (body["displayName"], body["title"], body["active"]) == ("Ada L", "Engineer", False)
        assert body["emails"][0]["value"] == "al@example.com"
        replaced = trusted.scim("PUT", f"/Users/{ada}", {**person("ada"), "id": ada})
        assert replaced.status == 200
        assert "title" not in replaced.json()
        described = trusted.store.describe_user(IdentityStoreId=trusted.store_id, UserId=ada)
        assert (described["UserStatus"], described["DisplayName"]) == ("ENABLED", "Ada")
        assert trusted.scim("DELETE", f"/Users/{ada}").status == 204
        assert_refused(trusted.scim("GET", f"/Users/{ada}"), 404)
        assert_refused(trusted.scim("DELETE", f"/Users/{ada}"), 404)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"userName": None}, "userName is required"),
            ({"displayName": " "}, "displayName is required"),
            ({"name": {"givenName": "A"}}, "name.familyName is required"),
            ({"userName": "x" * 129}, "128"),
            ({"userName": "a:b@example.com"}, "not allowed"),
            ({"displayName": "Ada <script>"}, "not allowed"),
            ({"name": {"givenName": "A\tB", "familyName": "C"}}, "not allowed"),
            ({"photos": [{"value": "https://example.com/a"}]}, "photos is not supported"),
            ({"password": "secret"}, "password is not supported"),
            ({"groups": []}, "groups is not supported"),
            ({"emails": [{"value": "a@example.com", "primary": False}]}, "primary"),
            (
                {"phoneNumbers": [{"value": "1"}, {"value": "2"}]},
                "Currently list attributes only allow single item",
            ),
            ({"emails": [{"value": "a@example.com", "display": "A"}]}, "display"),
        ],
    )
    def test_people_that_aws_refuses(
        self, trusted: Cloud, wrong: dict[str, Any], words: str
    ) -> None:
        assert_refused(trusted.scim("POST", "/Users", {**person("ada"), **wrong}), 400, words)
        assert trusted.state()["users"]["count"] == 0

    def test_names_and_addresses_are_there_once(self, trusted: Cloud) -> None:
        trusted.scim_user("ada")
        detail = "Refused to create a new, duplicate resource."
        same = {**person("ada"), "emails": []}
        assert_refused(trusted.scim("POST", "/Users", same), 409, detail)
        upper = {**same, "userName": "ADA@EXAMPLE.COM"}
        assert_refused(trusted.scim("POST", "/Users", upper), 409, detail)
        address = {**person("ada"), "userName": "other"}
        assert_refused(trusted.scim("POST", "/Users", address), 409, detail)

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "Remove", "path": "userName"},
            {"op": "Remove", "path": "active"},
            {"op": "Remove"},
            {"op": "Replace", "path": "displayName"},
            {"op": "Replace", "path": "password", "value": "x"},
            {"op": "Replace", "path": "entitlements", "value": []},
            {"op": "Move", "path": "title", "value": "x"},
            {"op": "Remove", "path": "name.givenName"},
            {"op": "Add", "path": "emails", "value": [{"value": "b@example.com", "type": "home"}]},
        ],
    )
    def test_patches_that_aws_refuses(self, trusted: Cloud, operation: dict[str, Any]) -> None:
        ada = trusted.scim_user("ada")
        before = trusted.scim("GET", f"/Users/{ada}").json()
        assert_refused(trusted.patch_user(ada, operation), 400)
        assert trusted.scim("GET", f"/Users/{ada}").json() == before

    def test_a_user_name_changes_once_a_request(self, trusted: Cloud) -> None:
        ada = trusted.scim_user("ada")
        change = {"op": "Replace", "path": "userName", "value": "ada@example.org"}
        assert_refused(trusted.patch_user(ada, change, change), 400, "only once")
        assert trusted.patch_user(ada, change).json()["userName"] == "ada@example.org"
        assert find(trusted, "Users", 'userName eq "ada@example.com"') == []
        assert len(find(trusted, "Users", 'userName eq "ada@example.org"')) == 1

    def test_entras_shapes(self, trusted: Cloud) -> None:
        boss, ada = trusted.scim_user("boss"), trusted.scim_user("ada")
        enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        changed = trusted.patch_user(
            ada,
            {"op": "Add", "path": f"{enterprise}:manager", "value": boss},
            {"op": "Replace", "path": f"{enterprise}:department", "value": "Sales"},
            {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "DE"},
            {"op": "Add", "path": 'addresses[type eq "work"].locality', "value": "Berlin"},
            {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "+49 1"},
            {"op": "Replace", "path": "name.familyName", "value": "Lovelace"},
            {"op": "Replace", "path": "externalId", "value": "object-ada"},
        )
        assert changed.status == 200, changed.data
        found = trusted.store.describe_user(
            IdentityStoreId=trusted.store_id,
            UserId=ada,
            Extensions=["aws:identitystore:enterprise"],
        )
        assert found["Addresses"] == [{"Country": "DE", "Locality": "Berlin", "Type": "work"}]
        assert found["PhoneNumbers"][0]["Value"] == "+49 1"
        assert found["Name"]["FamilyName"] == "Lovelace"
        assert found["ExternalIds"][0]["Id"] == "object-ada"
        extension = found["Extensions"]["aws:identitystore:enterprise"]
        assert extension == {"department": "Sales", "manager": {"value": boss}}

    def test_a_taken_user_name_cannot_be_patched_in(self, trusted: Cloud) -> None:
        trusted.scim_user("ada")
        bob = trusted.scim_user("bob")
        taken = {"op": "Replace", "path": "userName", "value": "ada@example.com"}
        assert_refused(trusted.patch_user(bob, taken), 409)


class TestGroups:
    """Groups and their members."""

    def test_the_life_of_a_group(self, trusted: Cloud) -> None:
        ada, bob = trusted.scim_user("ada"), trusted.scim_user("bob")
        group = trusted.scim_group("AWS-Platform", ada, bob)
        assert members(trusted, group) == {ada, bob}
        shown = trusted.scim("GET", f"/Groups/{group}").json()
        assert (shown["members"], shown["schemas"]) == ([], GROUP_SCHEMAS[:1])
        removal = {"op": "Remove", "path": "members", "value": [{"value": bob}]}
        answer = trusted.patch_group(group, removal)
        assert (answer.status, answer.data) == (204, b"")
        assert members(trusted, group) == {ada}
        by_path = {"op": "Remove", "path": f'members[value eq "{ada}"]'}
        assert trusted.patch_group(group, by_path).status == 204
        assert members(trusted, group) == set()
        renamed = {"op": "Replace", "value": {"id": group, "displayName": "AWS-Core"}}
        assert trusted.patch_group(group, renamed).status == 204
        (found,) = find(trusted, "Groups", 'displayName eq "AWS-Core"')
        assert (found["id"], found["externalId"]) == (group, "object-AWS-Platform")
        assert trusted.scim("DELETE", f"/Groups/{group}").status == 204
        assert_refused(trusted.scim("GET", f"/Groups/{group}"), 404)

    def test_members_at_creation(self, trusted: Cloud) -> None:
        ada = trusted.scim_user("ada")
        group = trusted.scim_group("A", members=[{"value": ada}, {"value": ada}])
        assert members(trusted, group) == {ada}
        nested = {"displayName": "B", "members": [{"value": group}]}
        assert_refused(trusted.scim("POST", "/Groups", nested), 400, "groups cannot be members")
        unknown = {"displayName": "B", "members": [{"value": NOBODY}]}
        assert_refused(trusted.scim("POST", "/Groups", unknown), 404)
        many = {"displayName": "B", "members": [{"value": ada}] * 101}
        assert_refused(trusted.scim("POST", "/Groups", many), 400, "100")
        assert len(trusted.state()["groups"]) == 1

    def test_a_hundred_changes_a_request(self, trusted: Cloud) -> None:
        people = [trusted.scim_user(f"p{number}") for number in range(101)]
        group = trusted.scim_group("A")
        every = [{"value": each} for each in people]
        add = {"op": "Add", "path": "members"}
        assert_refused(trusted.patch_group(group, {**add, "value": every}), 400, "100")
        halves = ({**add, "value": every[:60]}, {**add, "value": every[60:]})
        assert_refused(trusted.patch_group(group, *halves), 400, "100")
        assert members(trusted, group) == set()
        assert trusted.patch_group(group, {**add, "value": every[:100]}).status == 204
        assert trusted.patch_group(group, {**add, "value": every[:100]}).status == 204

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "Replace", "path": "members", "value": [{"value": NOBODY}]},
            {"op": "Remove", "path": "members"},
            {"op": "Remove", "path": "members", "value": []},
            {"op": "Add", "path": "members", "value": ["text"]},
            {"op": "Replace", "path": "displayName", "value": ""},
            {"op": "Replace", "path": "displayName", "value": "a:b"},
            {"op": "Remove", "path": "displayName"},
            {"op": "Replace", "path": "meta", "value": {}},
            {"op": "Replace", "value": "text"},
        ],
    )
    def test_patches_that_aws_refuses(self, trusted: Cloud, operation: dict[str, Any]) -> None:
        ada = trusted.scim_user("ada")
        group = trusted.scim_group("A", ada)
        assert_refused(trusted.patch_group(group, operation), 400)
        assert members(trusted, group) == {ada}
        assert len(find(trusted, "Groups", 'displayName eq "A"')) == 1

    def test_a_refused_patch_changes_nothing(self, trusted: Cloud) -> None:
        ada = trusted.scim_user("ada")
        group = trusted.scim_group("A")
        operations = [
            {"op": "Add", "path": "members", "value": [{"value": ada}]},
            {"op": "Add", "path": "members", "value": [{"value": NOBODY}]},
        ]
        assert_refused(trusted.patch_group(group, *operations), 404)
        assert members(trusted, group) == set()

    def test_names_are_there_once(self, trusted: Cloud) -> None:
        trusted.group("AWS-Platform")
        body = {"schemas": GROUP_SCHEMAS, "displayName": "AWS-Platform"}
        assert_refused(trusted.scim("POST", "/Groups", body), 409)
        other = trusted.scim_group("Other")
        rename = {"op": "Replace", "path": "displayName", "value": "aws-platform"}
        assert_refused(trusted.patch_group(other, rename), 409)

    def test_a_group_made_by_hand_is_found_and_can_be_joined(self, trusted: Cloud) -> None:
        by_hand = trusted.group("AWS-Platform")
        (found,) = find(trusted, "Groups", 'displayName eq "AWS-Platform"')
        assert "externalId" not in found
        join = {"op": "Add", "path": "externalId", "value": "object-1"}
        assert trusted.patch_group(by_hand, join).status == 204
        (joined,) = find(trusted, "Groups", 'externalId eq "object-1"')
        assert joined["id"] == by_hand

    def test_groups_cannot_be_put(self, trusted: Cloud) -> None:
        group = trusted.scim_group("A")
        body = {"schemas": GROUP_SCHEMAS[:1], "displayName": "B"}
        assert_refused(trusted.scim("PUT", f"/Groups/{group}", body), 405)


class TestLists:
    """Filters and pages."""

    def test_a_random_person_is_an_empty_list(self, trusted: Cloud) -> None:
        text = f'userName eq "{NOBODY}"'
        answer = trusted.scim("GET", f"/Users?filter={quote(text)}")
        assert answer.status == 200
        assert answer.json() == {
            "totalResults": 0,
            "itemsPerPage": 0,
            "startIndex": 1,
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "Resources": [],
        }

    def test_the_filters_aws_lists(self, trusted: Cloud) -> None:
        ada, bob = trusted.scim_user("ada"), trusted.scim_user("bob")
        group = trusted.scim_group("A", ada)
        trusted.patch_user(
            bob,
            {
                "op": "Add",
                "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
                "value": {"value": ada},
            },
        )
        cases = [
            ("Users", 'userName eq "ADA@example.com"', [ada]),
            ("Users", 'externalId eq "bob"', [bob]),
            ("Users", f'groups.value eq "{group}"', [ada]),
            ("Users", f'id eq "{bob}" and manager eq "{ada}"', [bob]),
            ("Users", f'manager eq "{bob}" and id eq "{ada}"', []),
            ("Groups", 'displayName eq "A"', [group]),
            ("Groups", 'externalId eq "object-A"', [group]),
            ("Groups", f'members.value eq "{ada}"', [group]),
            ("Groups", f'id eq "{group}" and members eq "{bob}"', []),
            ("Groups", f'id eq "{group}" and members eq "{ada}"', [group]),
        ]
        for kind, text, expected in cases:
            assert [each["id"] for each in find(trusted, kind, text)] == expected, text

    @pytest.mark.parametrize(
        "text",
        [
            'userName co "a"',
            'userName eq "a" or userName eq "b"',
            'not (userName eq "a")',
            'emails.value eq "a@example.com"',
            "active eq true",
            'userName eq "a',
            'userName eq "a" and',
            "userName pr",
        ],
    )
    def test_filters_aws_refuses(self, trusted: Cloud, text: str) -> None:
        assert_refused(trusted.scim("GET", f"/Users?filter={quote(text)}"), 400)

    def test_pages(self, trusted: Cloud) -> None:
        people = [trusted.scim_user(f"p{number:03}") for number in range(105)]
        whole = trusted.scim("GET", "/Users?startIndex=50").json()
        assert (whole["totalResults"], whole["itemsPerPage"]) == (105, 100)
        assert whole["startIndex"] == 1
        few = trusted.scim("GET", "/Users?count=7&excludedAttributes=emails").json()
        assert len(few["Resources"]) == 7
        assert "emails" in few["Resources"][0]
        for wrong in ("0", "-1", "x"):
            assert_refused(trusted.scim("GET", f"/Users?count={wrong}"), 400)
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = trusted.scim("GET", f"/Users?count=50&cursor={quote(cursor)}").json()
            assert "totalResults" not in page
            assert page["itemsPerPage"] == len(page["Resources"])
            found += [each["id"] for each in page["Resources"]]
            cursor = page.get("nextCursor")
        assert found == people
        assert_refused(trusted.scim("GET", "/Users?cursor=nonsense"), 400)


class TestProtocol:
    """The rest of the endpoint."""

    def test_discovery(self, trusted: Cloud) -> None:
        config = trusted.scim("GET", "/ServiceProviderConfig").json()
        assert config["patch"] == {"supported": True}
        assert config["filter"] == {"supported": True, "maxResults": 50}
        for name in ("bulk", "sort", "etag", "changePassword"):
            assert config[name]["supported"] is False
        types = trusted.scim("GET", "/ResourceTypes").json()["Resources"]
        assert {each["id"] for each in types} == {"User", "Group"}
        schemas = {each["id"]: each for each in trusted.scim("GET", "/Schemas").json()["Resources"]}
        user = schemas["urn:ietf:params:scim:schemas:core:2.0:User"]
        names = {each["name"] for each in user["attributes"]}
        assert "userName" in names
        assert names.isdisjoint({"photos", "ims", "password", "entitlements", "groups"})

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/Me"), ("POST", "/Bulk"), ("POST", "/.search"), ("GET", "/"), ("GET", "/Robots")],
    )
    def test_what_there_is_not(self, trusted: Cloud, method: str, path: str) -> None:
        assert_refused(trusted.scim(method, path, {} if method == "POST" else None), 404)

    def test_bodies_that_are_none(self, trusted: Cloud) -> None:
        bodies: list[Any] = [[], "text", {"schemas": PATCH_SCHEMAS}]
        for body in bodies:
            assert_refused(trusted.scim("POST", "/Users", body), 400)
        group = trusted.scim_group("A")
        assert_refused(trusted.scim("PATCH", f"/Groups/{group}", {"Operations": "no"}), 400)
        assert_refused(trusted.scim("PATCH", f"/Groups/{group}", {"Operations": [1]}), 400)

    def test_answers_are_plain_json(self, trusted: Cloud) -> None:
        answer = trusted.scim("GET", "/Users")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["x-amzn-RequestId"]
