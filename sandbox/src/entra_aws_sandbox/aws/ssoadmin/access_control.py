"""Attributes for access control (ABAC): one configuration an instance."""

from __future__ import annotations

from entra_aws_sandbox.aws.errors import AwsError, conflict, not_found
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site
from entra_aws_sandbox.aws.ssoadmin.state import Instance
from entra_aws_sandbox.aws.wire import Call

_CONFIGURATION = "InstanceAccessControlAttributeConfiguration"


class AccessControl:
    """Create, describe, update and delete the instance's attribute configuration."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handlers(self) -> dict[str, Handler]:
        """Operation → what answers it."""
        return {
            f"Create{_CONFIGURATION}": self._create,
            f"Describe{_CONFIGURATION}": self._describe,
            f"Update{_CONFIGURATION}": self._update,
            f"Delete{_CONFIGURATION}": self._delete,
        }

    def _create(self, call: Call) -> Body:
        instance = self._instance()
        if instance.access_control is not None:
            raise conflict(f"{_CONFIGURATION} already exists for {instance.id}")
        instance.access_control = call.body[_CONFIGURATION]["AccessControlAttributes"]
        return {}

    def _describe(self, _call: Call) -> Body:
        attributes = self._configured().access_control
        return {
            "Status": "ENABLED",
            _CONFIGURATION: {"AccessControlAttributes": attributes},
        }

    def _update(self, call: Call) -> Body:
        self._configured().access_control = call.body[_CONFIGURATION]["AccessControlAttributes"]
        return {}

    def _delete(self, _call: Call) -> Body:
        self._configured().access_control = None
        return {}

    def _configured(self) -> Instance:
        instance = self._instance()
        if instance.access_control is None:
            raise _missing(instance.id)
        return instance

    def _instance(self) -> Instance:
        instance = self._site.center.instance
        if instance is None:
            raise _missing("none")
        return instance


def _missing(instance_id: str) -> AwsError:
    return not_found(f"{_CONFIGURATION} not found for {instance_id}")
