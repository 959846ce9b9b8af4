"""The synchronization engine against the emulated Identity Center's SCIM endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from entra_aws_sandbox.aws import Aws
from sandbox_tests.entra.clients import TENANT, App, Json, Served, send


@pytest.fixture
def aws(app: App) -> Iterator[Served]:
    """An Identity Center with this Entra as its identity provider, at the console's step 9."""
    server = Served()
    aws = Aws(clock=app.cloud.clock, base_url=server.url)
    server.app = aws.wsgi
    yield server
    aws.close()
    server.close()


def console(aws: Served, action: str, body: Json | None = None) -> Any:
    url = f"{aws.url}/_sandbox/console/{action}"
    answer = send("POST", url, body or {}, {"X-Sandbox": "1"})
    assert answer.status == 200, answer.data
    return answer.json


def connected(app: App, aws: Served) -> Json:
    """Trust and provisioning, as the console gives them; returns endpoint and token."""
    console(aws, "enable")
    console(aws, "external-idp")
    app.trust("https://eu-west-1.signin.aws/acs")
    app.cloud.do("POST", f"{app.path}/addTokenSigningCertificate", {"displayName": "CN=AWS"})
    path = f"/{TENANT}/federationmetadata/2007-06/federationmetadata.xml?appid={app.app_id}"
    document = send("GET", app.cloud.url + path).data.decode()
    console(aws, "upload-idp-metadata", {"metadata": document})
    given: Json = console(aws, "provisioning")
    app.secrets(given["scimEndpoint"], given["accessToken"])
    return given


def found(given: Json, kind: str, attribute: str, value: str) -> Any:
    url = f'{given["scimEndpoint"]}/{kind}?filter={attribute} eq "{value}"'
    headers = {"Authorization": f"Bearer {given['accessToken']}"}
    return send("GET", url, None, headers).json["Resources"]


def test_everything_arrives_and_follows_changes(app: App, aws: Served) -> None:
    given = connected(app, aws)
    group = app.cloud.group_id("AWS-Data")
    app.assign(group)
    app.start()
    assert app.cycle()["lastExecution"]["countEscrowed"] == 0
    (before,) = found(given, "Groups", "displayName", "AWS-Data")
    assert before["externalId"] == group
    (leo,) = found(given, "Users", "userName", "leo@example.com")
    assert (leo["externalId"], leo["active"]) == ("leo", True)
    app.cloud.do("PATCH", "/users/leo@example.com", {"accountEnabled": False, "surname": "L"})
    app.cloud.do("PATCH", f"/groups/{group}", {"displayName": "AWS-Analytics"})
    oscar = app.cloud.user_id("oscar")
    app.cloud.do("DELETE", f"/groups/{group}/members/{oscar}/$ref")
    assert app.cycle()["lastExecution"]["countEscrowed"] == 0
    (leo,) = found(given, "Users", "userName", "leo@example.com")
    assert (leo["active"], leo["name"]["familyName"]) == (False, "L")
    (renamed,) = found(given, "Groups", "displayName", "AWS-Analytics")
    assert renamed["id"] == before["id"]
    (gone,) = found(given, "Users", "userName", "oscar@example.com")
    assert gone["active"] is False


def test_who_lacks_a_name_is_refused_by_aws_and_waits_in_escrow(app: App, aws: Served) -> None:
    connected(app, aws)
    app.assign(app.cloud.group_id("AWS-Data"))
    app.cloud.do("PATCH", "/users/leo@example.com", {"givenName": None})
    app.start()
    assert app.cycle()["lastExecution"]["countEscrowed"] == 1
    answer = app.on_demand(app.cloud.user_id("leo"), "User")
    assert '"result": "Failure"' in answer.json["key"]
    app.cloud.do("PATCH", "/users/leo@example.com", {"givenName": "Leo"})
    assert '"result": "Success"' in app.on_demand(app.cloud.user_id("leo"), "User").json["key"]
    assert app.cycle()["lastExecution"]["state"] == "Succeeded"
