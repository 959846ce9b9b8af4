"""Each kind of fault on each kind of call: an update bears it or says it, and the next one heals.

For each kind of fault a stack is put back, changed, and updated twice. In the first update every
kind of write fails for as long as it runs; in the second one every kind of call fails once. An
assignment is revoked as well, which no failing grant may prevent. What came of it is the table of
`docs/faults.md`, which the last test compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from demo.checkout import REPOSITORY
from entra_aws_sandbox.pulumi import Run
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import ops, status
from tests.engine.prepared import Prepared, configure

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

Assignment = tuple[str, str, str]
REVOKED: Assignment = ("444455556666", "ReadOnly", "AWS-Platform")
AUDIT: Assignment = ("611111111111", "ReadOnly", "AWS-Security-Audit")
DATA: Assignment = ("611111111111", "ReadOnly", "AWS-Data")
GRANTED: Assignment = ("822222222222", "ReadOnly", "AWS-Developers")
DECLARED = ASSIGNMENTS - {REVOKED} | {AUDIT, DATA, GRANTED}
DOCUMENT = REPOSITORY / "docs" / "faults.md"


@dataclass(frozen=True)
class Kind:
    """A kind of call: a call that the update makes, and how its failure is told."""

    service: str
    operation: str
    told: str


CALLS = {
    "Graph write": Kind("graph", "POST *appRoleAssignedTo", "app role assignment"),
    "Graph read": Kind("graph", "GET /groups", "GET /groups"),
    "SCIM": Kind("scim", "CreateGroup", "CreateGroup"),
    "permission set": Kind("sso-admin", "UpdatePermissionSet", "updating SSO Permission Set"),
    "assignment": Kind("sso-admin", "CreateAccountAssignment", "creating SSO Account Assignment"),
    "list": Kind("organizations", "ListRoots", "ListRoots"),
}
WRITES = ("Graph write", "SCIM", "permission set", "assignment")
FAULTS = {"throttle": "throttle", "error": "5xx", "conflict": "conflict", "lost": "lost response"}
# (fault, kind of call, once or always) → what came of it; filled by the tests.
SEEN: dict[tuple[str, str, str], str] = {}


@dataclass
class Faults:
    """Faults of both clouds, as they are switched on."""

    sandbox: Sandbox
    aws: list[dict[str, Any]] = field(default_factory=list)
    graph: list[dict[str, Any]] = field(default_factory=list)

    def switch_on(self, fault: str, *calls: str, times: int | None) -> None:
        """These faults and no others."""
        self.aws, self.graph = [], []
        self.add(fault, *calls, times=times)

    def add(self, fault: str, *calls: str, times: int | None) -> None:
        """These faults as well."""
        for kind in (CALLS[call] for call in calls):
            one = {"kind": fault, "operation": kind.operation, "times": times}
            if kind.service == "graph":
                self.graph.append(one)
            else:
                self.aws.append(one | {"service": kind.service})
        self.sandbox.control_aws("faults", {"faults": self.aws})
        self.sandbox.control_entra("faults", {"faults": self.graph})

    def left(self) -> set[str]:
        """The kinds of calls whose fault has not come yet."""
        shown = self.sandbox.control_aws("state")["faults"]
        shown += self.sandbox.control_entra("faults")["faults"]
        waiting = {one["operation"] for one in shown if one["times"]}
        return {call for call, kind in CALLS.items() if kind.operation in waiting}


@pytest.fixture(scope="module")
def prepared(in_access: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A stack in phase access; one group is assigned and has not arrived, so its assignment is
    held.
    """
    federation = in_access.restore()
    sandbox = federation.sandbox
    configure(federation, "waitMinutes", 0.1)
    # Three attempts a call: enough for a fault that comes once.
    configure(federation, "aws:maxRetries", "3")
    add_group(federation, "audit", "AWS-Security-Audit")
    sandbox.set_faults(
        {"kind": "error", "service": "scim", "operation": "CreateGroup", "times": None}
    )
    federation.stack.up()
    sandbox.set_faults()
    return Prepared.keep(federation, tmp_path_factory.mktemp("kept") / "held")


def add_group(federation: Federation, key: str, name: str) -> None:
    """Declare one more group with an assignment."""
    federation.access["groups"][key] = {"displayName": name}
    federation.access["rules"].append(
        {
            "id": key,
            "owner": "platform@example.com",
            "group": key,
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-dev"}],
        }
    )
    federation.write_access()


def change(federation: Federation) -> None:
    """Make DECLARED of what is prepared: every kind of write, and an assignment revoked."""
    federation.access["permissionSets"]["Deploy"]["description"] = "Roll out"
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.access["rules"].append(
        {
            "id": "developers-look",
            "owner": "platform@example.com",
            "group": "developers",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "team-sandbox-2"}],
        }
    )
    federation.write_access()


def told(run: Run) -> set[str]:
    """The kinds of calls that the errors of an update name; nothing else may be in them."""
    assert "Traceback" not in run.output, run.output
    return {call for call, kind in CALLS.items() if kind.told in run.errors}


def described(federation: Federation) -> str:
    """The permission set's description in AWS."""
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    (arn,) = [arn for arn, name in aws.permission_sets().items() if name == "Deploy"]
    shown = aws.sso_admin.describe_permission_set(
        InstanceArn=instance["InstanceArn"], PermissionSetArn=arn
    )
    return str(shown["PermissionSet"]["Description"])


def assert_converged(federation: Federation) -> None:
    """Exactly what is declared is there."""
    assert federation.assignments() == DECLARED
    assert described(federation) == "Roll out"
    assert federation.stack.outputs()["held"] == []
    path = f"/v1.0/servicePrincipals/{federation.service_principal()['id']}/appRoleAssignedTo"
    assigned = [one["principalDisplayName"] for one in federation.sandbox.graph.all(path)]
    assert sorted(assigned) == sorted(
        group["displayName"] for group in federation.access["groups"].values()
    )


def note(fault: str, how: str, run: Run, calls: Iterable[str]) -> None:
    """Put down what came of faults that came once, or always."""
    failed = told(run)
    for call in calls:
        SEEN[fault, call, how] = "told" if call in failed else "borne"


@pytest.mark.parametrize("fault", FAULTS)
def test_calls_that_fail(prepared: Prepared, fault: str) -> None:
    federation = prepared.restore()
    faults = Faults(federation.sandbox)
    change(federation)
    # For ever: two writes are told, the group that can't arrive is held, the assignment is revoked.
    faults.switch_on(fault, "SCIM", "permission set", "assignment", times=None)
    first = federation.stack.up(check=False)
    assert told(first) == {"permission set", "assignment"}, first.errors
    held = [one["principal"] for one in federation.stack.outputs()["held"]]
    # What SCIM did before its answer was lost is found by the next look.
    assert held == ([] if fault == "lost" else ["audit"])
    assert REVOKED not in federation.assignments(), "a failing grant blocked a revocation"
    note(fault, "always", first, ("permission set", "assignment"))
    SEEN[fault, "SCIM", "always"] = "held" if held else "borne"

    # For ever on another write, once on each other call; the two writes are made after all.
    add_group(federation, "data", "AWS-Data")
    # Nothing that is only read conflicts.
    calls = CALLS.keys() - ({"Graph read", "list"} if fault == "conflict" else set())
    others = calls - {"Graph write"}
    faults.switch_on(fault, "Graph write", times=None)
    faults.add(fault, *others, times=1)
    second = federation.stack.up(check=False)
    assert "Graph write" in told(second), second.errors
    left = faults.left()
    note(fault, "always", second, ["Graph write"])
    note(fault, "once", second, others - left)
    status(federation)

    # Once on what was not reached.
    faults.switch_on(fault, "Graph write", *left, times=1)
    configure(federation, "waitMinutes", 5)
    third = federation.stack.up(check=False)
    note(fault, "once", third, ({"Graph write"} | left) - faults.left())
    if third.exit_code:
        left = faults.left() - {"Graph write"}
        faults.switch_on(fault, times=1)
        if fault == "lost":
            # The assignment is there, but whoever made it never heard of it.
            recovered = ops(federation, "recover", "--yes").stdout
            assert "taken in: AppRoleAssignment group/data" in recovered
        faults.switch_on(fault, *left, times=1)
        fourth = federation.stack.up()
        note(fault, "once", fourth, left - faults.left())
    assert_converged(federation)


def test_requests_that_fail_later(prepared: Prepared) -> None:
    """AWS takes the request and answers; what it does afterwards fails."""
    federation = prepared.restore()
    change(federation)
    add_group(federation, "data", "AWS-Data")
    configure(federation, "waitMinutes", 5)
    operations = ("CreateAccountAssignment", "ProvisionPermissionSet")
    federation.sandbox.set_faults(
        *({"kind": "failed", "operation": each, "times": None} for each in operations)
    )
    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    assert "Traceback" not in run.output
    assert "Received a 500 status error" in run.errors
    assert REVOKED not in federation.assignments(), "a failing grant blocked a revocation"
    for call, sign in (
        ("assignment", "SSO Account Assignment"),
        ("permission set", "SSO Permission Set"),
    ):
        SEEN["failed", call, "always"] = "told" if sign in run.errors else "not told"
    federation.sandbox.set_faults()
    federation.stack.up()
    assert_converged(federation)


def test_clouds_that_take_their_time(prepared: Prepared) -> None:
    federation = prepared.restore()
    change(federation)
    add_group(federation, "data", "AWS-Data")
    configure(federation, "waitMinutes", 5)
    sandbox = federation.sandbox
    # Objects of Graph answer 404 for a while; AWS's requests stay IN_PROGRESS; the rest is slow.
    sandbox.control_entra("switches", {"replication_seconds": 2})
    sandbox.control_aws("timing", {"delaySeconds": 1})
    delay = {"kind": "delay", "seconds": 0.5, "times": 3}
    sandbox.control_entra("faults", {"faults": [{**delay, "operation": "GET /groups"}]})
    sandbox.set_faults({**delay, "service": "scim"}, {**delay, "service": "organizations"})
    run = federation.stack.up()
    sandbox.control_aws("timing")
    note("slow", "always", run, CALLS)
    assert_converged(federation)


@pytest.mark.parametrize(
    ("fault", "call"), [("throttle", "Graph read"), ("throttle", "list"), ("lost", "list")]
)
def test_nothing_is_changed_when_nothing_can_be_read(
    prepared: Prepared, fault: str, call: str
) -> None:
    federation = prepared.restore()
    change(federation)
    before = federation.assignments()
    Faults(federation.sandbox).switch_on(fault, call, times=None)
    run = federation.stack.up(check=False)
    assert run.exit_code != 0
    assert run.changes == []
    assert len(run.diagnostics) == 1, run.errors
    assert federation.assignments() == before
    SEEN[fault, call, "always"] = "told"


def test_the_table_in_the_documentation_is_what_was_seen() -> None:
    if not all((fault, "assignment", "always") in SEEN for fault in [*FAULTS, "failed", "slow"]):
        pytest.skip("the tests above fill the table")
    faults = FAULTS | {"failed": "fails later", "slow": "slow"}
    lines = [
        "| Kind of call | " + " | ".join(faults.values()) + " |",
        "|---|" + "---|" * len(faults),
    ]
    lines += [
        f"| {call} | " + " | ".join(cell(fault, call) for fault in faults) + " |" for call in CALLS
    ]
    table = "\n".join(lines)
    assert table in DOCUMENT.read_text(), f"write into {DOCUMENT.name}:\n{table}"


def cell(fault: str, call: str) -> str:
    """What came of a fault on a kind of call: once, and always."""
    seen = [(how, SEEN.get((fault, call, how))) for how in ("once", "always")]
    return "; ".join(f"{how}: {what}" for how, what in seen if what) or "—"
