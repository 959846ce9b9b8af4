"""Least privilege on the real engine: each set suffices, each permission of it is needed and told.

The stacks of docs/permissions.md are played with exactly the sets that the page and `ops doctor`
name; then each permission is taken away in turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from demo.checkout import REPOSITORY
from demo.privileges.document import document
from demo.privileges.stories import STORIES, Play, TeamPlay
from demo.privileges.usage import Usage
from demo.stack import STACK
from entra_aws_sandbox.testing import Sandbox
from federation.update.diagnosis import Finding, Findings
from federation.update.permissions import Feature, Purpose, required_actions, required_roles
from ops.cli import Cli
from ops.doctor import examine, examine_clouds, stack_features
from ops.session import Session
from ops.stack import Stack, read_stack
from ops.status import read_status

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

PLAIN = frozenset({Feature.FEDERATION})
TEAM = frozenset({Feature.ACCESS_STACK})
ALL = frozenset(Feature) - TEAM
SIMULATE = "iam:SimulatePrincipalPolicy"


@dataclass
class Deployment:
    """The deployment's permissions in both clouds."""

    sandbox: Sandbox

    def may(self, roles: Iterable[str], actions: Iterable[str]) -> None:
        """Exactly these app roles and IAM actions."""
        self.sandbox.control_entra("app-roles", {"roles": sorted(roles)})
        statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.sandbox.control_aws("iam-policy", {"policy": policy})

    def may_just(self, purpose: Purpose, features: frozenset[Feature]) -> None:
        """Exactly the sets of the table."""
        self.may(roles_of(purpose, features), actions_of(purpose, features))


def roles_of(purpose: Purpose, features: frozenset[Feature]) -> set[str]:
    return {need.permission for need in required_roles(purpose, features)}


def actions_of(purpose: Purpose, features: frozenset[Feature]) -> set[str]:
    return {need.permission for need in required_actions(purpose, features)}


@dataclass
class Seen:
    """What the doctor said while everything was deployed."""

    untouched: dict[Purpose, list[Finding]] = field(default_factory=dict)
    unsimulated: list[Finding] = field(default_factory=list)
    without_role: dict[tuple[Purpose, str], set[str]] = field(default_factory=dict)
    without_action: dict[tuple[Purpose, str], set[str]] = field(default_factory=dict)
    probed: dict[str, set[str]] = field(default_factory=dict)
    quirks: dict[str, list[Finding]] = field(default_factory=dict)
    noted: dict[str, list[str]] = field(default_factory=dict)
    """What the status says of the same."""
    command: subprocess.CompletedProcess[str] | None = None
    features: frozenset[Feature] = frozenset()


@pytest.fixture(scope="module")
def deployment(sandbox: Sandbox) -> Deployment:
    return Deployment(sandbox)


def start(
    deployment: Deployment, name: str, features: frozenset[Feature], kind: type[Play] = Play
) -> Play:
    sandbox = deployment.sandbox
    return kind(
        sandbox.folder,
        sandbox.running,
        STORIES[name],
        lambda purpose: deployment.may_just(Purpose(purpose), features),
    )


@pytest.fixture(scope="module")
def federation(deployment: Deployment) -> Play:
    """A stack with nothing special, after all its changes."""
    play = start(deployment, "plain", PLAIN)
    play.make()
    play.change()
    return play


@pytest.fixture(scope="module")
def team_stack(deployment: Deployment, federation: Play) -> Play:
    """An access stack on it, after all its changes."""
    play = start(deployment, "team", TEAM, TeamPlay)
    play.make()
    play.change()
    return play


@pytest.fixture(scope="module")
def team_seen(deployment: Deployment, team_stack: Play) -> Seen:
    """What the doctor said of the access stack."""
    with patch.dict(os.environ, team_stack.stack.environment, clear=True):
        stack = read_stack(Cli(directory=team_stack.home, stack=team_stack.stack_name))
        return look(deployment, stack, TEAM)


@pytest.fixture(scope="module")
def team(team_stack: Play, team_seen: Seen) -> dict[Any, Usage]:
    """The access stack, to its end."""
    team_stack.destroy()
    return team_stack.usage


@pytest.fixture(scope="module")
def plain(federation: Play, team: dict[Any, Usage]) -> dict[Any, Usage]:
    """The stack with nothing special, to its end."""
    federation.destroy()
    return federation.usage


@pytest.fixture(scope="module")
def deployed(deployment: Deployment, plain: dict[Any, Usage]) -> Play:
    """A stack with everything, after all its changes."""
    play = start(deployment, "full", ALL)
    play.make()
    play.change()
    return play


@pytest.fixture(scope="module")
def in_its_shell(deployed: Play) -> Iterator[None]:
    """The environment of a person at the sandbox."""
    with patch.dict(os.environ, deployed.stack.environment, clear=True):
        yield


@pytest.fixture(scope="module")
def seen(deployment: Deployment, deployed: Play, in_its_shell: None) -> Seen:
    stack = read_stack(Cli(directory=deployed.home, stack=STACK))
    seen = look(deployment, stack, ALL)
    roles, actions = roles_of(Purpose.DEPLOY, ALL), actions_of(Purpose.DEPLOY, ALL)
    deployment.may(roles, actions)
    seen.unsimulated = findings(stack, Purpose.DEPLOY)
    deployment.may({*roles, "Organization.Read.All"}, {*actions, SIMULATE})
    for switch in ("reverse_secrets", "extra_secret"):
        deployment.sandbox.control_entra("switches", {switch: True})
        seen.quirks[switch] = findings(stack, Purpose.DEPLOY)
        seen.noted[switch] = list(read_status(Session(stack), datetime.now(UTC)).notes)
        deployment.sandbox.control_entra("switches", {switch: False})
    deployment.sandbox.control_entra("switches", {"group_licence": False})
    seen.quirks["group_licence"] = findings(stack, Purpose.DEPLOY)
    deployment.sandbox.control_entra("switches", {"group_licence": True})
    deployment.may(roles - {"User.Read.All"}, {*actions, SIMULATE} - {"sso:TagResource"})
    seen.command = subprocess.run(
        [sys.executable, "-m", "ops", "doctor", "-C", deployed.home, "-s", STACK, "--json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return seen


def look(deployment: Deployment, stack: Stack, features: frozenset[Feature]) -> Seen:
    """The doctor with each whole table, and with each permission of each table taken away."""
    seen = Seen(features=frozenset(stack_features(Session(stack))))
    for purpose in Purpose:
        roles, actions = roles_of(purpose, features), actions_of(purpose, features)
        deployment.may(roles, {*actions, SIMULATE})
        seen.untouched[purpose] = examine(Session(stack), purpose).found
        for role in roles:
            deployment.may(roles - {role}, {*actions, SIMULATE})
            seen.without_role[purpose, role] = missing(findings(stack, purpose))
        for action in actions:
            deployment.may(roles, {*actions, SIMULATE} - {action})
            seen.without_action[purpose, action] = missing(findings(stack, purpose))
    roles, actions = roles_of(Purpose.DEPLOY, features), actions_of(Purpose.DEPLOY, features)
    for action in actions_of(Purpose.PREVIEW, features):
        deployment.may(roles, actions - {action})
        seen.probed[action] = missing(findings(stack, Purpose.DEPLOY))
    return seen


def findings(stack: Stack, purpose: Purpose) -> list[Finding]:
    told = Findings()
    examine_clouds(Session(stack), purpose, told)
    return told.found


def missing(found: list[Finding]) -> set[str]:
    """The permissions that are named as missing."""
    return {one.permission for one in found if one.permission}


def problems(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.level == "problem"]


@pytest.fixture(scope="module")
def full(seen: Seen, deployed: Play) -> dict[Any, Usage]:
    """The stack with everything, to its end."""
    deployed.destroy()
    return deployed.usage


def test_the_table_is_what_a_plain_stack_uses(plain: dict[Any, Usage]) -> None:
    assert_exact(plain, PLAIN)


def test_the_table_is_what_a_stack_with_everything_uses(full: dict[Any, Usage]) -> None:
    assert_exact(full, ALL)


def test_the_table_is_what_an_access_stack_uses(team: dict[Any, Usage]) -> None:
    assert_exact(team, TEAM)


def assert_exact(usage: dict[Any, Usage], features: frozenset[Feature]) -> None:
    """The runs succeeded with exactly these permissions, and used each of them."""
    for purpose in Purpose:
        used = usage[purpose.value]
        assert used.actions == actions_of(purpose, features)
        assert set(used.roles()) == roles_of(purpose, features)


def test_the_page_says_what_was_used(
    plain: dict[Any, Usage], full: dict[Any, Usage], team: dict[Any, Usage]
) -> None:
    page = (REPOSITORY / "docs" / "permissions.md").read_text(encoding="utf-8")
    written = document(plain=plain, full=full, team=team)
    assert page == written, "run python -m demo.privileges"


def test_nothing_is_left(full: dict[Any, Usage], deployment: Deployment) -> None:
    state = deployment.sandbox.control_aws("state")
    assert (state["permissionSets"], state["assignments"]) == ([], [])
    counts = deployment.sandbox.control_entra("state")["counts"]
    assert (counts["synchronizationJobs"], counts["appRoleAssignments"]) == (0, 0)


def test_the_doctor_sees_what_the_stack_has(seen: Seen, team_seen: Seen) -> None:
    assert seen.features | {Feature.MANAGEMENT_ASSIGNMENTS} == ALL
    assert team_seen.features == TEAM


@pytest.mark.parametrize("purpose", Purpose)
def test_nothing_is_missing_with_the_sets_of_the_page(
    seen: Seen, team_seen: Seen, purpose: Purpose
) -> None:
    for found in (seen.untouched[purpose], team_seen.untouched[purpose]):
        assert problems(found) == []
        told = {one.check for one in found if one.level == "fine"}
        assert {"graph-roles", "iam-actions", "cli", "plugins", "aws-credentials"} <= told


def test_each_missing_app_role_is_named_alone(seen: Seen, team_seen: Seen) -> None:
    assert len(seen.without_role) == 13
    assert len(team_seen.without_role) == 2
    for found in (seen, team_seen):
        assert_named_alone(found.without_role)


def test_each_missing_iam_action_is_named_alone(seen: Seen, team_seen: Seen) -> None:
    assert len(seen.without_action) > 80
    assert len(team_seen.without_action) > 40
    for found in (seen, team_seen):
        assert_named_alone(found.without_action)


def assert_named_alone(found: Mapping[tuple[Purpose, str], set[str]]) -> None:
    assert found == {(purpose, taken): {taken} for purpose, taken in found}


def test_without_simulation_reading_actions_are_told_by_reading(
    seen: Seen, team_seen: Seen
) -> None:
    assert problems(seen.unsimulated) == []
    (unknown,) = [one.text for one in seen.unsimulated if "can't be told" in one.text]
    assert "sso:CreateAccountAssignment" in unknown
    assert "sso:ListInstances" not in unknown
    assert len(seen.probed) > 15
    assert "sso:ListPermissionSets" in team_seen.probed
    for action, told in (*seen.probed.items(), *team_seen.probed.items()):
        assert action in told, action


@pytest.mark.parametrize(
    ("switch", "check", "words"),
    [
        ("reverse_secrets", "secrets", "another order"),
        ("extra_secret", "secrets", "that nobody wrote (ConnectionString)"),
        ("group_licence", "licence", "no Entra ID P1"),
    ],
)
def test_quirks_of_entra_are_explained(seen: Seen, switch: str, check: str, words: str) -> None:
    (problem,) = problems(seen.quirks[switch])
    assert problem.check == check
    assert words in problem.text
    if check == "secrets":
        assert problem.text in seen.noted[switch]


def test_the_command_exits_with_one_and_names_both(seen: Seen) -> None:
    assert seen.command is not None
    assert seen.command.returncode == 1, seen.command.stderr
    told = json.loads(seen.command.stdout)
    assert told["for"] == "deploy"
    assert told["problems"] == 2
    assert {one["permission"] for one in told["findings"] if "permission" in one} == {
        "User.Read.All",
        "sso:TagResource",
    }
