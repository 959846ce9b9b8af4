"""What an operator sees and does: hand-offs, status, sync, and a quarantined job brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from entra_aws_sandbox.browser import sign_in
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import change_user, ops, status, sync

pytestmark = pytest.mark.engine

BILLING = ("611111111111", "ReadOnly", "AWS-Billing")


@dataclass(frozen=True)
class HandOffs:
    """What `ops handoff` said, and its exit code, before each phase and at the end."""

    app: tuple[int, str]
    trust: tuple[int, str]
    access: tuple[int, str]


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return Federation.create(sandbox, tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="module")
def hand_offs(stack: Federation) -> HandOffs:
    """The way to phase access, the hand-offs asked for at each stop."""
    seen = []
    stack.stack.up()
    seen.append(ops(stack, "handoff"))
    stack.enter_trust()
    stack.stack.up()
    seen.append(ops(stack, "handoff"))
    stack.enter_provisioning()
    stack.stack.up()
    seen.append(ops(stack, "handoff"))
    return HandOffs(*((run.returncode, run.stdout) for run in seen))


@pytest.fixture
def federation(stack: Federation, hand_offs: HandOffs) -> Federation:
    """The stack in phase access."""
    return stack


def _marks(told: str) -> dict[str, str]:
    """The mark of each step by its number."""
    lines = [line.split(maxsplit=2) for line in told.splitlines() if not line.startswith("      ")]
    return {number: mark for mark, number, _ in lines}


def test_the_hand_offs_follow_the_phases(hand_offs: HandOffs) -> None:
    code, told = hand_offs.app
    assert (code, _marks(told)) == (1, {"1": "→", "2": "→", "3": "→", "8": "·", "9": "·"})
    code, told = hand_offs.trust
    assert (code, _marks(told)) == (1, {"1": "✔", "2": "✔", "3": "✔", "8": "→", "9": "→"})
    assert "federationmetadata.xml?appid=" in told
    assert "removes the existing assignments" in told
    code, told = hand_offs.access
    assert (code, set(_marks(told).values())) == (0, {"✔"})


def test_one_update_leads_from_trust_to_a_working_sign_in(federation: Federation) -> None:
    assert federation.assignments() == ASSIGNMENTS
    assert sign_in(federation.portal, "ada@example.com", "sandbox").roles == {
        (account, permission_set)
        for account, permission_set, group in ASSIGNMENTS
        if group == "AWS-Platform"
    }


def test_when_all_is_well_the_status_is_short(federation: Federation) -> None:
    done = ops(federation, "status", "--require-all")
    assert done.returncode == 0
    first, second, *rest = done.stdout.splitlines()
    assert first.startswith("phase access · job Active, last cycle ")
    assert "4 of 4 groups, 13 of 13 people" in first
    assert second.endswith("no holds · nothing to do")
    # Of the developers, mallory is disabled in Entra.
    assert rest == ["  kept out: mallory@example.com: the person is disabled in Entra"]


def test_a_person_who_joined_arrives_now(federation: Federation) -> None:
    graph = federation.sandbox.graph
    group = _object(federation, "groups", "displayName", "AWS-Platform")
    oscar = _object(federation, "users", "userPrincipalName", "oscar@example.com")
    members = f"/v1.0/groups/{group}/members"
    graph.call(
        "POST",
        f"{members}/$ref",
        {"@odata.id": f"{graph.graph}/v1.0/directoryObjects/{oscar}"},
    )
    assert sign_in(federation.portal, "oscar@example.com", "sandbox").access is None
    code, told = sync(federation)
    assert (code, told["how"], told["arrived"]) == (0, "on demand", ["person oscar@example.com"])
    assert sign_in(federation.portal, "oscar@example.com", "sandbox").roles

    graph.call("DELETE", f"{members}/{oscar}/$ref")
    code, told = sync(federation, "--wait")
    assert (code, told["how"], told["inStep"]) == (0, "cycle", True)
    assert not sign_in(federation.portal, "oscar@example.com", "sandbox").roles
    assert sync(federation)[1]["how"] == "nothing"


def test_who_can_not_arrive_is_named_with_the_reason(federation: Federation) -> None:
    graph = federation.sandbox.graph
    group = _object(federation, "groups", "displayName", "AWS-Platform")
    peggy = _object(federation, "users", "userPrincipalName", "peggy@example.com")
    before = graph.call("GET", f"/v1.0/users/{peggy}")["surname"]
    change_user(federation, peggy, {"surname": None})
    graph.call(
        "POST",
        f"/v1.0/groups/{group}/members/$ref",
        {"@odata.id": f"{graph.graph}/v1.0/directoryObjects/{peggy}"},
    )
    try:
        code, told = sync(federation)
        assert code == 0
        reason = "Identity Center requires a last name, which Entra lacks"
        assert {"name": "peggy@example.com", "reason": reason} in told["keptOut"]
    finally:
        graph.call("DELETE", f"/v1.0/groups/{group}/members/{peggy}/$ref")
        change_user(federation, peggy, {"surname": before})


def test_a_failure_on_demand_is_a_failure(federation: Federation) -> None:
    graph = federation.sandbox.graph
    group = _object(federation, "groups", "displayName", "AWS-Platform")
    quinn = _object(federation, "users", "userPrincipalName", "quinn@example.com")
    members = f"/v1.0/groups/{group}/members"
    graph.call(
        "POST", f"{members}/$ref", {"@odata.id": f"{graph.graph}/v1.0/directoryObjects/{quinn}"}
    )
    federation.sandbox.set_faults(
        {"kind": "conflict", "service": "scim", "operation": "CreateUser", "times": None}
    )
    try:
        code, told = sync(federation)
        assert code == 1
        assert "person quinn@example.com" not in told["arrived"]
        assert any("quinn@example.com" in missing["what"] for missing in told["missing"])
    finally:
        federation.sandbox.set_faults()
        graph.call("DELETE", f"{members}/{quinn}/$ref")
        sync(federation, "--wait")


def _add_billing(access: dict[str, Any]) -> None:
    access["groups"]["billing"] = {"displayName": "AWS-Billing"}
    access["rules"].append(
        {
            "id": "billing",
            "owner": "finance@example.com",
            "group": "billing",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-dev"}],
        }
    )


def test_a_quarantine_is_seen_blocks_nothing_and_is_healed_by_a_new_token(
    federation: Federation,
) -> None:
    console = federation.sandbox.console
    old = federation.token
    # Revoked: the job's next cycle is refused.
    console.delete_token(None)
    federation.sandbox.synchronize()
    code, seen = status(federation)
    assert code == 1
    assert seen["job"]["state"] == "Quarantine"
    assert any("ops sync --resume" in problem for problem in seen["problems"])
    assert sync(federation)[0] == 1

    federation.change_access(_add_billing)
    federation.rule("platform-look")["except"] = [{"accountName": "web-dev"}]
    federation.write_access()
    run = federation.stack.up()
    (held,) = federation.stack.outputs()["held"]
    assert "quarantine" in held["reason"]
    assert run.seconds < 150, "half of the five minutes that a wait takes"
    revoked = ASSIGNMENTS - {("622222222222", "ReadOnly", "AWS-Platform")}
    assert federation.assignments() == revoked
    code, seen = status(federation, "--require-all")
    assert [hold["principal"] for hold in seen["held"]] == ["billing"]

    federation.token = console.rotate_token()["accessToken"]
    assert federation.token != old
    federation.stack.set_config("provisioning.accessToken", federation.token, secret=True)
    # The wait asks for the group with the new token; the cycles stay in quarantine until resumed.
    federation.stack.up()
    assert federation.stack.outputs()["held"] == []
    assert status(federation)[0] == 1
    code, told = sync(federation, "--resume", "--wait")
    assert (code, told["inStep"]) == (0, True)
    code, seen = status(federation, "--require-all")
    assert (code, seen["job"]["state"]) == (0, "Active")
    assert federation.assignments() == revoked | {BILLING}


def _object(federation: Federation, collection: str, attribute: str, value: str) -> str:
    items = federation.sandbox.graph.all(f"/v1.0/{collection}")
    return next(item["id"] for item in items if item[attribute] == value)
