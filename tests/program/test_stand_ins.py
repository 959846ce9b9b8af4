"""Stand-ins: what exists keeps its value, what does not gets a form that no check refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.synced_principals import unknown
from program.stand_ins import StandIns, or_else

ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"
ARN = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-2222222222222222"
URN = f"urn:pulumi:prod::x::federation:aws:AccountAssignments${ASSIGNMENT}::ReadOnly/group/a/1"


def test_what_exists_keeps_its_value() -> None:
    stand_ins = StandIns({URN: {"permissionSetArn": ARN, "principalId": "p"}})
    assert stand_ins.of(ASSIGNMENT, "ReadOnly/group/a/1", "permission_set_arn") == ARN


def test_what_is_new_gets_a_form_of_its_kind() -> None:
    stand_ins = StandIns({URN: {"permissionSetArn": ARN}})
    for name, begin in (
        ("permission_set_arn", "arn:aws:sso:::permissionSet/"),
        ("service_principal_id", "/servicePrincipals/"),
        ("principal_object_id", "00000000-"),
    ):
        stand_in = stand_ins.of(ASSIGNMENT, "ReadOnly/group/new/1", name)
        assert stand_in is not None
        assert stand_in.startswith(begin)
        assert stand_in != ARN


@pytest.mark.parametrize("name", ["target_id", "inline_policy", "credentials", "principal_id"])
def test_other_inputs_stay_as_they_are(name: str) -> None:
    assert StandIns({}).of(ASSIGNMENT, "ReadOnly/group/a/1", name) is None


def test_secrets_of_the_checkpoint_are_not_kept() -> None:
    kind = "azuread:index/synchronizationSecret:SynchronizationSecret"
    outputs = {"credentials": [{"key": "SecretToken", "value": "hidden"}]}
    stand_ins = StandIns({f"urn:pulumi:prod::x::{kind}::token": outputs})
    assert "hidden" not in repr(vars(stand_ins))


def test_only_an_unknown_output_is_stood_in_for() -> None:
    async def values() -> list[Any]:
        known, missing = pulumi.Output.from_input(ARN), unknown()
        return [
            (await output.future(), await output.is_known())
            for output in (or_else(known, "other"), or_else(missing, "other"))
        ]

    assert asyncio.run(values()) == [(ARN, True), ("other", True)]
