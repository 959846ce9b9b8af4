"""What Graph says about provisioning, read without trusting an HTTP 200."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from federation.identity.provisioning import job_status, on_demand_failure

EXECUTION = {
    "state": "Succeeded",
    "timeBegan": "2026-11-24T10:00:00Z",
    "timeEnded": "2026-11-24T10:00:09Z",
    "countEscrowed": 0,
    "error": None,
}


def job(**status: Any) -> dict[str, Any]:
    return {"schedule": {"state": "Active"}, "status": {"code": "Active", **status}}


def answer(
    result: str, steps: list[dict[str, Any]] | None = None, **details: str
) -> dict[str, Any]:
    return {
        "key": json.dumps({"result": result, "details": details}),
        "value": json.dumps({"provisioningSteps": steps or []}),
    }


def test_a_job_that_never_ran_has_no_last_cycle() -> None:
    status = job_status(job(lastExecution=None))
    assert status.healthy
    assert status.last is None


@pytest.mark.parametrize(
    ("steady", "kind"),
    [
        ("0001-01-01T00:00:00Z", "initial"),
        ("2026-11-24T10:00:09Z", "initial"),
        ("2026-11-20T08:00:00Z", "incremental"),
    ],
)
def test_a_cycle_is_initial_until_everything_was_in_step_once(steady: str, kind: str) -> None:
    status = job_status(job(lastExecution=EXECUTION, steadyStateFirstAchievedTime=steady))
    assert status.last is not None
    assert status.last.kind == kind
    assert status.last.ended == datetime(2026, 11, 24, 10, 0, 9, tzinfo=UTC)


def test_entry_level_errors_are_a_cycle_with_failures() -> None:
    execution = EXECUTION | {"state": "EntryLevelErrors", "countEscrowed": 3}
    status = job_status(job(lastExecution=execution))
    assert status.last is not None
    assert status.last.succeeded
    assert status.last.failures == 3


@pytest.mark.parametrize(
    ("quarantine", "sentence"),
    [
        ({"reason": "TooManyDeletes", "error": {"message": "60 deletions are pending."}}, "60"),
        ({"reason": "EncounteredQuarantineException", "error": {}}, "EncounteredQ"),
        (None, "Graph gives no reason"),
    ],
)
def test_a_quarantine_has_a_reason(quarantine: dict[str, Any] | None, sentence: str) -> None:
    status = job_status(job(code="Quarantine", quarantine=quarantine))
    assert not status.healthy
    assert status.quarantine.startswith(sentence)


def test_a_job_that_was_switched_off_is_not_healthy() -> None:
    assert not job_status({"schedule": {"state": "Disabled"}, "status": {"code": "Paused"}}).healthy


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        answer("Success"),
        answer("Skipped", errorCode="RedundantExport"),
        {"key": "not JSON", "value": "[]"},
    ],
)
def test_success_and_nothing_to_do_are_no_failure(told: dict[str, Any] | None) -> None:
    assert on_demand_failure(told) == ""


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (answer("Failure", errorMessage="Currently list attributes only allow single item."),
         "Currently list attributes only allow single item"),
        (answer("Skipped", errorCode="NotEffectivelyEntitled"), "it is not in scope"),
        (answer("Skipped", errorCode="NotActiveInSource"), "the person is disabled in Entra"),
        (answer("Skipped", errorCode="SomethingNew"), "SomethingNew"),
        (answer("Success", [{"status": "Failure", "description": "409 from the target."}]),
         "409 from the target"),
        (answer("Failure"), "provisioning on demand failed"),
    ],
)  # fmt: skip
def test_a_failure_within_an_http_200_is_a_failure(told: dict[str, Any], sentence: str) -> None:
    assert on_demand_failure(told).startswith(sentence)
