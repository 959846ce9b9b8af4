"""The lock of a state in a bucket: lifted only where its holder is certainly gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from ops.cli import StackError
from ops.locks import check_stale, locks

NOW = datetime.now(UTC).replace(microsecond=0)
HERE = socket.gethostname()


def refused(*held: tuple[str, str, int, datetime]) -> str:
    """What the CLI says (pulumi/pulumi, backend/diy/lock.go)."""
    return (
        f"error: the stack is currently locked by {len(held)} lock(s). Either wait for the other "
        "process(es) to end or delete the lock file with `pulumi cancel`."
        + "".join(
            f"\n  s3://state/.pulumi/locks/a/{number}.json: "
            f"created by {user}@{host} (pid {pid}) at {since.isoformat().replace('+00:00', 'Z')}"
            for number, (user, host, pid, since) in enumerate(held)
        )
    )


def check(*held: tuple[str, str, int, datetime], broken: tuple[str, ...] = ()) -> None:
    check_stale(locks(refused(*held)), broken)


@pytest.fixture
def ended() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_a_lock_whose_process_has_ended_here_is_stale(ended: int) -> None:
    check(("ci", HERE, ended, NOW))


def test_a_process_that_lives_here_is_never_passed_over() -> None:
    held = ("ci", HERE, os.getpid(), NOW)
    for broken in ((), (f"ci@{HERE} (pid {os.getpid()})",)):
        with pytest.raises(StackError, match=f"an update is running \\(pid {os.getpid()}"):
            check(held, broken=broken)


def test_a_number_that_another_process_has_got_since_is_no_life() -> None:
    check(("ci", HERE, os.getpid(), NOW - timedelta(days=30)))


def test_the_lock_of_another_host_takes_its_exact_holder() -> None:
    begun = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=192, seconds=20)
    held = (r"CORP\ada lovelace", "build-7", 4711, begun)
    holder = r"CORP\ada lovelace@build-7 (pid 4711)"
    with pytest.raises(StackError) as raised:
        check(held)
    said = str(raised.value)
    assert holder in said
    assert "that is 3 h 12 min" in said
    assert f'--break-lock "{holder}"' in said
    with pytest.raises(StackError):
        check(held, broken=("build-7", holder.replace("4711", "4712")))
    check(held, broken=(holder,))


def test_every_lock_must_be_liftable(ended: int) -> None:
    mine, theirs = ("ci", HERE, ended, NOW), ("ci", "build-7", 1, NOW)
    with pytest.raises(StackError, match="build-7"):
        check(mine, theirs)
    check(mine, theirs, broken=("ci@build-7 (pid 1)",))


def test_a_lock_in_another_form_is_not_lifted() -> None:
    with pytest.raises(StackError, match="by whom can't be told"):
        check_stale(locks("error: the stack is currently locked by something new"), ())
