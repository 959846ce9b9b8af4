"""Applications, their addresses, and look-ups of them: the calls, in order."""

from __future__ import annotations

import base64

import grpc
import pytest

from sandbox_tests.providers.azuread.calls import (
    APP,
    APP_ID,
    APP_PATH,
    CALLER,
    DONE,
    FROM_TEMPLATE,
    NOT_FOUND,
    SP,
    TEMPLATE,
    TENANT,
    URI,
    Graph,
    application,
    refusal,
    unchanged,
)
from sandbox_tests.providers.support import (
    Engine,
)

REDIRECTS = "azuread:index/applicationRedirectUris:ApplicationRedirectUris"


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
