"""Account assignments: the calls, in order."""

from __future__ import annotations

import grpc
import pytest

from sandbox_tests.providers.aws.calls import (
    ASSIGNMENT,
    GROUP,
    INSTANCE,
    LIST,
    LISTED,
    NOT_FOUND,
    OF_SET,
    OWN,
    SET,
    Cloud,
    refusal,
    status,
)
from sandbox_tests.providers.support import (
    Engine,
)

GRANTED = {
    **OF_SET,
    "principalId": GROUP,
    "principalType": "GROUP",
    "targetId": "711111111111",
    "targetType": "AWS_ACCOUNT",
}


OTHER = {**LISTED, "PrincipalType": "GROUP", "PrincipalId": GROUP.replace("f", "e")}


CREATED, DELETED = "AccountAssignmentCreationStatus", "AccountAssignmentDeletionStatus"


def test_account_assignment(cloud: Cloud, engine: Engine) -> None:
    create, look = "CreateAccountAssignment", f"Describe{CREATED}"
    cloud.answers = {
        # The assignment is on the second page.
        LIST: [
            (200, {"AccountAssignments": [OTHER]}),
            (200, {"AccountAssignments": [OTHER], "NextToken": "more"}),
            (200, {"AccountAssignments": [OWN]}),
        ],
        create: status(CREATED, "IN_PROGRESS"),
        look: [status(CREATED, "IN_PROGRESS"), status(CREATED, "SUCCEEDED")],
        "DeleteAccountAssignment": status(DELETED, "IN_PROGRESS"),
        f"Describe{DELETED}": status(DELETED, "SUCCEEDED"),
    }
    made = engine.create(ASSIGNMENT, GRANTED)
    assert cloud.sent(create) == [
        {
            "InstanceArn": INSTANCE,
            "PermissionSetArn": SET,
            "PrincipalId": GROUP,
            "PrincipalType": "GROUP",
            "TargetId": "711111111111",
            "TargetType": "AWS_ACCOUNT",
        }
    ]
    assert cloud.take() == [LIST, create, look, look, LIST, LIST]
    assert made.id == f"{GROUP},GROUP,711111111111,AWS_ACCOUNT,{SET},{INSTANCE}"
    assert list(engine.diff(ASSIGNMENT, made, GRANTED).diffs) == []
    for name in ("principalId", "targetId", "permissionSetArn"):
        value = {"principalId": GROUP[::-1], "targetId": "222233334444"}.get(name, SET[:-1] + "9")
        if name == "principalId":
            value = OTHER["PrincipalId"]
        diff = engine.diff(ASSIGNMENT, made, {**GRANTED, name: value})
        assert list(diff.replaces) == [name]
        assert not diff.deleteBeforeReplace
    assert engine.refresh(ASSIGNMENT, made) == made
    assert cloud.take() == [LIST]
    imported = engine.imported(ASSIGNMENT, made.id)
    assert imported is not None
    assert {name: value for name, value in imported.inputs.items() if name != "__defaults"} == {
        **GRANTED,
        "region": "eu-west-1",
    }
    cloud.forget()
    engine.delete(ASSIGNMENT, made)
    assert cloud.take() == ["DeleteAccountAssignment", f"Describe{DELETED}"]
    cloud.answers = {"DeleteAccountAssignment": NOT_FOUND, LIST: (200, {"AccountAssignments": []})}
    engine.delete(ASSIGNMENT, made)
    assert engine.refresh(ASSIGNMENT, made) is None


def test_account_assignment_that_exists_is_refused(cloud: Cloud, engine: Engine) -> None:
    cloud.answers = {LIST: (200, {"AccountAssignments": [OWN]})}
    with pytest.raises(grpc.RpcError) as refused_:
        engine.create(ASSIGNMENT, GRANTED)
    assert f"creating SSO Account Assignment for GROUP ({GROUP}): already exists" in refusal(
        refused_.value
    )
    assert cloud.take() == [LIST]


def test_account_assignment_that_fails_tells_why(cloud: Cloud, engine: Engine) -> None:
    reason = "AWS SSO is unable to complete your request at this time."
    cloud.answers = {
        LIST: (200, {"AccountAssignments": []}),
        "CreateAccountAssignment": status(CREATED, "IN_PROGRESS"),
        f"Describe{CREATED}": status(CREATED, "FAILED", reason),
    }
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(ASSIGNMENT, GRANTED)
    assert (
        f"waiting for SSO Account Assignment for GROUP ({GROUP}) create: unexpected state 'FAILED',"
        f" wanted target 'SUCCEEDED'. last error: {reason}"
    ) in refusal(failed.value)


def test_account_assignment_ids_are_checked_before_any_call(engine: Engine) -> None:
    wrong = {**GRANTED, "principalId": "ada", "targetId": "12", "principalType": "TEAM"}
    failures = engine.check(ASSIGNMENT, wrong).failures
    assert [one.property for one in failures] == ["principalId", "targetId", "principalType"]
    with pytest.raises(grpc.RpcError) as failed:
        engine.imported(ASSIGNMENT, "only,two")
    assert 'unexpected format for ID ("only,two"), expected PRINCIPAL_ID,' in refusal(failed.value)
