"""The doubles under the real engine, with a program that has every resource."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_aws_sandbox.testing import Sandbox
from entra_aws_sandbox.testing.project import Project

pytestmark = pytest.mark.engine

ALL_RESOURCES = (Path(__file__).parent / "program" / "__main__.py").read_text()
TOKEN = "a-token-that-nobody-may-see"
POLICIES = {"managed", "customer", "inline", "boundary"}


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
    made = done.index(("create-replacement", "account-assignment"))
    for name in ("set", *POLICIES):
        assert done.index(("create-replacement", name)) < made
        assert made < done.index(("delete-replaced", "account-assignment"))
        assert done.index(("delete-replaced", "account-assignment")) < done.index(
            ("delete-replaced", name)
        )


def test_the_token_is_nowhere_in_clear(project: Project, sandbox: Sandbox) -> None:
    shown = project.run("stack", "export") + project.run("preview", "--diff", "--json")
    assert TOKEN not in shown
    kept = [path for path in sandbox.folder.root.rglob("*") if path.is_file()]
    # A link leads to a real plugin: hundreds of megabytes, and nothing that was written here.
    kept = [path for path in kept if not path.is_symlink()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_destroy_takes_assignments_before_policies_before_the_set(
    project: Project, sandbox: Sandbox
) -> None:
    order = [name for operation, name in project.steps("destroy") if operation == "delete"]
    for name in POLICIES:
        assert order.index("account-assignment") < order.index(name) < order.index("set")
    assert project.names() == set()
    assert sandbox.aws.permission_sets() == {}
    applications = sandbox.graph.all("/v1.0/applications?$filter=displayName eq 'AWS'")
    assert list(applications) == []
