"""The AWS client of the double: sessions, the real plugin's words for errors, its waits.

Endpoints, region and credentials come from the provider's configuration or from the variables
that every SDK reads (`AWS_ENDPOINT_URL`, `AWS_REGION`, ...). Waits start and repeat much sooner
than the real plugin's (10 s and 5 s), because the emulator is near.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from entra_aws_sandbox.providers.resource import ProviderError

WAIT_DELAY = 0.02  # seconds before the first look
WAIT_INTERVAL = 0.05  # seconds, growing
LONGEST_INTERVAL = 1.0  # seconds
WAIT_TIMEOUT = 60.0  # seconds; 5 minutes for assignments, 10 for provisioning in the real plugin
ATTEMPTS = 7  # per call, throttled or failed; 25 in the real plugin, unless aws:maxRetries says so
CONNECTIONS = 64
NOT_FOUND = "ResourceNotFoundException"
# Retried on every operation (terraform-provider-aws `ssoadmin/service_package.go`), also where it
# means that a name is taken or that a set is in use.
CONFLICT = "ConflictException"
_SSO_ADMIN, _STS = "SSO Admin", "STS"  # as the Go SDK names them


class AwsError(ProviderError):
    """An error answer, as the Go SDK words it."""

    def __init__(self, service: str, operation: str, response: Mapping[str, Any]) -> None:
        error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
        self.code = str(error.get("Code", ""))
        super().__init__(
            f"operation error {service}: {operation}, https response error StatusCode:"
            f" {metadata.get('HTTPStatusCode', 0)}, RequestID: {metadata.get('RequestId', '')},"
            f" {self.code}: {error.get('Message', '')}"
        )


class Aws:
    """IAM Identity Center's API in one account. Thread-safe."""

    def __init__(self, config: Mapping[str, str]) -> None:
        import boto3  # noqa: PLC0415  (0.2 s that a start of the plugin need not wait for)
        from botocore.config import Config  # noqa: PLC0415

        self._attempts = int(config.get("maxRetries") or ATTEMPTS)
        self._options = Config(
            retries={
                "mode": config.get("retryMode") or "standard",
                "total_max_attempts": self._attempts,
            },
            max_pool_connections=CONNECTIONS,
        )
        self._endpoints = _merged(_parsed(config, "endpoints"))
        self.region = (
            config.get("region") or os.getenv("AWS_REGION") or os.getenv("AWS_DEFAULT_REGION") or ""
        )
        if not self.region:
            raise ProviderError(
                "the aws double has no region: set aws:region or the environment's AWS_REGION"
            )
        self._session = boto3.Session(
            aws_access_key_id=config.get("accessKey") or None,
            aws_secret_access_key=config.get("secretKey") or None,
            aws_session_token=config.get("token") or None,
            profile_name=config.get("profile") or None,
            region_name=self.region,
        )
        for role in _parsed(config, "assumeRoles"):
            self._session = self._assumed(role)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def verify(self) -> None:
        """Whose credentials these are. Raises ProviderError when AWS refuses them."""
        what = "validating provider credentials: retrieving caller identity from STS"
        try:
            sts = self._client("sts", self.region)
            self._guarded(_STS, "GetCallerIdentity", sts.get_caller_identity)
        except ProviderError as error:
            raise ProviderError(f"{what}: {error}") from error

    def call(self, operation: str, *, region: str = "", **arguments: Any) -> Any:
        """One operation of IAM Identity Center, by its API name. Raises AwsError."""
        client = self._client("sso-admin", region or self.region)
        method = getattr(client, _snake(operation))
        interval = WAIT_INTERVAL
        for attempt in range(1, self._attempts + 1):
            try:
                return self._guarded(_SSO_ADMIN, operation, lambda: method(**arguments))
            except AwsError as error:
                if error.code != CONFLICT or attempt == self._attempts:
                    raise
            time.sleep(interval)
            interval = min(interval * 2, LONGEST_INTERVAL)
        raise AssertionError("the last attempt returns or raises")

    def pages(self, operation: str, item: str, *, region: str = "", **more: Any) -> Iterator[Any]:
        """Every item of a paginated operation."""
        token: dict[str, str] = {}
        while True:
            page = self.call(operation, region=region, **more, **token)
            yield from page[item]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def wait(self, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Look until a request has succeeded. Raises ProviderError with AWS's reason if not."""
        time.sleep(WAIT_DELAY)
        deadline = time.monotonic() + WAIT_TIMEOUT
        interval = WAIT_INTERVAL
        while True:
            status = describe()
            match status["Status"]:
                case "SUCCEEDED":
                    return
                case "IN_PROGRESS":
                    pass
                case unexpected:
                    raise ProviderError(
                        f"unexpected state '{unexpected}', wanted target 'SUCCEEDED'. last error:"
                        f" {status.get('FailureReason', '')}"
                    )
            if time.monotonic() > deadline:
                raise ProviderError(
                    "timeout while waiting for state to become 'SUCCEEDED' (last state:"
                    f" 'IN_PROGRESS', timeout: {WAIT_TIMEOUT:.0f}s)"
                )
            time.sleep(interval)
            interval = min(interval * 1.5, LONGEST_INTERVAL)

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            key = f"{service} {region}"
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    config=self._options,
                    endpoint_url=self._endpoints.get(service.replace("-", "")) or None,
                )
            return self._clients[key]

    def _assumed(self, role: Mapping[str, Any]) -> Any:
        import boto3  # noqa: PLC0415

        sts = self._session.client("sts", endpoint_url=self._endpoints.get("sts") or None)
        arguments = {
            "RoleArn": role.get("rolearn"),
            "RoleSessionName": role.get("sessionname") or "pulumi",
            "ExternalId": role.get("externalid"),
        }
        present = {name: value for name, value in arguments.items() if value}
        answer = self._guarded(_STS, "AssumeRole", lambda: sts.assume_role(**present))
        credentials = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=self.region,
        )

    @staticmethod
    def _guarded(service: str, operation: str, send: Callable[[], Any]) -> Any:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
        )

        try:
            return send()
        except ClientError as error:
            raise AwsError(service, operation, error.response) from error
        except BotoCoreError as error:
            raise ProviderError(f"operation error {service}: {operation}, {error}") from error


def _parsed(config: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    """Nested configuration arrives as JSON, its keys in Python's or in Pulumi's spelling."""
    value = json.loads(config.get(name) or "[]")
    blocks = value if isinstance(value, list) else [value]
    return [{key.replace("_", "").lower(): part for key, part in one.items()} for one in blocks]


def _merged(blocks: list[dict[str, Any]]) -> dict[str, str]:
    return {name: url for block in blocks for name, url in block.items() if url}


def _snake(operation: str) -> str:
    from botocore import xform_name  # noqa: PLC0415

    return str(xform_name(operation))
