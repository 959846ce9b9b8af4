"""Snapshots: what was there is there again, as often as wanted, and nothing since is left."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entra_aws_sandbox import snapshots
from entra_aws_sandbox.admin import AwsAdmin, GraphAdmin
from entra_aws_sandbox.control import PREFIX, post
from entra_aws_sandbox.environment import for_children
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.memory import freeze, thaw
from entra_aws_sandbox.testing import Sandbox, run_sandbox, start_sandbox, stop_sandbox


def command(sandbox: Sandbox, *words: str) -> str:
    """What a command that works prints."""
    done = run_sandbox(sandbox.folder.root, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def new_group(sandbox: Sandbox, name: str) -> None:
    """A group in Identity Center and one in Entra."""
    (instance,) = sandbox.aws.instances()
    sandbox.aws.identity_store.create_group(
        IdentityStoreId=instance["IdentityStoreId"], DisplayName=name
    )
    sandbox.graph.call(
        "POST",
        "/v1.0/groups",
        {
            "displayName": name,
            "mailNickname": name,
            "mailEnabled": False,
            "securityEnabled": True,
        },
    )


def groups(sandbox: Sandbox) -> tuple[set[str], set[str]]:
    """The groups of Identity Center and of Entra, by name."""
    names = {each["displayName"] for each in sandbox.graph.all("/v1.0/groups")}
    return set(sandbox.aws.groups()), names


def time(sandbox: Sandbox) -> datetime:
    """The sandbox's time."""
    clock = post(f"{sandbox.running.awsUrl}{PREFIX}clock", {"seconds": 0})
    return datetime.fromisoformat(clock["now"])


def test_both_clouds_their_clock_and_the_stack_go_back(sandbox: Sandbox) -> None:
    sandbox.console.enable()
    new_group(sandbox, "Before")
    sandbox.folder.stack.mkdir()
    (sandbox.folder.stack / "Pulumi.yaml").write_text("before")
    before, clock = groups(sandbox), time(sandbox)
    assert command(sandbox, "snapshot", "one") == "one"
    for _ in range(2):
        new_group(sandbox, "After")
        sandbox.console.portal_url("after")
        sandbox.control_entra("switches", {"reverse_secrets": True})
        sandbox.set_faults({"kind": "error", "operation": "DeleteGroup"})
        (sandbox.folder.stack / "Pulumi.yaml").write_text("after")
        (sandbox.folder.state / "lock").write_text("after")
        sandbox.advance(timedelta(days=3))
        snapshots.restore(sandbox.folder, "one")
        assert groups(sandbox) == before
        assert not sandbox.control_entra("switches")["reverse_secrets"]
        assert sandbox.control_aws("state")["faults"] == []
        assert (sandbox.folder.stack / "Pulumi.yaml").read_text() == "before"
        assert not (sandbox.folder.state / "lock").exists()
        assert timedelta() <= time(sandbox) - clock < timedelta(hours=1)


def test_the_command_puts_back_as_well(sandbox: Sandbox) -> None:
    command(sandbox, "snapshot", "cli")
    command(sandbox, "clock", "+1d")
    assert "as they were in cli" in command(sandbox, "restore", "cli")
    assert time(sandbox) < datetime.now(UTC) + timedelta(hours=1)


def test_the_organization_and_iam_go_back(sandbox: Sandbox) -> None:
    aws = AwsAdmin(for_children(sandbox.folder, sandbox.running))
    names = {each["Name"] for each in aws.organizations.list_accounts()["Accounts"]}
    snapshots.take(sandbox.folder, "organization")
    aws.organizations.create_account(AccountName="new", Email="new@example.com")
    sandbox.control_aws("account-state", {"accountId": "622222222222", "state": "SUSPENDED"})
    snapshots.restore(sandbox.folder, "organization")
    accounts = aws.organizations.list_accounts()["Accounts"]
    assert {each["Name"] for each in accounts} == names
    states = {each["Id"]: each["Status"] for each in accounts}
    assert states["622222222222"] == "ACTIVE"


def test_an_unknown_name_is_refused_with_the_known_ones(sandbox: Sandbox) -> None:
    snapshots.take(sandbox.folder, "known")
    with pytest.raises(SandboxError, match=r'no snapshot "unknown"; there are: .*known'):
        snapshots.restore(sandbox.folder, "unknown")


def test_a_name_is_never_a_path(sandbox: Sandbox) -> None:
    for name in ("../elsewhere", "a/b", ".", "", "x" * 65):
        with pytest.raises(SandboxError, match="is no name for a snapshot"):
            snapshots.take(sandbox.folder, name)


def test_snapshots_end_with_the_process(tmp_path: Path) -> None:
    try:
        first = start_sandbox(tmp_path)
        snapshots.take(first.folder, "one")
        stop_sandbox(tmp_path)
        second = start_sandbox(tmp_path)
        assert command(second, "snapshot") == "There are no snapshots."
        assert not second.folder.snapshots.exists()
    finally:
        stop_sandbox(tmp_path)


def test_a_copy_shares_what_it_is_told_to_and_nothing_else() -> None:
    kept = object()
    lock = threading.RLock()
    state = {"kept": kept, "locks": [lock, lock], "work": lambda: 1, "data": [1]}
    frozen = freeze(state, keep=[kept])
    state["data"] = [2]
    first, second = thaw(frozen), thaw(frozen)
    assert first["kept"] is kept
    assert first["work"]() == 1
    assert first["data"] == second["data"] == [1]
    assert first["data"] is not second["data"]
    one, other = first["locks"]
    assert one is other
    assert one is not lock
    assert second["locks"][0] is not one


def test_graph_admin_is_still_known_after_a_restore(sandbox: Sandbox) -> None:
    snapshots.take(sandbox.folder, "tokens")
    graph = GraphAdmin(for_children(sandbox.folder, sandbox.running))
    assert list(graph.all("/v1.0/groups"))
    snapshots.restore(sandbox.folder, "tokens")
    assert list(graph.all("/v1.0/groups"))
