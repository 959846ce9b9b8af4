"""The synchronization engine against a SCIM endpoint, over HTTP."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from werkzeug.wrappers import Response

from sandbox_tests.entra.clients import App, Json, ScimStub


def provisioned(app: App, scim_url: str, *groups: str) -> None:
    """Assign groups, write secrets, start the job and let a cycle finish."""
    for group in groups:
        app.assign(app.cloud.group_id(group))
    app.secrets(scim_url, "scim-token")
    app.start()
    app.cycle()


def test_the_initial_cycle_brings_direct_members_and_their_groups(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Platform", "AWS-Developers", "All-Staff")
    people = {u["userName"].split("@")[0] for u in scim.resources["Users"].values()}
    # bob is in All-Staff itself; its nested groups add nobody; mallory is disabled.
    assert people == {
        "ada",
        "dave",
        "erin",
        "frank",
        "grace",
        "heidi",
        "ivan",
        "judy",
        "ken",
        "bob",
    }
    assert scim.named("ada@example.com")["externalId"] == "ada"
    group = scim.named("AWS-Platform")
    assert group["externalId"] == app.cloud.group_id("AWS-Platform")
    names = {scim.resources["Users"][m]["userName"] for m in group["members"]}
    assert names == {"ada@example.com", "dave@example.com", "erin@example.com"}
    assert scim.named("All-Staff")["members"] == [scim.named("bob@example.com")["id"]]
    status = app.job["status"]
    assert status["code"] == "Active"
    assert status["lastSuccessfulExecution"]["state"] == "Succeeded"
    assert {"key": "User", "value": 10} in status["synchronizedEntryCountByType"]


def test_requests_have_entras_shapes(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Billing")
    (created,) = [b for b in scim.sent("POST", "^/Users") if b["externalId"] == "rupert"]
    assert created == {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "meta": {"resourceType": "User"},
        "userName": "rupert@example.com",
        "active": True,
        "displayName": "Rupert Rossi",
        "title": "Controller",
        "emails": [{"primary": True, "type": "work", "value": "rupert@example.com"}],
        "preferredLanguage": "en-GB",
        "name": {
            "givenName": "Rupert",
            "familyName": "Rossi",
            "formatted": "Rupert Rossi",
        },
        "externalId": "rupert",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": "1018",
            "department": "Finance",
        },
    }
    (group,) = scim.sent("POST", "^/Groups")
    assert group["displayName"] == "AWS-Billing"
    assert "members" not in group
    (patch,) = scim.sent("PATCH", "^/Groups")
    (operation,) = patch["Operations"]
    assert (operation["op"], operation["path"]) == ("Add", "members")
    assert [set(v) for v in operation["value"]] == [{"$ref", "value"}] * 2
    assert any("excludedAttributes=members" in p for m, p, _ in scim.requests if m == "GET")


def target_id(scim: ScimStub, name: str) -> str:
    return str(scim.named(name)["id"])


def new_people(app: App, count: int) -> list[str]:
    made = []
    for number in range(count):
        name = f"new{number:03}"
        body = {
            "accountEnabled": True,
            "displayName": name,
            "givenName": "New",
            "surname": name,
            "mailNickname": name,
            "userPrincipalName": f"{name}@example.com",
        }
        made.append(str(app.cloud.do("POST", "/users", body)["id"]))
    return made


def add_member(app: App, group: str, member: str) -> None:
    reference = {"@odata.id": f"{app.cloud.url}/v1.0/directoryObjects/{member}"}
    app.cloud.do("POST", f"/groups/{group}/members/$ref", reference)


def test_the_clock_brings_the_next_cycle(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Data")
    app.assign(app.cloud.group_id("AWS-Billing"))
    app.cloud.clock.advance(timedelta(minutes=39))
    time.sleep(0.4)
    assert "rupert@example.com" not in [u["userName"] for u in scim.resources["Users"].values()]
    app.cloud.clock.advance(timedelta(minutes=1))
    deadline = time.monotonic() + 5
    while not any(b["displayName"] == "AWS-Billing" for b in scim.sent("POST")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_cycle_without_changes_writes_nothing(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    scim.requests.clear()
    status = app.cycle()
    assert [m for m, _, _ in scim.requests] == ["GET"]
    assert status["lastExecution"]["countExported"] == 0
    assert status["lastSuccessfulExecutionWithExports"]["countExported"] == 4


def test_changed_attributes_are_patched(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Data")
    before = target_id(scim, "leo@example.com")
    body = {"surname": "Lopez", "accountEnabled": False}
    app.cloud.do("PATCH", "/users/leo@example.com", body)
    app.cycle()
    (patch,) = scim.sent("PATCH", "^/Users")
    assert patch["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    assert patch["Operations"] == [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Replace", "path": "name.familyName", "value": "Lopez"},
        {"op": "Replace", "path": "name.formatted", "value": "Leo Lopez"},
    ]
    assert scim.named("leo@example.com")["active"] is False
    app.cloud.do("PATCH", "/users/leo@example.com", {"accountEnabled": True})
    app.cycle()
    assert scim.named("leo@example.com")["active"] is True
    assert target_id(scim, "leo@example.com") == before


def test_a_renamed_group_keeps_its_id(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Data")
    before = target_id(scim, "AWS-Data")
    group = app.cloud.group_id("AWS-Data")
    app.cloud.do("PATCH", f"/groups/{group}", {"displayName": "AWS-Analytics"})
    app.cycle()
    assert target_id(scim, "AWS-Analytics") == before
    assert scim.named("AWS-Analytics")["externalId"] == group


def test_members_come_and_go(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Data")
    group = app.cloud.group_id("AWS-Data")
    leo = app.cloud.user_id("leo")
    app.cloud.do("DELETE", f"/groups/{group}/members/{leo}/$ref")
    add_member(app, group, app.cloud.user_id("xena"))
    app.cycle()
    names = {scim.resources["Users"][m]["userName"] for m in scim.named("AWS-Data")["members"]}
    assert names == {"nina@example.com", "oscar@example.com", "xena@example.com"}
    assert scim.named("leo@example.com")["active"] is False
    removed = [
        o for b in scim.sent("PATCH", "^/Groups") for o in b["Operations"] if o["op"] == "Remove"
    ]
    assert removed == [
        {
            "op": "Remove",
            "path": "members",
            "value": [{"$ref": None, "value": target_id(scim, "leo@example.com")}],
        }
    ]


def test_large_groups_are_patched_in_batches_of_a_hundred(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    group = app.cloud.group_id("AWS-Billing")
    for person in new_people(app, 130):
        add_member(app, group, person)
    provisioned(app, scim_url, "AWS-Billing")
    sizes = [len(b["Operations"][0]["value"]) for b in scim.sent("PATCH", "^/Groups")]
    assert sizes == [100, 32]
    assert len(scim.named("AWS-Billing")["members"]) == 132


def test_a_group_out_of_scope_is_deleted_and_comes_back_as_another(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    before = target_id(scim, "AWS-Data"), target_id(scim, "leo@example.com")
    (assignment,) = app.cloud.get(f"{app.path}/appRoleAssignedTo")["value"]
    app.unassign(assignment["id"])
    app.cycle()
    assert scim.resources["Groups"] == {}
    assert [u["active"] for u in scim.resources["Users"].values()] == [False] * 3
    app.assign(app.cloud.group_id("AWS-Data"))
    app.cycle()
    assert target_id(scim, "AWS-Data") != before[0]
    assert target_id(scim, "leo@example.com") == before[1]
    assert scim.named("leo@example.com")["active"] is True


def test_a_deleted_person_is_disabled_first_and_deleted_after_thirty_days(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    app.cloud.do("DELETE", "/users/leo@example.com")
    app.cycle()
    assert scim.named("leo@example.com")["active"] is False
    assert len(scim.named("AWS-Data")["members"]) == 2
    app.cloud.clock.advance(timedelta(days=31))
    app.cloud.act_as()
    app.cycle()
    assert len(scim.resources["Users"]) == 2


def test_out_of_scope_deletions_can_be_skipped(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Data")
    app.secrets(scim_url, "scim-token", SkipOutOfScopeDeletions="true")
    (assignment,) = app.cloud.get(f"{app.path}/appRoleAssignedTo")["value"]
    app.unassign(assignment["id"])
    app.cycle()
    assert len(scim.resources["Groups"]) == 1
    assert all(u["active"] for u in scim.resources["Users"].values())


def test_what_exists_in_the_target_is_joined_by_name(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    user = {"userName": "leo@example.com", "displayName": "By hand", "active": True, "name": {}}
    scim.resources["Users"]["u-1"] = {"id": "u-1", **user}
    group = {"displayName": "AWS-Data", "members": ["u-1"]}
    scim.resources["Groups"]["g-1"] = {"id": "g-1", **group}
    provisioned(app, scim_url, "AWS-Data")
    assert scim.named("leo@example.com")["id"] == "u-1"
    assert scim.named("leo@example.com")["displayName"] == "Leo Laurent"
    assert scim.named("AWS-Data")["id"] == "g-1"
    assert scim.named("AWS-Data")["externalId"] == app.cloud.group_id("AWS-Data")
    assert len(scim.resources["Users"]) == 3


def test_what_vanishes_from_the_target_is_made_again(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    scim.resources["Groups"].clear()
    group = app.cloud.group_id("AWS-Data")
    add_member(app, group, app.cloud.user_id("xena"))
    app.cycle()
    assert len(scim.named("AWS-Data")["members"]) == 4


def test_a_refused_token_quarantines_at_once_and_start_heals(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    scim.token = "rotated"
    status = app.cycle()
    assert status["code"] == "Quarantine"
    quarantine = status["quarantine"]
    assert quarantine["reason"] == "EncounteredQuarantineException"
    code = "SystemForCrossDomainIdentityManagementInvalidCredentials"
    assert quarantine["error"]["code"] == code
    assert status["lastExecution"]["state"] == "Failed"
    assert status["lastSuccessfulExecution"]["state"] == "Succeeded"
    app.secrets(scim_url, "rotated")
    app.cloud.clock.advance(timedelta(minutes=41))
    app.cloud.act_as()
    time.sleep(0.4)
    assert app.job["status"]["code"] == "Quarantine"
    app.start()
    assert app.cycle()["code"] == "Active"
    assert app.job["status"]["quarantine"] is None


@pytest.mark.parametrize("scope", ["Full", "QuarantineState", "Escrows, QuarantineState"])
def test_restart_heals_too_and_makes_nothing_twice(
    app: App, scim: ScimStub, scim_url: str, scope: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    ids = set(scim.resources["Users"])
    scim.token = "rotated"
    app.cycle()
    app.secrets(scim_url, "rotated")
    body = {"criteria": {"resetScope": scope}}
    app.cloud.do("POST", f"{app.sync}/jobs/{app.job_id}/restart", body)
    assert app.cycle()["code"] == "Active"
    assert set(scim.resources["Users"]) == ids


def test_an_unknown_reset_scope_is_refused(app: App) -> None:
    app.cloud.do("POST", f"{app.sync}/jobs", {"templateId": "aWSSingleSignon"})
    path = f"/v1.0{app.sync}/jobs/{app.job_id}/restart"
    answer = app.cloud.graph("POST", path, {"criteria": {"resetScope": "Everything"}})
    assert answer.status == 400


def test_four_weeks_of_quarantine_disable_the_job(app: App, scim: ScimStub, scim_url: str) -> None:
    scim.token = "another"
    provisioned(app, scim_url, "AWS-Data")
    assert app.job["schedule"]["state"] == "Active"
    app.cloud.clock.advance(timedelta(days=29))
    app.cloud.act_as()
    app.cycle()
    assert app.job["schedule"]["state"] == "Disabled"


def test_failing_cycles_in_a_assignment_quarantine(app: App) -> None:
    app.assign(app.cloud.group_id("AWS-Data"))
    app.secrets("http://127.0.0.1:9/scim/v2", "token")
    app.cloud.do("POST", f"{app.sync}/jobs", {"templateId": "aWSSingleSignon"})
    app.cloud.do("POST", f"{app.sync}/jobs/{app.job_id}/start")
    statuses = [app.cycle() for _ in range(3)]
    assert statuses[-1]["code"] == "Quarantine"
    assert statuses[-1]["countSuccessiveCompleteFailures"] >= 3
    assert "127.0.0.1:9" in statuses[-1]["lastExecution"]["error"]["message"]


def test_the_delete_threshold_stops_deletions_until_they_are_forced(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    app.assign(app.cloud.group_id("AWS-Data"))
    app.secrets(scim_url, "scim-token", threshold=2)
    app.start()
    app.cycle()
    (assignment,) = app.cloud.get(f"{app.path}/appRoleAssignedTo")["value"]
    app.unassign(assignment["id"])
    app.assign(app.cloud.group_id("AWS-Billing"))
    status = app.cycle()
    assert status["quarantine"]["reason"] == "TooManyDeletes"
    assert scim.named("AWS-Data")
    assert all(u["active"] for u in scim.resources["Users"].values())
    assert scim.named("AWS-Billing")
    body = {"criteria": {"resetScope": "ForceDeletes"}}
    app.cloud.do("POST", f"{app.sync}/jobs/{app.job_id}/restart", body)
    assert app.cycle()["code"] == "Active"
    assert [g["displayName"] for g in scim.resources["Groups"].values()] == ["AWS-Billing"]


def refuse_leo(method: str, path: str, body: Json) -> Response | None:
    if method == "POST" and body.get("externalId") == "leo":
        return Response('{"detail": "Request is unparsable"}', 400)
    return None


def test_one_failing_person_waits_in_escrow_and_the_rest_goes_on(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    scim.fault = refuse_leo
    provisioned(app, scim_url, "AWS-Data")
    status = app.job["status"]
    assert status["code"] == "Active"
    assert status["lastExecution"]["state"] == "EntryLevelErrors"
    assert status["lastExecution"]["countEscrowed"] == 1
    assert len(scim.named("AWS-Data")["members"]) == 2
    (escrow,) = app.cloud.control("state")["escrows"].values()
    assert "Request is unparsable" in escrow["message"]
    scim.fault = None
    app.cycle()
    assert len(scim.named("AWS-Data")["members"]) == 2
    app.cloud.clock.advance(timedelta(minutes=41))
    app.cloud.act_as()
    app.cycle()
    assert len(scim.named("AWS-Data")["members"]) == 3
    assert app.cloud.control("state")["escrows"] == {}


def test_throttles_and_server_errors_are_retried(app: App, scim: ScimStub, scim_url: str) -> None:
    refused: set[str] = set()

    def once(method: str, path: str, body: Json) -> Response | None:
        key = f"{method} {path} {body.get('externalId')}"
        if key in refused:
            return None
        refused.add(key)
        status = 429 if len(refused) % 2 else 503
        return Response("{}", status, headers={"Retry-After": "0"})

    scim.fault = once
    provisioned(app, scim_url, "AWS-Data")
    assert app.job["status"]["lastExecution"]["state"] == "Succeeded"
    assert len(scim.named("AWS-Data")["members"]) == 3


def test_lost_answers_make_nothing_twice(app: App, scim: ScimStub, scim_url: str) -> None:
    lost: set[str] = set()

    def once(method: str, path: str) -> bool:
        fresh = method in ("POST", "PATCH") and f"{method} {path}" not in lost
        lost.add(f"{method} {path}")
        return fresh

    scim.lost = once
    provisioned(app, scim_url, "AWS-Data")
    assert len(scim.resources["Users"]) == 3
    assert len(scim.named("AWS-Data")["members"]) == 3
    assert app.job["status"]["lastExecution"]["state"] == "Succeeded"


def test_a_paused_job_rests(app: App, scim: ScimStub, scim_url: str) -> None:
    provisioned(app, scim_url, "AWS-Data")
    app.cloud.do("POST", f"{app.sync}/jobs/{app.job_id}/pause")
    assert app.job["status"]["code"] == "Paused"
    scim.requests.clear()
    app.cloud.clock.advance(timedelta(hours=2))
    assert app.cloud.control("synchronize") == {"cycles": 0}
    time.sleep(0.3)
    assert scim.requests == []


def test_sync_all_ignores_assignments(app: App, scim: ScimStub, scim_url: str) -> None:
    app.secrets(scim_url, "scim-token", SyncAll="true")
    app.start()
    app.cycle()
    assert len(scim.resources["Groups"]) == 8
    assert len(scim.resources["Users"]) == 24


def test_a_group_made_again_under_its_name_is_another_one(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    before = target_id(scim, "AWS-Data")
    app.cloud.do("DELETE", f"/groups/{app.cloud.group_id('AWS-Data')}")
    body = {
        "displayName": "AWS-Data",
        "mailEnabled": False,
        "mailNickname": "again",
        "securityEnabled": True,
    }
    again = app.cloud.do("POST", "/groups", body)["id"]
    app.assign(again)
    app.cycle()
    assert target_id(scim, "AWS-Data") != before
    assert scim.named("AWS-Data")["externalId"] == again
    app.cycle()
    assert scim.named("AWS-Data")["externalId"] == again


def test_a_person_made_again_takes_over_the_account(
    app: App, scim: ScimStub, scim_url: str
) -> None:
    provisioned(app, scim_url, "AWS-Data")
    before = target_id(scim, "leo@example.com")
    app.cloud.do("DELETE", "/users/leo@example.com")
    body = {
        "accountEnabled": True,
        "displayName": "Leo Again",
        "mailNickname": "leo2",
        "userPrincipalName": "leo@example.com",
    }
    again = app.cloud.do("POST", "/users", body)["id"]
    add_member(app, app.cloud.group_id("AWS-Data"), again)
    app.cycle()
    leo = scim.named("leo@example.com")
    assert (leo["id"], leo["externalId"], leo["active"]) == (before, "leo2", True)
    app.cloud.clock.advance(timedelta(days=31))
    app.cloud.act_as()
    app.cycle()
    assert scim.named("leo@example.com")["active"] is True
    assert before in scim.named("AWS-Data")["members"]
