"""The IAM Identity Center instance that the federation leads to."""

from __future__ import annotations

from dataclasses import dataclass

_CONSOLE_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}


class UnusableInstanceError(ValueError):
    """The instance can't carry the federation; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An Identity Center instance as `sso-admin` lists and describes it."""

    arn: str
    identity_store_id: str
    owner_account_id: str
    region: str
    status: str
    permission_sets_enabled: bool

    @property
    def partition(self) -> str:
        """`aws`, `aws-us-gov` or `aws-cn`, from the ARN."""
        return self.arn.split(":")[1]


def choose_instance(
    instances: list[Instance], *, management_account_id: str, region: str
) -> Instance | None:
    """The organization's instance, or None while Identity Center is not enabled (step 1).

    Raises UnusableInstanceError for an account instance (made by CreateInstance in one account: it
    has no permission sets for the organization), for one that is not ACTIVE, and for one whose
    permission sets are switched off (AWS API, DescribeInstance: PermissionSetsEnabled).
    """
    organization = [i for i in instances if i.owner_account_id == management_account_id]
    if not organization:
        if instances:
            raise UnusableInstanceError(
                f"{instances[0].arn} in {region} is an account instance of "
                f"{instances[0].owner_account_id}; access to accounts needs the organization "
                "instance: enable IAM Identity Center in the management account "
                f"{management_account_id}"
            )
        return None
    instance = organization[0]
    if instance.status != "ACTIVE":
        raise UnusableInstanceError(
            f"{instance.arn} is {instance.status}; wait until IAM Identity Center shows it as "
            "ACTIVE"
        )
    if not instance.permission_sets_enabled:
        raise UnusableInstanceError(
            f"permission sets are disabled on {instance.arn}; enable them in the IAM Identity "
            "Center settings (this can't be undone) before this program manages access"
        )
    return instance


def settings_link(instance: Instance | None, *, region: str, partition: str = "aws") -> str:
    """Console page of the hand-offs: the instance's settings, or the service home."""
    host = _CONSOLE_HOSTS.get(partition, _CONSOLE_HOSTS["aws"])
    home = f"https://{region}.{host}/singlesignon/home?region={region}"
    if instance is None:
        return home
    return f"{home}#!/instances/{instance.arn.rpartition('ins-')[2]}/settings"
