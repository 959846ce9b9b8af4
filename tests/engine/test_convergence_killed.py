"""An update that is killed at any point: recovered, and then nothing is lost or there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from entra_aws_sandbox.environment import pulumi_cli
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import ops
from tests.engine.prepared import Prepared
from tests.engine.processes import processes_with

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

ALIVE_AT_MOST = 10.0
_PATIENCE = 120.0


@dataclass(frozen=True)
class Point:
    """The moment of the kill: the `count`-th request with this text, in this phase's update.

    `lost` is set where the engine is sure to miss the answer, `refused` where making the same again
    is refused.
    """

    phase: str
    text: str
    count: int = 1
    lost: bool = False
    refused: bool = False


APPLICATION = Point("app", "/instantiate", lost=True)
GROUP = Point("app", '"method": "POST", "path": "/beta/groups"')
CERTIFICATE = Point("trust", "addTokenSigningCertificate")
JOB = Point("access", '/synchronization/jobs", "status": 201')
PERMISSION_SET = Point("access", "CreatePermissionSet")
ASSIGNMENT = Point("access", "CreateAccountAssignment", 2, lost=True, refused=True)


@pytest.fixture
def federation(sandbox: Sandbox, tmp_path: Path) -> Iterator[Federation]:
    """A stack of which nothing exists yet, on clouds at their seeds."""
    sandbox.reset()
    sandbox.folder.forget_stack()
    yield Federation.create(sandbox, tmp_path / "stack")
    _end_plugins(sandbox)


def _end_plugins(sandbox: Sandbox) -> None:
    """End the plugins of engines that were killed: real ones look for theirs every 5 minutes."""
    for pid in processes_with("PULUMI_HOME", str(sandbox.folder.pulumi_home)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _begin(federation: Federation) -> subprocess.Popen[bytes]:
    _end_plugins(federation.sandbox)
    with _output(federation).open("wb") as output:
        return _popen(federation, output)


def _output(federation: Federation) -> Path:
    return federation.folder / "killed.log"


def _popen(federation: Federation, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(str(pulumi_cli()), "-C", str(federation.folder), "up", "--yes", "--skip-preview"),
            *("--stack", "sandbox", "--non-interactive"),
        ],
        env=federation.sandbox.environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _kill(engine: subprocess.Popen[bytes]) -> None:
    """Kill the engine alone: its language host and program have to notice by themselves."""
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    deadline = time.monotonic() + ALIVE_AT_MOST
    while _session(engine.pid):
        assert time.monotonic() < deadline, f"outlived its engine: {_session(engine.pid)}"
        time.sleep(0.1)


def _session(leader: int) -> list[str]:
    """The commands of a session that still run, but for real plugins: these call nobody more."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, _, session = (
                (entry / "stat").read_text().rpartition(")")[2].split(maxsplit=4)[:4]
            )
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if int(session) == leader and state != "Z" and "/pulumi-resource-" not in command:
            found.append(f"{entry.name} {command[:120]}")
    return found


def _kill_at(federation: Federation, point: Point) -> None:
    log = federation.sandbox.folder.requests
    begin = log.stat().st_size
    engine = _begin(federation)
    deadline = time.monotonic() + _PATIENCE
    while log.read_bytes()[begin:].decode().count(point.text) < point.count:
        assert engine.poll() is None, f"ended before {point}:\n{_output(federation).read_text()}"
        assert time.monotonic() < deadline, f"no {point}"
        time.sleep(0.005)
    _kill(engine)


def _recover(federation: Federation, point: Point) -> None:
    """What the next update says, and what `ops recover` does about it."""
    refused = federation.stack.up(check=False)
    assert refused.exit_code != 0
    assert "pulumi cancel" in refused.output
    if point.refused:
        federation.stack.run("cancel", "--yes")
        failed = federation.stack.up(check=False)
        assert failed.exit_code != 0
        assert failed.errors.count("python -m ops recover") == 1
    told = ops(federation, "recover")
    assert told.returncode in {0, 1}, told.stderr
    assert "Nothing was changed" in told.stdout
    done = ops(federation, "recover", "--yes")
    assert done.returncode == 0, done.stderr
    assert "The stack is in order" in done.stdout
    if point.lost:
        assert "taken in: " in done.stdout
    assert ops(federation, "recover").returncode == 0


def _phases(federation: Federation, *points: Point) -> None:
    """From nothing to phase access, updates killed on the way."""
    prepare: dict[str, Callable[[], None]] = {
        "trust": federation.enter_trust,
        "access": federation.enter_provisioning,
    }
    for phase in ("app", "trust", "access"):
        if phase in prepare:
            prepare[phase]()
        for point in points:
            if point.phase == phase:
                _kill_at(federation, point)
                _recover(federation, point)
        federation.stack.up()


def _assert_once(federation: Federation) -> None:
    """Everything is there, once."""
    graph, aws = federation.sandbox.graph, federation.sandbox.aws
    assert federation.assignments() == ASSIGNMENTS
    assert sorted(aws.permission_sets().values()) == ["Deploy", "ReadOnly"]
    name = federation.stack.config()["enterpriseApp"]["name"]
    applications = [one["displayName"] for one in graph.all("/v1.0/applications")]
    assert applications.count(name) == 1
    groups = Counter(one["displayName"] for one in graph.all("/v1.0/groups"))
    assert groups["AWS-Migration"] == 1
    principal = f"/v1.0/servicePrincipals/{federation.service_principal()['id']}"
    assigned = [one["principalId"] for one in graph.all(f"{principal}/appRoleAssignedTo")]
    assert len(assigned) == len(set(assigned)) == 4
    keys = graph.call("GET", f"{principal}?$select=keyCredentials")["keyCredentials"]
    assert len({key["customKeyIdentifier"] for key in keys}) == 1
    assert len(list(graph.all(f"{principal}/synchronization/jobs"))) == 1
    assert federation.stack.preview("--expect-no-changes", check=False).exit_code == 0


@pytest.mark.parametrize(
    "points",
    [(APPLICATION, CERTIFICATE, JOB), (GROUP, PERMISSION_SET, ASSIGNMENT)],
    ids=["application-certificate-job", "group-permission-set-assignment"],
)
def test_killed_updates_are_recovered(federation: Federation, points: tuple[Point, ...]) -> None:
    federation.sandbox.control_aws("timing", {"delaySeconds": 1})
    _phases(federation, *points)
    _assert_once(federation)


def test_an_update_that_runs_is_left_alone(federation: Federation) -> None:
    log = federation.sandbox.folder.requests
    begin = log.stat().st_size
    engine = _begin(federation)
    try:
        while b"/instantiate" not in log.read_bytes()[begin:]:
            assert engine.poll() is None
            time.sleep(0.005)
        os.kill(engine.pid, signal.SIGSTOP)
        done = ops(federation, "recover", "--yes")
        assert done.returncode == 2
        assert f"an update is running (pid {engine.pid})" in done.stderr
    finally:
        os.kill(engine.pid, signal.SIGCONT)
        assert engine.wait(_PATIENCE) == 0


def test_kills_at_random_moments(federation: Federation, tmp_path: Path) -> None:
    """The update that makes nearly everything, killed each time from the same beginning.

    The environment variable KILLS says how many times.
    """
    federation.stack.up()
    federation.enter_trust()
    federation.stack.up()
    federation.enter_provisioning()
    federation.sandbox.control_aws("timing", {"delaySeconds": 0.5})
    prepared = Prepared.keep(federation, tmp_path / "kept")
    whole = federation.stack.up().seconds
    seed = random.randrange(10**6)  # noqa: S311 - a moment, not a secret
    chance = random.Random(seed)  # noqa: S311
    for number in range(int(os.environ.get("KILLS", "3"))):
        prepared.restore()
        engine = _begin(federation)
        pause = chance.uniform(0.3, whole)
        print(f"seed {seed}, kill {number}: after {pause:.2f} of {whole:.2f} s")
        try:
            engine.wait(pause)
        except subprocess.TimeoutExpired:
            _kill(engine)
        done = ops(federation, "recover", "--yes")
        assert done.returncode == 0, done.stderr
        federation.stack.up()
        _assert_once(federation)
