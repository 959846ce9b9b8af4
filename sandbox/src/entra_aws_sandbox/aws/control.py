"""The control surface under `/_sandbox/`: the console, what there is, and what tests switch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from entra_aws_sandbox.aws.console import ConsoleError
from entra_aws_sandbox.aws.policy import Policy, PolicyError
from entra_aws_sandbox.aws.summary import summary
from entra_aws_sandbox.surface import ActionError, Body, Surface

if TYPE_CHECKING:
    from entra_aws_sandbox.aws import Aws

ACCOUNT_STATES = ("PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
_HOUR = 3600


class Control(Surface):
    """What tests and the sandbox's commands switch, and the console (`console/<action>`)."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        super().__init__(
            {
                "state": self._state,
                "account-state": self._account_state,
                "instance": self._instance,
                "timing": self._timing,
                "faults": self._faults,
                "iam-policy": self._iam_policy,
                "permissions": self._permissions,
                **{f"console/{name}": action for name, action in aws.console.actions.items()},
            }
        )

    def _state(self, _body: Body) -> Body:
        """What there is now; without secrets."""
        aws = self._aws
        shown = summary(aws.site, aws.source, aws.console, aws.portal.url)
        return {**shown, "faults": aws.faults.shown(), "violations": aws.violations}

    def _account_state(self, body: Body) -> Body:
        """Put an account into a state: `{"accountId": …, "state": "SUSPENDED"}`."""
        if body.get("state") not in ACCOUNT_STATES:
            raise ActionError(f"The state must be one of {', '.join(ACCOUNT_STATES)}.")
        try:
            self._aws.organization.set_state(str(body.get("accountId")), body["state"])
        except KeyError:
            raise ActionError("The organization has no such account.") from None
        return {"accountId": body["accountId"], "state": body["state"]}

    def _instance(self, body: Body) -> Body:
        """Make the instance one that a client must refuse.

        `{"permissionSetsEnabled": false, "ownerAccountId": "222233334444"}`
        """
        instance = self._aws.site.center.instance
        if instance is None:
            raise ConsoleError("Enable IAM Identity Center first.")
        enabled = body.get("permissionSetsEnabled", instance.permission_sets_enabled)
        instance.permission_sets_enabled = bool(enabled)
        instance.owner_account_id = str(body.get("ownerAccountId", instance.owner_account_id))
        return {
            "permissionSetsEnabled": instance.permission_sets_enabled,
            "ownerAccountId": instance.owner_account_id,
        }

    def _timing(self, body: Body) -> Body:
        """How slow and how narrow Identity Center is; what is left out is off.

        `{"delaySeconds": 5, "propagationSeconds": 2, "maxOutstanding": 10, "callsPerSecond": 20}`
        """
        times = {name: body.get(name, 0) for name in ("delaySeconds", "propagationSeconds")}
        for name, seconds in times.items():
            if not isinstance(seconds, int | float) or isinstance(seconds, bool):
                raise ActionError(f"{name} must be a number of seconds.")
            if not 0 <= seconds <= _HOUR:
                raise ActionError(f"{name} must be from 0 to {_HOUR}.")
        limits = {name: body.get(name) for name in ("maxOutstanding", "callsPerSecond")}
        for name, limit in limits.items():
            if limit is not None and (not isinstance(limit, int) or limit < 1):
                raise ActionError(f"{name} must be a positive number.")
        self._aws.site.jobs.delay = timedelta(seconds=times["delaySeconds"])
        self._aws.site.propagation = timedelta(seconds=times["propagationSeconds"])
        self._aws.site.max_outstanding = limits["maxOutstanding"]
        self._aws.rate_limit.per_second = limits["callsPerSecond"]
        return {**times, **limits}

    def _faults(self, body: Body) -> Body:
        """Switch faults on: `{"faults": [{"kind": "throttle", "operation": "ListGroups"}]}`."""
        self._aws.faults.replace(body.get("faults", []))
        return {"faults": self._aws.faults.shown()}

    def _iam_policy(self, body: Body) -> Body:
        """`{"policy": {…}}` sets the deployment's IAM policy; without it the policy is told."""
        user = self._aws.users.deployment
        if user is None:
            raise ConsoleError("This sandbox has no deployment key, so no policy.", 409)
        if "policy" in body:
            try:
                user.policy = Policy.read(body["policy"])
            except PolicyError as error:
                raise ActionError(str(error)) from None
        return {"userArn": user.arn, "policy": user.policy.document}

    def _permissions(self, body: Body) -> Body:
        """IAM actions the deployment used so far, and how often; `{"forget": true}` begins anew."""
        answer = {"actions": dict(sorted(self._aws.users.used.items()))}
        if body.get("forget"):
            self._aws.users.forget()
        return answer
