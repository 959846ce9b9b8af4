"""Faults of Graph: as they are switched on, in Graph's words, and no longer than asked for."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sandbox_tests.entra.clients import Cloud, send

GROUPS = "/v1.0/groups?$select=id"


def switch_on(cloud: Cloud, *faults: dict[str, Any]) -> None:
    """These faults and no others."""
    cloud.control("faults", {"faults": list(faults)})


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 429, "TooManyRequests"),
        ("error", 503, "ServiceUnavailable"),
        ("conflict", 409, "Directory_ConcurrencyViolation"),
    ],
)
def test_a_fault_hits_its_operation_as_often_as_asked(
    cloud: Cloud, kind: str, status: int, code: str
) -> None:
    switch_on(cloud, {"kind": kind, "operation": "GET /groups", "times": 2})
    assert cloud.graph("GET", "/v1.0/users").status == 200
    for _ in range(2):
        answer = cloud.graph("GET", GROUPS)
        assert answer.status == status
        assert answer.json["error"]["code"] == code
        assert ("Retry-After" in answer.headers) == (kind == "throttle")
    assert cloud.graph("GET", GROUPS).status == 200


def test_a_pattern_hits_many_and_lasts_until_cleared(cloud: Cloud) -> None:
    switch_on(cloud, {"kind": "error", "operation": "GET *", "times": None})
    for path in (GROUPS, "/v1.0/users", "/v1.0/applications", GROUPS):
        assert cloud.graph("GET", path).status == 503
    switch_on(cloud)
    assert cloud.graph("GET", GROUPS).status == 200


def test_a_refused_write_is_not_carried_out(cloud: Cloud) -> None:
    group = _a_group(cloud)
    switch_on(cloud, {"kind": "conflict", "operation": "PATCH *"})
    assert cloud.graph("PATCH", f"/v1.0/groups/{group}", {"description": "new"}).status == 409
    assert cloud.get(f"/groups/{group}")["description"] != "new"


def test_a_write_whose_answer_is_lost_is_carried_out(cloud: Cloud) -> None:
    group = _a_group(cloud)
    switch_on(cloud, {"kind": "lost", "operation": "PATCH *"})
    # The emulator raises, and the server that serves it closes the connection.
    with pytest.raises(ConnectionAbortedError):
        _raw(cloud, "PATCH", f"/v1.0/groups/{group}")
    assert cloud.get(f"/groups/{group}")["description"] == "new"


def test_the_calls_that_are_spared_go_well(cloud: Cloud) -> None:
    switch_on(cloud, {"kind": "error", "operation": "GET /groups", "spared": 2})
    assert [cloud.graph("GET", GROUPS).status for _ in range(4)] == [200, 200, 503, 200]


def test_a_delay_takes_its_time(cloud: Cloud) -> None:
    switch_on(cloud, {"kind": "delay", "operation": "GET /groups", "seconds": 0.3})
    began = time.monotonic()
    assert cloud.graph("GET", GROUPS).status == 200
    assert time.monotonic() - began >= 0.3


def test_what_is_no_fault_is_refused(cloud: Cloud) -> None:
    for faults in (
        "all",
        ["all"],
        [{"kind": "flood"}],
        [{"kind": "error", "service": "sso"}],
        [{"kind": "error", "operation": 1}],
        [{"kind": "error", "times": "often"}],
        [{"kind": "error", "spared": "some"}],
        [{"kind": "delay", "seconds": 3600}],
        [{"kind": "delay", "seconds": "long"}],
    ):
        answer = send(
            "POST", f"{cloud.url}/_sandbox/faults", {"faults": faults}, {"X-Sandbox": "1"}
        )
        assert answer.status == 400
        assert answer.json["message"].endswith(".")
    assert cloud.control("faults")["faults"] == []


def _a_group(cloud: Cloud) -> str:
    return str(cloud.get("/groups")["value"][0]["id"])


def _raw(cloud: Cloud, method: str, path: str) -> None:
    environ = EnvironBuilder(
        path,
        method=method,
        json={"description": "new"},
        headers=[("Authorization", f"Bearer {cloud.token}")],
    ).get_environ()
    run_wsgi_app(cloud.entra.wsgi, environ)
