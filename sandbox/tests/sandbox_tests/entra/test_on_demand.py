"""Provision on demand, credentials that are tried, and the rules of the secrets."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from werkzeug.wrappers import Response

from sandbox_tests.entra.clients import Answer, App, Json, ScimStub


@pytest.fixture
def ready(app: App, scim_url: str) -> App:
    """An app whose job exists but has not started; AWS-Data is assigned."""
    app.assign(app.cloud.group_id("AWS-Data"))
    app.secrets(scim_url, "scim-token")
    app.cloud.do("POST", f"{app.sync}/jobs", {"templateId": "aWSSingleSignon"})
    return app


def result(answer: Answer) -> tuple[str, str | None]:
    """Result and error code of an answer, whose two strings are checked to be JSON."""
    assert answer.status == 200
    key, value = json.loads(answer.json["key"]), json.loads(answer.json["value"])
    assert value["statusInfo"]["status"] == key["result"]
    assert value["provisioningSteps"][0]["name"] == "EntryImport"
    return key["result"], key["details"].get("errorCode")


def test_a_person_arrives_at_once(ready: App, scim: ScimStub) -> None:
    leo = ready.cloud.user_id("leo")
    answer = ready.on_demand(leo, "User")
    assert result(answer) == ("Success", None)
    value = json.loads(answer.json["value"])
    assert value["action"] == "Create"
    assert value["targetIdentity"]["id"] == scim.named("leo@example.com")["id"]
    assert result(ready.on_demand(leo, "User")) == ("Skipped", "RedundantExport")


def test_a_group_arrives_without_members_unless_they_are_linked(ready: App, scim: ScimStub) -> None:
    group = ready.cloud.group_id("AWS-Data")
    assert result(ready.on_demand(group, "Group")) == ("Success", None)
    assert scim.named("AWS-Data")["members"] == []
    assert scim.resources["Users"] == {}
    people = [ready.cloud.user_id(name) for name in ("leo", "nina")]
    assert result(ready.on_demand(group, "Group", people)) == ("Success", None)
    assert len(scim.named("AWS-Data")["members"]) == 2
    ready.start()
    ready.cycle()
    assert len(scim.named("AWS-Data")["members"]) == 3


def test_strangers_to_the_group_are_not_linked(ready: App, scim: ScimStub) -> None:
    group = ready.cloud.group_id("AWS-Data")
    assert result(ready.on_demand(group, "Group", [ready.cloud.user_id("bob")]))[0] == "Success"
    assert scim.named("AWS-Data")["members"] == []


def test_who_is_out_of_scope_or_disabled_is_skipped(ready: App, scim: ScimStub) -> None:
    cloud = ready.cloud
    skipped = ("Skipped", "NotEffectivelyEntitled")
    assert result(ready.on_demand(cloud.user_id("bob"), "User")) == skipped
    assert result(ready.on_demand(cloud.group_id("AWS-Billing"), "Group")) == skipped
    ready.assign(cloud.group_id("AWS-Developers"))
    mallory = ready.on_demand(cloud.user_id("mallory"), "User")
    assert result(mallory) == ("Skipped", "NotActiveInSource")
    assert scim.resources == {"Users": {}, "Groups": {}}


def test_a_failure_hides_inside_http_200(ready: App, scim: ScimStub) -> None:
    leo = ready.cloud.user_id("leo")

    def refuse(method: str, path: str, body: Json) -> Response | None:
        return Response('{"detail": "no"}', 400) if method == "POST" else None

    scim.fault = refuse
    code = "SystemForCrossDomainIdentityManagementBadRequest"
    assert result(ready.on_demand(leo, "User")) == ("Failure", code)
    scim.fault = None
    scim.token = "rotated"
    code = "SystemForCrossDomainIdentityManagementInvalidCredentials"
    assert result(ready.on_demand(leo, "User")) == ("Failure", code)
    assert ready.job["status"]["code"] == "Paused"


def test_five_requests_in_ten_seconds(ready: App) -> None:
    leo = ready.cloud.user_id("leo")
    for _ in range(5):
        assert ready.on_demand(leo, "User").status == 200
    refused = ready.on_demand(leo, "User")
    assert refused.status == 429
    assert refused.error[0] == "TooManyRequests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    ready.cloud.clock.advance(timedelta(seconds=11))
    assert ready.on_demand(leo, "User").status == 200


def test_without_credentials_nothing_is_provisioned(app: App) -> None:
    app.cloud.do("POST", f"{app.sync}/jobs", {"templateId": "aWSSingleSignon"})
    answer = app.on_demand(app.cloud.user_id("leo"), "User")
    assert (answer.status, answer.error[0]) == (400, "CredentialsMissing")


def test_requests_of_another_shape_are_refused(ready: App) -> None:
    group = ready.cloud.group_id("AWS-Data")
    assert ready.on_demand(group, "Group", [group] * 6).status == 400
    assert ready.on_demand(group, "Worker").status == 400
    path = f"/v1.0{ready.sync}/jobs/{ready.job_id}/provisionOnDemand"
    assert ready.cloud.graph("POST", path, {}).status == 400
    subject = {"objectId": group, "objectTypeName": "Group"}
    wrong_rule = {"parameters": [{"ruleId": "other", "subjects": [subject]}]}
    assert ready.cloud.graph("POST", path, wrong_rule).status == 400
    assert ready.on_demand(ready.service_principal, "User").status == 404


def test_credentials_can_be_tried(ready: App, scim_url: str) -> None:
    path = f"/v1.0{ready.sync}/jobs/validateCredentials"
    saved = {"templateId": "aWSSingleSignon", "useSavedCredentials": True, "credentials": []}
    assert ready.cloud.graph("POST", path, saved).status == 204
    pairs = {"BaseAddress": scim_url, "SecretToken": "wrong"}
    given = {"credentials": [{"key": k, "value": v} for k, v in pairs.items()]}
    refused = ready.cloud.graph("POST", path, given)
    assert refused.status == 400
    assert refused.error[0] == "CredentialValidationUnavailable"
    of_job = f"/v1.0{ready.sync}/jobs/{ready.job_id}/validateCredentials"
    assert ready.cloud.graph("POST", of_job, saved).status == 204


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("BaseAddress", "scim.example.com"),
        ("BaseAddress", "http://scim.example.com/v2"),
        ("SyncNotificationSettings", "{"),
        ("SyncNotificationSettings", "[]"),
        ("SyncNotificationSettings", '{"Enabled": "yes"}'),
        ("SyncNotificationSettings", '{"DeleteThresholdValue": true}'),
        ("SyncNotificationSettings", '{"Unknown": 1}'),
        ("BaseAddress", None),
    ],
)
def test_secrets_that_cannot_work_are_refused(app: App, key: str, value: str | None) -> None:
    body = {"value": [{"key": key, "value": value}]}
    assert app.cloud.graph("PUT", f"/v1.0{app.sync}/secrets", body).status == 400


def test_secrets_can_come_back_in_another_order_or_with_another_key(ready: App) -> None:
    path = f"{ready.sync}/secrets"
    before = [pair["key"] for pair in ready.cloud.get(path)["value"]]
    ready.cloud.control("switches", {"reverse_secrets": True})
    assert [pair["key"] for pair in ready.cloud.get(path)["value"]] == before[::-1]
    ready.cloud.control("switches", {"reverse_secrets": False, "extra_secret": True})
    assert len(ready.cloud.get(path)["value"]) == len(before) + 1


def test_the_gallery_app_offers_its_template(ready: App) -> None:
    (template,) = ready.cloud.get(f"{ready.sync}/templates")["value"]
    assert template["id"] == template["factoryTag"] == "aWSSingleSignon"
