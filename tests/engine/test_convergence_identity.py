"""Who is who: keys, names and ids that change, and groups that somebody else made."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.engine.federation import ASSIGNMENT, ASSIGNMENTS, Federation, changed, of_kind
from tests.engine.operator import ops, status, sync

pytestmark = pytest.mark.engine


def _rename_key(access: dict[str, Any], old: str, new: str) -> None:
    access["groups"][new] = access["groups"].pop(old)
    for rule in access["rules"]:
        if rule.get("group") == old:
            rule["group"] = new


def _billing(access: dict[str, Any], **group: Any) -> None:
    access["groups"]["billing"] = {"displayName": "AWS-Billing", **group}
    access["rules"].append(
        {
            "id": "billing",
            "owner": "finance@example.com",
            "group": "billing",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-dev"}],
        }
    )


def test_a_renamed_key_is_refused_and_with_moved_changes_nothing(federation: Federation) -> None:
    federation.change_access(lambda access: _rename_key(access, "developers", "builders"))
    refused = federation.stack.up(check=False)
    assert refused.exit_code != 0
    assert "moved: {developers: builders}" in refused.errors
    assert refused.changes == []
    code, seen = status(federation)
    assert code == 1
    assert "moved: {developers: builders}" in seen["stopped"]

    federation.change_access(lambda access: access.update(moved={"developers": "builders"}))
    before = federation.sandbox.aws.assignments()
    assert federation.stack.up().changes == []
    assert federation.sandbox.aws.assignments() == before

    # The way back is a move as well.
    federation.change_access(lambda access: _rename_key(access, "builders", "developers"))
    federation.change_access(lambda access: access.update(moved={"builders": "developers"}))
    assert federation.stack.up().changes == []


def test_a_group_made_by_hand_is_not_joined_unless_adopted(federation: Federation) -> None:
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    stranger = aws.identity_store.create_group(
        IdentityStoreId=instance["IdentityStoreId"], DisplayName="AWS-Billing"
    )["GroupId"]
    federation.change_access(_billing)
    refused = federation.stack.up(check=False)
    assert refused.exit_code != 0
    assert stranger in refused.errors
    assert "adopt: true" in refused.errors
    assert refused.changes == []

    federation.change_access(lambda access: access["groups"]["billing"].update(adopt=True))
    federation.stack.up()
    assert federation.stack.outputs()["held"] == []
    assert aws.groups()["AWS-Billing"] == stranger
    assert ("611111111111", "ReadOnly", "AWS-Billing") in federation.assignments()


def test_a_second_group_of_a_name_keeps_no_access_from_being_revoked(
    federation: Federation,
) -> None:
    """Any user of the tenant may make one; the stack knows which one it means."""
    graph = federation.sandbox.graph
    known = _group(federation, "AWS-Developers")["id"]
    twin = {"displayName": "AWS-Developers", "mailNickname": "twin", "mailEnabled": False}
    other = graph.call("POST", "/v1.0/groups", {**twin, "securityEnabled": True})["id"]
    federation.change_access(
        lambda access: federation.rule("developers-deploy").update(
            targets=[{"accountName": "web-dev"}]
        )
    )
    run = federation.stack.up()
    assert changed(run) == [("delete", ASSIGNMENT)]
    assert f"{known} is the one that this stack knows" in run.output
    assert f"find out who made {other}" in run.output
    assert federation.assignments() == ASSIGNMENTS - {("611111111111", "Deploy", "AWS-Developers")}


def test_a_group_re_created_in_entra_inherits_nothing_until_accepted(
    federation: Federation,
) -> None:
    graph = federation.sandbox.graph
    before = federation.sandbox.aws.assignments()
    old = _group(federation, "AWS-Developers")
    members = [one["id"] for one in graph.all(f"/v1.0/groups/{old['id']}/members")]
    graph.call("DELETE", f"/v1.0/groups/{old['id']}")
    new = graph.call(
        "POST",
        "/v1.0/groups",
        {
            "displayName": "AWS-Developers",
            "mailNickname": "AWS-Developers",
            "mailEnabled": False,
            "securityEnabled": True,
            "members@odata.bind": [
                f"{graph.graph}/v1.0/directoryObjects/{member}" for member in members
            ],
        },
    )
    # Not even a refresh, which drops the old group's assignment, makes the stack forget.
    federation.stack.refresh()
    refused = federation.stack.up(check=False)
    assert refused.exit_code != 0
    assert f"acceptRecreated: {{developers: {new['id']}}}" in refused.errors
    assert old["id"] in refused.errors
    assert refused.changes == []
    assert federation.sandbox.aws.assignments() == before

    federation.stack.set_config("acceptRecreated.developers", new["id"])
    # Entra would join the old group, which still has its assignments: it has to go first.
    early = federation.stack.up(check=False)
    assert early.exit_code != 0
    assert "ops sync" in early.errors
    assert sync(federation, "--wait")[0] == 0
    assert "AWS-Developers" not in federation.sandbox.aws.groups()
    run = federation.stack.up("--refresh")
    assert {step.name for step in of_kind(run.changes, ASSIGNMENT)} == {
        "Deploy/group/developers/611111111111",
        "Deploy/group/developers/622222222222",
    }
    assert federation.stack.outputs()["held"] == []
    assert federation.assignments() == ASSIGNMENTS
    federation.stack.remove_config("acceptRecreated")
    assert federation.stack.up().changes == []


def test_a_person_is_held_while_disabled_and_gets_assignments_once_enabled(
    federation: Federation,
) -> None:
    def direct(access: dict[str, Any]) -> None:
        access["users"] = {"mallory": {"userPrincipalName": "mallory@example.com"}}
        access["rules"].append(
            {
                "id": "mallory",
                "owner": "platform@example.com",
                "user": "mallory",
                "permissionSets": ["ReadOnly"],
                "targets": [{"accountName": "web-dev"}],
            }
        )

    federation.change_access(direct)
    run = federation.stack.up()
    assert changed(run) == [("create", "AppRoleAssignment")]
    (held,) = federation.stack.outputs()["held"]
    assert held["reason"] == "the person is disabled in Entra"
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code == 0
    assert ops(federation, "status").returncode == 0
    code, seen = status(federation, "--require-all")
    assert code == 1
    assert seen["held"][0]["reason"] == "the person is disabled in Entra"


def test_an_assignment_imported_under_a_foreign_name_is_named_and_not_ended(
    federation: Federation,
) -> None:
    before = federation.assignments()
    resources = federation.stack.export()["deployment"]["resources"]
    kind = "aws:ssoadmin/accountAssignment:AccountAssignment"
    one = next(each for each in resources if each["type"] == kind)
    assert federation.stack.run("state", "delete", "--yes", one["urn"]).exit_code == 0
    imported = federation.stack.run(
        "import", "--yes", "--generate-code=false", kind, "by-hand", one["id"]
    )
    assert imported.exit_code == 0, imported.output
    refused = federation.stack.up(check=False)
    assert refused.exit_code != 0
    assert "Traceback" not in refused.output
    assert refused.changes == []
    (urn,) = re.findall(r"pulumi state delete --force '?([^' ]+)", refused.errors)
    assert urn.endswith("::by-hand")
    assert "by-hand" in status(federation)[1]["stopped"]

    assert federation.stack.run("state", "delete", "--force", "--yes", urn).exit_code == 0
    assert ops(federation, "recover", "--yes").returncode == 0
    assert federation.stack.up().changes == []
    assert federation.assignments() == before


def _group(federation: Federation, name: str) -> dict[str, Any]:
    groups = federation.sandbox.graph.all("/v1.0/groups")
    return next(group for group in groups if group["displayName"] == name)
