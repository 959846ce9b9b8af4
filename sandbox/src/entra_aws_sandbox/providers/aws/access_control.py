"""Attributes for access control.

Calls as in terraform-provider-aws `instance_access_control_attributes.go`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from entra_aws_sandbox.providers.aws.base import SsoResource, doing
from entra_aws_sandbox.providers.resource import Schema
from entra_aws_sandbox.providers.wire import Properties


class InstanceAccessControlAttributes(SsoResource):
    """The attributes that sessions carry; one set for the whole instance."""

    reads_updated: ClassVar = True
    schema: ClassVar = Schema(
        token="aws:ssoadmin/instanceAccessControlAttributes:InstanceAccessControlAttributes",
        required=frozenset({"attributes", "instanceArn"}),
        optional=frozenset({"region"}),
        outputs=frozenset({"status", "statusReason"}),
        replaces=frozenset({"instanceArn", "region"}),
        nested={"attributes": {}, "attributes.values": {}},
        sets=frozenset({"attributes"}),
    )

    def create(self, inputs: Properties) -> str:
        """Make the configuration; its id is the instance's ARN."""
        with doing(f"creating SSO Instance Access Control Attributes ({inputs['instanceArn']})"):
            self._write("Create", inputs)
        return str(inputs["instanceArn"])

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Describe the configuration; an empty one counts as gone."""
        with doing(f"reading SSO Instance Access Control Attributes ({identity})"):
            answer = self.found(
                "DescribeInstanceAccessControlAttributeConfiguration", known, InstanceArn=identity
            )
        configuration = (answer or {}).get("InstanceAccessControlAttributeConfiguration") or {}
        attributes = configuration.get("AccessControlAttributes")
        if not attributes:
            return None
        return {
            "attributes": [
                {"key": one["Key"], "values": [{"sources": list(one["Value"]["Source"])}]}
                for one in attributes
            ],
            "instanceArn": identity,
            "region": self.region(known),
            "status": answer.get("Status", ""),
            "statusReason": answer.get("StatusReason", ""),
        }

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Sources are a set too."""
        if name == "attributes":
            return super().same(name, _sorted(old), _sorted(new))
        return super().same(name, old, new)

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Write the whole configuration, where it changes."""
        if "attributes" not in self.changes(old, new):
            return
        with doing(f"updating SSO Instance Access Control Attributes ({identity})"):
            self._write("Update", new)

    def delete(self, identity: str, state: Properties) -> None:
        """Delete the configuration; one that is gone already is an error."""
        with doing(f"deleting SSO Instance Access Control Attributes ({identity})"):
            self.aws.call(
                "DeleteInstanceAccessControlAttributeConfiguration",
                region=self.region(state),
                InstanceArn=identity,
            )

    def _write(self, verb: str, inputs: Properties) -> None:
        attributes = [
            {"Key": one["key"], "Value": {"Source": list(one["values"][0]["sources"])}}
            for one in inputs["attributes"]
        ]
        self.aws.call(
            f"{verb}InstanceAccessControlAttributeConfiguration",
            region=self.region(inputs),
            InstanceArn=inputs["instanceArn"],
            InstanceAccessControlAttributeConfiguration={"AccessControlAttributes": attributes},
        )


def _sorted(attributes: Any) -> Any:
    if not isinstance(attributes, list):
        return attributes
    return [
        {"key": one.get("key"), "sources": sorted(one["values"][0]["sources"], key=str)}
        for one in attributes
        if isinstance(one, dict)
    ]
