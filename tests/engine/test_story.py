"""The whole way on the real engine: each phase once, then a second time without changes, then back.

The fixtures are chapters: each one plays its part once and keeps what was seen for the tests.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from entra_aws_sandbox.browser import sign_in
from entra_aws_sandbox.pulumi import Run
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import (
    ASSIGNMENT,
    ASSIGNMENTS,
    PERMISSION_SET,
    POLICIES,
    Federation,
    assert_before,
    changed,
    of_kind,
)
from tests.engine.processes import processes_with

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Chapter:
    """What was seen in one phase."""

    preview: Run
    up: Run
    again: Run
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """What was seen when the stack was destroyed."""

    run: Run
    before: dict[str, set[str]]
    after: dict[str, set[str]]
    made_groups: set[str]
    permission_sets: dict[str, str]
    instances: int


@pytest.fixture(scope="module")
def federation(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return Federation.create(sandbox, tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="module")
def seed(federation: Federation) -> dict[str, set[str]]:
    """What the directory held before the first update."""
    return _directory(federation)


@pytest.fixture(scope="module")
def app(federation: Federation, seed: dict[str, set[str]]) -> Chapter:
    return _play(federation)


@pytest.fixture(scope="module")
def trust(federation: Federation, app: Chapter) -> Chapter:
    federation.enter_trust()
    return _play(federation)


@pytest.fixture(scope="module")
def access(federation: Federation, trust: Chapter) -> Chapter:
    federation.enter_provisioning()
    return _play(federation)


@pytest.fixture(scope="module")
def seen(federation: Federation, access: Chapter) -> dict[str, Any]:
    """What the clouds hold in phase access, and how three people fare."""
    return {
        "assignments": federation.assignments(),
        "portal": {
            name: sign_in(federation.portal, f"{name}@example.com", "sandbox")
            for name in ("ada", "wendy", "carol", "bob", "mallory")
        },
        "state": json.dumps(federation.stack.export()),
    }


@pytest.fixture(scope="module")
def ending(federation: Federation, seen: dict[str, Any]) -> Ending:
    state = federation.stack.export()
    made = {
        resource["id"].rpartition("/")[2]
        for resource in state["deployment"]["resources"]
        if resource["type"] == "azuread:index/group:Group"
    }
    before = _directory(federation)
    run = federation.stack.destroy()
    return Ending(
        run,
        before,
        _directory(federation),
        made,
        federation.sandbox.aws.permission_sets(),
        len(federation.sandbox.aws.instances()),
    )


def _play(federation: Federation) -> Chapter:
    preview = federation.stack.preview()
    up = federation.stack.up()
    again = federation.stack.preview("--expect-no-changes", check=False)
    return Chapter(preview, up, again, federation.stack.outputs())


def _directory(federation: Federation) -> dict[str, set[str]]:
    graph = federation.sandbox.graph
    return {
        collection: {item["id"] for item in graph.all(f"/v1.0/{collection}")}
        for collection in ("applications", "servicePrincipals", "users", "groups")
    }


def test_phase_app_makes_the_application_and_its_assignments(app: Chapter) -> None:
    assert changed(app.up) == [
        *[("create", "AppRoleAssignment")] * 4,
        ("create", "ApplicationFromTemplate"),
        ("create", "Group"),
        ("create", "GroupMember"),
        ("create", "ServicePrincipal"),
    ]
    assert app.outputs["phase"] == "app"
    assert [step["step"] for step in app.outputs["nextSteps"]] == [1, 2, 3]


def test_phase_trust_adds_identifier_reply_urls_and_certificate(trust: Chapter) -> None:
    created = {kind for operation, kind in changed(trust.up) if operation == "create"}
    assert created == {
        "ApplicationIdentifierUri",
        "ApplicationRedirectUris",
        "ServicePrincipalTokenSigningCertificate",
    }
    assert trust.outputs["phase"] == "trust"
    assert [step["step"] for step in trust.outputs["nextSteps"]] == [8, 9]


def test_the_application_has_both_reply_urls_of_the_metadata(
    federation: Federation, trust: Chapter
) -> None:
    name = federation.stack.config()["enterpriseApp"]["name"]
    (application,) = [
        item
        for item in federation.sandbox.graph.all("/v1.0/applications")
        if item["displayName"] == name
    ]
    replies = application["web"]["redirectUris"]
    assert len(replies) == 2
    assert all(f'Location="{reply}"' in federation.metadata_file.read_text() for reply in replies)


def test_provisioning_and_access_come_in_one_update(access: Chapter) -> None:
    kinds = [kind for operation, kind in changed(access.up) if operation == "create"]
    assert kinds.count(ASSIGNMENT) == len(ASSIGNMENTS)
    assert kinds.count(PERMISSION_SET) == 2
    assert {"SynchronizationSecret", "SynchronizationJob", *POLICIES} <= set(kinds)
    assert access.outputs["phase"] == "access"
    assert access.outputs["held"] == []
    assert access.outputs["nextSteps"] == []


def test_the_secret_is_there_before_the_job_starts(access: Chapter) -> None:
    steps = access.up.changes
    assert_before(
        access.up, of_kind(steps, "SynchronizationSecret"), of_kind(steps, "SynchronizationJob")
    )


def test_a_set_has_its_policies_before_its_assignments(access: Chapter) -> None:
    deploy = [
        step for step in of_kind(access.up.changes, ASSIGNMENT) if step.name.startswith("Deploy/")
    ]
    assert_before(access.up, of_kind(access.up.changes, *POLICIES), deploy)


def test_a_preview_tells_what_the_update_does(
    app: Chapter, trust: Chapter, access: Chapter
) -> None:
    for chapter in (app, trust, access):
        planned = sorted(
            (event.step.op, event.step.name)
            for event in chapter.preview.events
            if event.step.changes and event.finished
        )
        done = sorted((step.op, step.name) for step in chapter.up.changes)
        assert planned == done


def test_a_second_update_changes_nothing(app: Chapter, trust: Chapter, access: Chapter) -> None:
    for chapter in (app, trust, access):
        assert chapter.again.exit_code == 0, chapter.again.output
        assert chapter.again.seconds < 60


def test_identity_center_has_exactly_the_declared_assignments(seen: dict[str, Any]) -> None:
    assert seen["assignments"] == ASSIGNMENTS


@pytest.mark.conformance
def test_a_tool_of_others_lists_exactly_the_assignments(
    federation: Federation, seen: dict[str, Any]
) -> None:
    """aws-sso-util (by Ben Kehoe) asks organizations, identitystore and sso-admin its own way."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("aws-sso-util")),
            *("admin", "assignments", "--lookup-names", "--arn-style", "id"),
        ],
        env=federation.sandbox.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {
        (assignment["target_id"], assignment["permission_set_name"], assignment["principal_name"])
        for assignment in listed
    } == ASSIGNMENTS
    assert len(listed) == len(ASSIGNMENTS)


def test_people_see_what_their_groups_have(seen: dict[str, Any]) -> None:
    portal = seen["portal"]
    assert portal["ada"].roles == {
        (account, permission_set)
        for account, permission_set, group in ASSIGNMENTS
        if group == "AWS-Platform"
    }
    assert portal["wendy"].roles == {("811111111111", "Deploy")}
    assert portal["carol"].access is not None
    assert portal["carol"].roles == set()


def test_people_who_may_not_come_in_do_not(seen: dict[str, Any]) -> None:
    assert seen["portal"]["bob"].access is None
    assert seen["portal"]["bob"].code == "AADSTS50105"
    assert seen["portal"]["mallory"].access is None
    assert seen["portal"]["mallory"].code == "AADSTS50057"


def test_no_secret_is_written_anywhere(
    federation: Federation, access: Chapter, seen: dict[str, Any]
) -> None:
    secrets = {federation.token, federation.sandbox.folder.secrets().clientSecret}
    places = {
        "preview": access.preview.output,
        "up": access.up.output,
        "outputs": json.dumps(access.outputs),
        "state": seen["state"],
        "configuration": (federation.folder / "Pulumi.sandbox.yaml").read_text(),
        "request log": federation.sandbox.folder.requests.read_text(),
        "server log": federation.sandbox.folder.server_log.read_text(),
    }
    leaks = [place for place, text in places.items() if any(secret in text for secret in secrets)]
    assert leaks == []


def test_destroy_takes_assignments_then_policies_then_sets(ending: Ending) -> None:
    deletes = [step for step in ending.run.changes if step.op == "delete"]
    assignments = of_kind(deletes, ASSIGNMENT)
    assert len(assignments) == len(ASSIGNMENTS)
    assert_before(ending.run, assignments, of_kind(deletes, PERMISSION_SET))
    assert_before(ending.run, of_kind(deletes, *POLICIES), of_kind(deletes, PERMISSION_SET))
    deploy_assignments = [step for step in assignments if step.name.startswith("Deploy/")]
    assert_before(
        ending.run,
        deploy_assignments,
        of_kind(deletes, "PermissionSetInlinePolicy", "PermissionsBoundaryAttachment"),
    )
    assert_before(ending.run, assignments, of_kind(deletes, "AppRoleAssignment"))


def test_the_engine_leaves_no_process(federation: Federation, ending: Ending) -> None:
    home = str(federation.sandbox.folder.pulumi_home)
    assert federation.stack.environment["PULUMI_HOME"] == home
    deadline = time.monotonic() + 10
    while processes_with("PULUMI_HOME", home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_with("PULUMI_HOME", home) == []


def test_destroy_leaves_nothing_of_the_stack_and_all_else(
    ending: Ending, seed: dict[str, set[str]]
) -> None:
    assert ending.after == seed
    assert len(ending.made_groups) == 1
    assert ending.permission_sets == {}
    assert ending.instances == 1
