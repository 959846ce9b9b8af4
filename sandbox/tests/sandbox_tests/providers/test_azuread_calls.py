"""The azuread double sends the calls that the real plugin was seen to send, in their order.

The lists are those recorded of pulumi-azuread 6.11 against a local Graph.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from entra_aws_sandbox.certificates import server_context
from entra_aws_sandbox.providers import azuread
from entra_aws_sandbox.providers.azuread import graph as client
from sandbox_tests.providers.support import (
    Engine,
    Made,
    Recorder,
    listening,
    plain,
    serving_provider,
    token_for,
)

TENANT, CALLER = "tenant-1", "caller-1"
TEMPLATE = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"
APP, SP, APP_ID = "app-1", "sp-1", "client-1"
APP_PATH, SP_PATH = f"/v1.0/applications/{APP}", f"/v1.0/servicePrincipals/{SP}"
FROM_TEMPLATE = "azuread:index/applicationFromTemplate:ApplicationFromTemplate"
PRINCIPAL = "azuread:index/servicePrincipal:ServicePrincipal"
URI = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
REDIRECTS = "azuread:index/applicationRedirectUris:ApplicationRedirectUris"
CERTIFICATE = (
    "azuread:index/servicePrincipalTokenSigningCertificate:ServicePrincipalTokenSigningCertificate"
)
SECRET = "azuread:index/synchronizationSecret:SynchronizationSecret"
JOB = "azuread:index/synchronizationJob:SynchronizationJob"
ASSIGNMENT = "azuread:index/appRoleAssignment:AppRoleAssignment"
GROUP = "azuread:index/group:Group"
GROUP_MEMBER = "azuread:index/groupMember:GroupMember"
NOT_FOUND = (404, {"error": {"code": "Request_ResourceNotFound", "message": "It is not there."}})
DANGLING = (
    400,
    {"error": {"code": "Request_BadRequest", "message": "Not a valid reference update."}},
)
DONE = (204, None)


class Graph(Recorder):
    """A Graph that also gives out endpoints and tokens, which are not part of the lists."""

    port = 0

    def answer(self, line: str) -> tuple[int, Any]:
        """Endpoints and tokens first."""
        base = f"http://127.0.0.1:{self.port}"
        if line.startswith("GET /metadata/endpoints"):
            self.calls.pop()
            self.bodies.pop()
            login = {"loginEndpoint": base}
            return 200, {"microsoftGraphResourceId": f"{base}/", "authentication": login}
        if line == f"POST /{TENANT}/oauth2/v2.0/token":
            self.calls.pop()
            self.bodies.pop()
            return 200, {"access_token": token_for(CALLER), "expires_in": 3600}
        return super().answer(line)


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    recorder = Graph()
    tls = server_context(tmp_path / "ca.pem", tmp_path)
    with listening(recorder) as port, listening(recorder, tls) as secure_port:
        recorder.port = port
        environment = {
            "ARM_METADATA_HOSTNAME": f"127.0.0.1:{secure_port}",
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            "ARM_TENANT_ID": TENANT,
            "ARM_CLIENT_ID": "id",
            "ARM_CLIENT_SECRET": "not told to anybody",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(client, "POLL_INTERVAL", 0.0)
        monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
        yield recorder


@pytest.fixture
def engine(graph: Graph) -> Iterator[Engine]:
    with serving_provider(azuread.connect) as connected:
        connected.configure("azuread")
        assert graph.take() == []
        yield connected


def application(**more: Any) -> tuple[int, Any]:
    return 200, {"id": APP, "appId": APP_ID, "displayName": "AWS", **more}


def service_principal(**more: Any) -> tuple[int, Any]:
    role = {"id": "role-1", "displayName": "User", "value": None, "isEnabled": True}
    found = {"id": SP, "appId": APP_ID, "displayName": "AWS", "appRoles": [role]}
    return 200, {"accountEnabled": True, **found, **more}


def refusal(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.details())


def unchanged(engine: Engine, token: str, made: Made, inputs: dict[str, Any]) -> None:
    assert list(engine.diff(token, made, inputs).diffs) == []


def test_application_from_template(graph: Graph, engine: Engine) -> None:
    instantiate = f"POST /v1.0/applicationTemplates/{TEMPLATE}/instantiate"
    graph.answers = {
        instantiate: (201, {"application": {"id": APP}, "servicePrincipal": {"id": SP}}),
        # Early 404s lengthen the wait: five good answers in a row are wanted.
        f"GET {APP_PATH}": [application(), NOT_FOUND, application()],
        f"(PATCH|DELETE) {APP_PATH}": DONE,
    }
    inputs = {"displayName": "AWS", "templateId": TEMPLATE}
    made = engine.create(FROM_TEMPLATE, inputs)
    assert graph.bodies[0] == {"displayName": "AWS"}
    assert graph.take() == [instantiate, *[f"GET {APP_PATH}"] * (2 + 5 + 1)]
    assert made.id == f"/applicationTemplates/{TEMPLATE}/instantiate/{APP}/{SP}"
    assert made.state["applicationId"] == f"/applications/{APP}"
    assert made.state["applicationObjectId"] == APP
    assert made.state["servicePrincipalId"] == f"/servicePrincipals/{SP}"
    assert made.state["servicePrincipalObjectId"] == SP
    unchanged(engine, FROM_TEMPLATE, made, inputs)
    renamed = engine.diff(FROM_TEMPLATE, made, {**inputs, "displayName": "Other"})
    assert not renamed.replaces
    assert engine.diff(FROM_TEMPLATE, made, {**inputs, "templateId": "t2"}).replaces

    assert engine.refresh(FROM_TEMPLATE, made) == made
    assert graph.take() == [f"GET {APP_PATH}"]
    engine.update(FROM_TEMPLATE, made, {**inputs, "displayName": "Other"})
    assert graph.bodies[0] == {
        "@odata.type": "#microsoft.graph.application",
        "displayName": "Other",
    }
    assert graph.take() == [f"PATCH {APP_PATH}", f"GET {APP_PATH}"]
    engine.delete(FROM_TEMPLATE, made)
    assert graph.take() == [f"DELETE {APP_PATH}"]
    graph.answers = {f"GET {APP_PATH}": NOT_FOUND}
    assert engine.refresh(FROM_TEMPLATE, made) is None


def test_get_application(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"GET {APP_PATH}": application(),
        f"GET /beta/applications/{APP}.*": (200, {"oauth2RequirePostResponse": None}),
        f"GET {APP_PATH}/owners": (200, {"value": [{"id": CALLER}]}),
    }
    found = engine.invoke("azuread:index/getApplication:getApplication", objectId=APP)
    assert graph.take() == [
        f"GET {APP_PATH}",
        f"GET /beta/applications/{APP}?$select=oauth2RequirePostResponse",
        f"GET {APP_PATH}/owners",
    ]
    assert (found["clientId"], found["objectId"], found["owners"]) == (APP_ID, APP, [CALLER])


def test_get_client_config_calls_nobody(graph: Graph, engine: Engine) -> None:
    found = engine.invoke("azuread:index/getClientConfig:getClientConfig")
    assert graph.take() == []
    assert (found["clientId"], found["objectId"], found["tenantId"]) == ("id", CALLER, TENANT)


LIST = f"GET /v1.0/servicePrincipals?$filter=appId eq '{APP_ID}'"
READ_PRINCIPAL = [
    f"GET {SP_PATH}",
    f"GET /beta/servicePrincipals/{SP}?$select=samlMetadataUrl",
    f"GET {SP_PATH}/owners",
]
PRINCIPAL_ANSWERS: dict[str, Any] = {
    f"GET {SP_PATH}": service_principal(tags=["WindowsAzureActiveDirectoryIntegratedApp"]),
    r"GET /beta/servicePrincipals/.*": (200, {"samlMetadataUrl": None}),
    f"GET {SP_PATH}/owners": (200, {"value": []}),
    f"(PATCH|DELETE) {SP_PATH}(/owners/.*)?": DONE,
}


def test_service_principal_that_exists(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        r"GET /v1.0/servicePrincipals\?.*": (200, {"value": [{"id": SP}]}),
        **PRINCIPAL_ANSWERS,
    }
    inputs = {"clientId": APP_ID, "useExisting": True, "featureTags": [{"enterprise": True}]}
    made = engine.create(PRINCIPAL, inputs)
    assert graph.sent(f"PATCH {SP_PATH}") == [
        {
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "accountEnabled": True,
            "alternativeNames": [],
            "appRoleAssignmentRequired": False,
            "description": None,
            "loginUrl": None,
            "notes": None,
            "notificationEmailAddresses": [],
            "preferredSingleSignOnMode": None,
            "samlSingleSignOnSettings": {},
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        }
    ]
    assert graph.take() == [LIST, f"PATCH {SP_PATH}", *READ_PRINCIPAL]
    assert made.id == f"/servicePrincipals/{SP}"
    assert made.state["objectId"] == SP
    assert made.state["appRoleIds"] == {}, "a role without a value has no place in this map"
    assert [role["displayName"] for role in made.state["appRoles"]] == ["User"]
    unchanged(engine, PRINCIPAL, made, inputs)
    refreshed = engine.refresh(PRINCIPAL, made)
    assert refreshed is not None
    lists = ("alternativeNames", "notificationEmailAddresses", "owners")
    assert [name for name in lists if name in made.state] == []  # null until a refresh
    assert refreshed.state == {**made.state, **{name: [] for name in lists}}
    assert graph.take() == READ_PRINCIPAL
    engine.delete(PRINCIPAL, made)
    assert graph.take() == [f"DELETE {SP_PATH}"]
    graph.answers = {f"DELETE {SP_PATH}": NOT_FOUND}
    engine.delete(PRINCIPAL, made)  # errors are ignored


def test_service_principal_that_exists_is_refused_without_use_existing(
    graph: Graph, engine: Engine
) -> None:
    graph.answers = {r"GET /v1.0/servicePrincipals\?.*": (200, {"value": [{"id": SP}]})}
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(PRINCIPAL, {"clientId": APP_ID})
    assert "already exists" in refusal(refused.value)
    assert "needs to be imported" in refusal(refused.value)


def test_service_principal_that_is_not_there_yet(graph: Graph, engine: Engine) -> None:
    create = "POST /v1.0/servicePrincipals"
    graph.answers = {
        r"GET /v1.0/servicePrincipals\?.*": (200, {"value": []}),
        create: (201, {"id": SP}),
        **PRINCIPAL_ANSWERS,
        f"GET {SP_PATH}": [service_principal(), NOT_FOUND],
    }
    made = engine.create(PRINCIPAL, {"clientId": APP_ID})
    assert graph.sent(create)[0]["owners@odata.bind"] == [
        f"http://127.0.0.1:{graph.port}/v1.0/directoryObjects/{CALLER}"
    ]
    assert graph.sent(create)[0]["description"].startswith("TERRAFORM_UPDATE_")
    remove_caller = f"DELETE {SP_PATH}/owners/{CALLER}/$ref"
    assert graph.take() == [LIST, create, f"PATCH {SP_PATH}", remove_caller, *READ_PRINCIPAL]
    engine.delete(PRINCIPAL, made)
    assert graph.take() == [f"DELETE {SP_PATH}", *[f"GET {SP_PATH}"] * 5]


def test_identifier_uri(graph: Graph, engine: Engine) -> None:
    uri = "https://eu-west-1.signin.aws.amazon.com/platform/saml/d-1234567890"
    graph.answers = {
        f"GET {APP_PATH}": [
            application(identifierUris=["api://other"]),
            application(identifierUris=["api://other", uri]),
        ],
        f"PATCH {APP_PATH}": DONE,
    }
    inputs = {"applicationId": f"/applications/{APP}", "identifierUri": uri}
    made = engine.create(URI, inputs)
    assert graph.sent(f"PATCH {APP_PATH}")[0]["identifierUris"] == ["api://other", uri]
    assert graph.take() == [f"GET {APP_PATH}", f"PATCH {APP_PATH}", f"GET {APP_PATH}"]
    segment = base64.b64encode(uri.encode()).decode()
    assert made.id == f"/applications/{APP}/identifierUris/{segment}"
    assert list(engine.diff(URI, made, {**inputs, "identifierUri": "api://new"}).replaces)
    assert engine.refresh(URI, made) == made
    assert graph.take() == [f"GET {APP_PATH}"]
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(URI, inputs)
    assert "already exists" in refusal(refused.value)
    graph.forget()
    engine.delete(URI, made)
    assert graph.sent(f"PATCH {APP_PATH}")[0]["identifierUris"] == ["api://other"]
    assert graph.take() == [f"GET {APP_PATH}", f"PATCH {APP_PATH}"]


def test_redirect_uris(graph: Graph, engine: Engine) -> None:
    uris = ["https://b.example.com/acs", "https://a.example.com/acs"]
    graph.answers = {
        f"GET {APP_PATH}": [
            application(web={"redirectUris": []}),
            application(web={"redirectUris": sorted(uris)}),
        ],
        f"PATCH {APP_PATH}": DONE,
    }
    inputs = {"applicationId": f"/applications/{APP}", "type": "Web", "redirectUris": uris}
    made = engine.create(REDIRECTS, inputs)
    assert graph.sent(f"PATCH {APP_PATH}")[0]["web"] == {"redirectUris": uris}
    assert graph.take() == [f"GET {APP_PATH}", f"PATCH {APP_PATH}", f"GET {APP_PATH}"]
    assert made.id == f"/applications/{APP}/redirectUris/Web"
    unchanged(engine, REDIRECTS, made, inputs)  # Graph's order does not matter
    refreshed = engine.refresh(REDIRECTS, made)
    assert refreshed is not None
    assert refreshed.inputs["redirectUris"] == uris
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(REDIRECTS, inputs)
    assert "already exists" in refusal(refused.value)
    graph.forget()
    engine.update(REDIRECTS, made, {**inputs, "redirectUris": uris[:1]})
    assert graph.take() == [f"PATCH {APP_PATH}", f"GET {APP_PATH}"]
    engine.delete(REDIRECTS, made)
    assert graph.sent(f"PATCH {APP_PATH}")[0]["web"] == {"redirectUris": []}
    assert graph.take() == [f"PATCH {APP_PATH}"]


def pair(name: str) -> list[dict[str, Any]]:
    """The Verify and Sign keys of one certificate."""
    common = {
        "customKeyIdentifier": name,
        "displayName": "CN=Test",
        "startDateTime": "2026-11-24T00:00:00.1234567Z",
        "endDateTime": "2028-01-01T00:00:00Z",
        "key": base64.b64encode(name.encode()).decode(),
    }
    return [
        {"keyId": f"{name}-sign", "usage": "Sign", **common},
        {"keyId": f"{name}-verify", "usage": "Verify", **common},
    ]


ADD_CERTIFICATE = f"POST {SP_PATH}/addTokenSigningCertificate"
READ_CERTIFICATE = f"GET {SP_PATH}?$select=keyCredentials"


def test_token_signing_certificate(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        ADD_CERTIFICATE: (201, {"keyId": "a-sign", "customKeyIdentifier": "a"}),
        f"GET {SP_PATH}.*": service_principal(keyCredentials=pair("a")),
    }
    inputs = {
        "servicePrincipalId": f"/servicePrincipals/{SP}",
        "displayName": "CN=Test",
        "endDate": "2028-01-01T00:00:00Z",
    }
    made = engine.create(CERTIFICATE, inputs)
    assert graph.bodies[0] == {"displayName": "CN=Test", "endDateTime": "2028-01-01T00:00:00Z"}
    assert graph.take() == [ADD_CERTIFICATE, *[f"GET {SP_PATH}"] * (5 + 1), READ_CERTIFICATE]
    assert made.id == f"{SP}/tokenSigningCertificate/a-verify"
    assert made.state["keyId"] == "a-verify"
    assert made.state["startDate"] == "2026-11-24T00:00:00Z"
    assert made.state["thumbprint"] == hashlib.sha1(b"a").hexdigest().upper()  # noqa: S324
    assert made.state["value"] == {"secret": base64.b64encode(b"a").decode()}
    unchanged(engine, CERTIFICATE, made, inputs)
    replaced = engine.diff(CERTIFICATE, made, {**inputs, "endDate": "2029-01-01T00:00:00Z"})
    assert list(replaced.replaces) == ["endDate"]
    assert not replaced.deleteBeforeReplace
    assert engine.refresh(CERTIFICATE, made) == made
    assert graph.take() == [READ_CERTIFICATE]


def test_deleting_the_only_certificate(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"GET {SP_PATH}": [
            service_principal(keyCredentials=pair("a"), passwordCredentials=pair("a")[:1]),
            service_principal(keyCredentials=[]),
        ],
        f"PATCH {SP_PATH}": DONE,
    }
    engine.delete(CERTIFICATE, Made(f"{SP}/tokenSigningCertificate/a-verify", {}, {}))
    assert graph.sent(f"PATCH {SP_PATH}")[0]["keyCredentials"] == []
    assert graph.sent(f"PATCH {SP_PATH}")[0]["passwordCredentials"] == []
    assert graph.take() == [f"GET {SP_PATH}", f"PATCH {SP_PATH}", *[f"GET {SP_PATH}"] * 5]


def test_deleting_one_of_two_certificates_removes_the_other(
    graph: Graph, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONSISTENCY_TIMEOUT", 0.05)
    graph.answers = {
        f"GET {SP_PATH}": service_principal(keyCredentials=pair("old") + pair("new")),
        f"PATCH {SP_PATH}": DONE,
    }
    with pytest.raises(grpc.RpcError) as failed:
        engine.delete(CERTIFICATE, Made(f"{SP}/tokenSigningCertificate/old-verify", {}, {}))
    kept = graph.sent(f"PATCH {SP_PATH}")[0]["keyCredentials"]
    assert [key["keyId"] for key in kept] == ["old-sign", "old-verify"]
    assert "Waiting for deletion of token signing certificate credential" in refusal(failed.value)
    assert "context deadline exceeded" in refusal(failed.value)


SECRETS = f"{SP_PATH}/synchronization/secrets"
PAIRS = [{"key": "BaseAddress", "value": "https://x"}, {"key": "SecretToken", "value": "hush"}]
HELD = [{"key": "BaseAddress", "value": "https://x"}, {"key": "SecretToken", "value": "*"}]


def test_synchronization_secret(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"PUT {SECRETS}": DONE,
        f"GET {SECRETS}": [(200, {"value": []}), (200, {"value": HELD})],
    }
    inputs = {"servicePrincipalId": f"/servicePrincipals/{SP}", "credentials": PAIRS}
    made = engine.create(SECRET, inputs)
    sent = graph.bodies[0]["value"]
    assert [(one["key"], one["value"]) for one in sent] == [
        ("BaseAddress", "https://x"),
        ("SecretToken", "hush"),
    ]
    assert graph.take() == [f"PUT {SECRETS}", *[f"GET {SECRETS}"] * (1 + 5 + 1)]
    assert made.id == f"/servicePrincipals/{SP}"
    assert made.state["credentials"][1]["value"] == {"secret": "hush"}
    unchanged(engine, SECRET, made, inputs)

    assert engine.refresh(SECRET, made) is not None
    assert graph.take() == [f"GET {SECRETS}"]
    graph.answers[f"GET {SECRETS}"] = (200, {"value": HELD[::-1]})
    reordered = engine.refresh(SECRET, made)
    assert reordered is not None
    assert list(engine.diff(SECRET, reordered, inputs).diffs) == ["credentials"]

    graph.forget()
    graph.answers[f"GET {SECRETS}"] = [(200, {"value": HELD}), (200, {"value": []})]
    engine.delete(SECRET, made)
    assert [one["value"] for one in graph.bodies[0]["value"]] == ["", ""]
    assert graph.take() == [f"PUT {SECRETS}", *[f"GET {SECRETS}"] * (1 + 5)]


def test_an_extra_secret_is_waited_for_in_vain(
    graph: Graph, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONSISTENCY_TIMEOUT", 0.05)
    extra = [*HELD, {"key": "AppKey", "value": "*"}]
    graph.answers = {f"PUT {SECRETS}": DONE, f"GET {SECRETS}": (200, {"value": extra})}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(SECRET, {"servicePrincipalId": SP, "credentials": PAIRS})
    assert "Waiting for synchronization secret" in refusal(failed.value)


JOBS = f"{SP_PATH}/synchronization/jobs"
JOB_PATH = f"{JOBS}/aws.t.1"


def job(state: str) -> tuple[int, Any]:
    schedule = {"interval": "PT40M", "state": state, "expiration": None}
    return 200, {"id": "aws.t.1", "templateId": "aWSSingleSignon", "schedule": schedule}


def test_synchronization_job(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"GET {SP_PATH}": service_principal(),
        f"POST {JOBS}": (201, job("Disabled")[1]),
        f"GET {JOB_PATH}": [*[job("Disabled")] * 5, job("Active")],
        f"POST {JOB_PATH}/(start|pause)": DONE,
        f"DELETE {JOB_PATH}": DONE,
    }
    inputs = {"servicePrincipalId": f"/servicePrincipals/{SP}", "templateId": "aWSSingleSignon"}
    made = engine.create(JOB, inputs)
    assert graph.take() == [
        f"GET {SP_PATH}",
        f"POST {JOBS}",
        *[f"GET {JOB_PATH}"] * 5,
        f"POST {JOB_PATH}/start",
        f"GET {JOB_PATH}",
    ]
    assert made.id == f"/servicePrincipals/{SP}/synchronization/jobs/aws.t.1"
    assert made.state["schedules"] == [{"interval": "PT40M", "state": "Active", "expiration": ""}]
    unchanged(engine, JOB, made, inputs)

    graph.answers[f"GET {JOB_PATH}"] = job("Disabled")
    paused = engine.refresh(JOB, made)
    assert paused is not None
    assert list(engine.diff(JOB, paused, inputs).diffs) == ["enabled"]
    graph.forget()
    engine.update(JOB, paused, inputs)
    assert graph.take() == [f"POST {JOB_PATH}/start", f"GET {JOB_PATH}"]
    engine.update(JOB, made, {**inputs, "enabled": False})
    assert graph.take() == [f"POST {JOB_PATH}/pause", f"GET {JOB_PATH}"]

    graph.answers[f"GET {JOB_PATH}"] = NOT_FOUND
    engine.delete(JOB, made)
    assert graph.take() == [f"DELETE {JOB_PATH}", *[f"GET {JOB_PATH}"] * 5]
    graph.answers[f"DELETE {JOB_PATH}"] = NOT_FOUND
    with pytest.raises(grpc.RpcError):
        engine.delete(JOB, made)
    assert graph.take() == [f"DELETE {JOB_PATH}"]


def test_app_role_assignment(graph: Graph, engine: Engine) -> None:
    assigned = f"{SP_PATH}/appRoleAssignedTo"
    row = {"appRoleId": "role-1", "principalId": "group-1", "resourceId": SP, "id": "row-1"}
    graph.answers = {
        f"GET {SP_PATH}": service_principal(),
        # A principal that has not replicated yet is tried again.
        f"POST {assigned}": [NOT_FOUND, DANGLING, (201, row)],
        f"GET {assigned}/row-1": (200, row),
        f"DELETE {assigned}/row-1": DONE,
    }
    inputs = {"appRoleId": "role-1", "principalObjectId": "group-1", "resourceObjectId": SP}
    made = engine.create(ASSIGNMENT, inputs)
    assert graph.bodies[1] == {
        "@odata.type": "#microsoft.graph.appRoleAssignment",
        "appRoleId": "role-1",
        "principalId": "group-1",
        "resourceId": SP,
    }
    post = f"POST {assigned}"
    assert graph.take() == [f"GET {SP_PATH}", post, post, post, f"GET {assigned}/row-1"]
    assert made.id == f"/servicePrincipals/{SP}/appRoleAssignedTo/row-1"
    diff = engine.diff(ASSIGNMENT, made, {**inputs, "principalObjectId": "group-2"})
    assert list(diff.replaces) == ["principalObjectId"]
    assert engine.refresh(ASSIGNMENT, made) == made
    assert graph.take() == [f"GET {assigned}/row-1"]
    engine.delete(ASSIGNMENT, made)
    assert graph.take() == [f"DELETE {assigned}/row-1"]


def test_a_service_principal_that_is_gone_is_told(graph: Graph, engine: Engine) -> None:
    graph.answers = {f"GET {SP_PATH}": NOT_FOUND}
    row = {"appRoleId": "role-1", "principalObjectId": "group-1", "resourceObjectId": SP}
    with pytest.raises(grpc.RpcError) as told:
        engine.create(ASSIGNMENT, row)
    assert f'Service principal not found for resource (Object ID: "{SP}")' in refusal(told.value)
    with pytest.raises(grpc.RpcError) as told:
        engine.delete(CERTIFICATE, Made(f"{SP}/tokenSigningCertificate/a-verify", {}, {}))
    assert "Service Principal was not found" in refusal(told.value)
    assert graph.take() == [f"GET {SP_PATH}"] * 2


GROUP_PATH = "/beta/groups/group-1"
READ_GROUP = [f"GET {GROUP_PATH}"] + [
    f"GET {GROUP_PATH}/{what}" for what in ("owners", "members", "memberOf")
]


def group_answers(**more: Any) -> dict[str, Any]:
    found = {"id": "group-1", "displayName": "G", "securityEnabled": True, "mailNickname": "m"}
    return {
        r"GET /beta/groups\?.*": (200, {"value": []}),
        r"GET /v1.0/directoryObjects/(.*)": (
            200,
            {"id": "o", "@odata.type": "#microsoft.graph.user"},
        ),
        "POST /beta/groups": (201, {"id": "group-1"}),
        f"GET {GROUP_PATH}": (200, found),
        f"GET {GROUP_PATH}/owners": (200, {"value": [{"id": "ada"}]}),
        f"GET {GROUP_PATH}/members": (200, {"value": [{"id": "bob"}]}),
        f"GET {GROUP_PATH}/memberOf": (200, {"value": []}),
        f"(PATCH|POST|DELETE) {GROUP_PATH}.*": DONE,
        **more,
    }


def test_group_with_owners_and_members(graph: Graph, engine: Engine) -> None:
    graph.answers = group_answers()
    inputs = {
        "displayName": "G",
        "securityEnabled": True,
        "preventDuplicateNames": True,
        "owners": ["ada"],
        "members": ["bob"],
    }
    made = engine.create(GROUP, inputs)
    object_of = f"http://127.0.0.1:{graph.port}/beta/directoryObjects"
    assert graph.sent("POST /beta/groups")[0]["owners@odata.bind"] == [f"{object_of}/ada"]
    names = [body["displayName"] for body in graph.sent(f"PATCH {GROUP_PATH}")]
    assert names[0].startswith("TERRAFORM_UPDATE_")
    assert names[1] == "G"
    assert graph.sent(f"POST {GROUP_PATH}/members/$ref") == [{"@odata.id": f"{object_of}/bob"}]
    assert graph.take() == [
        "GET /beta/groups?$filter=displayName eq 'G'",
        *["GET /v1.0/directoryObjects/ada"] * 3,
        "POST /beta/groups",
        f"PATCH {GROUP_PATH}",
        f"PATCH {GROUP_PATH}",
        *[f"GET {GROUP_PATH}"] * 5,
        f"POST {GROUP_PATH}/members/$ref",
        *READ_GROUP,
    ]
    assert made.id == "/groups/group-1"
    assert made.state["objectId"] == "group-1"
    unchanged(engine, GROUP, made, inputs)
    refreshed = engine.refresh(GROUP, made)
    assert refreshed is not None
    lists = ("administrativeUnitIds", "behaviors", "provisioningOptions", "types")
    assert [name for name in lists if name in made.state] == []  # null until a refresh
    assert refreshed.state == {**made.state, **{name: [] for name in lists}}
    assert graph.take() == READ_GROUP

    engine.update(GROUP, made, {**inputs, "preventDuplicateNames": False, "members": ["cy"]})
    assert graph.take() == [
        f"PATCH {GROUP_PATH}",
        f"GET {GROUP_PATH}/members",
        f"DELETE {GROUP_PATH}/members/bob/$ref",
        f"POST {GROUP_PATH}/members/$ref",
        *READ_GROUP,
    ]
    graph.answers[f"GET {GROUP_PATH}"] = [(200, {"id": "group-1"}), NOT_FOUND]
    engine.delete(GROUP, made)
    assert graph.take() == [
        f"GET {GROUP_PATH}",
        f"DELETE {GROUP_PATH}",
        *[f"GET {GROUP_PATH}"] * 5,
    ]


def test_group_owners_are_sent_as_the_caller_then_people_then_programs(
    graph: Graph, engine: Engine
) -> None:
    program = {"id": "bot", "@odata.type": "#microsoft.graph.servicePrincipal"}
    graph.answers = {"GET /v1.0/directoryObjects/bot": (200, program), **group_answers()}
    engine.create(GROUP, {"displayName": "G", "owners": ["bot", "ada", CALLER]})
    assert graph.sent("POST /beta/groups")[0]["owners@odata.bind"] == [
        f"http://127.0.0.1:{graph.port}/beta/directoryObjects/{owner}"
        for owner in (CALLER, "ada", "bot")
    ]
    read = [f"GET /v1.0/directoryObjects/{owner}" for owner in ("bot", "ada")]
    assert graph.take()[:7] == [*read * 3, "POST /beta/groups"]


def test_group_without_owners_or_members(graph: Graph, engine: Engine) -> None:
    graph.answers = group_answers()
    engine.create(GROUP, {"displayName": "G", "securityEnabled": True})
    caller = f"http://127.0.0.1:{graph.port}/beta/directoryObjects/{CALLER}"
    assert graph.bodies[0]["owners@odata.bind"] == [caller]
    assert graph.take() == [
        "POST /beta/groups",
        f"PATCH {GROUP_PATH}",
        f"PATCH {GROUP_PATH}",
        *[f"GET {GROUP_PATH}"] * 5,
        *READ_GROUP,
    ]


def test_group_whose_name_is_taken_is_refused(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        r"GET /beta/groups\?.*": (200, {"value": [{"id": "other", "displayName": "G"}]})
    }
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(GROUP, {"displayName": "G", "preventDuplicateNames": True})
    assert 'with name "G" (ID: "other") was found' in refusal(refused.value)
    assert "needs to be imported" in refusal(refused.value)


def test_a_rename_looks_for_the_new_name_three_times(graph: Graph, engine: Engine) -> None:
    graph.answers = {r"GET /beta/groups\?.*": (200, {"value": []}), **group_answers()}
    inputs = {"displayName": "G", "securityEnabled": True, "preventDuplicateNames": True}
    made = engine.create(GROUP, inputs)
    graph.forget()
    renamed = {**inputs, "displayName": "H"}
    engine.diff(GROUP, made, renamed)
    engine.update(GROUP, made, renamed)
    look_up = "GET /beta/groups?$filter=displayName eq 'H'"
    assert graph.take() == [*[look_up] * 3, f"PATCH {GROUP_PATH}", *READ_GROUP]


def test_members_left_out_of_the_inputs_stay(graph: Graph, engine: Engine) -> None:
    graph.answers = group_answers()
    inputs = {"displayName": "G", "securityEnabled": True, "members": ["bob"]}
    made = engine.create(GROUP, inputs)
    del inputs["members"]
    unchanged(engine, GROUP, made, inputs)
    graph.forget()
    described = engine.update(GROUP, made, {**inputs, "description": "d"})
    assert graph.take() == [f"PATCH {GROUP_PATH}", *READ_GROUP]
    assert described.state["members"] == ["bob"]


def test_a_change_of_members_that_failed_is_never_sent_again(graph: Graph, engine: Engine) -> None:
    conflict = (409, {"error": {"code": "Conflict", "message": "Try later."}})
    both = (200, {"value": [{"id": "ada"}, {"id": "bob"}]})
    graph.answers = {
        r"DELETE .*": conflict,
        **group_answers(),
        f"GET {GROUP_PATH}/members": both,
    }
    inputs = {"displayName": "G", "securityEnabled": True, "members": ["ada", "bob"]}
    made = engine.create(GROUP, inputs)
    fewer = {**inputs, "members": ["ada"]}
    failed = engine.failed_update(GROUP, made, fewer)
    assert failed.state["members"] == ["ada"], "the planned members"
    graph.forget()
    again = engine.update(GROUP, failed, fewer)  # what the engine does for a failed resource
    assert graph.take() == [f"PATCH {GROUP_PATH}", *READ_GROUP]
    assert again.state["members"] == ["ada"], "a set stays as planned, whatever was read"
    unchanged(engine, GROUP, again, fewer)
    refreshed = engine.refresh(GROUP, again)
    assert refreshed is not None
    assert refreshed.state["members"] == ["ada", "bob"]
    assert list(engine.diff(GROUP, refreshed, fewer).diffs) == ["members"]


def test_a_member_is_not_asked_for_until_it_has_replicated(graph: Graph, engine: Engine) -> None:
    graph.answers = {rf"POST {GROUP_PATH}/members/\$ref": NOT_FOUND, **group_answers()}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(GROUP, {"displayName": "G", "securityEnabled": True, "members": ["bob"]})
    assert "Could not add members" in refusal(failed.value)
    assert graph.take()[-1] == f"POST {GROUP_PATH}/members/$ref"


def test_a_switch_of_the_job_that_failed_is_sent_by_the_update_after_the_next(
    graph: Graph, engine: Engine
) -> None:
    refused = (400, {"error": {"code": "BadRequest", "message": "No."}})
    graph.answers = {
        f"GET {SP_PATH}": service_principal(),
        f"POST {JOBS}": (201, job("Disabled")[1]),
        f"GET {JOB_PATH}": job("Disabled"),
        f"POST {JOB_PATH}/start": [refused, DONE],
    }
    inputs = {"servicePrincipalId": f"/servicePrincipals/{SP}", "templateId": "aWSSingleSignon"}
    off = {**inputs, "enabled": False}
    made = engine.create(JOB, off)
    failed = engine.failed_update(JOB, made, inputs)
    assert failed.state["enabled"] is True
    graph.forget()
    again = engine.update(JOB, failed, inputs)
    assert graph.take() == [f"GET {JOB_PATH}"]
    assert list(engine.diff(JOB, again, inputs).diffs) == ["enabled"]
    engine.update(JOB, again, inputs)
    assert graph.take() == [f"POST {JOB_PATH}/start", f"GET {JOB_PATH}"]


REQUIRED = {
    GROUP_MEMBER: ["groupObjectId", "memberObjectId"],
    ASSIGNMENT: ["appRoleId", "principalObjectId", "resourceObjectId"],
    URI: ["applicationId", "identifierUri"],
    CERTIFICATE: ["servicePrincipalId"],
}


@pytest.mark.parametrize("token", REQUIRED)
def test_one_that_was_not_read_after_its_creation_refuses_every_update(
    graph: Graph, engine: Engine, token: str
) -> None:
    inputs = dict.fromkeys(REQUIRED[token], "x")
    made = Made("its-id", inputs, inputs)
    again = engine.failed_update(token, made, inputs)
    assert graph.take() == []
    assert again.id == made.id


MEMBERS = f"GET {GROUP_PATH}/members"
MEMBER = f"{MEMBERS}?$filter=id eq 'bob'"


def test_a_group_member_is_added_read_and_removed(graph: Graph, engine: Engine) -> None:
    bob: tuple[int, Any] = (200, {"value": [{"id": "bob"}]})
    none: tuple[int, Any] = (200, {"value": []})
    graph.answers = {
        f"GET {GROUP_PATH}": (200, {"id": "group-1"}),
        re.escape(MEMBERS): (200, {"value": [{"id": "ada"}]}),
        re.escape(MEMBER): [bob, bob, bob, bob, bob, none],
        r"(POST|DELETE) .*": DONE,
    }
    inputs = {"groupObjectId": "group-1", "memberObjectId": "bob"}
    made = engine.create(GROUP_MEMBER, inputs)
    link = f"http://127.0.0.1:{graph.port}/beta/directoryObjects/bob"
    assert graph.sent(f"POST {GROUP_PATH}/members/$ref") == [{"@odata.id": link}]
    assert graph.take() == [
        f"GET {GROUP_PATH}",
        MEMBERS,
        f"POST {GROUP_PATH}/members/$ref",
        MEMBER,
    ]
    assert made.id == "group-1/member/bob"
    unchanged(engine, GROUP_MEMBER, made, inputs)
    assert engine.imported(GROUP_MEMBER, made.id) is not None
    assert engine.refresh(GROUP_MEMBER, made) == made
    for name, other in (("groupObjectId", "group-2"), ("memberObjectId", "cy")):
        assert list(engine.diff(GROUP_MEMBER, made, {**inputs, name: other}).replaces) == [name]
    graph.forget()
    engine.delete(GROUP_MEMBER, made)
    removal = f"DELETE {GROUP_PATH}/members/bob/$ref"
    assert graph.take() == [removal, *[MEMBER] * 7]  # two polls still see it, then five do not
    assert engine.refresh(GROUP_MEMBER, made) is None


def test_a_group_member_that_is_there_has_to_be_imported(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"GET {GROUP_PATH}": (200, {"id": "group-1"}),
        re.escape(MEMBERS): (200, {"value": [{"id": "BOB"}]}),
    }
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(GROUP_MEMBER, {"groupObjectId": "group-1", "memberObjectId": "bob"})
    assert '"group-1/member/bob" already exists' in refusal(refused.value)
    assert "needs to be imported" in refusal(refused.value)
    assert graph.take() == [f"GET {GROUP_PATH}", MEMBERS]


def test_removing_a_group_member_that_is_gone_fails(graph: Graph, engine: Engine) -> None:
    graph.answers = {r"DELETE .*": NOT_FOUND, r"GET .*": (200, {"value": []})}
    gone = Made("group-1/member/bob", {}, {})
    with pytest.raises(grpc.RpcError) as refused:
        engine.delete(GROUP_MEMBER, gone)
    assert "unexpected status 404" in refusal(refused.value)
    assert engine.refresh(GROUP_MEMBER, gone) is None  # a refresh is the way out


def test_busy_answers_are_retried(graph: Graph, engine: Engine) -> None:
    busy = (429, {"error": {"code": "TooManyRequests", "message": "Wait."}})
    graph.headers = {"Retry-After": "0"}
    graph.answers = {
        f"GET {APP_PATH}": [busy, (503, None), application()],
        r"GET /beta/.*": (200, {}),
        f"GET {APP_PATH}/owners": (200, {"value": []}),
    }
    engine.invoke("azuread:index/getApplication:getApplication", objectId=APP)
    assert graph.take()[:3] == [f"GET {APP_PATH}"] * 3


def test_a_throttled_call_waits_as_long_as_it_is_told(
    graph: Graph, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("entra_aws_sandbox.providers.azuread.graph.time.sleep", waits.append)
    graph.headers = {"Retry-After": "17"}
    graph.answers = {f"GET {APP_PATH}": [(429, None), application()]}
    assert engine.imported(FROM_TEMPLATE, f"/applicationTemplates/t/instantiate/{APP}/{SP}")
    assert waits == [17.0]


def test_lists_are_read_to_their_last_page(graph: Graph, engine: Engine) -> None:
    link = f"http://127.0.0.1:{graph.port}{APP_PATH}/owners?$skiptoken=1"
    graph.answers = {
        f"GET {APP_PATH}": application(),
        r"GET /beta/.*": (200, {}),
        f"GET {APP_PATH}/owners": (200, {"value": [{"id": "a"}], "@odata.nextLink": link}),
        rf"GET {APP_PATH}/owners\?.*": (200, {"value": [{"id": "b"}]}),
    }
    found = engine.invoke("azuread:index/getApplication:getApplication", objectId=APP)
    assert found["owners"] == ["a", "b"]


def test_a_refusal_is_told_in_the_real_words(graph: Graph, engine: Engine) -> None:
    denied = {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}
    graph.answers = {r"POST .*instantiate": (403, {"error": denied})}
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(FROM_TEMPLATE, {"displayName": "AWS", "templateId": TEMPLATE})
    assert graph.take() == [f"POST /v1.0/applicationTemplates/{TEMPLATE}/instantiate"]
    assert (
        f'creating Application Template (Application Template: "{TEMPLATE}"): unexpected status'
        " 403 (403 Forbidden) with error: Authorization_RequestDenied: Insufficient privileges."
    ) in refusal(refused.value)


def test_synchronization_calls_are_retried_on_403(graph: Graph, engine: Engine) -> None:
    denied = (403, {"error": {"code": "Forbidden", "message": "No."}})
    graph.answers = {f"(PUT|GET) {SECRETS}": denied, f"GET {JOB_PATH}": denied}
    with pytest.raises(grpc.RpcError):
        engine.create(SECRET, {"servicePrincipalId": SP, "credentials": PAIRS})
    assert graph.take() == [f"PUT {SECRETS}"] * client.ATTEMPTS
    with pytest.raises(grpc.RpcError):
        engine.imported(SECRET, f"/servicePrincipals/{SP}")
    assert graph.take() == [f"GET {SECRETS}"] * client.ATTEMPTS
    with pytest.raises(grpc.RpcError):
        engine.imported(JOB, JOB_PATH.removeprefix("/v1.0"))
    assert graph.take() == [f"GET {JOB_PATH}"] * client.ATTEMPTS


def test_a_wrong_secret_is_told(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret."}
    monkeypatch.setattr(
        Graph,
        "answer",
        lambda self, line: (401, wrong) if "/oauth2/" in line else Recorder.answer(self, line),
    )
    base = f"http://127.0.0.1:{graph.port}"
    graph.answers = {
        r"GET /metadata/.*": (
            200,
            {"microsoftGraphResourceId": base, "authentication": {"loginEndpoint": base}},
        )
    }
    with serving_provider(azuread.connect) as engine, pytest.raises(grpc.RpcError) as refused:
        engine.configure("azuread")
    assert "unable to obtain access token" in refusal(refused.value)
    assert "AADSTS7000215" in refusal(refused.value)
    assert "not told to anybody" not in refusal(refused.value)


def test_missing_configuration_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARM_METADATA_HOSTNAME", "ARM_TENANT_ID", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with serving_provider(azuread.connect) as engine, pytest.raises(grpc.RpcError) as refused:
        engine.configure("azuread", tenantId="t")
    assert "the azuread double has no client_id, client_secret, metadata_host" in refusal(
        refused.value
    )


def test_secrets_never_leave_unmarked(graph: Graph, engine: Engine) -> None:
    checked = engine.check(SECRET, {"servicePrincipalId": SP, "credentials": PAIRS})
    marks = [one["value"] for one in plain(checked.inputs)["credentials"]]
    assert marks == [{"secret": "https://x"}, {"secret": "hush"}]


def test_a_read_whose_answer_is_lost_fails(graph: Graph, engine: Engine) -> None:
    graph.lose = 1
    graph.answers = {f"GET {APP_PATH}": NOT_FOUND}
    with pytest.raises(grpc.RpcError) as failed:
        engine.imported(FROM_TEMPLATE, f"/applicationTemplates/{TEMPLATE}/instantiate/{APP}/{SP}")
    assert "EOF" in refusal(failed.value)
    assert graph.take() == [f"GET {APP_PATH}"]


def test_a_write_whose_answer_is_lost_is_not_sent_again(graph: Graph, engine: Engine) -> None:
    graph.lose = 1
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(FROM_TEMPLATE, {"displayName": "AWS", "templateId": TEMPLATE})
    assert "HTTP response was nil; connection may have been reset" in refusal(failed.value)
    assert graph.take() == [f"POST /v1.0/applicationTemplates/{TEMPLATE}/instantiate"]
