"""Placeholders: what exists keeps its value, what does not gets a form that no check refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.synced_principals import unknown
from program.placeholders import Placeholders, or_else

ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"
ARN = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-2222222222222222"
URN = f"urn:pulumi:prod::x::federation:aws:AccountAssignments${ASSIGNMENT}::ReadOnly/group/a/1"


def test_what_exists_keeps_its_value() -> None:
    placeholders = Placeholders({URN: {"permissionSetArn": ARN, "principalId": "p"}})
    assert placeholders.of(ASSIGNMENT, "ReadOnly/group/a/1", "permission_set_arn") == ARN


def test_what_was_renamed_keeps_its_value() -> None:
    placeholders = Placeholders({URN: {"permissionSetArn": ARN}})
    names = ["ReadOnly/group/b/1", "ReadOnly/group/a/1"]
    found = placeholders.of(ASSIGNMENT, "ReadOnly/group/c/1", "permission_set_arn", old_names=names)
    assert found == ARN


def test_what_is_new_gets_a_form_of_its_kind() -> None:
    placeholders = Placeholders({URN: {"permissionSetArn": ARN}})
    for name, begin in (
        ("permission_set_arn", "arn:aws:sso:::permissionSet/"),
        ("service_principal_id", "/servicePrincipals/"),
        ("principal_object_id", "00000000-"),
    ):
        placeholder = placeholders.of(ASSIGNMENT, "ReadOnly/group/new/1", name)
        assert placeholder is not None
        assert placeholder.startswith(begin)
        assert placeholder != ARN


@pytest.mark.parametrize("name", ["target_id", "inline_policy", "credentials", "principal_id"])
def test_other_inputs_stay_as_they_are(name: str) -> None:
    assert Placeholders({}).of(ASSIGNMENT, "ReadOnly/group/a/1", name) is None


def test_secrets_of_the_checkpoint_are_not_kept() -> None:
    kind = "azuread:index/synchronizationSecret:SynchronizationSecret"
    outputs = {"credentials": [{"key": "SecretToken", "value": "hidden"}]}
    placeholders = Placeholders({f"urn:pulumi:prod::x::{kind}::token": outputs})
    assert "hidden" not in repr(vars(placeholders))


def test_only_an_unknown_output_gets_a_placeholder() -> None:
    async def values() -> list[Any]:
        known, missing = pulumi.Output.from_input(ARN), unknown()
        return [
            (await output.future(), await output.is_known())
            for output in (or_else(known, "other"), or_else(missing, "other"))
        ]

    assert asyncio.run(values()) == [(ARN, True), ("other", True)]
