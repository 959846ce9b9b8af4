"""Faults and limits: each kind, on each way into the emulator."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from sandbox_tests.aws.support import GROUP_SCHEMAS, Cloud

DEV = "611111111111"


def faults(cloud: Cloud, *entries: dict[str, Any]) -> None:
    """Switch faults on."""
    answer = cloud.control("faults", {"faults": list(entries)})
    assert answer.status == 200, answer.data


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("error", "InternalServerException", 500),
        ("conflict", "ConflictException", 400),
    ],
)
def test_a_fault_hits_the_operation_as_often_as_told(
    center: Cloud, kind: str, code: str, status: int
) -> None:
    faults(center, {"kind": kind, "operation": "CreatePermissionSet", "times": 2})
    center.sso.list_permission_sets(InstanceArn=center.instance)
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            center.permission_set("A")
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    center.permission_set("A")


def test_organizations_has_names_of_its_own(cloud: Cloud) -> None:
    for kind, code in (
        ("throttle", "TooManyRequestsException"),
        ("error", "ServiceException"),
    ):
        faults(cloud, {"kind": kind, "service": "organizations"})
        with pytest.raises(ClientError) as refused:
            cloud.organizations.list_roots()
        assert refused.value.response["Error"]["Code"] == code


def test_only_what_can_conflict_does(center: Cloud) -> None:
    refused = center.control(
        "faults",
        {"faults": [{"kind": "conflict", "service": "organizations", "operation": "ListRoots"}]},
    )
    assert refused.status == 400
    assert "AWS never answers ListRoots with a conflict." in refused.data.decode()
    faults(center, {"kind": "conflict", "times": None})
    center.organizations.list_roots()
    with pytest.raises(ClientError, match="ConflictException"):
        center.permission_set("A")
    assert center.control("state", {}).json()["violations"] == []


@pytest.mark.parametrize(("kind", "status"), [("throttle", 429), ("error", 500), ("conflict", 409)])
def test_scim_answers_with_its_own_status(trusted: Cloud, kind: str, status: int) -> None:
    faults(trusted, {"kind": kind, "service": "scim", "operation": "CreateGroup"})
    body = {"schemas": GROUP_SCHEMAS, "displayName": "A"}
    assert trusted.scim("GET", "/Groups").status == 200
    refused = trusted.scim("POST", "/Groups", body)
    assert (refused.status, refused.json()["status"]) == (status, str(status))
    assert trusted.scim("POST", "/Groups", body).status == 201


def test_a_lost_answer_was_carried_out(trusted: Cloud) -> None:
    faults(
        trusted,
        {"kind": "lost", "operation": "CreatePermissionSet"},
        {"kind": "lost", "operation": "CreateGroup", "service": "scim"},
    )
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        trusted.permission_set("A")
    with pytest.raises(urllib3.exceptions.HTTPError):
        trusted.scim("POST", "/Groups", {"schemas": GROUP_SCHEMAS, "displayName": "A"})
    state = trusted.state()
    assert [each["name"] for each in state["permissionSets"]] == ["A"]
    assert [each["displayName"] for each in state["groups"]] == ["A"]


def test_the_calls_that_are_spared_go_well(center: Cloud) -> None:
    faults(center, {"kind": "error", "operation": "ListInstances", "spared": 1})
    center.sso.list_instances()
    with pytest.raises(ClientError, match="InternalServerException"):
        center.sso.list_instances()
    center.sso.list_instances()


def test_a_failed_request(center: Cloud) -> None:
    group, arn = center.group("G"), center.permission_set("A")
    faults(center, {"kind": "failed", "operation": "CreateAccountAssignment"})
    failed = center.assign(arn, DEV, group)
    assert failed["Status"] == "FAILED"
    assert "Please try again later" in failed["FailureReason"]
    assert center.assign(arn, DEV, group)["Status"] == "SUCCEEDED"
    faults(center, {"kind": "failed", "operation": "DeleteAccountAssignment"})
    assert center.unassign(arn, DEV, group)["Status"] == "FAILED"
    assert len(center.state()["assignments"]) == 1


def test_a_delay(center: Cloud) -> None:
    faults(center, {"kind": "delay", "operation": "ListInstances", "seconds": 0.3})
    start = time.monotonic()
    center.sso.list_instances()
    assert time.monotonic() - start >= 0.3


def test_twenty_calls_a_second(center: Cloud) -> None:
    center.control("timing", {"callsPerSecond": 5})
    codes: list[str | None] = []
    for _ in range(12):
        try:
            center.sso.list_instances()
            codes.append(None)
        except ClientError as error:
            codes.append(str(error.response["Error"]["Code"]))
    assert codes[:5] == [None] * 5
    assert codes.count("ThrottlingException") >= 1
    center.control("timing", {})
    for _ in range(6):
        center.sso.list_instances()


def test_faults_that_are_none(cloud: Cloud) -> None:
    for entry in (
        {},
        {"kind": "explode"},
        {"kind": "delay", "seconds": 1000},
        {"kind": "delay", "color": "red"},
    ):
        answer = cloud.control("faults", {"faults": [entry]})
        assert answer.status == 400
        assert answer.json()["message"].endswith(".")
    assert cloud.control("faults", {"faults": "all"}).status == 400
    assert cloud.state()["faults"] == []
    faults(cloud, {"kind": "error", "times": None})
    cloud.aws.reset()
    cloud.sso.list_instances()


def test_concurrent_clients_lose_nothing(trusted: Cloud) -> None:
    def work(number: int) -> str:
        mine = Cloud(trusted.aws, trusted.clock)
        mine.provisioning = trusted.provisioning
        group = mine.scim_group(f"g{number}", mine.scim_user(f"p{number}"))
        status: str = mine.assign(mine.permission_set(f"Set{number}"), DEV, group)["Status"]
        return status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {"SUCCEEDED"}
    state = trusted.state()
    assert (len(state["assignments"]), len(state["groups"])) == (8, 8)
    assert state["users"] == {"count": 8, "active": 8}
    assert all(group["members"] == 1 for group in state["groups"])


def test_one_name_is_taken_once_however_many_ask(center: Cloud) -> None:
    def create(_number: int) -> str:
        try:
            Cloud(center.aws, center.clock).permission_set("Same")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(create, range(6)))
    assert outcomes == ["ConflictException"] * 5 + ["created"]
