"""docs/permissions.md, written from what the stories used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sandbox.privileges.usage import PURPOSES, Purpose, Usage

Usages = Mapping[Purpose, Usage]

_COMMANDS: dict[Purpose, str] = {
    "preview": "`pulumi preview`, with and without `--refresh`",
    "deploy": "`pulumi up`, with and without `--refresh`",
    "destroy": "`pulumi destroy`",
}
# Statement by a part of the action's name, for actions that a stack without features never uses.
_STATEMENTS = {
    "InlinePolicy": "InlinePolicies",
    "CustomerManagedPolicy": "CustomerManagedPolicies",
    "PermissionsBoundary": "PermissionsBoundaries",
    "InstanceAccessControlAttribute": "AttributesForAccessControl",
    "sso:TagResource": "TagsOnPermissionSets",
    "sso:UntagResource": "TagsOnPermissionSets",
    "organizations:ListTagsForResource": "AccountsByTag",
    "iam:": "RowsOnTheManagementAccount",
}
_ALWAYS = "Always"

_INTRODUCTION = """\
# Permissions

<!-- Generated: python -m sandbox.privileges. A test plays the same stacks and compares. -->

The fewest permissions with which a stack can be previewed, deployed and destroyed. Nobody thought them up: two stacks are
played on the sandbox with the real engine, one with what every stack has and one with everything that an access file can
say. Every call is counted, and the least set that allows all of them is written down here. The test of this page plays them
again **with exactly these sets**, then takes each permission away in turn and sees `python -m ops doctor` name it.

`python -m ops doctor --for preview|deploy|destroy` says what a stack's own credentials lack, and asks only for what that
stack really has. Run it first: the azuread provider repeats refused calls for 4 to 15 minutes before it says so.

⚑ marks what only the real clouds can prove.
"""
_GRAPH = """\
## Microsoft Graph: app roles

Application permissions of the deployment's app registration, with admin consent.
"""
_GRAPH_NOTES = """\
* ⚑ `Application.ReadWrite.OwnedBy` reaches what the caller owns. That who instantiates a gallery template owns application
  and service principal is what the provider's documentation says; the sandbox does the same. `ops doctor` reads the owners,
  and says whom to add. A stack whose application was made by somebody else needs the caller as an owner of both objects, or
  `Application.ReadWrite.All`.
* ⚑ That `OwnedBy` also covers the synchronization secrets and the job, on-demand requests included, is what Graph's
  reference says for most of these operations (least privileged: `Application.ReadWrite.OwnedBy`). Should Entra refuse it, add
  `Synchronization.ReadWrite.All`.
* `AppRoleAssignment.ReadWrite.All` can grant any app role to anybody, itself included: keep it to the deployment's identity,
  behind an approval, and never give it to previews of pull requests.
* A stack that makes no groups and names no people (users, owners, members) does without `Group.ReadWrite.All` and
  `User.Read.All`.
* `Organization.Read.All` and `Policy.Read.All` let `ops doctor` see the licence and the restrictions on identifier URIs;
  nothing else needs them.
"""
_AWS = """\
## AWS: IAM policies

For a role or user of the management account. Leave out the statements that your access file has no use for: they are named
after it. Every action is allowed on `*`, because the organization's tree and new permission sets have no ARN beforehand.
"""
_AWS_NOTES = """\
* ⚑ The sandbox checks actions, not resources. To narrow the `sso` actions, name your instance, its permission sets and
  `arn:aws:sso:::account/*`; the Service Authorization Reference tells which action takes which.
* ⚑ `RowsOnTheManagementAccount` is the list of the IAM Identity Center user guide ("Identity-based policy examples"), which
  Identity Center uses on the caller's behalf; the sandbox asks for all of it. In AWS narrow it to
  `arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*` and `arn:aws:iam::*:saml-provider/AWSSSO_*_DO_NOT_DELETE`.
* ⚑ A delegated administrator needs the same actions in its account and, for rows on the management account, `sts:AssumeRole`
  on `identityCenter.managementAccess.roleArn`, whose role has `RowsOnTheManagementAccount` and the `sso` actions.
* ⚑ Service control policies, permissions boundaries and a customer-managed KMS key of the instance can take away what a
  policy allows.
* `sts:GetCallerIdentity` needs no permission.
* The operator's commands besides `plan` read as a preview does, and also need `identitystore:ListGroupMemberships` (`sync`),
  `sso:ListPermissionSets`, `sso:ListAccountAssignmentCreationStatus` and `sso:ListAccountAssignmentDeletionStatus`
  (`recover`).

`ops doctor` asks IAM itself, which takes one more statement. Without it, it tries the reading actions and says which changing
ones it can't tell:
"""
_DOCTOR = {
    "Sid": "Doctor",
    "Effect": "Allow",
    "Action": ["iam:GetRole", "iam:SimulatePrincipalPolicy"],
    "Resource": "arn:aws:iam::<account>:role/<this role>",
}


def document(plain: Usages, full: Usages) -> str:
    """The page; `full` is a stack that has everything, `plain` one that has nothing special."""
    parts = [_INTRODUCTION, _GRAPH, _roles(plain, full), _GRAPH_NOTES, _AWS]
    for purpose in PURPOSES:
        parts.append(f"### {purpose.title()}\n\n{_COMMANDS[purpose]}:\n")
        parts.append(_json(_policy(plain[purpose].actions, full[purpose].actions)))
    parts += [_AWS_NOTES, _json(_DOCTOR)]
    return "\n".join(parts)


def _roles(plain: Usages, full: Usages) -> str:
    rows = ["| app role | preview | deploy | destroy | without it |", "|---|---|---|---|---|"]
    names = sorted({role for usage in full.values() for role in usage.roles()})
    names += sorted({role for usage in plain.values() for role in usage.roles()} - set(names))
    for name in names:
        cells = [_cell(name, plain[purpose].roles(), full[purpose].roles()) for purpose in PURPOSES]
        rows.append(f"| `{name}` | {' | '.join(cells)} | {_refused(name, full, plain)} |")
    return "\n".join(
        [
            *rows,
            "",
            "yes: every stack; groups: if the stack makes groups; people: if it names any.",
            "",
        ]
    )


def _cell(name: str, plain: Iterable[str], full: Iterable[str]) -> str:
    if name in plain:
        return "yes" if name in full else "yes, without groups of its own"
    if name not in full:
        return "–"
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
    return f"```json\n{json.dumps(value, indent=2)}\n```\n"
