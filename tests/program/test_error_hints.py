"""Which errors say what to do, in the words of those who say so."""

from __future__ import annotations

import pytest

from program.error_hints import hint, is_there_already


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


def test_other_failures_have_no_hint() -> None:
    assert not is_there_already(["Insufficient privileges to complete the operation."])
    assert not is_there_already(["ConflictException: the set is being changed by another request"])
    assert not is_there_already([])


def test_each_operation_has_its_own_hint() -> None:
    there = ["already exists"]
    unread = ["updating urn:\n  1 error occurred:\n\t* doesn't support update\n\n"]
    sentence = hint("create", "group/data", there)
    assert sentence
    assert sentence.startswith("group/data is there already")
    assert "python -m ops recover takes in" in sentence
    sentence = hint("update", "group/data", unread)
    assert sentence
    assert sentence.startswith("group/data was made by an earlier update")
    assert "python -m ops recover reads it again" in sentence
    gone = ["Deleting app role assignment 1: unexpected status 404 (404 Not Found) with error: x"]
    sentence = hint("delete", "group/data", gone)
    assert sentence
    assert sentence.startswith("group/data is gone already")
    assert "python -m ops recover lets the state forget it" in sentence
    assert hint("create", "group/data", gone) is None
    assert hint("update", "group/data", there) is None
    assert hint("create", "group/data", unread) is None
    assert hint("delete", "group/data", [*there, *unread]) is None
