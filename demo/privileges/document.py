"""docs/permissions.md, written from what the stories used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from demo.privileges.usage import PURPOSES, Purpose, Usage

Usages = Mapping[Purpose, Usage]

_PAGE = Path(__file__).with_name("page.md")

# Statement by a part of the action's name, for actions that a stack without features never uses.
_STATEMENTS = {
    "sso:ListPermissionSets": "AccessStacks",
    "InlinePolicy": "InlinePolicies",
    "CustomerManagedPolicy": "CustomerManagedPolicies",
    "PermissionsBoundary": "PermissionsBoundaries",
    "InstanceAccessControlAttribute": "AttributesForAccessControl",
    "sso:TagResource": "TagsOnPermissionSets",
    "sso:UntagResource": "TagsOnPermissionSets",
    "organizations:ListTagsForResource": "AccountsByTag",
    "iam:": "AssignmentsOnTheManagementAccount",
}
_ALWAYS = "Always"

_DOCTOR = {
    "Sid": "Doctor",
    "Effect": "Allow",
    "Action": ["iam:GetRole", "iam:SimulatePrincipalPolicy"],
    "Resource": "arn:aws:iam::<account>:role/<this role>",
}


def document(*, plain: Usages, full: Usages, team: Usages) -> str:
    """The page; `full` is a stack that has everything, `plain` one that has nothing special.

    `team` is an access stack, as plain as that.
    """
    policies: dict[str, str] = {
        purpose: _json(
            _policy(plain[purpose].actions, full[purpose].actions | team[purpose].actions)
        )
        for purpose in PURPOSES
    }
    page = Template(_PAGE.read_text(encoding="utf-8"))
    return page.substitute(policies, roles=_roles(plain, full, team), doctor=_json(_DOCTOR))


def _roles(plain: Usages, full: Usages, team: Usages) -> str:
    columns = ("app role", *PURPOSES, "access stack", "needed by")
    assignments = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    names = sorted({role for usage in full.values() for role in usage.roles()})
    names += sorted({role for usage in plain.values() for role in usage.roles()} - set(names))
    for name in names:
        cells = [_cell(name, plain[purpose].roles(), full[purpose].roles()) for purpose in PURPOSES]
        teams = ", ".join(purpose for purpose in PURPOSES if name in team[purpose].roles())
        cells += [teams or "no", _refused(name, full, plain)]
        assignments.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(assignments)


def _cell(name: str, plain: Iterable[str], full: Iterable[str]) -> str:
    if name in plain:
        return "yes" if name in full else "unless it makes groups"
    if name not in full:
        return "no"
    return "groups" if name.startswith("Group.") else "people"


def _refused(name: str, *usages: Usages) -> str:
    """One operation that the role is there for."""
    needed: set[str] = {
        operation
        for usage in usages
        for purpose in PURPOSES
        if name in usage[purpose].roles()
        for operation in usage[purpose].needed_by(name)
    }
    # The plainest: changing operations tell more than reading ones, short paths more than long.
    chosen = min(needed, key=lambda operation: (operation.startswith("GET"), len(operation)))
    more = f" and {len(needed) - 1} more" if len(needed) > 1 else ""
    return f"`{chosen}`{more}"


def _policy(plain: set[str], full: set[str]) -> dict[str, object]:
    statements: dict[str, list[str]] = {}
    for action in sorted(plain | full):
        sid = _ALWAYS if action in plain else _statement(action)
        statements.setdefault(sid, []).append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
            for sid, actions in sorted(statements.items(), key=lambda item: item[0] != _ALWAYS)
        ],
    }


def _statement(action: str) -> str:
    for part, sid in _STATEMENTS.items():
        if part in action:
            return sid
    raise ValueError(f"No statement is named for {action}: add it to _STATEMENTS.")


def _json(value: object) -> str:
    return f"```json\n{json.dumps(value, indent=2)}\n```"
