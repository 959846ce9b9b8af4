"""A creation whose answer got lost: told, and taken in by `ops recover` if it is our own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import urllib3

from entra_aws_sandbox.pulumi import Run
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import ops

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

APPLICATION = "POST */instantiate"
GROUP = "POST /groups"
CERTIFICATE = "POST *addTokenSigningCertificate"
# Another application than the deployment's: the Azure portal, in which people work.
PORTAL = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"


@pytest.fixture
def fresh(sandbox: Sandbox, tmp_path: Path) -> Federation:
    """A stack of which nothing exists yet, on clouds at their seeds."""
    sandbox.reset()
    sandbox.folder.forget_stack()
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
    _recover(fresh, "ApplicationFromTemplate enterprise-app", "Group group/migration")
    fresh.stack.up()
    fresh.enter_trust()
    _lose(fresh, CERTIFICATE)
    _fails(fresh)
    third = _fails(fresh)
    assert "a certificate of this name is there already" in third.errors
    _recover(fresh, "ServicePrincipalTokenSigningCertificate saml-trust/initial")
    fresh.stack.up()
    fresh.enter_provisioning()
    fresh.stack.up()
    assert fresh.assignments() == ASSIGNMENTS
    name = fresh.stack.config()["enterpriseApp"]["name"]
    applications = Counter(one["displayName"] for one in graph.all("/v1.0/applications"))
    groups = Counter(one["displayName"] for one in graph.all("/v1.0/groups"))
    assert (applications[name], groups["AWS-Migration"]) == (1, 1)
    principal = f"/v1.0/servicePrincipals/{fresh.service_principal()['id']}"
    keys = graph.call("GET", f"{principal}?$select=keyCredentials")["keyCredentials"]
    assert len({key["customKeyIdentifier"] for key in keys}) == 1
    assert fresh.stack.preview("--expect-no-changes", check=False).exit_code == 0


def test_a_group_that_somebody_else_made_is_named_and_left(fresh: Federation) -> None:
    """A person of the tenant makes a group of the declared name, for the declared owner."""
    sandbox = fresh.sandbox
    token = sandbox.control_entra("admin-token", {"appId": PORTAL})["accessToken"]
    (ada,) = [
        one["id"]
        for one in sandbox.graph.all("/v1.0/users")
        if one["userPrincipalName"] == "ada@example.com"
    ]
    objects = f"{sandbox.graph.graph}/v1.0/directoryObjects"
    answer = urllib3.request(
        "POST",
        f"{sandbox.graph.graph}/v1.0/groups",
        json={
            "displayName": "AWS-Migration",
            "mailNickname": "x",
            "mailEnabled": False,
            "securityEnabled": True,
            "owners@odata.bind": [f"{objects}/{ada}"],
        },
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status == 201, answer.data
    ident = f"/groups/{answer.json()['id']}"
    assert _fails(fresh).errors.count("python -m ops recover") == 1
    before = fresh.stack.export()["deployment"]["resources"]
    done = ops(fresh, "recover", "--yes")
    assert done.returncode == 1
    assert f"not taken in: Group group/migration: AWS-Migration ({ident})" in done.stdout
    assert f"another application made it ({PORTAL})" in done.stdout
    assert "Find out who made" in done.stdout
    assert "in order" not in done.stdout
    assert fresh.stack.export()["deployment"]["resources"] == before


def test_a_group_under_its_temporary_name_is_put_right(federation: Federation) -> None:
    graph = federation.sandbox.graph
    (group,) = [one for one in graph.all("/v1.0/groups") if one["displayName"] == "AWS-Migration"]
    path = f"/v1.0/groups/{group['id']}"
    graph.call("PATCH", path, {"displayName": "TERRAFORM_UPDATE_0b5e"})
    assert "middle of a rename: Group group/migration" in ops(federation, "recover").stdout
    done = ops(federation, "recover", "--yes")
    assert done.returncode == 0, done.stderr
    assert "to be renamed by the next update: Group group/migration" in done.stdout
    federation.stack.up()
    assert graph.call("GET", path)["displayName"] == "AWS-Migration"


def test_the_lock_of_another_host_is_not_lifted_unasked(federation: Federation) -> None:
    (state,) = federation.sandbox.folder.state.glob(".pulumi/stacks/**/sandbox.json")
    folder = Path(str(state.with_suffix("")).replace("/stacks/", "/locks/organization/"))
    lock = folder / "0b5e.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = {"pid": 4711, "username": "ci", "hostname": "build-7"}
    lock.write_text(json.dumps({**held, "timestamp": "2026-11-24T07:09:38.212215966Z"}))
    refused = ops(federation, "recover", "--yes")
    assert refused.returncode == 2
    assert "locked by ci@build-7 (pid 4711), since 2026-11-24 07:09:38 UTC" in refused.stderr
    assert lock.exists()
    wrong = ops(federation, "recover", "--yes", "--break-lock", "ci@build-7")
    assert wrong.returncode == 2
    done = ops(federation, "recover", "--yes", "--break-lock", "ci@build-7 (pid 4711)")
    assert done.returncode == 0, done.stderr
    assert "The lock is lifted." in done.stdout
    assert not lock.exists()
