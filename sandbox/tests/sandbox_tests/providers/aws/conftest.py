"""An AWS that answers as a test says, and the engine's side of the aws double."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_aws_sandbox.providers import aws
from entra_aws_sandbox.providers.aws import client
from sandbox_tests.providers.aws.calls import Cloud
from sandbox_tests.providers.support import (
    Engine,
    listening,
    serving_provider,
)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    recorder = Cloud()
    with listening(recorder) as port:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "not told to anybody",
            "AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(client, "WAIT_DELAY", 0.0)
        monkeypatch.setattr(client, "WAIT_INTERVAL", 0.001)
        yield recorder


@pytest.fixture
def engine(cloud: Cloud) -> Iterator[Engine]:
    with serving_provider(aws.connect) as connected:
        connected.configure("aws", skipCredentialsValidation="true", skipRequestingAccountId="true")
        yield connected
