"""The synchronization engine against a SCIM endpoint, over HTTP."""

from __future__ import annotations

from tests.sandbox.entra.clients import App, ScimStub


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
