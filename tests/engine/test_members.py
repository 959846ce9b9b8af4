"""Members of groups that the stack makes: what fails or happens outside is healed by `up` alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.engine.federation import ASSIGNMENTS, Federation, changed
from tests.engine.members import link, linked, object_id, unlink
from tests.engine.operator import ops, status
from tests.engine.prepared import Prepared

pytestmark = pytest.mark.engine

GROUP, ADA = "AWS-Migration", "ada@example.com"
LABEL = f"{GROUP} (key migration)"
WENDY, BOB, XENA = "wendy@example.com", "bob@example.com", "xena@example.com"
REVOKED = ("444455556666", "ReadOnly", "AWS-Platform")
REMOVAL = "DELETE */members/*"


@pytest.fixture(scope="module")
def prepared(in_access: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A stack whose group has wendy and bob."""
    federation = in_access.restore()
    _declare(federation, WENDY, BOB)
    federation.stack.up()
    return Prepared.keep(federation, tmp_path_factory.mktemp("kept") / "members")


@pytest.fixture
def federation(prepared: Prepared) -> Federation:
    """That stack, for one test."""
    return prepared.restore()


def _declare(federation: Federation, *members: str) -> None:
    federation.access["groups"]["migration"]["members"] = list(members)
    federation.write_access()


def _members(federation: Federation, relation: str = "members") -> set[str]:
    return linked(federation.sandbox.graph, GROUP, relation)


def _fail(federation: Federation, kind: str, operation: str, times: int | None) -> None:
    fault = {"kind": kind, "operation": operation, "times": times}
    federation.sandbox.control_entra("faults", {"faults": [fault]})


def _removals(federation: Federation) -> int:
    """How many members were ever to be taken out of a group of this sandbox."""
    log = federation.sandbox.folder.requests.read_text()
    return len(re.findall(r'"method": "DELETE", "path": "[^"]*/members/', log))


def _unchanged(federation: Federation) -> None:
    federation.stack.preview("--expect-no-changes")


def test_a_removal_that_failed_is_made_by_the_next_update(federation: Federation) -> None:
    _declare(federation, WENDY)
    _fail(federation, "conflict", REMOVAL, 1)
    first = federation.stack.up(check=False)
    assert first.exit_code
    assert (
        f"{BOB} is a member of the group {GROUP} in Entra, and nobody declares it" in first.errors
    )
    assert "Directory_ConcurrencyViolation" in first.errors
    assert _members(federation) == {WENDY, BOB}
    federation.stack.up()
    assert _members(federation) == {WENDY}
    _unchanged(federation)


def test_a_removal_whose_answer_got_lost_is_no_failure_for_ever(federation: Federation) -> None:
    _declare(federation, WENDY)
    _fail(federation, "lost", REMOVAL, 1)
    federation.stack.up()
    assert _members(federation) == {WENDY}
    _unchanged(federation)


def test_one_who_is_gone_already_leaves_the_state_without_a_call(federation: Federation) -> None:
    _declare(federation, WENDY)
    unlink(federation.sandbox.graph, GROUP, BOB)
    before = _removals(federation)
    assert changed(federation.stack.up()) == [("delete", "GroupMember")]
    assert _removals(federation) == before
    _unchanged(federation)


def test_an_addition_that_failed_or_whose_answer_got_lost_is_made(federation: Federation) -> None:
    for kind, more in (("error", (XENA,)), ("lost", (XENA, "yuri@example.com"))):
        _declare(federation, WENDY, BOB, *more)
        _fail(federation, kind, "POST */members/*", None if kind == "error" else 1)
        federation.stack.up(check=False)
        federation.sandbox.control_entra("faults", {"faults": []})
        federation.stack.up()
        assert _members(federation) == {WENDY, BOB, *more}
        _unchanged(federation)


def test_members_of_before_are_kept_one_by_one_and_the_removed_one_goes(
    federation: Federation,
) -> None:
    _as_made_by_an_older_program(federation)
    _declare(federation, WENDY)
    before = _removals(federation)
    diff = ops(federation, "diff").stdout
    assert f"- {LABEL} loses 1 member that nobody declares: {BOB}, and with it Deploy" in diff
    assert f"{LABEL} keeps 1 member, from now on in the state: {WENDY}" in diff
    run = federation.stack.up()
    assert changed(run) == [("import", "GroupMember")]
    assert _removals(federation) - before == 1
    assert _members(federation) == {WENDY}
    _unchanged(federation)


def _as_made_by_an_older_program(federation: Federation) -> None:
    """Write members into the state as a list of the group's."""
    state: dict[str, Any] = federation.stack.export()
    resources = state["deployment"]["resources"]
    ids = sorted(object_id(federation.sandbox.graph, name) for name in (WENDY, BOB))
    kept = [one for one in resources if not one["type"].endswith(":GroupMember")]
    assert len(resources) - len(kept) == len(ids)
    (group,) = [one for one in kept if one["type"].endswith(":Group")]
    group["inputs"]["members"] = group["outputs"]["members"] = ids
    state["deployment"]["resources"] = kept
    imported = federation.stack.run("stack", "import", stdin=json.dumps(state))
    assert imported.exit_code == 0, imported.output


def test_what_happens_outside_is_shown_and_put_back(federation: Federation) -> None:
    graph = federation.sandbox.graph
    link(graph, GROUP, XENA)
    link(graph, GROUP, XENA, "owners")
    unlink(graph, GROUP, ADA, "owners")
    unlink(graph, GROUP, BOB)
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code
    diff = ops(federation, "diff").stdout
    assert f"+ {LABEL} gets 1 member declared here that Entra lacks: {BOB}" in diff
    assert f"- {LABEL} loses 1 member that nobody declares: {XENA}" in diff
    owner = f"{LABEL} gets 1 owner declared here that Entra lacks, who decides who is in it: {ADA}"
    assert f"⚠ {owner}" in diff
    assert f"- {LABEL} loses 1 owner that nobody declares: {XENA}" in diff
    code, shown = status(federation)
    assert code == 1
    assert any(f"{XENA} is a member of the group {GROUP}" in one for one in shown["problems"])
    federation.stack.up()
    assert _members(federation) == {WENDY, BOB}
    assert _members(federation, "owners") == {ADA}
    _unchanged(federation)


def test_a_refresh_in_the_same_update_comes_to_the_same(federation: Federation) -> None:
    graph = federation.sandbox.graph
    link(graph, GROUP, XENA)
    unlink(graph, GROUP, BOB)
    federation.stack.up("--refresh")
    assert _members(federation) == {WENDY, BOB}
    _unchanged(federation)


def test_a_repair_that_fails_fails_the_update_and_keeps_no_revocation_back(
    federation: Federation,
) -> None:
    link(federation.sandbox.graph, GROUP, XENA)
    _fail(federation, "conflict", REMOVAL, None)
    rule = next(one for one in federation.access["rules"] if one["id"] == "platform-look")
    rule["targets"] = [one for one in rule["targets"] if one != {"accountName": "log-archive"}]
    rule["except"] = [{"account": REVOKED[0]}]
    federation.write_access()
    run = federation.stack.up(check=False)
    assert run.exit_code
    assert f"{XENA} is a member of the group {GROUP} in Entra, and nobody declares it" in run.errors
    assert federation.assignments() == ASSIGNMENTS - {REVOKED}


def test_a_moved_group_keeps_its_members(federation: Federation) -> None:
    def move(access: dict[str, Any]) -> None:
        access["groups"]["movers"] = access["groups"].pop("migration")
        access["moved"] = {"migration": "movers"}
        for rule in access["rules"]:
            if rule.get("group") == "migration":
                rule["group"] = "movers"

    federation.change_access(move)
    before = _removals(federation)
    link(federation.sandbox.graph, GROUP, XENA)
    assert changed(federation.stack.up()) == []
    assert _members(federation) == {WENDY, BOB}
    assert _removals(federation) - before == 1
    _unchanged(federation)


def test_a_group_that_leaves_the_file_goes_with_its_members(federation: Federation) -> None:
    def drop(access: dict[str, Any]) -> None:
        del access["groups"]["migration"]
        access["rules"] = [one for one in access["rules"] if one.get("group") != "migration"]

    federation.change_access(drop)
    federation.stack.up()
    groups = federation.sandbox.graph.all("/v1.0/groups")
    assert GROUP not in {one["displayName"] for one in groups}
    _unchanged(federation)
