"""What fails for every resource alike: refusals, throttles, lost answers, missing credentials."""

from __future__ import annotations

import grpc
import pytest

from entra_aws_sandbox.providers import azuread
from sandbox_tests.providers.azuread.calls import (
    APP,
    APP_PATH,
    ASSIGNMENT,
    CERTIFICATE,
    FROM_TEMPLATE,
    GROUP_MEMBER,
    NOT_FOUND,
    PAIRS,
    SECRET,
    SP,
    TEMPLATE,
    URI,
    Graph,
    application,
    refusal,
)
from sandbox_tests.providers.support import (
    Engine,
    Made,
    Recorder,
    plain,
    serving_provider,
)

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
