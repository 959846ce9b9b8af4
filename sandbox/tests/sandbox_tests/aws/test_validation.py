"""The check against botocore's models finds what is wrong, in requests and in answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import OperationModel
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.patterns import compiled
from entra_aws_sandbox.aws.validation import (
    answer_violations,
    error_violations,
    operation_model,
    request_violations,
)
from entra_aws_sandbox.aws.wire import Call, JsonService

INSTANCE = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"
SET = "arn:aws:sso:::permissionSet/ssoins-7223a1b2c3d4e5f6/ps-0123456789abcdef"


def model(service: str, operation: str) -> OperationModel:
    """An operation that exists."""
    found = operation_model(service, operation)
    assert found is not None
    return found


CREATE = model("sso-admin", "CreatePermissionSet")


def test_a_right_request() -> None:
    assert request_violations(CREATE, {"InstanceArn": INSTANCE, "Name": "A"}) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"InstanceArn": INSTANCE},
            "Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"InstanceArn": INSTANCE, "Name": "x" * 33},
            (
                f"Value '{'x' * 33}' at 'name' failed to satisfy constraint: "
                "Member must have length less than or equal to 32"
            ),
        ),
        (
            {"InstanceArn": INSTANCE, "Name": 5},
            "Value '5' at 'name' failed to satisfy constraint: Member must be a string",
        ),
        (
            {"InstanceArn": INSTANCE, "Name": "A", "Tags": [{"Key": "k"}]},
            (
                "Value null at 'tags.1.member.value' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
    ],
)
def test_wrong_requests(body: dict[str, Any], expected: str) -> None:
    assert request_violations(CREATE, body) == [expected]


def test_unknown_members_are_wrong_in_answers_only() -> None:
    body = {"InstanceArn": INSTANCE, "Name": "A", "Color": "red"}
    assert request_violations(CREATE, body) == []
    (wrong,) = answer_violations(CREATE, {"PermissionSet": {"Color": "red"}})
    assert wrong == "permissionSet.color is not a member of PermissionSet"


@pytest.mark.parametrize(
    "answer",
    [
        {"PermissionSet": {"PermissionSetArn": f"{INSTANCE}/ps-0123456789abcdef"}},
        {"PermissionSet": {"SessionDuration": 3600}},
        {"PermissionSet": {"RelayState": None}},
        {"PermissionSet": {"CreatedDate": "yesterday"}},
        {"PermissionSet": []},
    ],
)
def test_wrong_answers(answer: dict[str, Any]) -> None:
    """The first three are what moto answers."""
    assert len(answer_violations(CREATE, answer)) == 1


def test_a_right_answer() -> None:
    shown = {"PermissionSetArn": SET, "CreatedDate": datetime.now(UTC), "SessionDuration": "PT1H"}
    assert answer_violations(CREATE, {"PermissionSet": shown}) == []


def test_integers_enums_and_required_members() -> None:
    listing = model("identitystore", "ListGroups")
    body = {"IdentityStoreId": "d-936712ab34", "MaxResults": 101}
    assert "less than or equal to 100" in request_violations(listing, body)[0]
    assert "greater than or equal" in request_violations(listing, {**body, "MaxResults": 0})[0]
    assert "must be an integer" in request_violations(listing, {**body, "MaxResults": True})[0]
    assert answer_violations(listing, {}) == [
        "Value null at 'groups' failed to satisfy constraint: Member must not be null"
    ]
    assign = model("sso-admin", "ListInstances")
    assert "enum value set" in request_violations(assign, {"RegionScope": "MARS"})[0]


def test_errors() -> None:
    assert error_violations(CREATE, "ConflictException", {"Message": "x"}) == []
    assert error_violations(CREATE, "UnknownOperationException", {"Message": "x"}) == []
    assert error_violations(CREATE, "DuplicateException", {}) != []
    assert error_violations(CREATE, "ConflictException", {"Reason": "x"}) != []


def test_operations_that_are_none() -> None:
    assert operation_model("sso-admin", "Nonsense") is None


def test_patterns_of_java() -> None:
    letters = compiled(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")
    assert letters.fullmatch("Zürich 7/Ω")
    assert not letters.fullmatch("a|b")
    assert compiled(r"\d{12}").fullmatch("123456789012")
    assert not compiled(r"\d{12}").fullmatch("١٢٣٤٥٦٧٨٩٠١٢")
    assert compiled(r"\p{L}+(?:\.\p{L}+)?").fullmatch("name.givenName")


class _Lying:
    """Operations that answer what no model allows."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def handle(self, call: Call) -> dict[str, Any]:
        """See Operations."""
        if isinstance(self.answer, Exception):
            raise self.answer
        result: dict[str, Any] = self.answer
        return result


@pytest.mark.parametrize(
    "answer", [{"Color": "red"}, AwsError("NonsenseException", "x"), KeyError("bug")]
)
def test_a_wrong_answer_is_a_failure_of_the_server(answer: Any) -> None:
    service = JsonService("sso-admin", _Lying(answer), [])
    call = Call(
        service="sso-admin",
        operation="ListInstances",
        region="eu-west-1",
        account_id="111122223333",
        access_key="test",
    )
    request = Request(EnvironBuilder(method="POST", data="{}").get_environ())
    response = service.respond(request, call)
    assert response.status_code == 500
    assert response.get_json(force=True)["__type"] == "InternalFailure"
    assert b"Traceback" not in response.data
    assert len(service.violations) == (0 if isinstance(answer, KeyError) else 1)
