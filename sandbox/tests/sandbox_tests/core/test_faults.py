"""Faults of Graph are switched where those of AWS are; a lost answer is in the log all the same."""

from __future__ import annotations

import json

import pytest

from entra_aws_sandbox.faults import Switchboard
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.testing import Sandbox


def test_faults_of_graph_are_added_shown_and_cleared(sandbox: Sandbox) -> None:
    board = Switchboard(sandbox.running)
    board.add({"kind": "error", "service": "sso-admin", "times": None})
    board.add({"kind": "conflict", "service": "graph", "operation": "GET /users", "times": None})
    shown = board.shown()
    assert [each["kind"] for each in shown["aws"]] == ["error"]
    assert [each["operation"] for each in shown["graph"]] == ["GET /users"]
    with pytest.raises(SandboxError, match="concurrent requests"):
        sandbox.graph.call("GET", "/v1.0/users")
    board.clear()
    assert board.shown()["graph"] == board.shown()["aws"] == []
    assert list(sandbox.graph.all("/v1.0/users"))


def test_a_fault_that_graph_does_not_know_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="A fault has a kind"):
        Switchboard(sandbox.running).add({"kind": "failed", "service": "graph"})


def test_a_lost_answer_closes_the_connection_and_is_logged(sandbox: Sandbox) -> None:
    board = Switchboard(sandbox.running)
    board.add({"kind": "lost", "service": "graph", "operation": "GET /groups"})
    with pytest.raises(SandboxError, match="does not answer"):
        sandbox.graph.call("GET", "/v1.0/groups")
    assert list(sandbox.graph.all("/v1.0/groups"))
    logged = [json.loads(line) for line in sandbox.folder.requests.read_text().splitlines()]
    lost, answered = [one for one in logged if one["path"] == "/v1.0/groups"]
    assert "status" not in lost
    assert answered["status"] == 200
