"""Faults of Graph are switched where those of AWS are; a lost answer is in the log all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entra_aws_sandbox.faults import KINDS, REFUSALS, SERVICES
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.switchboard import Switchboard
from entra_aws_sandbox.testing import Sandbox, run_sandbox


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


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "failed", "operation": "ListGroups"}, "A failed fault hits CreateAccount"),
        ({"kind": "failed", "service": "scim"}, "A failed fault can be at sso-admin."),
        ({"kind": "error", "service": "s3"}, "An error fault can be at sso-admin, identitystore"),
        ({"kind": "throttle", "seconds": 1}, "A throttle fault takes no seconds."),
        ({"kind": "lost", "times": -1}, "times is a number, or null"),
    ],
)
def test_a_fault_that_could_never_come_is_refused(
    sandbox: Sandbox, fault: dict[str, Any], sentence: str
) -> None:
    board = Switchboard(sandbox.running)
    with pytest.raises(SandboxError, match=sentence):
        board.add(fault)
    assert board.shown()["aws"] == []


def test_a_pattern_names_operations_of_aws_too(sandbox: Sandbox) -> None:
    board = Switchboard(sandbox.running)
    board.add({"kind": "error", "service": "organizations", "operation": "List*", "times": None})
    with pytest.raises(ClientError, match="ServiceException"):
        sandbox.aws.organizations.list_roots()
    board.clear()
    assert sandbox.aws.organizations.list_roots()["Roots"]


def test_every_kind_that_refuses_has_an_answer_of_every_service() -> None:
    for name in REFUSALS:
        assert KINDS[name].answers.keys() == set(SERVICES), name
    assert {"lost", "delay", "failed"} == KINDS.keys() - set(REFUSALS)


@pytest.mark.parametrize("way", [(), ("add",)])
def test_help_explains_every_kind_and_names_the_page(tmp_path: Path, way: tuple[str, ...]) -> None:
    said = run_sandbox(tmp_path, "faults", *way, "--help").stdout
    assert "docs/sandbox.md" in said
    for name, kind in KINDS.items():
        assert f"  {name:<10}{kind.does.replace('`', '')}" in said
