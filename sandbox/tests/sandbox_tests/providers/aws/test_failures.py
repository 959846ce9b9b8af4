"""What fails for every resource alike, and whose credentials are used."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest

from entra_aws_sandbox.providers import aws
from entra_aws_sandbox.providers.aws import client
from sandbox_tests.providers.aws.calls import (
    ASSIGNMENT,
    GROUP,
    INSTANCE,
    LIST,
    OWN,
    PERMISSION_SET,
    SET,
    Cloud,
    refusal,
    refused,
)
from sandbox_tests.providers.support import (
    Engine,
    listening,
    serving_provider,
)


def test_throttled_calls_are_retried(cloud: Cloud, engine: Engine) -> None:
    throttled = refused("ThrottlingException", "Rate exceeded")
    cloud.answers = {
        LIST: [throttled, (200, {"AccountAssignments": [OWN]})],
    }
    assignment = f"{GROUP},GROUP,711111111111,AWS_ACCOUNT,{SET},{INSTANCE}"
    assert engine.imported(ASSIGNMENT, assignment) is not None
    assert cloud.take() == [LIST, LIST]


def test_a_refusal_is_told_in_the_real_words(cloud: Cloud, engine: Engine) -> None:
    message = "PermissionSet with name Deploy already exists."
    cloud.answers = {"CreatePermissionSet": refused("ConflictException", message)}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(PERMISSION_SET, {"instanceArn": INSTANCE, "name": "Deploy"})
    told = refusal(failed.value)
    assert cloud.take() == ["CreatePermissionSet"] * client.ATTEMPTS
    assert (
        "creating SSO Permission Set (Deploy): operation error SSO Admin: CreatePermissionSet"
        in told
    )
    assert f"StatusCode: 400, RequestID: , ConflictException: {message}" in told


def test_a_missing_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with serving_provider(aws.connect) as engine, pytest.raises(grpc.RpcError) as failed:
        engine.configure("aws")
    assert "the aws double has no region" in refusal(failed.value)


def test_a_role_is_assumed_for_another_account(cloud: Cloud) -> None:
    roles = [{"role_arn": "arn:aws:iam::111122223333:role/Deploy", "sessionName": "test"}]
    credentials = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>other</AccessKeyId>"
        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
        "</AssumeRoleResponse>"
    )
    asked: list[str] = []

    def sts(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read().decode())
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [credentials.encode()]

    with listening(sts) as port, serving_provider(aws.connect) as connected:
        connected.configure(
            "aws",
            assumeRoles=json.dumps(roles),
            endpoints=json.dumps([{"sts": f"http://127.0.0.1:{port}"}]),
            skipCredentialsValidation="true",
            skipRequestingAccountId="true",
        )
        cloud.answers = {LIST: (200, {"AccountAssignments": [OWN]})}
        assignment = f"{GROUP},GROUP,711111111111,AWS_ACCOUNT,{SET},{INSTANCE}"
        assert connected.imported(ASSIGNMENT, assignment) is not None
    assert "Action=AssumeRole" in asked[0]
    assert "RoleSessionName=test" in asked[0]
    assert cloud.authorizations[-1].startswith("AWS4-HMAC-SHA256 Credential=other/")
