"""One federation stack and two access stacks on the real engine: each owns its rules and sets."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.checkout import REPOSITORY
from demo.stack import write_project
from entra_aws_sandbox.pulumi import PulumiStack
from entra_aws_sandbox.testing import Sandbox
from federation.update.settings import NAMESPACE
from tests.engine.federation import Federation

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

# The federation stack assigns everybody, and gives nothing itself.
ASSIGNED: dict[str, Any] = {
    "groups": {
        "platform": {"displayName": "AWS-Platform"},
        "developers": {"displayName": "AWS-Developers"},
        "data": {"displayName": "AWS-Data"},
    }
}


def look(name: str, group: str, display_name: str, account: str) -> dict[str, Any]:
    """An access file with one group, one permission set, one assignment."""
    return {
        "groups": {group: {"displayName": display_name}},
        "permissionSets": {name: {"managedPolicies": ["ReadOnlyAccess"]}},
        "rules": [
            {
                "id": "look",
                "owner": f"{group}@example.com",
                "group": group,
                "permissionSets": [name],
                "targets": [{"account": account}],
            }
        ],
    }


@dataclass
class Team:
    """An access stack; its folder holds its access file."""

    stack: PulumiStack
    folder: Path

    @classmethod
    def create(
        cls, sandbox: Sandbox, folder: Path, name: str, access: dict[str, Any], on: str = "sandbox"
    ) -> Team:
        write_project(folder)
        team = cls(PulumiStack(folder, sandbox.environment, stack=name), folder)
        team.write(access)
        config = {
            "aws:region": "eu-west-1",
            f"{NAMESPACE}:federationStack": on,
            f"{NAMESPACE}:access": str(folder / "access.yaml"),
        }
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
        team.stack.select()
        return team

    def write(self, access: dict[str, Any]) -> None:
        (self.folder / "access.yaml").write_text(yaml.safe_dump(access))

    def ops(self, *words: str) -> subprocess.CompletedProcess[str]:
        """An operator's command about this stack."""
        return subprocess.run(
            [sys.executable, "-m", "ops", *words, "-C", str(self.folder)],
            cwd=REPOSITORY,
            env=self.stack.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, access: dict[str, Any]) -> str:
        """What a preview says about access that it refuses; nothing is changed."""
        kept = (self.folder / "access.yaml").read_text()
        self.write(access)
        run = self.stack.preview(check=False)
        (self.folder / "access.yaml").write_text(kept)
        assert run.exit_code != 0
        assert run.changes == []
        return run.errors


FIRST = look("FirstLook", "platform", "AWS-Platform", "611111111111")
OPEN = look("SecondLook", "developers", "AWS-Developers", "622222222222")
SECOND = {**OPEN, "guards": {"maxRemovals": 5}}
FIRST_ASSIGNMENT = ("611111111111", "FirstLook", "AWS-Platform")
SECOND_ASSIGNMENT = ("622222222222", "SecondLook", "AWS-Developers")


def test_one_federation_and_any_number_of_access_stacks(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    federation = Federation.create(sandbox, tmp_path_factory.mktemp("federation"))
    federation.access = ASSIGNED
    federation.write_access()
    first = Team.create(sandbox, tmp_path_factory.mktemp("first"), "first", FIRST)
    federation.stack.up()
    assert "is in phase app" in first.refused(FIRST)
    federation.enter_trust()
    federation.stack.up()
    federation.enter_provisioning()
    federation.stack.up()
    assert federation.stack.outputs()["phase"] == "provisioning"

    # Each stack makes its own sets and assignments, and only these.
    run = first.stack.up()
    assert {step.kind for step in run.changes} == {
        "PermissionSet",
        "ManagedPolicyAttachment",
        "AccountAssignment",
    }
    full_name = "organization/entra-identity-center/sandbox"
    folder = tmp_path_factory.mktemp("second")
    second = Team.create(sandbox, folder, "second", SECOND, on=full_name)
    second.stack.up()
    assert federation.assignments() == {FIRST_ASSIGNMENT, SECOND_ASSIGNMENT}
    for stack in (first.stack, second.stack, federation.stack):
        stack.preview("--expect-no-changes")
    types = {one["type"] for one in first.stack.export()["deployment"]["resources"]}
    assert "pulumi:pulumi:StackReference" in types
    assert not any(kind.startswith("azuread:") for kind in types)
    assert federation.token not in str(first.stack.export())

    # What an access stack has no part in is asked of its federation stack.
    status = second.ops("status")
    assert status.returncode == 2
    assert f"ask its federation stack, {full_name}" in status.stderr
    doctor = second.ops("doctor", "--full")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "Graph app roles: all that are needed are granted (1)" in doctor.stdout
    # What other stacks give is theirs.
    assert "nothing is granted by hand anywhere" in doctor.stdout
    second.write(look("SecondLook", "developers", "AWS-Developers", "611111111111"))
    diff = second.ops("diff")
    assert diff.returncode == 0, diff.stderr
    assert "AWS-Developers" in diff.stdout
    assert "AWS-Platform" not in diff.stdout
    # Guards change no resource; what they forbid is compared all the same.
    second.write(OPEN)
    loosened = second.ops("diff").stdout
    assert "guard loosened: assignments removed at most: no limit instead of 5" in loosened
    second.write(SECOND)

    # A set of another stack is refused, and so are its assignments, in the preview.
    taken = look("FirstLook", "developers", "AWS-Developers", "622222222222")
    told = second.refused(taken)
    assert "permission set FirstLook belongs to another stack" in told
    assert "access.yaml:" in told
    # Groups are made by the federation stack alone.
    made = look("SecondLook", "developers", "AWS-Developers", "622222222222")
    made["groups"]["new"] = {"displayName": "AWS-New", "create": True}
    assert "makes no groups" in second.refused(made)
    # What a federation is made of has no place here.
    second.stack.set_config("protect", "true")
    assert "protect" in second.refused(SECOND)
    second.stack.remove_config("protect")

    # Whom the federation stack does not assign is held, and holds nobody else back.
    more = look("SecondLook", "billing", "AWS-Billing", "611111111111")
    second.write(
        {
            "groups": SECOND["groups"] | more["groups"],
            "permissionSets": SECOND["permissionSets"],
            "rules": [*SECOND["rules"], {**more["rules"][0], "id": "billing"}],
        }
    )
    second.stack.up()
    (hold,) = second.stack.outputs()["held"]
    assert hold["principal"] == "billing"
    assert f"declare it in the access file of {full_name}" in hold["reason"]
    assert federation.assignments() == {FIRST_ASSIGNMENT, SECOND_ASSIGNMENT}
    # Once it is assigned there, the next update here waits for it and gives it its assignment.
    federation.change_access(
        lambda access: access["groups"].update(billing={"displayName": "AWS-Billing"})
    )
    federation.stack.up()
    second.stack.up()
    assert second.stack.outputs()["held"] == []
    billing_assignment = ("611111111111", "SecondLook", "AWS-Billing")
    assert federation.assignments() == {FIRST_ASSIGNMENT, SECOND_ASSIGNMENT, billing_assignment}

    # A federation does not turn into an access stack, which would delete it.
    federation.stack.set_config("federationStack", "first")
    run = federation.stack.preview(check=False)
    assert run.exit_code != 0
    assert run.changes == []
    federation.stack.remove_config("federationStack")

    # A renamed key keeps its assignments with `moved`; without it the update is stopped.
    renamed = look("FirstLook", "team", "AWS-Platform", "611111111111")
    assert "is now called" in first.refused(renamed)
    first.write({**renamed, "moved": {"platform": "team"}})
    assert first.stack.up().changes == []
    assert federation.assignments() >= {FIRST_ASSIGNMENT}

    # Each can go without the others.
    first.stack.destroy()
    assert federation.assignments() == {SECOND_ASSIGNMENT, billing_assignment}
    second.stack.destroy()
    federation.stack.destroy()
    assert sandbox.aws.permission_sets() == {}
