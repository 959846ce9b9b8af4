"""A creation whose answer got lost: told, and taken in by `ops recover` if it is our own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sandbox import stack as sandbox_stack
from sandbox.pulumi import Run
from tests.engine.federation import ROWS, Federation
from tests.engine.operator import ops
from tests.support import Sandbox

pytestmark = pytest.mark.engine

APPLICATION = "POST */instantiate"
GROUP = "POST /groups"
CERTIFICATE = "POST *addTokenSigningCertificate"
SET = "CreatePermissionSet"


@pytest.fixture
def fresh(sandbox: Sandbox, tmp_path: Path) -> Federation:
    """A stack of which nothing exists yet, on clouds at their seeds."""
    sandbox.reset()
    sandbox_stack.forget(sandbox.folder)
    return Federation.create(sandbox, tmp_path / "stack")


def _lose(federation: Federation, *operations: str) -> None:
    faults = [{"kind": "lost", "operation": one, "times": 1} for one in operations]
    federation.sandbox.control_entra("faults", {"faults": faults})


def _recover(federation: Federation, *taken: str) -> None:
    """What it would do, what it does, and that it does so once."""
    told = ops(federation, "recover")
    assert told.returncode == 1
    done = ops(federation, "recover", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    for one in taken:
        assert f"would be taken in: {one}" in told.stdout or len(taken) > 1, told.stdout
        assert f"  taken in: {one}" in done.stdout, done.stdout
    again = ops(federation, "recover", "--yes")
    assert again.returncode == 0
    assert "taken in" not in again.stdout


def _fails(federation: Federation) -> Run:
    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    return run


def test_what_a_lost_answer_left_is_taken_in_once(fresh: Federation) -> None:
    graph = fresh.sandbox.graph
    _lose(fresh, APPLICATION, GROUP)
    _fails(fresh)
    # Nothing is made twice while nobody looks.
    second = _fails(fresh)
    assert "an application of this name and template is there already" in second.errors
    assert second.errors.count("python -m ops recover") >= 1
    _recover(fresh, "ApplicationFromTemplate application", "Group group/migration")
    fresh.stack.up()
    fresh.enter_trust()
    _lose(fresh, CERTIFICATE)
    _fails(fresh)
    third = _fails(fresh)
    assert "a certificate of this name is there already" in third.errors
    _recover(fresh, "ServicePrincipalTokenSigningCertificate signing-certificate-initial")
    fresh.stack.up()
    fresh.enter_provisioning()
    fresh.stack.up()
    assert fresh.rows() == ROWS
    name = fresh.stack.config()["enterpriseApp"]["name"]
    applications = Counter(one["displayName"] for one in graph.all("/v1.0/applications"))
    groups = Counter(one["displayName"] for one in graph.all("/v1.0/groups"))
    assert (applications[name], groups["AWS-Migration"]) == (1, 1)
    principal = f"/v1.0/servicePrincipals/{fresh.service_principal()['id']}"
    keys = graph.call("GET", f"{principal}?$select=keyCredentials")["keyCredentials"]
    assert len({key["customKeyIdentifier"] for key in keys}) == 1
    assert fresh.stack.preview("--expect-no-changes", check=False).exit_code == 0
