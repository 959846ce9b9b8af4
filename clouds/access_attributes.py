"""The instance's attributes for access control, read and repaired in AWS.

Source: AWS SDK model sso-admin, operations on InstanceAccessControlAttributeConfiguration.
"""

from __future__ import annotations

from typing import Final

from clouds.aws import Aws, AwsError
from federation.engine.repairs import AttributesRepair

_GONE: Final = "ResourceNotFoundException"
_CONFIGURATION: Final = "InstanceAccessControlAttributeConfiguration"


def read_attributes(aws: Aws, instance_arn: str) -> dict[str, str] | None:
    """Source by key, None where nothing is configured: one call. Raises AwsError."""
    client = aws.client("sso-admin")
    try:
        answer = aws.ask(
            lambda: client.describe_instance_access_control_attribute_configuration(
                InstanceArn=instance_arn
            )
        )
    except AwsError as error:
        if error.code == _GONE:
            return None
        raise
    found = answer.get(_CONFIGURATION, {}).get("AccessControlAttributes") or ()
    return {one["Key"]: ", ".join(one["Value"]["Source"]) for one in found}


def repair_attributes(aws: Aws, repair: AttributesRepair) -> None:
    """Write the declared configuration. Raises AwsError with a sentence that names it."""
    client = aws.client("sso-admin")
    write = (
        client.create_instance_access_control_attribute_configuration
        if repair.live is None
        else client.update_instance_access_control_attribute_configuration
    )
    attributes = [
        {"Key": key, "Value": {"Source": [source]}}
        for key, source in sorted(repair.declared.items())
    ]
    configuration = {_CONFIGURATION: {"AccessControlAttributes": attributes}}
    try:
        aws.ask(lambda: write(InstanceArn=repair.instance, **configuration))
    except AwsError as error:
        raise AwsError(
            f"the attributes for access control can't be written: {error}; the next pulumi up "
            "tries again",
            code=error.code,
        ) from None
