"""Queries, pages, deleted objects, and how Graph refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from sandbox_tests.entra.clients import AWS_TEMPLATE, App, Cloud, new_app, send


def names(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["displayName"] for item in answer["value"]]


def test_the_seed_is_the_fictional_company(cloud: Cloud) -> None:
    state = cloud.control("state")["counts"]
    assert (state["users"], state["groups"]) == (25, 8)
    (mallory,) = cloud.get("/users?$filter=accountEnabled eq false&$select=userPrincipalName")[
        "value"
    ]
    assert mallory == {"userPrincipalName": "mallory@example.com"}
    members = cloud.get(f"/groups/{cloud.group_id('All-Staff')}/members")["value"]
    assert {m["displayName"] for m in members} == {"Bob Baker", "AWS-Platform", "AWS-Developers"}
    everybody = cloud.get(f"/groups/{cloud.group_id('All-Staff')}/transitiveMembers")["value"]
    assert len(everybody) == 1 + 2 + 3 + 7


def test_filters_eq_in_and_startswith_ignore_case(cloud: Cloud) -> None:
    two = "/groups?$filter=displayName in ('AWS-Data','aws-billing','Nobody')&$select=displayName"
    assert cloud.get(two)["value"] == [
        {"displayName": "AWS-Data"},
        {"displayName": "AWS-Billing"},
    ]
    path = "/users?$filter=startswith(displayName,'a') and surname eq 'Lovelace'"
    assert names(cloud.get(path)) == ["Ada Lovelace"]
    either = "/users?$filter=(givenName eq 'Ada' or givenName eq 'Bob') and not(surname eq 'X')"
    assert names(cloud.get(either)) == ["Ada Lovelace", "Bob Baker"]
    assert cloud.get("/groups?$filter=displayName eq 'It''s'")["value"] == []


def test_collections_can_be_searched_with_any(app: App) -> None:
    app.trust("https://example.com/acs")
    uri = "https://eu-west-1.signin.aws.amazon.com/platform/saml/d-1234567890"
    for spelling in ("x:x", "x: x"):
        found = app.cloud.get(f"/applications?$filter=identifierUris/any({spelling} eq '{uri}')")
        assert [a["id"] for a in found["value"]] == [app.application]


@pytest.mark.parametrize(
    "query",
    [
        "displayName",
        "displayName eq",
        "displayName eq 'a' and",
        "displayName in ()",
        "displayName like 'a'",
        "displayNme eq 'AWS-Data'",
        "displayName eq 'unclosed",
        "(displayName eq 'a'",
        "displayName in (" + ",".join(["'x'"] * 16) + ")",
    ],
)
def test_filters_that_graph_refuses(cloud: Cloud, query: str) -> None:
    answer = cloud.graph("GET", f"/v1.0/groups?$filter={query}")
    assert answer.status == 400
    assert answer.error


@pytest.mark.parametrize("option", ["$expand=members", "$orderby=displayName", "$search=x"])
def test_query_options_that_are_not_emulated_are_refused(cloud: Cloud, option: str) -> None:
    answer = cloud.graph("GET", f"/v1.0/groups?{option}")
    assert (answer.status, answer.error[0]) == (400, "Request_UnsupportedQuery")
    assert option.partition("=")[0] in answer.error[1]


def test_lists_come_in_pages_that_follow_next_links(cloud: Cloud) -> None:
    answer = cloud.get("/users?$top=10&$select=id&$count=true")
    assert answer["@odata.count"] == 25
    ids = [u["id"] for u in answer["value"]]
    while "@odata.nextLink" in answer:
        answer = cloud.graph("GET", answer["@odata.nextLink"]).json
        ids += [u["id"] for u in answer["value"]]
    assert len(ids) == len(set(ids)) == 25
    assert cloud.graph("GET", "/v1.0/users?$top=1000").status == 400


def test_get_by_ids_leaves_out_what_is_unknown(cloud: Cloud) -> None:
    ada, group = cloud.user_id("ada"), cloud.group_id("AWS-Data")
    unknown = "11111111-1111-1111-1111-111111111111"
    found = cloud.do("POST", "/directoryObjects/getByIds", {"ids": [ada, unknown, group]})
    assert [i["@odata.type"] for i in found["value"]] == [
        "#microsoft.graph.user",
        "#microsoft.graph.group",
    ]
    body = {"ids": [ada, group], "types": ["group"]}
    assert names(cloud.do("POST", "/directoryObjects/getByIds", body)) == ["AWS-Data"]


def test_refusals_are_graph_shaped_json_everywhere(cloud: Cloud) -> None:
    unknown = "11111111-1111-1111-1111-111111111111"
    missing = cloud.graph("GET", f"/v1.0/groups/{unknown}")
    assert missing.status == 404
    code, message = missing.error
    assert code == "Request_ResourceNotFound"
    assert message.startswith(f"Resource '{unknown}' does not exist or one of its queried")
    segment = cloud.graph("GET", "/v1.0/nonsense")
    assert (segment.status, segment.error[0]) == (400, "BadRequest")
    assert cloud.graph("PUT", "/v1.0/groups").status == 405
    assert cloud.graph("PUT", "/v1.0/groups").error
    assert cloud.graph("POST", "/v1.0/groups", "{").error[0] == "BadRequest"
    assert cloud.graph("POST", "/v1.0/groups", "[]").error[0] == "BadRequest"
    template = cloud.graph(
        "POST", f"/v1.0/applicationTemplates/{unknown}/instantiate", {"displayName": "x"}
    )
    assert template.status == 404
    path = f"/v1.0/groups/{cloud.group_id('AWS-Data')}"
    assert cloud.graph("PATCH", path, {"nonsense": 1}).error[0] == "Request_BadRequest"
    outside = send("GET", f"{cloud.url}/nowhere")
    assert (outside.status, outside.error[0]) == (404, "BadRequest")
    large = cloud.graph("POST", "/v1.0/groups", {"displayName": "x" * 2_000_000})
    assert large.status == 413


def test_a_service_principal_answers_to_its_app_id(app: App) -> None:
    found = app.cloud.get(f"/servicePrincipals(appId='{app.app_id}')")
    assert found["id"] == app.service_principal
    assert app.cloud.get(f"/applications(appId='{app.app_id}')")["id"] == app.application
    assert app.cloud.graph("GET", "/v1.0/servicePrincipals(appId='nobody')").status == 404


def test_deleting_an_application_takes_everything_with_it_and_can_be_undone(app: App) -> None:
    cloud = app.cloud
    app.assign(cloud.group_id("AWS-Data"))
    app.secrets("https://scim.eu-west-1.amazonaws.com/abc/scim/v2", "secret")
    cloud.do("POST", f"{app.sync}/jobs", {"templateId": "aWSSingleSignon"})
    cloud.do("DELETE", f"/applications/{app.application}")
    counts = cloud.control("state")["counts"]
    gone = ("appRoleAssignments", "synchronizationJobs", "synchronizationSecrets")
    assert [counts[name] for name in gone] == [0, 0, 0]
    assert cloud.graph("GET", f"/v1.0{app.path}").status == 404
    deleted = cloud.get("/directory/deletedItems/microsoft.graph.application")["value"]
    assert [a["id"] for a in deleted] == [app.application]
    cloud.do("POST", f"/directory/deletedItems/{app.application}/restore")
    assert cloud.get(f"/applications/{app.application}")["deletedDateTime"] is None
    assert cloud.get(app.path)["appId"] == app.app_id


def test_what_must_be_unique_is_so_after_a_restore(app: App) -> None:
    cloud = app.cloud
    restore = "/v1.0/directory/deletedItems/{}/restore"
    app.trust("https://example.com/acs")
    cloud.do("DELETE", f"/applications/{app.application}")
    successor = new_app(cloud)
    successor.trust("https://example.com/acs")
    refused = cloud.graph("POST", restore.format(app.application))
    assert (refused.status, "identifierUris already exists" in refused.error[1]) == (400, True)
    assert cloud.graph("GET", f"/v1.0/applications/{app.application}").status == 404
    cloud.do("PATCH", f"/applications/{successor.application}", {"identifierUris": []})
    cloud.do("POST", restore.removeprefix("/v1.0").format(app.application))

    cloud.do("DELETE", app.path)
    new = cloud.do("POST", "/servicePrincipals", {"appId": app.app_id})["id"]
    refused = cloud.graph("POST", restore.format(app.service_principal))
    assert refused.status == 409
    assert refused.error[0] == "Request_MultipleObjectsWithSameKeyValue"
    cloud.do("DELETE", f"/applications/{app.application}")
    cloud.do("POST", restore.removeprefix("/v1.0").format(app.application))
    found = cloud.get(f"/servicePrincipals?$filter=appId eq '{app.app_id}'")["value"]
    assert [one["id"] for one in found] == [new]

    leo = cloud.user_id("leo")
    cloud.do("DELETE", f"/users/{leo}")
    person = {"displayName": "Leo", "mailNickname": "leo", "accountEnabled": True}
    cloud.do("POST", "/users", {**person, "userPrincipalName": "leo@example.com"})
    assert cloud.graph("POST", restore.format(leo)).status == 400


def test_a_refused_change_changes_nothing(app: App) -> None:
    for wrong in ({"tags": "no"}, {"accountEnabled": "no"}, {"nonsense": 1}, {"appId": "x"}):
        answer = app.cloud.graph("PATCH", f"/v1.0{app.path}", {"notes": "changed", **wrong})
        assert (answer.status, answer.error[0]) == (400, "Request_BadRequest")
    assert app.cloud.get(app.path)["notes"] is None


def test_an_id_cannot_be_chosen(app: App) -> None:
    body = {"displayName": "Twin", "id": app.application, "appId": app.app_id}
    assert app.cloud.do("POST", "/applications", body)["id"] != app.application
    assert app.cloud.get(f"/applications/{app.application}")["displayName"] != "Twin"


def test_deleted_objects_are_purged_after_thirty_days(cloud: Cloud) -> None:
    ada = cloud.user_id("ada")
    cloud.do("DELETE", f"/users/{ada}")
    cloud.clock.advance(timedelta(days=29))
    cloud.act_as()
    assert cloud.get(f"/directory/deletedItems/{ada}")["id"] == ada
    cloud.clock.advance(timedelta(days=2))
    cloud.act_as()
    assert cloud.graph("GET", f"/v1.0/directory/deletedItems/{ada}").status == 404


def test_new_objects_can_take_a_while_to_appear(cloud: Cloud) -> None:
    cloud.control("switches", {"replication_seconds": 30})
    app = new_app(cloud)
    person = {"displayName": "New", "mailNickname": "new", "accountEnabled": True}
    cloud.do("POST", "/users", {**person, "userPrincipalName": "new@example.com"})
    lists = (
        f"/applications?$filter=appId eq '{app.app_id}'",
        f"/servicePrincipals?$filter=appId eq '{app.app_id}'",
        "/users?$filter=userPrincipalName eq 'new@example.com'",
    )
    objects = (f"/applications/{app.application}", app.path, "/users/new@example.com")
    assert [cloud.get(path)["value"] for path in lists] == [[], [], []]
    assert [cloud.graph("GET", f"/v1.0{path}").status for path in objects] == [404] * 3
    cloud.clock.advance(timedelta(seconds=31))
    assert [len(cloud.get(path)["value"]) for path in lists] == [1, 1, 1]
    assert [cloud.graph("GET", f"/v1.0{path}").status for path in objects] == [200] * 3


def test_group_assignment_needs_the_licence(app: App) -> None:
    app.cloud.control("switches", {"group_licence": False})
    body = {
        "appRoleId": "8774f594-1d59-4279-b9d9-59ef09a23530",
        "principalId": app.cloud.group_id("AWS-Data"),
        "resourceId": app.service_principal,
    }
    refused = app.cloud.graph("POST", f"/v1.0{app.path}/appRoleAssignedTo", body)
    assert refused.status == 403
    body["principalId"] = app.cloud.user_id("ada")
    assert app.cloud.graph("POST", f"/v1.0{app.path}/appRoleAssignedTo", body).status == 201


def test_only_what_the_role_is_for_can_be_assigned(app: App) -> None:
    cloud = app.cloud
    role = {
        "appRoleId": "8774f594-1d59-4279-b9d9-59ef09a23530",
        "resourceId": app.service_principal,
    }
    mail = {"displayName": "Mail", "mailNickname": "mail", "mailEnabled": True}
    group = cloud.do("POST", "/groups", {**mail, "securityEnabled": False})["id"]
    path = f"/v1.0{app.path}/appRoleAssignedTo"
    told = cloud.graph("POST", path, {**role, "principalId": group})
    assert (told.status, "security-enabled" in told.error[1]) == (400, True)
    (owner,) = cloud.get(f"{app.path}/owners")["value"]
    told = cloud.graph("POST", path, {**role, "principalId": owner["id"]})
    assert (told.status, "was not found on application" in told.error[1]) == (400, True)
    other = {**role, "resourceId": owner["id"], "principalId": cloud.user_id("ada")}
    assert cloud.graph("POST", path, other).status == 400


def test_the_gallery_lists_its_templates(cloud: Cloud) -> None:
    name = "AWS IAM Identity Center (successor to AWS Single Sign-On)"
    found = cloud.get(f"/applicationTemplates?$filter=displayName eq '{name}'")["value"]
    assert [t["id"] for t in found] == [AWS_TEMPLATE]
    assert found[0]["supportedSingleSignOnModes"] == ["saml", "external"]


def test_a_restored_person_is_back_in_the_groups(cloud: Cloud) -> None:
    leo, group = cloud.user_id("leo"), cloud.group_id("AWS-Data")
    cloud.do("DELETE", f"/users/{leo}")
    assert len(cloud.get(f"/groups/{group}/members")["value"]) == 2
    cloud.do("POST", f"/directory/deletedItems/{leo}/restore")
    assert len(cloud.get(f"/groups/{group}/members")["value"]) == 3


def test_members_can_be_added_by_patch(cloud: Cloud) -> None:
    group = cloud.group_id("AWS-Billing")
    bound = [f"{cloud.url}/v1.0/directoryObjects/{cloud.user_id(n)}" for n in ("ada", "bob")]
    cloud.do("PATCH", f"/groups/{group}", {"members@odata.bind": bound})
    assert len(cloud.get(f"/groups/{group}/members")["value"]) == 4


def test_many_callers_at_once_lose_nothing(app: App) -> None:
    cloud = app.cloud

    def one(number: int) -> str:
        name = f"Parallel-{number}"
        body = {"displayName": name, "mailEnabled": False, "mailNickname": name}
        group = str(cloud.do("POST", "/groups", {**body, "securityEnabled": True})["id"])
        return app.assign(group)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(60)))
    listed = cloud.get(f"{app.path}/appRoleAssignedTo")["value"]
    assert {a["id"] for a in listed} == set(made)
    assert len(made) == len(set(made)) == 60
