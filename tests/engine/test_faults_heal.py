"""After any write that failed or whose answer was lost, the next plain `up` makes what is declared.

Each stage is a change that makes many kinds of writes. It is played once without faults, which
gives the picture of both clouds to be reached; then with each kind of fault on every write at
once. An update is repeated until no fault is left to come, then once more without any. Where the
program names `ops recover`, it is run: that way out is the table in docs/faults.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox import stack as sandbox_stack
from sandbox.folder import REPOSITORY
from sandbox.pulumi import Run
from tests.engine.federation import Federation
from tests.engine.operator import ops
from tests.engine.picture import Picture, differences, picture
from tests.engine.prepared import Prepared, configure
from tests.support import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

DOCUMENT = REPOSITORY / "docs" / "faults.md"
# How often a provider makes a call that is refused in this way (azuread: 8; aws: aws:maxRetries).
_GRAPH_TRIES = 8
_AWS_TRIES = 3
FAULTS = {"error": "5xx", "conflict": "conflict", "lost": "lost answer", "failed": "fails later"}
ASYNCHRONOUS = ("CreateAccountAssignment", "DeleteAccountAssignment", "ProvisionPermissionSet")
_UPDATES = 12


@dataclass(frozen=True)
class Stage:
    """A change of a federation, and the writes that it makes: of Graph, and of sso-admin."""

    begin: str
    change: Callable[[Federation], None]
    graph: tuple[str, ...] = ()
    aws: tuple[str, ...] = ()


def change_everything(federation: Federation) -> None:
    """Every kind of update and deletion of what exists, and new parts of it."""
    access = federation.access
    deploy = access["permissionSets"]["Deploy"]
    deploy["description"] = "Roll out"
    deploy["tags"] = {"team": "platform"}
    deploy["managedPolicies"] = ["SecurityAudit"]
    deploy["customerManagedPolicies"] = [{"name": "boundary"}]
    deploy["inlinePolicy"]["Statement"][0]["Action"] = "cloudformation:Describe*"
    deploy["permissionsBoundary"] = {"managedPolicy": "PowerUserAccess"}
    migration = access["groups"]["migration"]
    migration["displayName"] = "AWS-Migrations"
    migration["members"] = ["bob@example.com"]
    migration["owners"] = ["ada@example.com", "carol@example.com"]
    del access["groups"]["contractors"]
    access["groups"]["data"] = {"displayName": "AWS-Data"}
    federation.rule("platform-look")["targets"] = [
        {"ou": "Workloads/Dev"},
        {"account": "822222222222"},
    ]
    federation.write_access()
    configure(federation, "deleteThreshold", 60)
    federation.stack.set_config("enterpriseApp.notificationEmails[0]", "identity@example.com")


def add_a_set(federation: Federation) -> None:
    """A permission set with everything, and one that goes."""
    access = federation.access
    access["permissionSets"]["Extra"] = {
        **access["permissionSets"]["Deploy"],
        "description": "Another one",
    }
    for rule in access["rules"]:
        rule["permissionSets"] = [
            "Extra" if one == "Deploy" else one for one in rule["permissionSets"]
        ]
    del access["permissionSets"]["Deploy"]
    federation.write_access()


def nothing(_: Federation) -> None:
    """The stage's beginning is change enough."""


STAGES = {
    "changes": Stage(
        "access",
        change_everything,
        (
            *("PATCH /groups/*", "POST /groups/*members/$ref"),
            *("DELETE /groups/*members/*", "POST /groups/*owners/$ref"),
            *("PATCH /servicePrincipals/*", "PUT *secrets"),
            *("POST *appRoleAssignedTo", "DELETE *appRoleAssignedTo*"),
        ),
        (
            *("UpdatePermissionSet", "TagResource", "UntagResource"),
            *("AttachManagedPolicyToPermissionSet", "DetachManagedPolicyFromPermissionSet"),
            "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "DetachCustomerManagedPolicyReferenceFromPermissionSet",
            "PutInlinePolicyToPermissionSet",
            *("PutPermissionsBoundaryToPermissionSet", "ProvisionPermissionSet"),
            "DeletePermissionsBoundaryFromPermissionSet",
            *("CreateAccountAssignment", "DeleteAccountAssignment"),
        ),
    ),
    "a set": Stage(
        "access",
        add_a_set,
        (),
        (
            *("CreatePermissionSet", "DeletePermissionSet"),
            *("AttachManagedPolicyToPermissionSet", "DetachManagedPolicyFromPermissionSet"),
            "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "DetachCustomerManagedPolicyReferenceFromPermissionSet",
            *("PutInlinePolicyToPermissionSet", "DeleteInlinePolicyFromPermissionSet"),
            "PutPermissionsBoundaryToPermissionSet",
            "DeletePermissionsBoundaryFromPermissionSet",
            *("CreateAccountAssignment", "DeleteAccountAssignment"),
        ),
    ),
    "app": Stage(
        "nothing",
        nothing,
        (
            *("POST */instantiate", "PATCH /servicePrincipals/*", "POST /groups"),
            *("PATCH /groups/*", "POST /groups/*members/$ref", "POST *appRoleAssignedTo"),
        ),
    ),
    "trust": Stage("trust", nothing, ("PATCH /applications/*", "POST *addTokenSigningCertificate")),
    "provisioning": Stage(
        "provisioning", nothing, ("PUT *secrets", "POST *jobs", "POST *jobs/*/start")
    ),
}
# (stage, fault) → what `ops recover` took in; filled by the tests.
SEEN: dict[tuple[str, str], set[str]] = {}


@pytest.fixture(scope="module")
def begun(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prepared]:
    """One federation, kept at the beginning of each stage."""
    sandbox_stack.forget(sandbox.folder)
    federation = Federation.create(sandbox, tmp_path_factory.mktemp("stack"))
    configure(federation, "aws:maxRetries", str(_AWS_TRIES))
    kept = tmp_path_factory.mktemp("kept")

    def keep(name: str) -> Prepared:
        return Prepared.keep(federation, kept / name)

    begun = {"nothing": keep("nothing")}
    federation.stack.up()
    federation.enter_trust()
    begun["trust"] = keep("trust")
    federation.stack.up()
    federation.enter_provisioning()
    begun["provisioning"] = keep("provisioning")
    federation.stack.up()
    begun["access"] = keep("access")
    return begun


@pytest.fixture(scope="module")
def wanted() -> dict[str, Picture]:
    """What each stage comes to without faults."""
    return {}


def switch_on(federation: Federation, stage: Stage, fault: str) -> None:
    """Let each write of a stage fail once for good, as the provider sees it."""
    refused = fault in ("error", "throttle")
    federation.sandbox.control_entra(
        "faults",
        {
            "faults": [
                {"kind": fault, "operation": one, "times": _GRAPH_TRIES if refused else 1}
                for one in (stage.graph if fault != "failed" else ())
            ]
        },
    )
    # The provider makes a call again that conflicts.
    federation.sandbox.set_faults(
        *(
            {"kind": fault, "service": "sso-admin", "operation": one, "times": times}
            for one in stage.aws
            if fault != "failed" or one in ASYNCHRONOUS
            for times in (1 if fault in ("failed", "lost") else _AWS_TRIES,)
        )
    )


def waiting(federation: Federation) -> list[dict[str, Any]]:
    """The faults that have not come yet."""
    sandbox = federation.sandbox
    shown = sandbox.control_aws("state")["faults"] + sandbox.control_entra("faults")["faults"]
    return [one for one in shown if one["times"]]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", STAGES)
def test_the_next_update_heals(
    begun: dict[str, Prepared], wanted: dict[str, Picture], name: str, fault: str
) -> None:
    stage = STAGES[name]
    if fault == "failed" and not set(stage.aws) & set(ASYNCHRONOUS):
        pytest.skip("nothing of this stage fails later")
    if name not in wanted:
        federation = begun[stage.begin].restore()
        stage.change(federation)
        federation.stack.up()
        wanted[name] = picture(federation)
    federation = begun[stage.begin].restore()
    stage.change(federation)
    switch_on(federation, stage, fault)
    recovered: set[str] = set()
    for _ in range(_UPDATES):
        before = waiting(federation)
        run = update(federation, recovered)
        if not waiting(federation) or (waiting(federation) == before and not run.exit_code):
            break
    assert not waiting(federation), "these writes were never made"
    last = update(federation, recovered)
    if last.exit_code:
        last = update(federation, recovered)
    assert last.exit_code == 0, last.output
    assert differences(picture(federation), wanted[name]) == []
    again = federation.stack.preview("--expect-no-changes", check=False)
    assert again.exit_code == 0, again.output
    SEEN[name, fault] = recovered


def update(federation: Federation, recovered: set[str]) -> Run:
    """One `up`, and `ops recover` where it is named; what that took in goes to `recovered`."""
    run = federation.stack.up(check=False)
    assert "Traceback" not in run.output, run.output
    assert "integrity failure" not in run.output, run.output
    if "python -m ops recover" in run.errors:
        done = ops(federation, "recover", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        recovered |= set(re.findall(r"taken in: (\w+)", done.stdout))
    return run
