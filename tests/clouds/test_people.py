"""Who is in the groups that separation of duties compares, read from the emulated Entra."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from clouds.directory import read_directory
from clouds.graph import Graph
from clouds.people import read_people
from entra_aws_sandbox.testing import Sandbox
from federation.access.access import load_access
from federation.engine.checkpoint import Checkpoint
from tests.federation.loading import company

TODAY = date(2027, 1, 15)
ACCESS = """
groups:
  deployers: {displayName: AWS-Deployers}
  auditors: {displayName: AWS-Auditors}
  crew: {displayName: AWS-Crew, create: true, members: [Bob@example.com]}
  aside: {displayName: AWS-Platform}
users:
  ada: {userPrincipalName: ada@example.com}
permissionSets: {Deploy: {}, Audit: {}, Look: {}}
rules:
  - {group: deployers, permissionSets: [Deploy], targets: [{ou: Workloads/Dev}]}
  - {group: auditors, permissionSets: [Audit], targets: [{ou: AUDITED}]}
  - {group: crew, permissionSets: [Audit], targets: [{ou: AUDITED}]}
  - {user: ada, permissionSets: [Audit], targets: [{ou: AUDITED}]}
  - {group: aside, permissionSets: [Look], targets: [{ou: Workloads/Dev}]}
"""
GUARDS = "guards: {separationOfDuties: [[Deploy, Audit]]}\n"


@pytest.fixture
def graph(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Graph:
    for name, value in sandbox.environment.items():
        if name.startswith(("ARM_", "SSL_")):
            monkeypatch.setenv(name, value)
    return Graph.connect({})


@pytest.fixture
def ids(graph: Graph) -> Iterator[dict[str, str]]:
    """Two groups that share a person whose account is disabled; one of them holds a group, too."""
    people = {
        one["userPrincipalName"]: one["id"]
        for one in graph.users_by_name(
            ["ada@example.com", "bob@example.com", "carol@example.com", "mallory@example.com"]
        )
    }
    (platform,) = graph.groups_by_name(["AWS-Platform"])
    members = {
        "AWS-Deployers": [people["mallory@example.com"], people["carol@example.com"]],
        "AWS-Auditors": [people["mallory@example.com"], platform["id"]],
    }
    base = f"{graph.credentials.endpoints.graph}/v1.0/directoryObjects"
    made = [
        graph.call(
            "POST",
            "/groups",
            {
                "displayName": name,
                "mailEnabled": False,
                "mailNickname": name,
                "securityEnabled": True,
                "members@odata.bind": [f"{base}/{ident}" for ident in inside],
            },
        )["id"]
        for name, inside in members.items()
    ]
    yield people
    for ident in made:
        graph.call("DELETE", f"/groups/{ident}")


def read(
    graph: Graph, sandbox: Sandbox, tmp_path: Path, *, audited: str, guards: str = GUARDS
) -> tuple[dict[str, dict[str, str]], int]:
    """Who is in what, by key, and how many lists of members were asked for."""
    text = ACCESS.replace("AUDITED", audited) + guards
    (tmp_path / "access.yaml").write_text(text)
    declared = load_access(["access.yaml"], root=tmp_path)
    directory = read_directory(graph, declared, Checkpoint())
    begin = sandbox.folder.requests.stat().st_size
    found = read_people(graph, declared, company(), directory, today=TODAY)
    lines = sandbox.folder.requests.read_bytes()[begin:].decode().splitlines()
    assert all(json.loads(line)["path"].endswith("/members") for line in lines)
    return {key.key: dict(people) for key, people in found.items()}, len(lines)


def test_the_people_of_the_principals_that_are_compared_are_read_and_no_others(
    graph: Graph, ids: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    found, calls = read(graph, sandbox, tmp_path, audited="Workloads/Dev")
    mallory = {ids["mallory@example.com"].lower(): "mallory@example.com"}
    assert found == {
        "ada": {ids["ada@example.com"].lower(): "ada@example.com"},
        # What is declared of a group that is still to be made.
        "crew": {ids["bob@example.com"].lower(): "Bob@example.com"},
        "deployers": {**mallory, ids["carol@example.com"].lower(): "carol@example.com"},
        # The group in it is provisioned to nobody.
        "auditors": mallory,
    }
    assert calls == 2


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(("audited", "guards"), [("Security", GUARDS), ("Workloads/Dev", "")])
def test_nothing_is_asked_where_nothing_has_to_be_compared(
    graph: Graph, sandbox: Sandbox, tmp_path: Path, audited: str, guards: str
) -> None:
    assert read(graph, sandbox, tmp_path, audited=audited, guards=guards) == ({}, 0)
