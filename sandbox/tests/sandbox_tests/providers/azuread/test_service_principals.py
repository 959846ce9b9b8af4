"""Service principals and app role assignments: the calls, in order."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from sandbox_tests.providers.azuread.calls import (
    APP_ID,
    ASSIGNMENT,
    CALLER,
    CERTIFICATE,
    DONE,
    NOT_FOUND,
    SP,
    SP_PATH,
    Graph,
    refusal,
    service_principal,
    unchanged,
)
from sandbox_tests.providers.support import (
    Engine,
    Made,
)

PRINCIPAL = "azuread:index/servicePrincipal:ServicePrincipal"


DANGLING = (
    400,
    {"error": {"code": "Request_BadRequest", "message": "Not a valid reference update."}},
)


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


def test_app_role_assignment(graph: Graph, engine: Engine) -> None:
    assigned = f"{SP_PATH}/appRoleAssignedTo"
    assignment = {
        "appRoleId": "role-1",
        "principalId": "group-1",
        "resourceId": SP,
        "id": "assignment-1",
    }
    graph.answers = {
        f"GET {SP_PATH}": service_principal(),
        # A principal that has not replicated yet is tried again.
        f"POST {assigned}": [NOT_FOUND, DANGLING, (201, assignment)],
        f"GET {assigned}/assignment-1": (200, assignment),
        f"DELETE {assigned}/assignment-1": DONE,
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
    assert graph.take() == [f"GET {SP_PATH}", post, post, post, f"GET {assigned}/assignment-1"]
    assert made.id == f"/servicePrincipals/{SP}/appRoleAssignedTo/assignment-1"
    diff = engine.diff(ASSIGNMENT, made, {**inputs, "principalObjectId": "group-2"})
    assert list(diff.replaces) == ["principalObjectId"]
    assert engine.refresh(ASSIGNMENT, made) == made
    assert graph.take() == [f"GET {assigned}/assignment-1"]
    engine.delete(ASSIGNMENT, made)
    assert graph.take() == [f"DELETE {assigned}/assignment-1"]


def test_a_service_principal_that_is_gone_is_told(graph: Graph, engine: Engine) -> None:
    graph.answers = {f"GET {SP_PATH}": NOT_FOUND}
    assignment = {"appRoleId": "role-1", "principalObjectId": "group-1", "resourceObjectId": SP}
    with pytest.raises(grpc.RpcError) as told:
        engine.create(ASSIGNMENT, assignment)
    assert f'Service principal not found for resource (Object ID: "{SP}")' in refusal(told.value)
    with pytest.raises(grpc.RpcError) as told:
        engine.delete(CERTIFICATE, Made(f"{SP}/tokenSigningCertificate/a-verify", {}, {}))
    assert "Service Principal was not found" in refusal(told.value)
    assert graph.take() == [f"GET {SP_PATH}"] * 2
