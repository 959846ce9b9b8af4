"""What the sso-admin resources share: ids joined by commas, provisioning, regions.

Calls and words as in hashicorp/terraform-provider-aws `internal/service/ssoadmin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from entra_aws_sandbox.providers.aws.client import NOT_FOUND, Aws, AwsError
from entra_aws_sandbox.providers.resource import ProviderError, Resource
from entra_aws_sandbox.providers.wire import Properties


class SsoResource(Resource):
    """A resource of IAM Identity Center.

    One that updates nothing in place has an Update that does nothing, not even read
    (`internal/provider/sdkv2/provider.go`: the stub that comes with the region attribute).
    """

    keeps_unread: ClassVar[bool] = True
    reads_updated: ClassVar[bool] = False

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def planned(self, inputs: Properties) -> Properties:
        """Every resource of this provider has a region, the provider's own by default."""
        return {"region": inputs.get("region") or self.aws.region}

    def region(self, properties: Properties) -> str:
        """Where the resource is managed."""
        return str(properties.get("region") or self.aws.region)

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Nothing: see the class."""

    def provision(self, properties: Properties, permission_set: str, instance: str) -> None:
        """Push the permission set to every account that has it, and wait."""
        region = self.region(properties)
        with doing(f"provisioning SSO Permission Set ({permission_set})"):
            started = self.aws.call(
                "ProvisionPermissionSet",
                region=region,
                InstanceArn=instance,
                PermissionSetArn=permission_set,
                TargetType="ALL_PROVISIONED_ACCOUNTS",
            )
        request = started["PermissionSetProvisioningStatus"]["RequestId"]
        with doing(f"waiting for SSO Permission Set ({permission_set}) provision"):
            self.aws.wait(
                lambda: self.aws.call(
                    "DescribePermissionSetProvisioningStatus",
                    region=region,
                    InstanceArn=instance,
                    ProvisionPermissionSetRequestId=request,
                )["PermissionSetProvisioningStatus"]
            )

    def found(self, operation: str, properties: Properties, **arguments: Any) -> Any:
        """The answer of a describing operation, or None where AWS knows no such thing."""
        try:
            return self.aws.call(operation, region=self.region(properties), **arguments)
        except AwsError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def listed(self, operation: str, item: str, properties: Properties, **more: Any) -> list[Any]:
        """Every item of a list; empty where AWS knows no such parent."""
        try:
            return list(self.aws.pages(operation, item, region=self.region(properties), **more))
        except AwsError as error:
            if error.code == NOT_FOUND:
                return []
            raise

    def removed(self, operation: str, properties: Properties, **arguments: Any) -> Any:
        """The answer of a deleting operation, or None for what was gone already."""
        return self.found(operation, properties, **arguments)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Put what was being done before the error."""
    try:
        yield
    except ProviderError as error:
        raise ProviderError(f"{what}: {error}") from error


def parts(identity: str, *names: str) -> list[str]:
    """The parts of an id. Raises ProviderError when it has another form, as in a wrong import."""
    found = identity.split(",")
    if len(found) != len(names) or not all(found):
        raise ProviderError(f'unexpected format for ID ("{identity}"), expected {",".join(names)}')
    return found


SET_AND_INSTANCE = ("PERMISSION_SET_ARN", "INSTANCE_ARN")
