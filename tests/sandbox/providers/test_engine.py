"""The doubles and the language host under the real engine, with programs of their own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.checkout import REPOSITORY
from entra_aws_sandbox.environment import pulumi_cli
from tests.support import Sandbox

pytestmark = pytest.mark.engine

ALL_RESOURCES = (Path(__file__).parent / "program" / "__main__.py").read_text()
TOKEN = "a-token-that-nobody-may-see"
SECONDS = 120
POLICIES = {"managed", "customer", "inline", "boundary"}


class Project:
    """A Pulumi project folder, worked with through the CLI as a person does."""

    def __init__(self, folder: Path, environment: dict[str, str], program: str) -> None:
        self._folder = folder
        self._environment = {**environment, "PULUMI_DEBUG_COMMANDS": "true"}
        self._events = folder / "events.jsonl"
        (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")
        (folder / "__main__.py").write_text(program)
        self.run("stack", "init", "test")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the CLI."""
        return subprocess.Popen(
            [pulumi_cli(), *arguments, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI; what it says."""
        output, code = self.result(*arguments)
        assert bool(code) is fails, output
        return output

    def result(self, *arguments: str) -> tuple[str, int]:
        """Run the CLI; what it says, and its exit code."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=SECONDS)
        return output, process.returncode

    def steps(self, command: str, *arguments: str) -> list[tuple[str, str]]:
        """Run a command; operation and logical name of every finished step, in order."""
        self._events.unlink(missing_ok=True)
        self.run(command, "--yes", "--skip-preview", f"--event-log={self._events}", *arguments)
        events = [json.loads(line) for line in self._events.read_text().splitlines()]
        done = [one["resOutputsEvent"]["metadata"] for one in events if "resOutputsEvent" in one]
        return [(one["op"], one["urn"].rpartition("::")[2]) for one in done]

    def names(self) -> set[str]:
        """Logical names of the stack's resources, without the stack and its providers."""
        exported = json.loads(self.run("stack", "export"))
        resources = exported["deployment"].get("resources", [])
        own = [one["urn"] for one in resources if not one["type"].startswith("pulumi:")]
        return {urn.rpartition("::")[2] for urn in own}


@pytest.fixture(scope="module")
def project(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The program with every resource, deployed."""
    sandbox.console.enable()
    (instance,) = sandbox.aws.instances()
    user = sandbox.aws.identity_store.create_user(
        IdentityStoreId=instance["IdentityStoreId"],
        UserName="ada@example.com",
        DisplayName="Ada",
        Name={"GivenName": "Ada", "FamilyName": "Example"},
    )
    ada = sandbox.graph.call("GET", "/v1.0/users/ada@example.com")["id"]
    made = Project(tmp_path_factory.mktemp("project"), sandbox.environment, ALL_RESOURCES)
    made.run("config", "set", "ada", ada)
    made.run("config", "set", "user", user["UserId"])
    assert {operation for operation, _ in made.steps("up")} == {"create"}
    return made


def test_every_resource_is_stable(project: Project) -> None:
    assert len(project.names()) == 9 + 7, "of azuread and of aws"
    project.run("preview", "--expect-no-changes")
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    project.run("preview", "--refresh", "--expect-no-changes")


def test_drift_is_found_and_mended(project: Project, sandbox: Sandbox) -> None:
    (instance,) = sandbox.aws.instances()
    (arn,) = sandbox.aws.permission_sets()
    sandbox.aws.sso_admin.update_permission_set(
        InstanceArn=instance["InstanceArn"], PermissionSetArn=arn, Description="Changed by hand"
    )
    done = project.steps("up", "--refresh")
    assert ("update", "set") in done
    assert {name for operation, name in done if operation == "update"} == {"set"}
    project.run("preview", "--refresh", "--expect-no-changes")


def test_a_renamed_set_is_made_before_the_old_one_goes(project: Project) -> None:
    project.run("config", "set", "name", "Watch")
    done = project.steps("up")
    made = done.index(("create-replacement", "row"))
    for name in ("set", *POLICIES):
        assert done.index(("create-replacement", name)) < made
        assert made < done.index(("delete-replaced", "row"))
        assert done.index(("delete-replaced", "row")) < done.index(("delete-replaced", name))


def test_the_token_is_nowhere_in_clear(project: Project, sandbox: Sandbox) -> None:
    shown = project.run("stack", "export") + project.run("preview", "--diff", "--json")
    assert TOKEN not in shown
    kept = [path for path in sandbox.folder.root.rglob("*") if path.is_file()]
    # A link leads to a real plugin: hundreds of megabytes, and nothing that was written here.
    kept = [path for path in kept if not path.is_symlink()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_destroy_takes_rows_before_policies_before_the_set(
    project: Project, sandbox: Sandbox
) -> None:
    order = [name for operation, name in project.steps("destroy") if operation == "delete"]
    for name in POLICIES:
        assert order.index("row") < order.index(name) < order.index("set")
    assert project.names() == set()
    assert sandbox.aws.permission_sets() == {}
    applications = sandbox.graph.all("/v1.0/applications?$filter=displayName eq 'AWS'")
    assert list(applications) == []


ENDINGS = """
import time
import pulumi
match pulumi.Config().get("ending"):
    case "refuse":
        raise pulumi.RunError("environments/dev/access.yaml:1:1 is not what it should be.")
    case "break":
        raise ValueError("a bug")
    case "exit":
        raise SystemExit(3)
    case "wait":
        print("waiting", flush=True)
        time.sleep(60)
pulumi.export("ended", "well")
"""


@pytest.fixture(scope="module")
def endings(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A program that ends in several ways, run by this repository's language host."""
    host = tmp_path_factory.mktemp("host") / "pulumi-language-python"
    script = REPOSITORY / "tools" / "pulumi" / "language_host.py"
    command = shlex.join([sys.executable, "-u", "-P", str(script)])
    host.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    host.chmod(0o755)
    path = os.pathsep.join([str(host.parent), sandbox.environment["PATH"]])
    environment = {**sandbox.environment, "PATH": path}
    return Project(tmp_path_factory.mktemp("endings"), environment, ENDINGS)


def test_a_program_that_ends_well(endings: Project) -> None:
    endings.run("up", "--yes", "--skip-preview")
    assert endings.run("stack", "output", "ended").strip() == "well"


def test_a_refusal_is_one_sentence(endings: Project) -> None:
    endings.run("config", "set", "ending", "refuse")
    told = endings.run("preview", fails=True)
    assert "error: environments/dev/access.yaml:1:1 is not what it should be." in told
    assert "Traceback" not in told


def test_a_bug_is_shown_with_its_place(endings: Project) -> None:
    endings.run("config", "set", "ending", "break")
    told = endings.run("preview", fails=True)
    assert "ValueError: a bug" in told
    assert "__main__.py" in told


def test_an_exit_code_is_told(endings: Project) -> None:
    endings.run("config", "set", "ending", "exit")
    assert "the program ended with exit code 3" in endings.run("preview", fails=True)


def test_nothing_outlives_a_killed_engine(endings: Project) -> None:
    endings.run("config", "set", "ending", "wait")
    process = endings.start("preview")
    assert process.stdout is not None
    while "waiting" not in process.stdout.readline():
        assert process.poll() is None
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    script = str(REPOSITORY / "tools" / "pulumi" / "language_host.py")
    while _running(script, sys.executable) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _running(script, sys.executable) == []


def _running(*words: str) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if all(word in line for word in words)]
