"""The scripts of the workflows on the sandbox, with the real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.engine.by_hand import assign, unassign
from tests.engine.federation import ACCESS, ASSIGNMENTS, Federation
from tests.engine.worlds import own_set
from tests.workflows.hub import Hub, run_script

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

STACK = "sandbox"


class Pipeline:
    """A federation in phase access, and the steps that workflows take with it."""

    def __init__(self, federation: Federation, hub: Hub, out: Path) -> None:
        self.federation = federation
        self.hub = hub
        self.out = out

    def run(self, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = self.federation.sandbox.environment
        return run_script(
            script,
            *arguments,
            environment={
                **self.hub.environment(PROJECT_DIR=str(self.federation.folder)),
                **environment,
                "PATH": f"{self.hub.folder / 'bin'}:{environment['PATH']}",
                **more,
            },
        )

    def diff(self) -> subprocess.CompletedProcess[str]:
        return self.run("diff.sh", STACK, str(self.out))

    def text(self, name: str) -> str:
        return (self.out / name).read_text()


@pytest.fixture
def pipeline(federation: Federation, tmp_path: Path) -> Pipeline:
    return Pipeline(federation, Hub.create(tmp_path / "hub"), tmp_path / "out")


def look_at_one_more_account(federation: Federation) -> None:
    federation.change_access(
        lambda access: access["rules"][0]["targets"].append({"accountName": "log-archive"})
    )


def test_what_was_reviewed_is_applied_and_nothing_else(pipeline: Pipeline) -> None:
    federation = pipeline.federation
    look_at_one_more_account(federation)
    run = pipeline.diff()
    assert run.returncode == 0, run.stderr
    assert "AWS-Platform" in pipeline.text("diff.md")
    assert federation.token not in pipeline.text("diff.md") + run.stdout + run.stderr
    reviewed = pipeline.text("reviewed").strip()
    assert reviewed.startswith("sha256:")

    # Meanwhile somebody has made the same rule reach further.
    federation.change_access(
        lambda access: access["rules"][0]["targets"].append({"accountName": "audit"})
    )
    refused = pipeline.run("up.sh", STACK, reviewed, str(pipeline.out))
    assert refused.returncode == 1
    assert "this is not the reviewed update" in refused.stderr
    assert federation.assignments() == ASSIGNMENTS

    federation.change_access(lambda access: access["rules"][0]["targets"].pop())
    applied = pipeline.run("up.sh", STACK, reviewed, str(pipeline.out))
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert federation.assignments() == ASSIGNMENTS | {("222233334444", "ReadOnly", "AWS-Platform")}
    assert federation.token not in applied.stdout + applied.stderr
    assert pipeline.run("up.sh", STACK, "", str(pipeline.out)).returncode == 1


def test_the_policy_pack_stops_a_pull_request(pipeline: Pipeline) -> None:
    def administer(access: dict[str, object]) -> None:
        sets = access["permissionSets"]
        assert isinstance(sets, dict)
        sets["Deploy"]["inlinePolicy"]["Statement"][0]["Action"] = "*"

    pipeline.federation.change_access(administer)
    run = pipeline.diff()
    assert run.returncode == 1
    assert "no-wildcard-admin" in pipeline.text("diff.md")
    reviewed = pipeline.text("reviewed").strip() or "none"
    assert pipeline.run("up.sh", STACK, reviewed, str(pipeline.out)).returncode == 1
    assert pipeline.federation.assignments() == ASSIGNMENTS


def test_a_guard_stops_a_pull_request_with_its_sentence(pipeline: Pipeline) -> None:
    pipeline.federation.change_access(
        lambda access: access["rules"][0]["targets"].append({"ou": "Worklods"})
    )
    run = pipeline.diff()
    assert run.returncode == 1
    assert "Did you mean" in pipeline.text("diff.md")
    # What stops a pull request also keeps a reconciliation from being applied alone.
    found = pipeline.run("reconcile.sh", STACK, str(pipeline.out))
    assert found.returncode == 0, found.stderr
    assert "verdict=ask" in found.stdout.splitlines()
    assert "the preview is stopped" in pipeline.text("issue.md")


def test_drift_tells_who_was_given_access_by_hand(pipeline: Pipeline) -> None:
    assign(pipeline.federation, "611111111111", "AWS-Developers")
    issue = pipeline.out / "issue.md"
    run = pipeline.run("drift.sh", STACK, str(issue))
    assert run.returncode == 0, run.stderr
    assert 'group "AWS-Developers"' in issue.read_text()
    assert "has ReadOnly on billing-dev (611111111111) by hand" in issue.read_text()
    assert "pulumi up --refresh" not in issue.read_text()


def test_drift_is_told_until_it_is_gone(pipeline: Pipeline) -> None:
    issue = pipeline.out / "issue.md"
    assert pipeline.run("drift.sh", STACK, str(issue)).returncode == 0
    assert issue.read_text() == ""
    unassign(pipeline.federation, "611111111111", "AWS-Platform")
    run = pipeline.run("drift.sh", STACK, str(issue))
    assert run.returncode == 0, run.stderr
    assert "ReadOnly/group/platform/611111111111" in issue.read_text()
    # Detached behind the stack, and not provisioned: a refresh sees the one, AWS tells the other.
    pipeline.federation.sandbox.aws.sso_admin.detach_managed_policy_from_permission_set(
        **own_set(pipeline.federation, "ReadOnly"),
        ManagedPolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    assert pipeline.run("drift.sh", STACK, str(issue)).returncode == 0
    assert "ReadOnly is still provisioned with an older version on 2 accounts" in issue.read_text()
    broken = pipeline.run("drift.sh", STACK, str(issue), PULUMI_BACKEND_URL="file:///nowhere")
    assert broken.returncode == 1


@pytest.fixture
def workloads_dev(pipeline: Pipeline) -> Iterator[Callable[[], str]]:
    """Makes an account in Workloads/Dev, as a person does; it leaves the OU after the test."""
    organizations = pipeline.federation.sandbox.aws.organizations
    root = organizations.list_roots()["Roots"][0]["Id"]
    made: list[str] = []

    def child(parent: str, name: str) -> str:
        units = organizations.list_organizational_units_for_parent(ParentId=parent)
        return next(
            str(unit["Id"]) for unit in units["OrganizationalUnits"] if unit["Name"] == name
        )

    unit = child(child(root, "Workloads"), "Dev")

    def make() -> str:
        answer = organizations.create_account(AccountName="shop-dev", Email="shop@example.com")
        made.append(answer["CreateAccountStatus"]["AccountId"])
        organizations.move_account(AccountId=made[0], SourceParentId=root, DestinationParentId=unit)
        return made[0]

    yield make
    for account in made:
        organizations.move_account(AccountId=account, SourceParentId=unit, DestinationParentId=root)


def test_a_new_account_gets_its_assignments_alone(
    pipeline: Pipeline, workloads_dev: Callable[[], str]
) -> None:
    federation = pipeline.federation

    def verdict() -> dict[str, str]:
        run = pipeline.run("reconcile.sh", STACK, str(pipeline.out))
        assert run.returncode == 0, run.stderr
        return dict(line.split("=", 1) for line in run.stdout.splitlines())

    # The policy that Deploy names does not exist in an account that was made a moment ago.
    federation.change_access(
        lambda access: access["rules"][1].update(targets=[{"account": "611111111111"}])
    )
    federation.stack.up()
    assert verdict()["verdict"] == "nothing"
    assert pipeline.text("issue.md") == ""

    account = workloads_dev()
    found = verdict()
    assert found["verdict"] == "apply"
    applied = pipeline.run("up.sh", STACK, found["hash"], str(pipeline.out))
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert {assignment for assignment in federation.assignments() if assignment[0] == account} == {
        (account, "ReadOnly", "AWS-Platform")
    }

    # An account that has assignments already is no new one.
    look_at_one_more_account(federation)
    federation.change_access(
        lambda access: access["rules"][0]["targets"].append({"account": "811111111111"})
    )
    assert verdict()["verdict"] == "ask"
    assert "ReadOnly/group/platform/811111111111" in pipeline.text("issue.md")
    assert "222233334444" not in pipeline.text("reasons.txt")


def test_access_ends_with_its_rule_and_nothing_else_is_applied(pipeline: Pipeline) -> None:
    federation = pipeline.federation

    def remembered() -> object:
        return [
            (one["urn"], one["outputs"])
            for one in federation.stack.export()["deployment"]["resources"]
            if "federation:" in one["type"] and one.get("outputs")
        ]

    before = remembered()
    none = pipeline.run("expire.sh", STACK, str(pipeline.out))
    assert (none.returncode, none.stdout) == (0, f"No access of {STACK} has ended.\n"), none.stderr

    # Beside what has ended, the files hold more access and less.
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    federation.change_access(lambda access: access["rules"][1].update(until=yesterday))
    look_at_one_more_account(federation)
    federation.change_access(lambda access: access["rules"].pop(2))
    ended = pipeline.run("expire.sh", STACK, str(pipeline.out))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert federation.assignments() == {
        assignment for assignment in ASSIGNMENTS if assignment[2] != "AWS-Developers"
    }
    assert remembered() == before

    # A person decides the rest; what has ended is no news any more.
    assert pipeline.diff().returncode == 0
    changes = {
        (one["change"], one["principal"]["key"])
        for one in json.loads(pipeline.text("diff.json"))["access"]
    }
    assert changes == {("gained", "platform"), ("lost", "migration")}


def test_a_pull_request_has_a_stack_of_its_own_until_it_is_closed(pipeline: Pipeline) -> None:
    sandbox, hub = pipeline.federation.sandbox, pipeline.hub
    name = "AWS IAM Identity Center (pull request 7)"

    def applications() -> list[str]:
        return [
            one["displayName"]
            for one in sandbox.graph.all("/v1.0/applications")
            if one["displayName"] == name
        ]

    # An environment that makes no groups: in one tenant, two stacks can't make the same ones.
    folder = pipeline.federation.folder
    access = {key: value for key, value in ACCESS.items() if key != "rules"}
    access["groups"] = {"platform": ACCESS["groups"]["platform"]}
    (folder / "test.yaml").write_text(yaml.safe_dump(access))
    config = (folder / f"Pulumi.{STACK}.yaml").read_text()
    (folder / "Pulumi.test.yaml").write_text(config.replace("access.yaml", "test.yaml"))
    up = pipeline.run("ephemeral.sh", "up", "7", TEST_ENVIRONMENT="test")
    assert up.returncode == 0, up.stdout + up.stderr
    assert applications() == [name]

    content = hub.read()
    content["pulls"] = [{"number": 7, "state": "open"}]
    hub.write(content)
    kept = pipeline.run("sweep.sh", TEST_ENVIRONMENT="test")
    assert kept.returncode == 0, kept.stderr
    assert applications() == [name]

    content["pulls"] = [{"number": 7, "state": "closed"}]
    hub.write(content)
    swept = pipeline.run("sweep.sh", TEST_ENVIRONMENT="test")
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert "no application" in swept.stdout
    assert applications() == []
    again = pipeline.run("ephemeral.sh", "down", "7", TEST_ENVIRONMENT="test")
    assert again.returncode == 0
    assert "gone already" in again.stdout
    assert pipeline.federation.assignments() == ASSIGNMENTS
    assert pipeline.run("ephemeral.sh", "up", "7; true").returncode == 1
