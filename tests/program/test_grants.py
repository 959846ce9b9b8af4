"""What a stack gives, under Pulumi's mocks: who is there, who arrives within it, who is held."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pulumi
from google.protobuf.json_format import MessageToDict

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Boundary, CustomerPolicy, PermissionSet
from federation.access.targets import Resolution
from federation.engine.phase import Phase
from federation.identity.instance import Instance
from federation.identity.principals import Arrivals, AssignmentPlan
from federation.update.plan import Plan
from federation.update.set_repairs import SetPlan
from program.grants import Grants, grant
from tests.components.recorder import Recorder, names, record

PLATFORM, DATA = PrincipalKey("GROUP", "platform"), PrincipalKey("GROUP", "data")
READY = Assignment("Deploy", DATA, "111122223333")
LATE = Assignment("Deploy", PLATFORM, "111122223333")
OLD_NAME = "Old/group/data/111122223333"
INSTANCE = Instance(
    arn="arn:aws:sso:::instance/ssoins-1",
    identity_store_id="d-1",
    owner_account_id="111122223333",
    region="eu-west-1",
    status="ACTIVE",
    permission_sets_enabled=True,
)
DEPLOY = PermissionSet(
    name="Deploy",
    managed_policies=("ReadOnlyAccess",),
    customer_managed_policies=(CustomerPolicy(name="deploy", path="/platform/"),),
    permissions_boundary=Boundary(customer_managed_policy=CustomerPolicy(name="boundary")),
)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
# How a value that is not known yet reaches the engine.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def plan() -> Plan:
    return Plan(
        phase=Phase.ACCESS,
        resolution=Resolution(explained=()),
        warnings=(),
        sets=SetPlan(
            models={"Deploy": DEPLOY},
            arns={"Deploy": "arn:known"},
            attached={"Deploy": frozenset({READ_ONLY, "/platform/deploy"})},
        ),
        management_sets=frozenset(),
        assignments=AssignmentPlan(ready={READY: "data-principal"}, late=(LATE,), held=()),
        expected=frozenset({PLATFORM}),
        reasons={PLATFORM: "it has not arrived"},
        previous_keys={},
        old_names={READY: OLD_NAME},
        holders={DATA: "data-object"},
    )


def given(*, preview: bool, arrivals: Arrivals) -> tuple[Recorder, list[Any], list[Any]]:
    """What is registered, how the wait was called, and what is exported as held."""
    calls: list[Any] = []
    held: list[Any] = []

    def export(name: str, value: Any) -> None:
        if name == "held":
            value.apply(held.extend)

    def wait(*arguments: Any) -> Arrivals:
        calls.append(arguments)
        return arrivals

    def program() -> None:
        grant(
            Grants(
                instance=INSTANCE,
                plan=plan(),
                job_path=pulumi.Output.from_input("job"),
                object_ids={PLATFORM: pulumi.Output.from_input("platform-object")},
                wait=wait,
            )
        )

    with patch("pulumi.export", export):
        return record(program, preview=preview), calls, held


def assigned(recorder: Recorder) -> dict[str, Any]:
    return {
        one.name: MessageToDict(one.object)["principalId"]
        for one in recorder.requests
        if one.type.endswith(":AccountAssignment")
    }


def test_who_arrives_gets_access_in_the_same_update() -> None:
    found = Arrivals(arrived={PLATFORM: "platform-principal"})
    recorder, calls, held = given(preview=False, arrivals=found)
    assert calls == [("job", {PLATFORM: "platform-object"})]
    assert assigned(recorder) == {
        READY.logical_name: "data-principal",
        LATE.logical_name: "platform-principal",
    }
    assert held == []
    ready = recorder.of("AccountAssignment", READY.logical_name)
    assert "PermissionSet Deploy" in names(ready.dependencies)
    assert [alias.spec.name for alias in ready.aliases] == [OLD_NAME]


def test_who_does_not_arrive_is_held_with_the_reason() -> None:
    missing = Arrivals(reasons={PLATFORM: "Entra skipped it"})
    recorder, _, held = given(preview=False, arrivals=missing)
    assert assigned(recorder) == {READY.logical_name: "data-principal"}
    assert [(one["assignments"], one["reason"]) for one in held] == [
        ([LATE.logical_name], "Entra skipped it")
    ]


def test_a_preview_shows_who_may_arrive_and_waits_for_nobody() -> None:
    recorder, calls, held = given(preview=True, arrivals=Arrivals())
    assert calls == []
    assert assigned(recorder) == {
        READY.logical_name: "data-principal",
        LATE.logical_name: UNKNOWN,
    }
    assert held == []


def test_what_the_next_update_must_remember_is_kept() -> None:
    for preview in (True, False):
        recorder, _, _ = given(preview=preview, arrivals=Arrivals())
        assert recorder.outputs_of("AccountAssignments")["holders"] == {"group/data": "data-object"}


def test_a_declared_set_is_handed_on_as_aws_has_it() -> None:
    recorder, _, _ = given(preview=False, arrivals=Arrivals())
    managed = recorder.of("ManagedPolicyAttachment", "Deploy/ReadOnlyAccess")
    assert managed.importId == f"{READ_ONLY},arn:known,{INSTANCE.arn}"
    customer = recorder.of("CustomerManagedPolicyAttachment", "Deploy/platform/deploy")
    assert customer.importId == f"deploy,/platform/,arn:known,{INSTANCE.arn}"
    boundary = MessageToDict(recorder.of("PermissionsBoundaryAttachment", "Deploy").object)
    assert boundary["permissionsBoundary"] == {
        "customerManagedPolicyReference": {"name": "boundary", "path": "/"}
    }
