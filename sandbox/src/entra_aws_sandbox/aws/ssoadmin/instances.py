"""The instance and the tags of everything in it."""

from __future__ import annotations

from entra_aws_sandbox.aws.errors import denied, invalid, over_quota
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site, page, without_none
from entra_aws_sandbox.aws.ssoadmin.state import Instance
from entra_aws_sandbox.aws.wire import Call

# API reference, "Tags": a resource has at most 50; a call carries at most 75.
MAX_TAGS = 50


class Instances:
    """ListInstances, DescribeInstance, UpdateInstance, tags; an instance is never made here."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handlers(self) -> dict[str, Handler]:
        """Operation → what answers it."""
        return {
            "ListInstances": self._list,
            "DescribeInstance": self._describe,
            "UpdateInstance": self._update,
            "DeleteInstance": self._delete,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def _list(self, call: Call) -> Body:
        instance = self._site.center.instance
        everywhere = call.body.get("RegionScope") == "ALL_REGIONS"
        here = instance is not None and (everywhere or call.region == instance.region)
        return page("Instances", [_shown(instance)] if instance and here else [], call)

    def _describe(self, _call: Call) -> Body:
        instance = self._instance()
        return {
            **_shown(instance),
            "PermissionSetsEnabled": instance.permission_sets_enabled,
            "EncryptionConfigurationDetails": {
                "KeyType": "AWS_OWNED_KMS_KEY",
                "EncryptionStatus": "ENABLED",
            },
        }

    def _update(self, call: Call) -> Body:
        changes = ("EncryptionConfiguration", "PermissionSetsEnabled", "NetworkConfiguration")
        given = [name for name in changes if name in call.body]
        if len(given) > 1:
            raise invalid(f"Only one of {', '.join(changes)} may be updated in one request.")
        instance = self._instance()
        if "PermissionSetsEnabled" in call.body:
            if not call.body["PermissionSetsEnabled"]:
                raise invalid("Permission sets cannot be disabled once they are enabled.")
            instance.permission_sets_enabled = True
        instance.name = call.body.get("Name", instance.name)
        return {}

    def _delete(self, _call: Call) -> Body:
        raise denied("The sandbox never deletes the organization instance.")

    def _tag(self, call: Call) -> Body:
        tags = self._tags_of(call)
        given = {tag["Key"]: tag["Value"] for tag in call.body["Tags"]}
        if len(tags | given) > MAX_TAGS:
            raise over_quota(f"A resource has at most {MAX_TAGS} tags.")
        tags.update(given)
        return {}

    def _untag(self, call: Call) -> Body:
        tags = self._tags_of(call)
        for key in call.body["TagKeys"]:
            tags.pop(key, None)
        return {}

    def _list_tags(self, call: Call) -> Body:
        tags = self._tags_of(call)
        return page("Tags", [{"Key": key, "Value": value} for key, value in tags.items()], call)

    def _tags_of(self, call: Call) -> dict[str, str]:
        arn = call.body["ResourceArn"]
        instance = self._instance()
        return instance.tags if arn == instance.arn else self._site.center.permission_set(arn).tags

    def _instance(self) -> Instance:
        instance = self._site.center.instance
        if instance is None:
            raise denied("There is no instance of IAM Identity Center.")
        return instance


def _shown(instance: Instance) -> Body:
    return without_none(
        {
            "InstanceArn": instance.arn,
            "IdentityStoreId": instance.identity_store_id,
            "IdentityStoreArn": instance.identity_store_arn,
            "OwnerAccountId": instance.owner_account_id,
            "Name": instance.name,
            "CreatedDate": instance.created,
            "Status": "ACTIVE",
            "PrimaryRegion": instance.region,
            "Regions": [
                {
                    "RegionName": instance.region,
                    "Status": "ACTIVE",
                    "AddedDate": instance.created,
                    "IsPrimaryRegion": True,
                }
            ],
        }
    )
