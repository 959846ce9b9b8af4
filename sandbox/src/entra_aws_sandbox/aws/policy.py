"""IAM policies of the callers: what each access key may do, and what it has really done.

Evaluated as IAM evaluates an identity-based policy: an explicit deny beats every allow, and what
nothing allows is denied. Conditions are refused rather than ignored, and resources must be `*`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

from entra_aws_sandbox.aws.actions import actions_of, resource_of
from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.wire import Call

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]

_STATEMENT_KEYS = {"Sid", "Effect", "Action", "Resource"}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


class PolicyError(ValueError):
    """A policy document that the sandbox does not take; the message is one sentence."""


@dataclass(frozen=True)
class Policy:
    """A policy document, checked."""

    document: dict[str, Any]

    @classmethod
    def read(cls, document: Any) -> Policy:
        """The policy in a parsed document. Raises PolicyError."""
        if not isinstance(document, dict) or document.get("Version") != "2012-10-17":
            raise PolicyError('A policy is an object with "Version": "2012-10-17".')
        for statement in _listed(document.get("Statement")):
            _check_statement(statement)
        return cls(document)

    def decide(self, action: str) -> Decision:
        """What the policy says about an action such as `sso:ListInstances`."""
        effects = {
            statement["Effect"]
            for statement in _listed(self.document.get("Statement"))
            if any(_matches(pattern, action) for pattern in _listed(statement["Action"]))
        }
        if "Deny" in effects:
            return "explicitDeny"
        return "allowed" if "Allow" in effects else "implicitDeny"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("A statement is an object whose Effect is Allow or Deny.")
    unknown = sorted(statement.keys() - _STATEMENT_KEYS)
    if unknown:
        raise PolicyError(f"The sandbox evaluates no {unknown[0]} in a statement.")
    actions = _listed(statement.get("Action"))
    if not actions or not all(
        isinstance(each, str) and _ACTION.fullmatch(each) for each in actions
    ):
        raise PolicyError("Action must name actions such as sso:ListInstances or sso:List*.")
    if _listed(statement.get("Resource")) != ["*"]:
        raise PolicyError('The sandbox takes only "Resource": "*".')


def _matches(pattern: str, action: str) -> bool:
    """Whether a pattern with `*` and `?` covers an action; IAM ignores upper and lower case."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


@dataclass
class User:
    """An IAM user, its key and its policy."""

    name: str
    account_id: str
    access_key: str
    policy: Policy

    @property
    def arn(self) -> str:
        """`arn:aws:iam::<account>:user/<name>`."""
        return f"arn:aws:iam::{self.account_id}:user/{self.name}"

    @property
    def id(self) -> str:
        """The unique id, as GetCallerIdentity shows it."""
        return f"AIDA{self.name.replace('-', '').upper():X<17.17}"


def deployment_user(seed: Mapping[str, Any], access_key: str) -> User | None:
    """The user of the deployment's key with the seed's policy; None without a key."""
    if not access_key:
        return None
    about = seed["deployment"]
    return User(
        name=about["userName"],
        account_id=seed["managementAccount"]["id"],
        access_key=access_key,
        policy=Policy.read(about["policy"]),
    )


class Users:
    """The deployment's user; keys of nobody known may do everything, as an administrator.

    `used` counts the actions that were allowed, which is what least privilege is read from.
    """

    def __init__(self, deployment: User | None) -> None:
        self.deployment = deployment
        self.used: Counter[str] = Counter()
        self._lock = Lock()

    def of_key(self, access_key: str) -> User | None:
        """The user of a key, None for a key that may do everything."""
        known = self.deployment
        return known if known and known.access_key == access_key else None

    def of_arn(self, arn: str) -> User | None:
        """The user with an ARN."""
        return self.deployment if self.deployment and self.deployment.arn == arn else None

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.used.clear()

    def gate(self, call: Call) -> None:
        """Refuse a call that its user's policy does not allow, in AWS's words."""
        user = self.of_key(call.access_key)
        if user is None:
            return
        actions = actions_of(call)
        for action in actions:
            decision = user.policy.decide(action)
            if decision != "allowed":
                raise _denied(user, action, call, decision)
        with self._lock:
            self.used.update(actions)


def _denied(user: User, action: str, call: Call, decision: Decision) -> AwsError:
    """Source: IAM user guide, "Troubleshoot access denied error messages"."""
    why = (
        "with an explicit deny in an identity-based policy"
        if decision == "explicitDeny"
        else f"because no identity-based policy allows the {action} action"
    )
    message = (
        f"User: {user.arn} is not authorized to perform: {action} "
        f"on resource: {resource_of(call)} {why}"
    )
    if call.service in ("sts", "iam"):
        return AwsError("AccessDenied", message, status=403)
    return AwsError("AccessDeniedException", message)
