"""The bare program of `bench preview`: assignments with the parents and dependencies of the real
program.

It does nothing else. BENCH_ASSIGNMENTS names a JSON file: a list of [permission set, group key,
account].
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_azuread as azuread

_INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
_NIL = "00000000-0000-0000-0000-000000000000"


class Parent(pulumi.ComponentResource):
    """A parent without a life of its own."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"bench:bare:{kind}", name)
        self.register_outputs({})


def register(assignments: list[tuple[str, str, str]]) -> None:
    """Sets with one policy each, one app-role assignment a group, and every assignment."""
    app = Parent("App", "app")
    assigned = {
        key: azuread.AppRoleAssignment(
            f"group/{key}",
            app_role_id=_NIL,
            principal_object_id=_NIL,
            resource_object_id=_NIL,
            opts=pulumi.ResourceOptions(parent=app),
        )
        for key in sorted({key for _, key, _ in assignments})
    }
    parents: dict[str, Parent] = {}
    arns: dict[str, pulumi.Output[str]] = {}
    for name in sorted({name for name, _, _ in assignments}):
        parents[name] = Parent("PermissionSet", name)
        child = pulumi.ResourceOptions(parent=parents[name])
        made = aws.ssoadmin.PermissionSet(name, instance_arn=_INSTANCE, name=name, opts=child)
        arns[name] = made.arn
        aws.ssoadmin.ManagedPolicyAttachment(
            f"{name}/ReadOnlyAccess",
            instance_arn=_INSTANCE,
            permission_set_arn=made.arn,
            managed_policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
            opts=child,
        )
    parent = Parent("Assignments", "assignments")
    for name, key, account in assignments:
        aws.ssoadmin.AccountAssignment(
            f"{name}/group/{key}/{account}",
            instance_arn=_INSTANCE,
            permission_set_arn=arns[name],
            principal_id=_NIL,
            principal_type="GROUP",
            target_id=account,
            target_type="AWS_ACCOUNT",
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[parents[name], assigned[key]]),
        )


register(json.loads(Path(os.environ["BENCH_ASSIGNMENTS"]).read_text(encoding="utf-8")))
