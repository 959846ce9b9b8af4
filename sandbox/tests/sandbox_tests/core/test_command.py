"""``entra-aws-sandbox`` as a person uses it: start, look, stop; failures are one sentence."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from entra_aws_sandbox.browser import sign_in
from entra_aws_sandbox.folder import Folder
from entra_aws_sandbox.process import is_alive
from entra_aws_sandbox.testing import Sandbox, run_sandbox, start_sandbox, stop_sandbox


def refused(folder: Path, *arguments: str) -> str:
    """The one sentence with which a command fails."""
    done = run_sandbox(folder, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


def test_start_says_urls_and_a_second_start_says_that_it_runs(sandbox: Sandbox) -> None:
    again = run_sandbox(sandbox.folder.root, "start")
    assert again.returncode == 0
    assert "already runs" in again.stdout
    assert sandbox.running.awsUrl in again.stdout
    assert sandbox.running.entraUrl in again.stdout


def test_status_is_the_same_for_machines(sandbox: Sandbox) -> None:
    status = json.loads(run_sandbox(sandbox.folder.root, "status", "--json").stdout)
    assert status["running"]
    assert status["answers"]
    assert status["pid"] == sandbox.running.pid
    assert run_sandbox(sandbox.folder.root, "status").returncode == 0


def test_a_shell_gets_the_environment(sandbox: Sandbox) -> None:
    lines = run_sandbox(sandbox.folder.root, "env").stdout
    script = f'{lines}\nprintf \'%s|%s|%s\' "$AWS_ENDPOINT_URL" "$SSL_CERT_FILE" "$AWS_PROFILE"'
    shell = subprocess.run(
        ["sh", "-c", script],
        env={"AWS_PROFILE": "real", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == f"{sandbox.running.awsUrl}|{sandbox.folder.ca}|"
    variables = json.loads(run_sandbox(sandbox.folder.root, "env", "--json").stdout)
    paths = [
        variables[name]
        for name in ("SSL_CERT_FILE", "PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE_FILE")
    ]
    assert all(Path(path).is_absolute() and Path(path).exists() for path in paths)


def test_secrets_are_readable_by_their_owner_only(sandbox: Sandbox) -> None:
    for path in (
        sandbox.folder.secrets_file,
        sandbox.folder.passphrase,
        sandbox.folder.running_file,
    ):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert list(sandbox.folder.root.glob("*.pem")) == [sandbox.folder.ca]
    assert "PRIVATE KEY" not in sandbox.folder.ca.read_text()


def test_only_loopback_listens(sandbox: Sandbox) -> None:
    listening = subprocess.run(
        [sys.executable, "-c", _LISTENERS, str(sandbox.running.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(listening) == 3
    assert all(address.startswith("0100007F:") for address in listening)


# Reads which sockets the process has and at which addresses they listen (state 0A), from /proc.
_LISTENERS = """
import os, sys
folder = f"/proc/{sys.argv[1]}/fd"
links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
own = {link[8:-1] for link in links if link.startswith("socket:[")}
for table in ("tcp", "tcp6"):
    for line in open(f"/proc/{sys.argv[1]}/net/{table}").readlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in own:
            print(fields[1])
"""
if not Path("/proc/self/net/tcp").exists():
    test_only_loopback_listens = pytest.mark.skip("needs /proc")(test_only_loopback_listens)


def test_a_person_at_the_console_and_a_reset(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = sandbox.folder.root
    metadata = tmp_path / "service-provider.xml"
    assert "ssoins-" in run_sandbox(folder, "console", "enable").stdout
    portal = json.loads(run_sandbox(folder, "console", "portal-url", "acme", "--json").stdout)
    assert portal["accessPortalUrl"].endswith("/start/acme")
    written = run_sandbox(folder, "console", "external-idp", "--output", str(metadata))
    assert written.returncode == 0, written.stderr
    assert "EntityDescriptor" in metadata.read_text()
    assert refused(folder, "console", "provisioning")
    assert "cannot be read" in refused(folder, "console", "upload-idp-metadata", "/nowhere.xml")
    assert refused(folder, "console", "upload-idp-metadata", str(metadata))
    ended = sign_in(portal["accessPortalUrl"], "ada@example.com", "sandbox")
    assert ended.access is None
    assert run_sandbox(folder, "reset").returncode == 0
    assert sandbox.aws.instances() == []


def test_the_clock_moves_forward_only(sandbox: Sandbox) -> None:
    def now(*step: str) -> datetime:
        return datetime.fromisoformat(
            run_sandbox(sandbox.folder.root, "clock", *step).stdout.strip()
        )

    before = now()
    assert 7200 <= (now("+2h") - before).total_seconds() < 7260
    for step in ("yesterday", "+99999999999d"):
        assert "is no time step" in refused(sandbox.folder.root, "clock", step)
    assert "3650 days ahead at most" in refused(sandbox.folder.root, "clock", "+99999999d")
    assert (now() - before).total_seconds() < 7260


def test_the_log_counts_calls(sandbox: Sandbox) -> None:
    sandbox.aws.instances()
    counted = run_sandbox(sandbox.folder.root, "log", "--counts").stdout
    assert "aws ListInstances" in counted
    assert "ListInstances" in run_sandbox(sandbox.folder.root, "log").stdout


def test_faults_are_added_shown_and_cleared(sandbox: Sandbox) -> None:
    folder = sandbox.folder.root

    def shown(*way: str) -> dict[str, Any]:
        done = run_sandbox(folder, "faults", *way)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    assert shown()["aws"] == []
    shown("add", "throttle", "--operation", "ListInstances", "--times", "0")
    both = shown("add", "delay", "--service", "scim", "--seconds", "0.1")["aws"]
    assert [(fault["kind"], fault["times"]) for fault in both] == [("throttle", None), ("delay", 1)]
    with pytest.raises(ClientError, match="ThrottlingException"):
        sandbox.aws.instances()
    assert shown("clear")["aws"] == []
    assert sandbox.aws.instances() == []
    assert shown("entra", "replication_seconds", "2")["entra"]["replication_seconds"] == 2
    shown("entra", "replication_seconds", "0")
    assert "no switch" in refused(folder, "faults", "entra", "mood", "1")
    assert "is not true" in refused(folder, "faults", "entra", "group_licence", "perhaps")


def test_a_web_page_cannot_use_the_control_surface(sandbox: Sandbox) -> None:
    for url in (
        f"{sandbox.running.awsUrl}/_sandbox/process/reset",
        f"{sandbox.running.awsUrl}/_sandbox/console/enable",
        f"{sandbox.running.entraUrl}/_sandbox/process/reset",
    ):
        answer = urllib3.request("POST", url, json={}, retries=False)
        assert answer.status == 403, url


@pytest.mark.parametrize("command", [("reset",), ("env",), ("console", "enable")])
def test_without_a_sandbox_each_command_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "The sandbox is not running" in refused(tmp_path, *command)


def test_stop_without_a_sandbox_is_fine(tmp_path: Path) -> None:
    assert run_sandbox(tmp_path, "stop").returncode == 0


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} cannot be used" in refused(tmp_path, "start", "--tls-port", str(port))
    assert not json.loads(run_sandbox(tmp_path, "status", "--json").stdout)["running"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in refused(tmp_path / "file" / "below", "start")


def test_a_stale_file_and_a_pid_of_somebody_else_are_no_sandbox(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        sandbox = start_sandbox(tmp_path)
        kept = sandbox.folder.running_file.read_text()
        stop_sandbox(tmp_path)
        stale = json.loads(kept) | {"pid": stranger.pid}
        sandbox.folder.running_file.write_text(json.dumps(stale))
        assert "not running" in refused(tmp_path, "console", "enable")
        assert run_sandbox(tmp_path, "stop").returncode == 0
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_a_sandbox_ends_with_its_owner(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as owner:
        started = run_sandbox(tmp_path, "start", "--owner", str(owner.pid))
        assert started.returncode == 0, started.stderr
        pid = json.loads(run_sandbox(tmp_path, "status", "--json").stdout)["pid"]
        owner.communicate(b"\n")
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(pid)


def test_stop_leaves_no_process_and_a_new_start_a_new_world(tmp_path: Path) -> None:
    first = start_sandbox(tmp_path)
    first.console.enable()
    assert run_sandbox(tmp_path, "stop").returncode == 0
    assert not is_alive(first.running.pid)
    second = start_sandbox(tmp_path)
    try:
        assert second.running.id != first.running.id
        assert second.aws.instances() == []
    finally:
        stop_sandbox(tmp_path)


def test_the_folder_is_the_option_s_before_the_variable_s(tmp_path: Path) -> None:
    other = tmp_path / "an other"

    def said(*arguments: str) -> str:
        done = run_sandbox(tmp_path / "the variable's", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        started = said("start", "--owner", str(os.getpid()), "--folder", str(other))
        assert f"env --folder '{other}'" in started
        # Before the command, too.
        assert json.loads(said("--folder", str(other), "status", "--json"))["running"]
        assert f"SSL_CERT_FILE='{other}/ca.pem'" in said("env", "--folder", str(other))
        assert not (tmp_path / "the variable's").exists()
        assert "not running" in refused(tmp_path / "the variable's", "env")
    finally:
        said("stop", "--folder", str(other))
    assert not Folder(other).is_locked()
