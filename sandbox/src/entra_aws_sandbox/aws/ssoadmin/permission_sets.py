"""Permission sets themselves, without what is attached to them."""

from __future__ import annotations

import re

from entra_aws_sandbox.aws.errors import conflict, invalid, over_quota
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site, page, without_none
from entra_aws_sandbox.aws.ssoadmin.state import PermissionSet, random_id
from entra_aws_sandbox.aws.wire import Call

# User guide, "Set session duration": from one hour to twelve.
SHORTEST, LONGEST = 3600, 12 * 3600
# User guide, "IAM Identity Center quotas".
MAX_PERMISSION_SETS = 3500

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class PermissionSets:
    """Create, describe, update, delete and list permission sets."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handlers(self) -> dict[str, Handler]:
        """Operation → what answers it."""
        return {
            "CreatePermissionSet": self._create,
            "DescribePermissionSet": self._describe,
            "UpdatePermissionSet": self._update,
            "DeletePermissionSet": self._delete,
            "ListPermissionSets": self._list,
        }

    def _create(self, call: Call) -> Body:
        center, body = self._site.center, call.body
        if any(each.name == body["Name"] for each in center.permission_sets.values()):
            raise conflict(f"PermissionSet with name {body['Name']} already exists.")
        if len(center.permission_sets) >= MAX_PERMISSION_SETS:
            raise over_quota(f"An instance has at most {MAX_PERMISSION_SETS} permission sets.")
        _require_duration(body.get("SessionDuration"))
        instance_id = body["InstanceArn"].rpartition("/")[2]
        created = PermissionSet(
            arn=f"arn:aws:sso:::permissionSet/{instance_id}/{random_id('ps-', 16)}",
            name=body["Name"],
            created=self._site.clock.now(),
            description=body.get("Description"),
            session_duration=body.get("SessionDuration", "PT1H"),
            relay_state=body.get("RelayState"),
            tags={tag["Key"]: tag["Value"] for tag in body.get("Tags", ())},
        )
        center.permission_sets[created.arn] = created
        return {"PermissionSet": _shown(created)}

    def _describe(self, call: Call) -> Body:
        return {"PermissionSet": _shown(self._site.permission_set(call))}

    def _update(self, call: Call) -> Body:
        """What is left out stays, except for the relay state, which is cleared.

        So a description cannot be taken out, as seen at AWS (hashicorp/terraform-provider-aws
        issue 41897, the console included). The relay state: issue 17411 there.
        """
        changed, body = self._site.changeable(call), call.body
        _require_duration(body.get("SessionDuration"))
        changed.description = body.get("Description", changed.description)
        changed.session_duration = body.get("SessionDuration", changed.session_duration)
        changed.relay_state = body.get("RelayState")
        self._site.write(changed)
        return {}

    def _delete(self, call: Call) -> Body:
        deleted = self._site.changeable(call)
        if self._site.center.accounts_of(deleted.arn):
            raise conflict(
                "Could not delete because PermissionSet has ApplicationProfile associated with it"
            )
        del self._site.center.permission_sets[deleted.arn]
        return {}

    def _list(self, call: Call) -> Body:
        return page("PermissionSets", list(self._site.center.permission_sets), call)


def _shown(permission_set: PermissionSet) -> Body:
    return without_none(
        {
            "Name": permission_set.name,
            "PermissionSetArn": permission_set.arn,
            "Description": permission_set.description,
            "CreatedDate": permission_set.created,
            "SessionDuration": permission_set.session_duration,
            "RelayState": permission_set.relay_state,
        }
    )


def _require_duration(duration: str | None) -> None:
    if duration is None:
        return
    found = _DURATION.fullmatch(duration)
    units = (86_400, 3600, 60, 1)
    seconds = (
        sum(float(n or 0) * unit for n, unit in zip(found.groups(), units, strict=True))
        if found
        else 0
    )
    if not SHORTEST <= seconds <= LONGEST:
        raise invalid("Session duration must be between 1 and 12 hours.")
