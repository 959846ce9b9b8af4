"""The calls that the azuread provider was seen to send, in its order, with its bodies."""

from __future__ import annotations

import json

import pytest

from sandbox_tests.entra.clients import (
    AWS_TEMPLATE,
    ENTITY_ID,
    TENANT,
    USER_ROLE,
    App,
    Cloud,
    Json,
    new_app,
)

REPLY_URL = "https://eu-west-1.signin.aws/platform/saml/acs/abc"
TYPE = {"@odata.type": "#microsoft.graph.servicePrincipal"}


def test_application_from_template(cloud: Cloud) -> None:
    path = f"/v1.0/applicationTemplates/{AWS_TEMPLATE}/instantiate"
    made = cloud.graph("POST", path, {"displayName": "AWS"})
    assert made.status == 201
    application, service_principal = made.json["application"], made.json["servicePrincipal"]
    for _ in range(5):
        assert cloud.get(f"/applications/{application['id']}")["displayName"] == "AWS"
    assert application["identifierUris"] == []
    assert application["web"]["redirectUris"] == []
    assert "metadata=awssinglesignon" in application["web"]["homePageUrl"]
    roles = {r["displayName"]: (r["id"], r["value"]) for r in application["appRoles"]}
    assert roles == {
        "User": ("8774f594-1d59-4279-b9d9-59ef09a23530", None),
        "msiam_access": ("e7f1a7f3-9eda-48e0-9963-bd67bf531afd", None),
    }
    assert service_principal["appRoleAssignmentRequired"] is True
    assert service_principal["preferredSingleSignOnMode"] is None
    assert service_principal["tags"] == ["WindowsAzureActiveDirectoryIntegratedApp"]
    assert service_principal["servicePrincipalNames"] == [application["appId"]]
    renamed = cloud.graph(
        "PATCH", f"/v1.0/applications/{application['id']}", {"displayName": "AWS (dev)"}
    )
    assert renamed.status == 204
    extra = cloud.graph(
        "GET", f"/beta/applications/{application['id']}?$select=oauth2RequirePostResponse"
    )
    assert extra.json["oauth2RequirePostResponse"] is False
    owners = cloud.get(f"/applications/{application['id']}/owners")["value"]
    assert [o["@odata.type"] for o in owners] == ["#microsoft.graph.servicePrincipal"]
    assert cloud.graph("DELETE", f"/v1.0/applications/{application['id']}").status == 204
    assert cloud.graph("GET", f"/v1.0/applications/{application['id']}").status == 404


def test_service_principal_with_use_existing(app: App) -> None:
    found = app.cloud.get(f"/servicePrincipals?$filter=appId eq '{app.app_id}'")["value"]
    assert [s["id"] for s in found] == [app.service_principal]
    body: Json = {
        **TYPE,
        "accountEnabled": True,
        "alternativeNames": [],
        "appRoleAssignmentRequired": True,
        "description": None,
        "loginUrl": "https://example.awsapps.com/start",
        "notes": None,
        "notificationEmailAddresses": ["identity@example.com"],
        "preferredSingleSignOnMode": "saml",
        "samlSingleSignOnSettings": {},
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    }
    assert app.cloud.graph("PATCH", f"/v1.0{app.path}", body).status == 204
    read = app.cloud.get(app.path)
    assert {k: read[k] for k in body if k != "@odata.type"} == {
        k: v for k, v in body.items() if k != "@odata.type"
    }
    metadata = app.cloud.graph("GET", f"/beta{app.path}?$select=samlMetadataUrl").json
    assert metadata["samlMetadataUrl"] is None
    assert len(app.cloud.get(f"{app.path}/owners")["value"]) == 1


def test_a_new_service_principal_of_a_new_application(cloud: Cloud) -> None:
    body: Json = {
        "displayName": "TERRAFORM_UPDATE_1",
        "owners@odata.bind": [],
        "signInAudience": None,
    }
    made = cloud.graph("POST", "/v1.0/applications", body)
    assert made.status == 201
    application = made.json
    body = {**TYPE, "appId": application["appId"], "description": "TERRAFORM_UPDATE_2"}
    created = cloud.graph("POST", "/v1.0/servicePrincipals", body)
    assert created.status == 201
    path = f"/v1.0/servicePrincipals/{created.json['id']}"
    assert cloud.graph("PATCH", path, {"description": None}).status == 204
    (owner,) = cloud.graph("GET", f"{path}/owners").json["value"]
    assert cloud.graph("DELETE", f"{path}/owners/{owner['id']}/$ref").status == 204
    assert cloud.graph("GET", f"{path}/owners").json["value"] == []
    again = cloud.graph("POST", "/v1.0/servicePrincipals", {"appId": application["appId"]})
    assert again.status == 409


def test_an_application_with_every_property_the_provider_sends(cloud: Cloud) -> None:
    scope: Json = {"id": TENANT, "isEnabled": True, "type": "User", "value": "use"}
    claims = {"accessToken": [], "idToken": [{"name": "email"}], "saml2Token": [{"name": "upn"}]}
    body: Json = {
        "@odata.type": "#microsoft.graph.application",
        "api": {
            "@odata.type": "#microsoft.graph.apiApplication",
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "oauth2PermissionScopes": [scope],
            "requestedAccessTokenVersion": 1,
        },
        "appRoles": [{"id": TENANT, "allowedMemberTypes": ["User"], "isEnabled": True}],
        "description": None,
        "displayName": "Whole",
        "groupMembershipClaims": None,
        "identifierUris": ["api://whole"],
        "info": {"marketingUrl": None, "termsOfServiceUrl": None},
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": False,
        "notes": None,
        "oauth2RequirePostResponse": False,
        "optionalClaims": claims,
        "owners@odata.bind": [f"{cloud.url}/v1.0/directoryObjects/{cloud.user_id('ada')}"],
        "passwordCredentials": None,
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [{"resourceAppId": TENANT, "resourceAccess": [{"id": TENANT}]}],
        "serviceManagementReference": None,
        "signInAudience": "AzureADMyOrg",
        "spa": {"redirectUris": []},
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "web": {
            "homePageUrl": None,
            "implicitGrantSettings": {"enableIdTokenIssuance": True},
            "logoutUrl": None,
            "redirectUris": ["https://example.com/acs"],
        },
    }
    made = cloud.graph("POST", "/v1.0/applications", body)
    assert made.status == 201, made.data
    path = f"/v1.0/applications/{made.json['id']}"
    changes = {k: v for k, v in body.items() if k != "owners@odata.bind"}
    for _ in range(2):
        assert cloud.graph("PATCH", path, changes).status == 204
    read = cloud.graph("GET", path).json
    assert read["optionalClaims"] == claims
    assert read["passwordCredentials"] == []
    assert read["web"]["implicitGrantSettings"] == {
        "enableAccessTokenIssuance": False,
        "enableIdTokenIssuance": True,
    }


def test_identifier_and_redirect_uris(app: App) -> None:
    path = f"/v1.0/applications/{app.application}"
    refused = app.cloud.graph("PATCH", path, {"identifierUris": [ENTITY_ID]})
    assert refused.status == 400
    assert refused.error[0] == "HostNameNotOnVerifiedDomain"
    saml = {"preferredSingleSignOnMode": "saml"}
    assert app.cloud.graph("PATCH", f"/v1.0{app.path}", saml).status == 204
    assert app.cloud.graph("PATCH", path, {"identifierUris": [ENTITY_ID]}).status == 204
    body = {"web": {"redirectUris": [REPLY_URL]}}
    assert app.cloud.graph("PATCH", path, body).status == 204
    read = app.cloud.graph("GET", path).json
    assert read["identifierUris"] == [ENTITY_ID]
    assert read["web"]["redirectUris"] == [REPLY_URL]
    assert read["web"]["homePageUrl"]
    assert app.cloud.get(app.path)["replyUrls"] == [REPLY_URL]
    assert ENTITY_ID in app.cloud.get(app.path)["servicePrincipalNames"]
    other = new_app(app.cloud, "Another")
    app.cloud.do("PATCH", other.path, saml)
    taken = app.cloud.graph(
        "PATCH", f"/v1.0/applications/{other.application}", {"identifierUris": [ENTITY_ID]}
    )
    assert taken.status == 400
    assert "already exists" in taken.error[1]


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("https://eu-west-1.signin.aws/acs", 204),
        ("http://127.0.0.1:4000/acs", 204),
        ("http://localhost/acs", 204),
        ("http://eu-west-1.signin.aws/acs", 400),
        ("ftp://example.com/", 400),
        ("nothing", 400),
    ],
)
def test_reply_urls_are_https_or_loopback(app: App, uri: str, status: int) -> None:
    body = {"web": {"redirectUris": [uri]}}
    path = f"/v1.0/applications/{app.application}"
    assert app.cloud.graph("PATCH", path, body).status == status


def test_synchronization_secret(app: App) -> None:
    notifications = json.dumps({"Enabled": True, "Recipients": "ops@example.com"})
    pairs = {
        "BaseAddress": "https://scim.eu-west-1.amazonaws.com/abc/scim/v2",
        "SecretToken": "secret",
        "SyncAll": "false",
        "SyncNotificationSettings": notifications,
    }
    path = f"/v1.0{app.sync}/secrets"
    value = [{"key": k, "value": v} for k, v in pairs.items()]
    assert app.cloud.graph("PUT", path, {"value": value}).status == 204
    for _ in range(5):
        read = app.cloud.graph("GET", path).json["value"]
        assert read == [
            {"key": k, "value": "*" if k == "SecretToken" else v} for k, v in pairs.items()
        ]
    emptied = [{"key": k, "value": ""} for k in pairs]
    assert app.cloud.graph("PUT", path, {"value": emptied}).status == 204
    assert app.cloud.graph("GET", path).json["value"] == []


def test_synchronization_job(app: App) -> None:
    jobs = f"/v1.0{app.sync}/jobs"
    made = app.cloud.graph("POST", jobs, {"templateId": "aWSSingleSignon"})
    assert made.status == 201
    job = made.json
    assert job["id"] == f"aWSSingleSignon.{TENANT.replace('-', '')}.{app.app_id}"
    assert job["schedule"] == {"expiration": None, "interval": "PT40M", "state": "Disabled"}
    assert job["status"]["code"] == "Paused"
    for _ in range(5):
        assert app.cloud.graph("GET", f"{jobs}/{job['id']}").json["schedule"]["state"]
    assert app.cloud.graph("POST", f"{jobs}/{job['id']}/start").status == 204
    assert app.job["schedule"]["state"] == "Active"
    assert app.cloud.graph("POST", f"{jobs}/{job['id']}/pause").status == 204
    assert app.job["schedule"]["state"] == "Disabled"
    again = app.cloud.graph("POST", jobs, {"templateId": "aWSSingleSignon"})
    assert again.status == 409
    assert app.cloud.graph("DELETE", f"{jobs}/{job['id']}").status == 204
    assert app.cloud.graph("GET", f"{jobs}/{job['id']}").status == 404
    assert app.cloud.graph("DELETE", f"{jobs}/{job['id']}").status == 404
    wrong = app.cloud.graph("POST", jobs, {"templateId": "aws"})
    assert wrong.status == 400


def test_app_role_assignment(app: App) -> None:
    group = app.cloud.group_id("AWS-Platform")
    body = {"appRoleId": USER_ROLE, "principalId": group, "resourceId": app.service_principal}
    path = f"/v1.0{app.path}/appRoleAssignedTo"
    made = app.cloud.graph("POST", path, body)
    assert made.status == 201
    read = app.cloud.graph("GET", f"{path}/{made.json['id']}").json
    assert read["resourceId"] == app.service_principal
    assert (read["principalType"], read["principalDisplayName"]) == ("Group", "AWS-Platform")
    refusals = [
        ({**body}, "Permission being assigned already exists on the object"),
        ({**body, "principalId": TENANT}, "Not a valid reference update."),
        (
            {**body, "appRoleId": "00000000-0000-0000-0000-000000000000"},
            f"Permission being assigned was not found on application '{app.app_id}'.",
        ),
    ]
    for refused, message in refusals:
        answer = app.cloud.graph("POST", path, refused)
        assert (answer.status, answer.error[1]) == (400, message)
    assert app.cloud.graph("DELETE", f"{path}/{made.json['id']}").status == 204
    assert app.cloud.graph("GET", f"{path}/{made.json['id']}").status == 404


def test_group_with_owners_and_members(cloud: Cloud) -> None:
    ada, wendy = cloud.user_id("ada"), cloud.user_id("wendy")
    duplicates = cloud.graph("GET", "/beta/groups?$filter=displayName eq 'AWS-Migration'")
    assert duplicates.json["value"] == []
    for _ in range(3):
        owner = cloud.get(f"/directoryObjects/{ada}")
        assert owner["@odata.type"] == "#microsoft.graph.user"
    body = {
        "@odata.type": "#microsoft.graph.group",
        "description": "Migration",
        "displayName": "AWS-Migration",
        "groupTypes": [],
        "mailEnabled": False,
        "mailNickname": "aws-migration",
        "owners@odata.bind": [f"{cloud.url}/v1.0/directoryObjects/{ada}"],
        "securityEnabled": True,
    }
    made = cloud.graph("POST", "/beta/groups", body)
    assert made.status == 201
    path = f"/beta/groups/{made.json['id']}"
    for name in ("TERRAFORM_UPDATE_1", "AWS-Migration"):
        assert cloud.graph("PATCH", path, {"displayName": name}).status == 204
    assert cloud.graph("GET", path).json["displayName"] == "AWS-Migration"
    reference = {"@odata.id": f"{cloud.url}/v1.0/directoryObjects/{wendy}"}
    assert cloud.graph("POST", f"{path}/members/$ref", reference).status == 204
    assert cloud.graph("POST", f"{path}/members/$ref", reference).status == 400
    (member,) = cloud.graph("GET", f"{path}/members").json["value"]
    assert member["userPrincipalName"] == "wendy@example.com"
    (owner,) = cloud.graph("GET", f"{path}/owners").json["value"]
    assert owner["id"] == ada
    assert cloud.graph("GET", f"{path}/memberOf").json["value"] == []
    filtered = cloud.graph("GET", f"{path}/members?$filter=id eq '{wendy}'").json["value"]
    assert len(filtered) == 1
    assert cloud.graph("DELETE", f"{path}/members/{wendy}/$ref").status == 204
    assert cloud.graph("DELETE", path).status == 204
    for _ in range(5):
        assert cloud.graph("GET", path).status == 404


UNSET = """ageGroup city companyName consentProvidedForMinor country department employeeHireDate
    employeeId employeeType faxNumber givenName jobTitle mail mobilePhone officeLocation
    onPremisesImmutableId passwordPolicies postalCode preferredLanguage state streetAddress surname
    usageLocation"""


def test_user(cloud: Cloud) -> None:
    body: Json = {
        **dict.fromkeys(UNSET.split()),
        "businessPhones": [],
        "employeeOrgData": {"costCenter": None, "division": None},
        "otherMails": None,
        "@odata.type": "#microsoft.graph.user",
        "accountEnabled": True,
        "displayName": "Zoe Zhang",
        "mailNickname": "zoe",
        "passwordProfile": {"password": "does-not-matter", "forceChangePasswordNextSignIn": False},
        "userPrincipalName": "zoe@example.com",
    }
    made = cloud.graph("POST", "/v1.0/users", body)
    assert made.status == 201
    assert "passwordProfile" not in made.json
    path = f"/users/{made.json['id']}"
    assert cloud.graph("PATCH", f"/beta{path}", {"showInAddressList": True}).status == 204
    shown = cloud.graph("GET", f"/beta{path}?$select=showInAddressList").json
    assert shown["showInAddressList"] is True
    assert "accountEnabled" not in cloud.get(path)
    assert cloud.get(f"{path}?$select=id,accountEnabled")["accountEnabled"] is True
    assert cloud.graph("GET", f"/v1.0{path}/manager").status == 404
    assert cloud.graph("DELETE", f"/v1.0{path}").status == 204
    assert cloud.graph("GET", f"/v1.0{path}").status == 404


def test_claims_mapping_policy_and_its_assignment(app: App) -> None:
    definition = {"ClaimsMappingPolicy": {"Version": 1, "ClaimsSchema": []}}
    body = {"definition": [json.dumps(definition)], "displayName": "abac"}
    made = app.cloud.graph("POST", "/v1.0/policies/claimsMappingPolicies", body)
    assert made.status == 201
    path, link = f"/policies/claimsMappingPolicies/{made.json['id']}", "claimsMappingPolicies"
    assert app.cloud.get(path)["displayName"] == "abac"
    reference = {"@odata.id": f"{app.cloud.url}/v1.0/directoryObjects/{made.json['id']}"}
    assert app.cloud.graph("POST", f"/v1.0{app.path}/{link}/$ref", reference).status == 204
    assert [p["id"] for p in app.cloud.get(f"{app.path}/{link}")["value"]] == [made.json["id"]]
    linked = f"/v1.0{app.path}/{link}/{made.json['id']}/$ref"
    assert app.cloud.graph("DELETE", linked).status == 204
    assert app.cloud.get(f"{app.path}/{link}")["value"] == []
    assert app.cloud.graph("DELETE", f"/v1.0{path}").status == 204
    assert app.cloud.graph("GET", f"/v1.0{path}").status == 404
