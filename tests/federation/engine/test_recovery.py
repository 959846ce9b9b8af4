"""The checkpoint of a killed update: what is taken in, what is forgotten, what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from federation.engine.recovery import (
    DERIVED_IDS,
    TwoNamesError,
    complete_until,
    deletions,
    interrupted,
    taken_in,
    unread,
    unrecorded,
    written_at,
)

ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"
SET = {"permissionSetArn": "ps", "instanceArn": "inst"}
INPUTS = {
    "__defaults": [],
    "principalId": "p",
    "principalType": "GROUP",
    "targetId": "111122223333",
    "targetType": "AWS_ACCOUNT",
    **SET,
}
IDENT = "p,GROUP,111122223333,AWS_ACCOUNT,ps,inst"


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:dev::x::a:b:C${ASSIGNMENT}::{name}",
        "custom": True,
        "type": ASSIGNMENT,
        "inputs": INPUTS,
        "provider": "the-provider",
        **more,
    }


def export(*resources: Any, pending: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "version": 3,
        "deployment": {
            "manifest": {"time": "2026-11-24T07:09:38.212215966Z"},
            "resources": list(resources),
            "pending_operations": [{"type": kind, "resource": one} for kind, one in pending],
        },
    }


def test_what_was_being_done_is_told() -> None:
    (one,) = interrupted(export(pending=[("creating", resource("a/group/b/1"))]))
    assert (one.what, one.kind, one.name) == ("creating", "AccountAssignment", "a/group/b/1")
    assert interrupted({"deployment": {}}) == []


def test_a_component_that_was_begun_is_nothing_in_a_cloud() -> None:
    component = resource("Deploy", type="federation:index:PermissionSet", custom=False, inputs={})
    assert interrupted(export(pending=[("creating", component)])) == []


def test_what_was_made_is_taken_in_with_its_inputs() -> None:
    before = export(resource("old", id="o"), pending=[("creating", resource("new"))])
    after = taken_in(before, {resource("new")["urn"]: IDENT})["deployment"]
    assert "pending_operations" not in after
    assert [one["id"] for one in after["resources"]] == ["o", IDENT]
    made = after["resources"][1]
    assert made["provider"] == "the-provider"
    assert "__defaults" not in made["outputs"]
    assert made["outputs"]["principalId"] == "p"
    assert before["deployment"]["pending_operations"], "the export itself stays as it was"


def test_what_was_not_found_is_forgotten() -> None:
    after = taken_in(export(pending=[("creating", resource("new"))]), {})["deployment"]
    assert after == {"manifest": after["manifest"], "resources": []}


def test_an_interrupted_deletion_keeps_its_resource() -> None:
    old = resource("old", id="o")
    after = taken_in(export(old, pending=[("deleting", old)]), {old["urn"]: "o"})["deployment"]
    assert after["resources"] == [old]


def test_an_interrupted_replacement_leaves_the_old_one_to_be_deleted() -> None:
    before = export(resource("r", id="o"), pending=[("creating", resource("r"))])
    after = taken_in(before, {resource("r")["urn"]: IDENT})["deployment"]["resources"]
    assert [(one["id"], one.get("delete", False)) for one in after] == [("o", True), (IDENT, False)]


def test_what_the_state_already_has_is_not_taken_in_twice() -> None:
    before = export(resource("r", id=IDENT), pending=[("creating", resource("r"))])
    after = taken_in(before, {resource("r")["urn"]: IDENT})["deployment"]["resources"]
    assert [(one["id"], one.get("delete", False)) for one in after] == [(IDENT, False)]


@pytest.mark.parametrize("more", [{}, {"delete": True}])
def test_one_object_is_never_two_resources(more: dict[str, Any]) -> None:
    old = resource("ReadOnly/group/old/1", id=IDENT, **more)
    new = resource("ReadOnly/group/new/1")
    with pytest.raises(TwoNamesError) as raised:
        taken_in(export(old, pending=[("creating", new)]), {new["urn"]: IDENT})
    assert "AccountAssignment ReadOnly/group/new/1 is there already" in str(raised.value)
    assert "AccountAssignment ReadOnly/group/old/1" in str(raised.value)
    # Two that are being made at once are two names as well.
    both = export(pending=[("creating", resource("a")), ("creating", resource("b"))])
    with pytest.raises(TwoNamesError):
        taken_in(both, {resource("a")["urn"]: IDENT, resource("b")["urn"]: IDENT})
    # An id of another type is another object: a secret has that of its service principal.
    other = resource("x", id=IDENT) | {"type": "azuread:index/servicePrincipal:ServicePrincipal"}
    taken_in(export(other, pending=[("creating", new)]), {new["urn"]: IDENT})


def updated(result: str, end: str, kind: str = "update") -> dict[str, str]:
    """An entry of `pulumi stack history`."""
    return {"kind": kind, "result": result, "startTime": "2026-11-01T00:00:00.000Z", "endTime": end}


def test_what_is_missing_was_made_after_the_last_success() -> None:
    history = [
        updated("failed", "2026-11-24T12:00:00.000Z"),
        # Revocations alone, and a refresh, complete nothing.
        updated("succeeded", "2026-11-24T11:00:00.000Z", kind="destroy"),
        updated("succeeded", "2026-11-24T10:30:00.000Z", kind="refresh"),
        updated("succeeded", "2026-11-24T10:00:00.123Z"),
        updated("succeeded", "2026-11-20T10:00:00.000Z"),
    ]
    begun = {"type": "pulumi:pulumi:Stack", "created": "2026-11-10T08:00:00.123456789Z"}
    state = export(begun, pending=[])
    assert complete_until(state, history) == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert complete_until(state, history[:2]) == datetime(2026, 11, 10, 8, tzinfo=UTC)
    assert complete_until(export(pending=[]), []) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T07:09:38.212215966Z", datetime(2026, 11, 24, 7, 9, 38, tzinfo=UTC)),
        ("2026-11-24T08:09:38.2+01:00", datetime(2026, 11, 24, 7, 9, 38, tzinfo=UTC)),
        ("2026-11-24T07:09:38Z", datetime(2026, 11, 24, 7, 9, 38, tzinfo=UTC)),
    ],
)
def test_the_time_of_a_checkpoint(text: str, moment: datetime) -> None:
    assert written_at({"deployment": {"manifest": {"time": text}}}) == moment


@pytest.mark.parametrize(
    ("kind", "inputs", "ident"),
    [
        ("AccountAssignment", INPUTS, IDENT),
        ("ManagedPolicyAttachment", {"managedPolicyArn": "arn", **SET}, "arn,ps,inst"),
        (
            "CustomerManagedPolicyAttachment",
            {"customerManagedPolicyReference": {"name": "deploy", "path": "/p/"}, **SET},
            "deploy,/p/,ps,inst",
        ),
        (
            "CustomerManagedPolicyAttachment",
            {"customerManagedPolicyReference": {"name": "deploy"}, **SET},
            "deploy,/,ps,inst",
        ),
        ("InstanceAccessControlAttributes", SET, "inst"),
        (
            "ApplicationIdentifierUri",
            {"applicationId": "/applications/a", "identifierUri": "https://example.com"},
            "/applications/a/identifierUris/aHR0cHM6Ly9leGFtcGxlLmNvbQ==",
        ),
        (
            "ApplicationRedirectUris",
            {"applicationId": "/applications/a", "type": "Web"},
            "/applications/a/redirectUris/Web",
        ),
    ],
)
def test_ids_that_follow_from_inputs(kind: str, inputs: dict[str, Any], ident: str) -> None:
    assert DERIVED_IDS[kind](inputs) == ident


def step(name: str, op: str = "create", **more: Any) -> dict[str, Any]:
    """A step of a preview."""
    state = resource(name, **more)
    return {"op": op, "urn": state["urn"], "newState": state}


def test_what_a_preview_would_make_may_be_there_already() -> None:
    before = export(resource("old", id="o"), pending=[])
    after = unrecorded(before, {"steps": [step("new"), step("old", op="same")]})
    (one,) = interrupted(after)
    assert (one.what, one.name) == ("creating", "new")
    assert interrupted(before) == []
    assert interrupted(unrecorded(before, {})) == []


@pytest.mark.parametrize(
    "more",
    [
        {"type": "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"},
        {"inputs": {**INPUTS, "principalId": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}},
        {"inputs": {"owners": ["a", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"]}},
        {"provider": "urn::04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
    ],
)
def test_what_is_made_again_anyway_or_not_known_yet_is_not_looked_for(more: dict[str, Any]) -> None:
    assert interrupted(unrecorded(export(pending=[]), {"steps": [step("new", **more)]})) == []


def test_only_what_has_no_update_is_to_be_read_again() -> None:
    def made(kind: str, **more: Any) -> dict[str, Any]:
        return {"urn": f"urn:pulumi:dev::x::azuread:{kind}::one", "type": f"azuread:{kind}", **more}

    failed = {"initErrors": ["creating: connection reset"]}
    member = made("index/groupMember:GroupMember", **failed)
    found = unread(
        export(
            member,
            made("index/appRoleAssignment:AppRoleAssignment"),
            made("index/group:Group", **failed),
            resource("inline", **failed),
            pending=[],
        )
    )
    assert found == {member["urn"]: "GroupMember one"}
    assert unread({"deployment": {}}) == {}


def test_what_the_next_update_would_delete() -> None:
    old = resource("gone", id=IDENT)
    component = resource("component", custom=False)
    steps = [
        {"op": "delete", "oldState": old},
        {"op": "delete", "oldState": component},
        {"op": "same", "oldState": resource("kept"), "newState": resource("kept")},
        step("new"),
    ]
    assert deletions({"steps": steps}) == [old]
    assert deletions({}) == []
