"""The operations of sso-admin (target `SWBExternalService`): who may call what, where."""

from __future__ import annotations

from entra_aws_sandbox.aws.errors import denied, not_found
from entra_aws_sandbox.aws.ssoadmin.access_control import AccessControl
from entra_aws_sandbox.aws.ssoadmin.assignments import Assignments
from entra_aws_sandbox.aws.ssoadmin.attachments import Attachments
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site
from entra_aws_sandbox.aws.ssoadmin.instances import Instances
from entra_aws_sandbox.aws.ssoadmin.permission_sets import PermissionSets
from entra_aws_sandbox.aws.ssoadmin.provisioning import Provisioning
from entra_aws_sandbox.aws.ssoadmin.state import Instance
from entra_aws_sandbox.aws.wire import Call

# Operations that any account of the organization may call.
_FOR_EVERYBODY = frozenset({"ListInstances", "DescribeInstance"})
# "This action must be called from the management account" (API reference).
_FOR_MANAGEMENT = frozenset({"ListAccountAssignmentsForPrincipal", "DeleteInstance"})


class SsoAdminOperations:
    """Answers for one organization instance in its one home region."""

    def __init__(self, site: Site) -> None:
        self._site = site
        groups = (Instances, PermissionSets, Attachments, Assignments, Provisioning, AccessControl)
        self._handlers: dict[str, Handler] = {}
        for group in groups:
            self._handlers.update(group(site).handlers())

    def handle(self, call: Call) -> Body:
        """See Operations."""
        handler = self._handlers.get(call.operation)
        if handler is None:
            raise NotImplementedError(call.operation)
        with self._site.center.lock:
            self._site.jobs.settle()
            if call.operation != "ListInstances":
                self._require_instance(call)
            self._require_rights(call)
            return handler(call)

    def _require_instance(self, call: Call) -> Instance:
        instance = self._site.center.instance
        wanted = call.body.get("InstanceArn") or call.body.get("ResourceArn", "")
        known = instance is not None and instance.id == _instance_id(wanted)
        if instance is None or not known or call.region != instance.region:
            message = f"Instance not found: {_instance_id(wanted)}"
            raise denied(message) if call.operation == "DescribeInstance" else not_found(message)
        return instance

    def _require_rights(self, call: Call) -> None:
        organization = self._site.organization
        if call.account_id == organization.management_account_id:
            return
        if call.operation in _FOR_EVERYBODY:
            return
        delegated = organization.is_delegated_administrator(call.account_id)
        if not delegated or call.operation in _FOR_MANAGEMENT:
            raise denied(
                f"User: arn:aws:iam::{call.account_id}:root is not authorized to perform: "
                f"sso:{call.operation}"
            )


def _instance_id(arn: str) -> str:
    """The `ssoins-…` of an instance's or a permission set's ARN."""
    parts = arn.split("/")
    return parts[1] if len(parts) > 1 else arn
