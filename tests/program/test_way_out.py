"""Which errors have a way out, in the words of those who say so."""

from __future__ import annotations

import pytest

from program.way_out import is_there_already, way_out


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


def test_each_operation_has_its_own_way_out() -> None:
    there = ["already exists"]
    unread = ["updating urn:\n  1 error occurred:\n\t* doesn't support update\n\n"]
    told = way_out("create", "group/data", there)
    assert told
    assert told.startswith("group/data is there already")
    assert "python -m ops recover takes in" in told
    told = way_out("update", "group/data", unread)
    assert told
    assert told.startswith("group/data was made by an earlier update")
    assert "python -m ops recover reads it again" in told
    gone = ["Deleting app role assignment 1: unexpected status 404 (404 Not Found) with error: x"]
    told = way_out("delete", "group/data", gone)
    assert told
    assert told.startswith("group/data is gone already")
    assert "python -m ops recover lets the state forget it" in told
    assert way_out("create", "group/data", gone) is None
    assert way_out("update", "group/data", there) is None
    assert way_out("create", "group/data", unread) is None
    assert way_out("delete", "group/data", [*there, *unread]) is None
