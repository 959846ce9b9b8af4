"""Permission sets (terraform-provider-aws `permission_set.go`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import ClassVar

from entra_aws_sandbox.clock import iso
from entra_aws_sandbox.providers.aws.base import SET_AND_INSTANCE, SsoResource, doing, parts
from entra_aws_sandbox.providers.resource import Schema
from entra_aws_sandbox.providers.wire import Properties, is_unknown

NAME_LENGTH = 32
DESCRIPTION_LENGTH = 700
RELAY_STATE_LENGTH = 240
_SETTINGS = {
    "description": "Description",
    "relayState": "RelayState",
    "sessionDuration": "SessionDuration",
}


class PermissionSet(SsoResource):
    """A permission set, without its policies."""

    reads_updated: ClassVar = True
    schema: ClassVar = Schema(
        token="aws:ssoadmin/permissionSet:PermissionSet",
        required=frozenset({"instanceArn"}),
        inputs=frozenset({"description", "name", "relayState", "sessionDuration", "tags"}),
        optional=frozenset({"region"}),
        outputs=frozenset({"arn", "createdDate", "tagsAll"}),
        replaces=frozenset({"instanceArn", "name", "region"}),
        defaults={"sessionDuration": "PT1H"},
        autonamed="name",
    )

    def validate(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """Lengths, as the real plugin checks them."""
        limits = {
            "name": NAME_LENGTH,
            "description": DESCRIPTION_LENGTH,
            "relayState": RELAY_STATE_LENGTH,
        }
        for name, limit in limits.items():
            value = inputs.get(name)
            if isinstance(value, str) and not 1 <= len(value) <= limit:
                yield name, f"expected length of {name} to be in the range (1 - {limit})"

    def planned(self, inputs: Properties) -> Properties:
        """Tags are known beforehand: the provider's default tags are not part of the double."""
        return {**super().planned(inputs), "tagsAll": inputs.get("tags", {})}

    def create(self, inputs: Properties) -> str:
        """Make it, with its tags."""
        tags = [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()]
        with doing(f"creating SSO Permission Set ({inputs['name']})"):
            made = self.aws.call(
                "CreatePermissionSet",
                region=self.region(inputs),
                InstanceArn=inputs["instanceArn"],
                Name=inputs["name"],
                **_settings(inputs),
                **({"Tags": tags} if tags else {}),
            )
        return f"{made['PermissionSet']['PermissionSetArn']},{inputs['instanceArn']}"

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Describe it, then list its tags."""
        arn, instance = parts(identity, *SET_AND_INSTANCE)
        with doing(f"reading SSO Permission Set ({identity})"):
            answer = self.found(
                "DescribePermissionSet", known, InstanceArn=instance, PermissionSetArn=arn
            )
        if answer is None:
            return None
        found = answer["PermissionSet"]
        with doing(f"listing tags for SSO Permission Set ({arn})"):
            listed = self.aws.pages(
                "ListTagsForResource",
                "Tags",
                region=self.region(known),
                ResourceArn=arn,
                InstanceArn=instance,
            )
            tags = {tag["Key"]: tag["Value"] for tag in listed}
        created = found["CreatedDate"].astimezone(UTC)
        return {
            "arn": found["PermissionSetArn"],
            "createdDate": iso(created),
            "instanceArn": instance,
            "name": found["Name"],
            "region": self.region(known),
            **{name: found.get(key, "") for name, key in _SETTINGS.items()},
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Write all settings, since AWS clears those left out, and provision; then the tags."""
        arn, instance = parts(identity, *SET_AND_INSTANCE)
        changed = self.changes(old, new)
        if changed.keys() & _SETTINGS.keys():
            with doing(f"updating SSO Permission Set ({identity})"):
                self.aws.call(
                    "UpdatePermissionSet",
                    region=self.region(new),
                    InstanceArn=instance,
                    PermissionSetArn=arn,
                    **_settings(new),
                )
            self.provision(new, arn, instance)
        if "tags" in changed:
            with doing("updating tags"):
                self._retag(new, arn, instance, old.get("tags") or {})

    def _retag(self, new: Properties, arn: str, instance: str, before: Properties) -> None:
        after = new.get("tags", {})
        common = {"region": self.region(new), "ResourceArn": arn, "InstanceArn": instance}
        gone = sorted(before.keys() - after.keys())
        if gone:
            self.aws.call("UntagResource", TagKeys=gone, **common)
        written = [
            {"Key": key, "Value": value} for key, value in after.items() if before.get(key) != value
        ]
        if written:
            self.aws.call("TagResource", Tags=written, **common)

    def delete(self, identity: str, state: Properties) -> None:
        """Delete it; AWS refuses while assignments exist."""
        arn, instance = parts(identity, *SET_AND_INSTANCE)
        with doing(f"deleting SSO Permission Set ({arn})"):
            self.removed("DeletePermissionSet", state, InstanceArn=instance, PermissionSetArn=arn)


def _settings(properties: Properties) -> dict[str, str]:
    return {
        key: properties[name]
        for name, key in _SETTINGS.items()
        if properties.get(name) and not is_unknown(properties[name])
    }
