"""Every call is checked against the token's app roles."""

from __future__ import annotations

import pytest

from entra_aws_sandbox.entra.graph import ROUTES
from entra_aws_sandbox.entra.permissions import TABLE
from sandbox_tests.entra.clients import App, Cloud, new_app

LEAST = (
    "Application.ReadWrite.OwnedBy",
    "Application.Read.All",
    "AppRoleAssignment.ReadWrite.All",
    "Group.ReadWrite.All",
    "User.Read.All",
)


def test_the_table_covers_exactly_the_operations() -> None:
    assert {route.operation for route in ROUTES} == set(TABLE)


def test_without_app_roles_everything_but_the_gallery_is_refused(app: App) -> None:
    app.cloud.act_as("Nothing.Useful")
    for path in ("/groups", "/users", "/applications", app.path, f"{app.sync}/secrets"):
        answer = app.cloud.graph("GET", f"/v1.0{path}")
        assert answer.status == 403
        assert answer.error == (
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    assert app.cloud.graph("GET", "/v1.0/applicationTemplates").status == 200


def test_the_least_set_makes_the_whole_federation(cloud: Cloud) -> None:
    cloud.act_as(*LEAST)
    app = new_app(cloud)
    app.trust("https://eu-west-1.signin.aws/acs")
    app.assign(cloud.group_id("AWS-Data"))
    app.secrets("https://scim.eu-west-1.amazonaws.com/abc/scim/v2", "secret")
    cloud.do("POST", f"{app.sync}/jobs", {"templateId": "aWSSingleSignon"})
    cloud.do("POST", f"{app.path}/addTokenSigningCertificate", {"displayName": "CN=AWS"})
    cloud.do("DELETE", f"/applications/{app.application}")


@pytest.mark.parametrize(
    ("missing", "method", "path"),
    [
        ("AppRoleAssignment.ReadWrite.All", "POST", "{sp}/appRoleAssignedTo"),
        ("Application.ReadWrite.OwnedBy", "PATCH", "{sp}"),
        ("Application.ReadWrite.OwnedBy", "PUT", "{sp}/synchronization/secrets"),
        ("Application.Read.All", "POST", "{sp}/appRoleAssignedTo"),
        ("Group.ReadWrite.All", "POST", "/groups"),
        ("User.Read.All", "GET", "/users"),
    ],
)
def test_each_role_of_the_least_set_is_needed(
    app: App, missing: str, method: str, path: str
) -> None:
    app.cloud.act_as(*(role for role in LEAST if role != missing))
    answer = app.cloud.graph(method, "/v1.0" + path.format(sp=app.path), {})
    assert answer.status == 403


def test_owned_by_reaches_only_what_the_caller_owns(app: App) -> None:
    (owner,) = app.cloud.get(f"{app.path}/owners")["value"]
    app.cloud.do("DELETE", f"{app.path}/owners/{owner['id']}/$ref")
    app.cloud.act_as("Application.ReadWrite.OwnedBy")
    assert app.cloud.graph("PATCH", f"/v1.0{app.path}", {"notes": "x"}).status == 403
    path = f"/v1.0/applications/{app.application}"
    assert app.cloud.graph("PATCH", path, {"notes": "x"}).status == 204


def test_owned_by_lists_every_application(app: App) -> None:
    app.cloud.act_as("Application.ReadWrite.OwnedBy")
    assert app.cloud.get("/applications")["value"]
    assert app.cloud.get("/servicePrincipals")["value"]


def test_what_was_used_tells_whether_it_was_the_callers_own(app: App) -> None:
    app.cloud.control("permissions", {"forget": True})
    app.cloud.get(app.path)
    operation = "GET /servicePrincipals/<service_principal>"
    assert app.cloud.control("permissions")["operations"][operation]["owned"] is True
    (owner,) = app.cloud.get(f"{app.path}/owners")["value"]
    app.cloud.do("DELETE", f"{app.path}/owners/{owner['id']}/$ref")
    app.cloud.get(app.path)
    assert app.cloud.control("permissions")["operations"][operation]["owned"] is False


def test_the_recycle_bin_needs_the_rights_for_what_is_in_it(app: App) -> None:
    cloud = app.cloud
    leo = f"/v1.0/directory/deletedItems/{cloud.user_id('leo')}"
    mine = f"/v1.0/directory/deletedItems/{app.application}"
    cloud.do("DELETE", f"/users/{cloud.user_id('leo')}")
    cloud.do("DELETE", f"/applications/{app.application}")
    cloud.act_as("Application.ReadWrite.OwnedBy")
    refused = [("GET", leo), ("POST", f"{leo}/restore"), ("DELETE", leo)]
    assert [cloud.graph(method, path).status for method, path in refused] == [403] * 3
    listed = "/v1.0/directory/deletedItems/microsoft.graph.user"
    assert cloud.graph("GET", listed).status == 403
    assert cloud.graph("POST", f"{mine}/restore").status == 200
    cloud.act_as("User.ReadWrite.All")
    assert cloud.graph("POST", f"{leo}/restore").status == 200


def test_unreadable_members_show_only_type_and_id(cloud: Cloud) -> None:
    group = cloud.group_id("AWS-Data")
    cloud.act_as("Group.Read.All")
    members = cloud.get(f"/groups/{group}/members")["value"]
    assert len(members) == 3
    assert all(m["id"] and m["displayName"] is None for m in members)


def test_roles_of_new_tokens_can_be_changed(cloud: Cloud) -> None:
    before = cloud.control("app-roles")["roles"]
    assert "Application.ReadWrite.OwnedBy" in before
    assert cloud.control("app-roles", {"roles": ["Group.Read.All"]})["roles"] == ["Group.Read.All"]


def test_what_was_used_is_told_with_the_roles_that_allow_it(cloud: Cloud) -> None:
    cloud.get("/groups")
    cloud.get("/groups")
    cloud.act_as("Nothing.Useful")
    cloud.graph("GET", "/v1.0/users")
    used = cloud.control("permissions", {"forget": True})["operations"]
    assert list(used) == ["GET /groups"]
    assert used["GET /groups"]["calls"] == 2
    assert ["Group.Read.All"] in used["GET /groups"]["anyOf"]
    assert cloud.control("permissions")["operations"] == {}
