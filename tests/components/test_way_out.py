"""Which errors mean that a resource exists already, in the words of those who say so."""

from __future__ import annotations

import pytest

from components.way_out import is_there_already


@pytest.mark.parametrize(
    "error",
    [
        "creating SSO Account Assignment for GROUP (1): already exists",
        "attaching Managed Policy (arn) to SSO Permission Set (arn): already attached",
        'A resource with the ID "/applications/1" already exists - to be managed via Terraform',
        'An existing "azuread_group" with name "AWS-Data" (ID: "1") was found',
        "To be managed via Terraform, this resource needs to be imported into the State.",
        "ConflictException: PermissionSet with name Deploy already exists.",
        "Request_BadRequest: Permission being assigned already exists on the object",
    ],
)
def test_what_is_there_already(error: str) -> None:
    assert is_there_already(["something else", error])


def test_other_failures_have_other_ways_out() -> None:
    assert not is_there_already(["Insufficient privileges to complete the operation."])
    assert not is_there_already(["ConflictException: the set is being changed by another request"])
    assert not is_there_already([])
