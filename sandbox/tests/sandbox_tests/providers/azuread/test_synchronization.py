"""The synchronization secret and job: the calls, in order."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from entra_aws_sandbox.providers.azuread import graph as client
from sandbox_tests.providers.azuread.calls import (
    DONE,
    NOT_FOUND,
    PAIRS,
    SECRET,
    SP,
    SP_PATH,
    Graph,
    refusal,
    service_principal,
    unchanged,
)
from sandbox_tests.providers.support import (
    Engine,
)

JOB = "azuread:index/synchronizationJob:SynchronizationJob"


SECRETS = f"{SP_PATH}/synchronization/secrets"


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
