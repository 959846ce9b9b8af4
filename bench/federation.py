"""A federation in phase access on a sandbox of its own, for the benches that need the engine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.figures import Unmeasurable
from demo.stack import STACK, write_project
from entra_aws_sandbox.admin import AwsAdmin
from entra_aws_sandbox.console import Console
from entra_aws_sandbox.environment import for_children
from entra_aws_sandbox.folder import Folder, SandboxError
from entra_aws_sandbox.process import Start, start, stop
from entra_aws_sandbox.pulumi import PulumiStack, Run

# The groups of the sandbox's seed.
GROUPS: Final = (
    *("AWS-Platform", "AWS-Developers", "AWS-Data", "AWS-Security-Audit", "AWS-Billing"),
    *("AWS-Break-Glass", "AWS-Contractors", "All-Staff"),
)


@dataclass(frozen=True)
class Federation:
    """A stack in phase access; `access_file` may be rewritten between runs."""

    folder: Folder
    stack: PulumiStack
    aws: AwsAdmin
    access_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What points a process at the sandbox."""
        return self.stack.environment

    def add_accounts(self, number: int) -> None:
        """Let the organization grow by some accounts, below its root."""
        for index in range(number):
            self.aws.organizations.create_account(
                Email=f"bench-{index}@example.com", AccountName=f"bench-{index}"
            )

    def declare(self, *, permission_sets: int, groups: int) -> None:
        """Every permission set in every member account, for the first `groups` groups."""
        self.access_file.write_text(json.dumps(access(permission_sets, groups)))

    def preview(self) -> Run:
        """One preview, without an event log. Raises SandboxError if it fails."""
        return checked(self.stack.run("preview"))


def access(permission_sets: int, groups: int) -> dict[str, Any]:
    """An access file with one rule a group; the other groups are declared and get nothing."""
    names = [f"Set{number}" for number in range(permission_sets)]
    return {
        "groups": {name.lower(): {"displayName": name} for name in GROUPS},
        "permissionSets": {name: {"managedPolicies": ["ReadOnlyAccess"]} for name in names},
        "rules": [
            {"group": name.lower(), "permissionSets": names, "targets": [{"ou": "/"}]}
            for name in GROUPS[:groups]
        ],
    }


def checked(run: Run) -> Run:
    """The run, if it went well. Raises SandboxError with what the CLI printed."""
    if run.exit_code:
        raise SandboxError(f"pulumi {' '.join(run.arguments)} failed:\n{run.output}")
    return run


@contextmanager
def federation() -> Iterator[Federation]:
    """Start a sandbox and bring a stack to phase access; everything is gone afterwards.

    Raises Unmeasurable where the Pulumi CLI or a plugin is missing.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Folder(Path(temporary) / "sandbox")
        try:
            running, _ = start(folder, Start(providers="double"))
            yield _reach_access(folder, for_children(folder, running), Path(temporary) / "stack")
        except SandboxError as error:
            raise Unmeasurable(str(error)) from None
        finally:
            stop(folder)


def _reach_access(folder: Folder, environment: dict[str, str], project: Path) -> Federation:
    write_project(project)
    stack = PulumiStack(project, environment, stack=STACK)
    stack.select()
    console = Console(folder, folder.require_running())
    access_file, metadata_file = project / "access.yaml", project / "service-provider.xml"
    made = Federation(folder, stack, AwsAdmin(environment), access_file)
    made.declare(permission_sets=1, groups=1)
    stack.set_config("access", str(access_file))
    stack.up()
    console.enable()
    stack.set_config(
        "identityCenter.accessPortalUrl", console.portal_url("example-bench")["accessPortalUrl"]
    )
    metadata_file.write_text(console.external_idp()["serviceProviderMetadata"])
    stack.set_config("identityCenter.serviceProviderMetadata", str(metadata_file))
    stack.up()
    console.upload_idp_metadata(stack.outputs()["federationMetadataUrl"])
    shown = console.provisioning()
    stack.set_config("provisioning.endpoint", shown["scimEndpoint"])
    stack.set_config("provisioning.tokenExpires", shown["expires"][:10])
    stack.set_config("provisioning.accessToken", shown["accessToken"], secret=True)
    stack.up()
    return made
