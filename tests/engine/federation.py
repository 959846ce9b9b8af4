"""A federation of one's own for the engine tests: a stack on a sandbox, taken phase by phase."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from demo.stack import STACK, write_project
from entra_aws_sandbox.pulumi import PulumiStack, Run, Step
from entra_aws_sandbox.testing import Sandbox

ASSIGNMENT = "AccountAssignment"
PERMISSION_SET = "PermissionSet"
POLICIES = frozenset(
    {
        "ManagedPolicyAttachment",
        "CustomerManagedPolicyAttachment",
        "PermissionSetInlinePolicy",
        "PermissionsBoundaryAttachment",
    }
)

ACCESS: dict[str, Any] = {
    "groups": {
        "platform": {"displayName": "AWS-Platform"},
        "developers": {"displayName": "AWS-Developers"},
        "contractors": {"displayName": "AWS-Contractors"},
        "migration": {
            "displayName": "AWS-Migration",
            "create": True,
            "owners": ["ada@example.com"],
            "members": ["wendy@example.com"],
        },
    },
    "permissionSets": {
        "ReadOnly": {"sessionDuration": "PT8H", "managedPolicies": ["ReadOnlyAccess"]},
        "Deploy": {
            "description": "Roll out workloads",
            "managedPolicies": ["job-function/ViewOnlyAccess"],
            "customerManagedPolicies": [{"name": "deploy", "path": "/platform/"}],
            "inlinePolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                ],
            },
            "permissionsBoundary": {"customerManagedPolicy": {"name": "boundary"}},
            "tags": {"owner": "platform"},
        },
    },
    "rules": [
        {
            "id": "platform-look",
            "owner": "platform@example.com",
            "group": "platform",
            "permissionSets": ["ReadOnly"],
            "targets": [{"ou": "Workloads/Dev"}, {"accountName": "network-prod"}],
        },
        {
            "id": "developers-deploy",
            "owner": "platform@example.com",
            "group": "developers",
            "permissionSets": ["Deploy"],
            "targets": [{"ou": "Workloads/Dev"}],
        },
        {
            "id": "migration",
            "owner": "platform@example.com",
            "group": "migration",
            "permissionSets": ["Deploy"],
            "targets": [{"account": "811111111111"}],
        },
    ],
}
# The assignments that ACCESS comes to, by hand: (account, permission set, group).
ASSIGNMENTS = {
    ("611111111111", "ReadOnly", "AWS-Platform"),
    ("622222222222", "ReadOnly", "AWS-Platform"),
    ("444455556666", "ReadOnly", "AWS-Platform"),
    ("611111111111", "Deploy", "AWS-Developers"),
    ("622222222222", "Deploy", "AWS-Developers"),
    ("811111111111", "Deploy", "AWS-Migration"),
}


class _Plain(yaml.SafeDumper):
    """Writes no aliases, which an access file may not have."""

    def ignore_aliases(self, data: Any) -> bool:
        """A part that two places share is written twice."""
        return True


@dataclass
class Federation:
    """One stack and its access file; ``access`` is what the file holds."""

    sandbox: Sandbox
    folder: Path
    stack: PulumiStack
    access: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(ACCESS))
    portal: str = ""
    token: str = field(default="", repr=False)

    @classmethod
    def create(cls, sandbox: Sandbox, folder: Path) -> Federation:
        """A stack in phase app, nothing made yet."""
        write_project(folder)
        stack = PulumiStack(folder, sandbox.environment, stack=STACK)
        stack.select()
        federation = cls(sandbox, folder, stack)
        federation.write_access()
        stack.set_config("access", str(federation.access_file))
        return federation

    @property
    def access_file(self) -> Path:
        """The access file of this stack."""
        return self.folder / "access.yaml"

    @property
    def metadata_file(self) -> Path:
        """The SP metadata file of this stack."""
        return self.folder / "service-provider.xml"

    def write_access(self) -> None:
        """Write what ``access`` holds to the access file."""
        self.access_file.write_text(yaml.dump(self.access, Dumper=_Plain, sort_keys=False))

    def change_access(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the access file."""
        change(self.access)
        self.write_access()

    def enter_trust(self) -> None:
        """What a person does for phase trust: console steps 1 to 3."""
        console = self.sandbox.console
        console.enable()
        self.portal = console.portal_url("example-engine")["accessPortalUrl"]
        self.metadata_file.write_text(console.external_idp()["serviceProviderMetadata"])
        self.stack.set_config("identityCenter.accessPortalUrl", self.portal)
        self.stack.set_config("identityCenter.serviceProviderMetadata", str(self.metadata_file))

    def enter_provisioning(self) -> None:
        """What a person does for phase provisioning: console steps 8 and 9."""
        self.sandbox.console.upload_idp_metadata(self.stack.outputs()["federationMetadataUrl"])
        shown = self.sandbox.console.provisioning()
        self.token = shown["accessToken"]
        self.stack.set_config("provisioning.endpoint", shown["scimEndpoint"])
        self.stack.set_config("provisioning.tokenExpires", shown["expires"][:10])
        self.stack.set_config("provisioning.accessToken", self.token, secret=True)

    def reach_access(self) -> Run:
        """From nothing to phase access; returns the last update."""
        self.stack.up()
        self.enter_trust()
        self.stack.up()
        self.enter_provisioning()
        return self.stack.up()

    def rule(self, ident: str) -> dict[str, Any]:
        """A rule of the access file."""
        return next(rule for rule in self.access["rules"] if rule["id"] == ident)

    def service_principal(self) -> dict[str, Any]:
        """The enterprise app's service principal in Entra."""
        name = self.stack.config()["enterpriseApp"]["name"]
        principals = self.sandbox.graph.all("/v1.0/servicePrincipals")
        return next(item for item in principals if item["displayName"] == name)

    def unassign(self, group: str) -> None:
        """Take a group off the enterprise app, behind the stack's back."""
        path = f"/v1.0/servicePrincipals/{self.service_principal()['id']}/appRoleAssignedTo"
        assignments = self.sandbox.graph.all(path)
        found = next(item for item in assignments if item["principalDisplayName"] == group)
        self.sandbox.graph.call("DELETE", f"{path}/{found['id']}")

    def assignments(self) -> set[tuple[str, str, str]]:
        """The assignments in Identity Center: (account, permission set, group or user name)."""
        aws = self.sandbox.aws
        names = {ident: name for name, ident in (aws.groups() | aws.users()).items()}
        return {
            (account, permission_set, names[principal])
            for account, permission_set, _, principal in aws.assignments()
        }


def of_kind(steps: Iterable[Step], *kinds: str) -> list[Step]:
    """Those steps that are about resources of these kinds."""
    return [step for step in steps if step.kind in kinds]


def changed(run: Run) -> list[tuple[str, str]]:
    """What an update changed, as (operation, kind), sorted."""
    return sorted((step.op, step.kind) for step in run.changes)


def assert_before(run: Run, earlier: Iterable[Step], later: Iterable[Step]) -> None:
    """Every ``earlier`` step finished before any ``later`` step started."""
    first, second = list(earlier), list(later)
    assert first, "no earlier steps"
    assert second, "no later steps"
    ended = [at for at, event in enumerate(run.events) if event.finished and event.step in first]
    begun = [
        at for at, event in enumerate(run.events) if not event.finished and event.step in second
    ]
    assert max(ended) < min(begun)
