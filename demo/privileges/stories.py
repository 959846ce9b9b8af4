"""The stacks that are played: with what every stack has, with all there is, an access stack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.privileges.usage import PURPOSES, Purpose, Usage
from demo.stack import STACK, write_project
from entra_aws_sandbox.console import Console
from entra_aws_sandbox.control import post
from entra_aws_sandbox.environment import for_children
from entra_aws_sandbox.folder import Folder, Running
from entra_aws_sandbox.pulumi import PulumiStack

_MANAGEMENT = "111122223333"
_ATTRIBUTES = "identityCenter.accessControlAttributes"


@dataclass(frozen=True)
class Story:
    """A stack by its access file, at first and after a change; `attributes` of ABAC likewise."""

    name: str
    access: dict[str, Any]
    changed: dict[str, Any]
    attributes: bool = False


@dataclass
class Play:
    """A story on a running sandbox.

    `grant` is called before each run of the CLI, with what the run is for: it gives the deployment
    its permissions. `usage` is what the runs used.
    """

    folder: Folder
    running: Running
    story: Story
    grant: Callable[[Purpose], None] = lambda _: None
    stack_name: str = STACK
    usage: dict[Purpose, Usage] = field(
        default_factory=lambda: {each: Usage() for each in PURPOSES}
    )

    def __post_init__(self) -> None:
        self.home = self.folder.root / self.story.name
        environment = for_children(self.folder, self.running)
        self.stack = PulumiStack(self.home, environment, stack=self.stack_name)
        self._console = Console(self.folder, self.running)

    def make(self) -> None:
        """From nothing to phase access, with a preview first. Raises SandboxError."""
        post(f"{self.running.awsUrl}/_sandbox/process/reset")
        self.folder.forget_stack()
        shutil.rmtree(self.home, ignore_errors=True)
        write_project(self.home)
        self.stack.select()
        self._write(self.story.access)
        self.stack.set_config("access", str(self.home / "access.yaml"))
        self._run("preview", self.stack.preview)
        self._run("deploy", self.stack.up)
        self._enter_trust()
        self._run("deploy", self.stack.up)
        self._enter_provisioning()
        self._set_attribute("costCenter", "${path:enterprise.costCenter}")
        self._run("deploy", self.stack.up)

    def change(self) -> None:
        """Change everything that can be changed, and look for drift. Raises SandboxError."""
        self._write(self.story.changed)
        if self.story.attributes:
            self.stack.remove_config(_ATTRIBUTES)
        self._run("deploy", lambda: self.stack.up("--refresh"))
        if self.story.attributes:
            self._set_attribute("department", "${path:enterprise.department}")
            self._run("deploy", self.stack.up)
        self._run("preview", lambda: self.stack.preview("--refresh", "--expect-no-changes"))

    def destroy(self) -> None:
        """Take everything away again. Raises SandboxError."""
        self._run("destroy", self.stack.destroy)

    def _run(self, purpose: Purpose, run: Callable[[], object]) -> None:
        self.grant(purpose)
        self._used(forget=True)
        run()
        self.usage[purpose].add(*self._used(forget=True))

    def _used(self, *, forget: bool) -> tuple[dict[str, int], dict[str, Any]]:
        asked = {"forget": forget}
        return (
            post(f"{self.running.awsUrl}/_sandbox/permissions", asked)["actions"],
            post(f"{self.running.entraUrl}/_sandbox/permissions", asked)["operations"],
        )

    def _write(self, access: dict[str, Any]) -> None:
        # JSON is YAML without anchors, which access files don't take.
        (self.home / "access.yaml").write_text(json.dumps(access, indent=2))

    def _enter_trust(self) -> None:
        """What a person does in the console for phase trust."""
        self._console.enable()
        portal = self._console.portal_url(f"example-{self.story.name}")["accessPortalUrl"]
        metadata = Path(self.home / "service-provider.xml")
        metadata.write_text(self._console.external_idp()["serviceProviderMetadata"])
        self.stack.set_config("identityCenter.accessPortalUrl", portal)
        self.stack.set_config("identityCenter.serviceProviderMetadata", str(metadata))
        self._set_attribute("department", "${path:enterprise.department}")

    def _enter_provisioning(self) -> None:
        """What a person does in the console for phase provisioning."""
        self._console.upload_idp_metadata(self.stack.outputs()["federationMetadataUrl"])
        shown = self._console.provisioning()
        self.stack.set_config("provisioning.endpoint", shown["scimEndpoint"])
        self.stack.set_config("provisioning.tokenExpires", shown["expires"][:10])
        self.stack.set_config("provisioning.accessToken", shown["accessToken"], secret=True)

    def _set_attribute(self, name: str, source: str) -> None:
        if self.story.attributes:
            self.stack.set_config(f"{_ATTRIBUTES}.{name}", source)


@dataclass
class TeamPlay(Play):
    """An access stack on the federation that was made last."""

    stack_name: str = "team"

    def make(self) -> None:
        """A preview and an update. Raises SandboxError."""
        shutil.rmtree(self.home, ignore_errors=True)
        write_project(self.home)
        (self.home / f"Pulumi.{self.stack_name}.yaml").write_text(
            f"config: {{aws:region: {self.running.region}}}\n"
        )
        self.stack.select()
        self._write(self.story.access)
        self.stack.set_config("access", str(self.home / "access.yaml"))
        self.stack.set_config("federationStack", STACK)
        self._run("preview", self.stack.preview)
        self._run("deploy", self.stack.up)


def _rule(group: str, permission_set: str, target: dict[str, Any]) -> dict[str, Any]:
    return {"group": group, "permissionSets": [permission_set], "targets": [target]}


def _set(**more: Any) -> dict[str, Any]:
    return {"managedPolicies": ["ReadOnlyAccess"], **more}


def _inline(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


_GROUPS: dict[str, Any] = {
    "platform": {"displayName": "AWS-Platform"},
    "developers": {"displayName": "AWS-Developers"},
}


def _plain(name: str, *, prefix: str = "") -> Story:
    """A set that is changed and one that goes, with an assignment each; sets belong to one stack
    alone.
    """
    look, audit = f"{prefix}ReadOnly", f"{prefix}Audit"
    return Story(
        name=name,
        access={
            "groups": _GROUPS,
            "permissionSets": {look: _set(sessionDuration="PT8H"), audit: _set()},
            "rules": [
                _rule("platform", look, {"ou": "Workloads/Dev"}),
                _rule("developers", audit, {"accountName": "network-prod"}),
            ],
        },
        changed={
            "groups": _GROUPS,
            "permissionSets": {
                look: {"sessionDuration": "PT4H", "managedPolicies": ["job-function/Billing"]}
            },
            "rules": [_rule("platform", look, {"accountName": "web-dev"})],
        },
    )


_EVERYTHING = {
    "customerManagedPolicies": [{"name": "deploy", "path": "/platform/"}],
    "inlinePolicy": _inline("s3:ListAllMyBuckets"),
    "permissionsBoundary": {"customerManagedPolicy": {"name": "boundary"}},
    "tags": {"owner": "platform"},
}
_MIGRATION = {"displayName": "AWS-Migration", "create": True, "owners": ["ada@example.com"]}
_FULL = Story(
    name="full",
    attributes=True,
    access={
        "groups": {**_GROUPS, "migration": {**_MIGRATION, "members": ["wendy@example.com"]}},
        "users": {"erin": {"userPrincipalName": "erin@example.com"}},
        "permissionSets": {
            "Deploy": _set(**_EVERYTHING),
            "Build": _set(**_EVERYTHING),
            "Billing": _set(),
            "Audit": _set(),
        },
        "rules": [
            _rule("developers", "Audit", {"accountName": "network-prod"}),
            _rule("platform", "Deploy", {"tag": {"env": "dev"}}),
            _rule("migration", "Build", {"ou": "Sandbox"}),
            _rule("platform", "Billing", {"account": _MANAGEMENT}),
            _rule("developers", "Billing", {"account": _MANAGEMENT}),
            {
                "user": "erin",
                "permissionSets": ["Deploy"],
                "targets": [{"accountName": "web-dev"}],
            },
        ],
    },
    changed={
        "groups": {**_GROUPS, "migration": {**_MIGRATION, "members": ["xena@example.com"]}},
        "users": {"erin": {"userPrincipalName": "erin@example.com"}},
        "permissionSets": {
            "Deploy": _set(
                **{**_EVERYTHING, "inlinePolicy": _inline("s3:GetObject"), "tags": {"team": "web"}}
            ),
            "Build": {"sessionDuration": "PT2H", "managedPolicies": ["job-function/Billing"]},
            "Billing": _set(),
        },
        "rules": [
            _rule("platform", "Deploy", {"tag": {"env": "dev"}}),
            _rule("migration", "Build", {"ou": "Sandbox"}),
            _rule("platform", "Billing", {"account": _MANAGEMENT}),
            {
                "user": "erin",
                "permissionSets": ["Deploy"],
                "targets": [{"accountName": "billing-dev"}],
            },
        ],
    },
)
STORIES = {story.name: story for story in (_plain("plain"), _plain("team", prefix="Team"), _FULL)}
