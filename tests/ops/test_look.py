"""The deep look: within AWS's limit, told while it runs, and never begun anew after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clouds.assignments import Holders, Pace, look_deep, read_assignments
from clouds.aws import Aws, AwsError
from demo.checkout import REPOSITORY
from federation.engine.unmanaged import Holder, Pair
from ops.look import FileMemory, Teller
from tests.ops.pairs import PAIRS, holders

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FAST = 1_000_000.0


def memory(path: Path, *, scope: str = "here", now: datetime = NOW) -> FileMemory:
    return FileMemory(path, scope=scope, now=lambda: now)


class Asked:
    """AWS, which refuses after some answers; counts what it was asked."""

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.pairs: Counter[Pair] = Counter()

    def __call__(self, pair: Pair, pace: Pace) -> Holders:
        pace.wait()
        if self.pairs.total() >= self.limit:
            raise AwsError("AWS refused ListAccountAssignments: Rate exceeded")
        self.pairs[pair] += 1
        return holders(pair)


def test_every_pair_is_asked_once() -> None:
    asked = Asked()
    assert look_deep(PAIRS, asked, pace=Pace(rate=FAST)) == {one: holders(one) for one in PAIRS}
    assert asked.pairs == Counter(PAIRS)


def test_a_look_that_was_cut_short_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "look.jsonl"
    first = Asked(limit=15)
    with pytest.raises(AwsError, match="Rate exceeded"):
        look_deep(PAIRS, first, memory=memory(file), pace=Pace(rate=FAST))
    kept = memory(file).recall()
    assert kept
    # A kill in the middle of a line costs that line.
    with file.open("a") as torn:
        torn.write('{"scope": "here", "permissionSet": "De')
    second = Asked()
    done = look_deep(PAIRS, second, memory=memory(file), pace=Pace(rate=FAST))
    assert done == {one: holders(one) for one in PAIRS}
    assert set(second.pairs) == set(PAIRS) - set(kept)
    # Complete, so that the next look asks anew.
    assert not file.exists()


def test_a_killed_process_costs_at_most_what_was_under_way(tmp_path: Path) -> None:
    file = tmp_path / "look.jsonl"
    program = f"""
        import time
        from pathlib import Path
        from clouds.assignments import Pace, look_deep
        from ops.look import FileMemory
        from tests.ops.pairs import PAIRS, holders

        def ask(pair, pace):
            pace.wait()
            return holders(pair)

        look_deep(PAIRS, ask, memory=FileMemory(Path({str(file)!r}), scope="here"), pace=Pace(10))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=REPOSITORY)
    end = time.monotonic() + 30
    while time.monotonic() < end and len(FileMemory(file, scope="here").recall()) < 5:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = FileMemory(file, scope="here").recall()
    assert 5 <= len(kept) < len(PAIRS)
    asked = Asked()
    done = look_deep(PAIRS, asked, memory=FileMemory(file, scope="here"), pace=Pace(rate=FAST))
    assert done == {one: holders(one) for one in PAIRS}
    assert asked.pairs.total() == len(PAIRS) - len(kept)


def test_what_is_old_of_another_instance_or_foreign_is_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "look.jsonl"
    memory(file).keep(PAIRS[0], holders(PAIRS[0]))
    assert memory(file).recall() == {PAIRS[0]: holders(PAIRS[0])}
    assert memory(file, now=NOW + timedelta(hours=3)).recall()
    for other in (
        memory(file, now=NOW + timedelta(hours=5)),
        # A clock that went back, or somebody who wrote a date to come.
        memory(file, now=NOW - timedelta(minutes=1)),
        memory(file, scope="elsewhere"),
    ):
        assert not other.recall()
    for foreign in ("[]", "null", "{}", "\0", '{"scope": "here"}', "[" * 5000):
        file.write_text(f"{foreign}\n")
        assert not memory(file).recall()


def test_a_place_that_can_not_be_written_costs_the_memory_and_not_the_look(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    at = memory(tmp_path / "file" / "look.jsonl")
    done = look_deep(PAIRS, Asked(), memory=at, pace=Pace(rate=FAST))
    assert len(done) == len(PAIRS)


def test_calls_begin_at_most_so_often_in_a_second() -> None:
    slept: list[float] = []
    pace = Pace(rate=10, clock=lambda: 100.0, sleep=slept.append)
    for _ in range(5):
        pace.wait()
    assert slept == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_progress_is_told_every_two_seconds_and_never_of_a_short_look() -> None:
    now, told = [0.0], list[str]()
    teller = Teller(write=told.append, clock=lambda: now[0])
    for done in range(1, 11):
        teller(done, 10)
        now[0] += 0.15
    assert told == []
    teller = Teller(write=told.append, clock=lambda: now[0])
    for done in range(1, 101):
        teller(done, 100)
        now[0] += 0.1
    assert len(told) == 4
    assert told[0] == "looked at 21 of 100 pairs of permission set and account, about 8 s left\n"


class Client:
    """sso-admin with two pages for each pair; one account has left."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def list_account_assignments(self, **named: Any) -> dict[str, Any]:
        self.calls.append(named)
        if named["AccountId"] == "gone":
            raise AwsError("gone", code="ResourceNotFoundException")
        if named["AccountId"] == "closed":
            raise AwsError("AWS refused ListAccountAssignments", code="AccessDeniedException")
        one = {"PrincipalType": "GROUP", "PrincipalId": f"g-{len(self.calls)}"}
        following = {} if "NextToken" in named else {"NextToken": "2"}
        return {"AccountAssignments": [one], **following}


def test_every_page_is_read_and_paced(monkeypatch: pytest.MonkeyPatch) -> None:
    client, slept = Client(), list[float]()
    monkeypatch.setattr(Aws, "client", lambda *_: client)
    ask = read_assignments(Aws(), "arn:instance", {"Look": "arn:look"})
    pace = Pace(rate=10, clock=lambda: 0.0, sleep=slept.append)
    assert ask(Pair("Look", "1"), pace) == (Holder("GROUP", "g-1"), Holder("GROUP", "g-2"))
    assert len(client.calls) == 2
    assert client.calls[0] == {
        "InstanceArn": "arn:instance",
        "PermissionSetArn": "arn:look",
        "AccountId": "1",
    }
    assert slept == pytest.approx([0.1])
    assert ask(Pair("Look", "gone"), pace) == ()
    with pytest.raises(AwsError, match="refused"):
        ask(Pair("Look", "closed"), pace)


def test_the_file_holds_ids_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "look.jsonl"
    memory(file).keep(PAIRS[0], holders(PAIRS[0]))
    (line,) = [line for line in file.read_text().splitlines() if line]
    assert set(json.loads(line)) == {"scope", "at", "permissionSet", "account", "holders"}
