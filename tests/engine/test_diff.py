"""The access diff holds: an update changes exactly the assignments that the diff states."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from tests.engine.federation import Federation
from tests.engine.operator import ops
from tests.engine.prepared import Prepared
from tests.ops.diff.base import BASE

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

_CHANGES = 6
_GROUPS = ("platform", "developers", "data", "contractors", "migration")
_SETS = ("ReadOnly", "Deploy", "Administrator")
_TARGETS: tuple[dict[str, Any], ...] = (
    {"ou": "Workloads/Dev"},
    {"ou": "Workloads/Prod"},
    {"ou": "Sandbox"},
    {"ou": "Infrastructure"},
    {"tag": {"env": "dev"}},
    {"accountName": "audit"},
    {"accountNameGlob": "web-*"},
    {"account": "811111111111"},
)


@pytest.fixture(scope="module")
def federation(in_access: Prepared) -> Federation:
    federation = in_access.restore()
    federation.access = _for_anywhere(copy.deepcopy(BASE))
    federation.write_access()
    federation.stack.up()
    return federation


def _for_anywhere(access: dict[str, Any]) -> dict[str, Any]:
    """Access that may come to be anywhere.

    Without guards, which random access would not pass, and without policies that an account has to
    have itself.
    """
    for policies in ("customerManagedPolicies", "permissionsBoundary"):
        del access["permissionSets"]["Deploy"][policies]
    access["guards"] = {"protectedAccounts": [{"ou": "Workloads/Prod"}]}
    access["guards"]["severity"] = {"adminOnProtected": "warn"}
    del access["users"]
    return access


def _vary(access: dict[str, Any], chance: random.Random) -> None:
    """Rules added, dropped, aimed elsewhere, and given other permission sets."""
    rules = access["rules"]
    for rule in list(rules):
        what = chance.choice(("stay", "stay", "drop", "aim", "sets", "except"))
        if what == "drop":
            rules.remove(rule)
        elif what == "aim":
            rule["targets"] = _targets(chance, chance.randint(1, 3))
        elif what == "sets":
            rule["permissionSets"] = chance.sample(_SETS, chance.randint(1, 2))
        elif what == "except":
            rule["except"] = [{**chance.choice(_TARGETS), "optional": True}]
    rules.append(
        {
            "id": f"random-{chance.randrange(10**9)}",
            "owner": "platform@example.com",
            "group": chance.choice(_GROUPS),
            "permissionSets": [chance.choice(_SETS)],
            "targets": _targets(chance, 2),
        }
    )


def _targets(chance: random.Random, number: int) -> list[dict[str, Any]]:
    # Copies: a mapping that stands twice becomes a YAML alias, which the access file refuses.
    return copy.deepcopy(chance.sample(_TARGETS, number))


def _diff(federation: Federation) -> dict[str, Any]:
    done = ops(federation, "diff", "--stack", "sandbox", "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _stated(diff: dict[str, Any], change: str) -> set[tuple[str, str, str]]:
    return {
        (account["id"], one["permissionSet"], one["principal"]["name"])
        for one in diff["access"]
        if one["change"] == change
        for account in one["accounts"]
    }


def _declared(diff: dict[str, Any]) -> set[str]:
    return set(diff["assignments"])


def test_an_update_changes_exactly_the_stated_assignments(federation: Federation) -> None:
    chance = random.Random(20261124)  # noqa: S311 - the same changes in every run
    stated = 0
    for _ in range(_CHANGES):
        federation.change_access(lambda access: _vary(access, chance))
        before = federation.assignments()
        diff = _diff(federation)
        federation.stack.up()
        after = federation.assignments()
        assert {one["change"] for one in diff["access"]} <= {"gained", "lost"}
        assert _stated(diff, "gained") == after - before
        assert _stated(diff, "lost") == before - after
        assert len(_declared(diff)) == len(after)
        stated += len(after ^ before)
    assert stated > _CHANGES


def test_after_an_update_there_is_no_change_left(federation: Federation) -> None:
    done = ops(federation, "diff", "--stack", "sandbox", "--format", "markdown")
    assert done.returncode == 0, done.stderr
    assert "\n### Access: no changes · stack sandbox\n" in done.stdout


def test_assignments_that_are_not_the_reviewed_ones_are_refused(federation: Federation) -> None:
    reviewed = federation.folder / "reviewed.json"
    reviewed.write_text(json.dumps(_diff(federation)))
    rule = {
        "id": "one-more",
        "owner": "platform@example.com",
        "group": "data",
        "permissionSets": ["Deploy"],
        "targets": [{"accountName": "log-archive"}],
    }
    federation.change_access(lambda access: access["rules"].append(rule))
    other = ops(federation, "diff", "--stack", "sandbox", "--reviewed", str(reviewed))
    assert other.returncode == 1
    assert "+ Deploy/group/data/222233334444" in other.stderr


def test_a_group_behind_a_trusted_key_is_told_by_entras_name(federation: Federation) -> None:
    """The author of a pull request chooses the keys; who it is that gains is Entra's to say."""
    kept, graph, key = copy.deepcopy(federation.access), federation.sandbox.graph, "AWS-On-Call"
    hand_made = {"mailNickname": "e", "mailEnabled": False, "securityEnabled": True}
    everyone = graph.call("POST", "/v1.0/groups", {"displayName": "Every | one", **hand_made})
    ident = everyone["id"]

    def attack(access: dict[str, Any]) -> None:
        access["groups"][key] = {"objectId": ident}
        access["rules"].append(
            {
                "id": "on-call",
                "owner": "platform@example.com",
                "group": key,
                "permissionSets": ["Administrator"],
                "targets": [{"accountName": "log-archive"}],
            }
        )

    federation.change_access(attack)
    label = f"Every | one (key {key}, id {ident})"
    try:
        told = ops(federation, "diff", "--stack", "sandbox").stdout
        assert f"+ {label} gains Administrator on log-archive" in told
        assert f"  Every | one  {ident}  group key {key}" in told.splitlines()
        comment = ops(federation, "diff", "--stack", "sandbox", "--format", "markdown").stdout
        assert f"- \u2795 `{label}` gains **Administrator**" in comment
        principals = [one["principal"] for one in _diff(federation)["access"]]
        assert {
            "type": "GROUP",
            "key": key,
            "name": "Every | one",
            "objectId": ident,
            "label": label,
            "people": 0,
        } in principals
        shown = federation.stack.preview()
        assert f"named by objectId: group {label}" in shown.output
        held = ops(federation, "status", "--stack", "sandbox").stdout
        assert f"held: group {label}, 1 assignment: " in held
        data = json.loads(ops(federation, "status", "--stack", "sandbox", "--json").stdout)
        assert [(one["name"], one["objectId"]) for one in data["held"]] == [("Every | one", ident)]
    finally:
        federation.access = kept
        federation.write_access()
        graph.call("DELETE", f"/v1.0/groups/{ident}")


def test_a_preview_that_fails_tells_why(federation: Federation) -> None:
    kept = copy.deepcopy(federation.access)
    federation.change_access(lambda access: access["rules"][0].update(targets=[{"ou": "Nowhere"}]))
    done = ops(federation, "diff", "--stack", "sandbox", "--format", "markdown")
    federation.access = kept
    federation.write_access()
    assert done.returncode == 1
    assert "the preview failed, nothing would be changed" in done.stdout
    assert 'no organizational unit "Nowhere"' in done.stdout
