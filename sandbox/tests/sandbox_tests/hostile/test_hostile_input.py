"""What made_by_hand hand over: secrets that others can read, headers, paths, bombs, other hosts."""

from __future__ import annotations

import http.client
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from entra_aws_sandbox.folder import Folder, SandboxError
from entra_aws_sandbox.listener import MAX_BODY
from entra_aws_sandbox.testing import Sandbox, run_sandbox


@pytest.mark.parametrize("name", ["secrets.json", "passphrase"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_secrets_that_others_can_read_are_refused(tmp_path: Path, name: str, mode: int) -> None:
    folder = Folder(tmp_path / "sandbox")
    folder.create()
    assert folder.secrets().clientSecret
    (folder.root / name).chmod(mode)
    with pytest.raises(SandboxError, match=f"{name} can be read by others: run chmod 600"):
        folder.secrets()


def test_a_sandbox_does_not_start_on_secrets_that_others_can_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.create()
    folder.passphrase.chmod(0o644)
    done = run_sandbox(tmp_path, "start")
    assert done.returncode == 1
    assert "can be read by others" in done.stderr
    assert "Traceback" not in done.stderr


def test_new_secrets_are_for_their_owner(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "sandbox")
    folder.create()
    for path in (folder.secrets_file, folder.passphrase):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def raw(url: str, request: bytes) -> bytes:
    """Bytes on a socket, and the whole answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.connect()
    assert connection.sock is not None
    connection.sock.sendall(request)
    answer = b""
    while part := connection.sock.recv(65536):
        answer += part
    connection.close()
    return answer


def test_a_line_break_in_a_path_is_no_header(sandbox: Sandbox) -> None:
    sandbox.console.enable()
    for url in (sandbox.running.awsUrl, sandbox.running.entraUrl):
        for path in (
            "/start/a",
            f"/{sandbox.running.tenantId}/myapps/signin/a",
            "/x/scim/v2/Users/a",
        ):
            target = f"{path}%0d%0aSet-Cookie:%20stolen=1"
            answer = raw(
                url,
                f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode(),
            )
            head = answer.partition(b"\r\n\r\n")[0]
            assert b" 500 " not in head.partition(b"\r\n")[0], answer
            assert not [line for line in head.split(b"\r\n") if line.startswith(b"Set-Cookie: st")]


def test_a_path_never_leads_to_a_file(sandbox: Sandbox) -> None:
    for url in (sandbox.running.awsUrl, sandbox.running.entraUrl):
        for path in ("/../../etc/passwd", "/..%2f..%2fetc/passwd", "/start/..%2f..%2fetc%2fpasswd"):
            answer = raw(
                url,
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode(),
            )
            assert b"root:" not in answer
            assert answer.split(b" ", 2)[1].startswith(b"4"), answer


@pytest.mark.parametrize(
    "host", ["rebound.example.com", "127.0.0.1.example.com", "localhost:80@example.com", "[", ""]
)
@pytest.mark.parametrize(
    "path",
    [
        "/_sandbox/process/identity",
        "/_sandbox/state",
        "/_sandbox/admin-token",
        "/metadata/endpoints",
        "/",
    ],
)
def test_a_name_that_was_made_to_mean_loopback_reaches_nothing(
    sandbox: Sandbox, host: str, path: str
) -> None:
    for url in (sandbox.running.awsUrl, sandbox.running.entraUrl):
        answer = raw(
            url,
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Sandbox: 1\r\nContent-Length: 2\r\n\r\n"
            "{}".encode(),
        )
        assert answer.startswith(b"HTTP/1.1 421 "), answer


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST:1", "[::1]"])
def test_every_name_of_this_machine_reaches_the_control_surface(
    sandbox: Sandbox, host: str
) -> None:
    head = f"POST /_sandbox/process/identity HTTP/1.1\r\nHost: {host}\r\n"
    answer = raw(
        sandbox.running.awsUrl, f"{head}X-Sandbox: 1\r\nConnection: close\r\n\r\n".encode()
    )
    assert sandbox.running.id.encode() in answer


@pytest.mark.parametrize("seconds", ["1e999", "1e300", "1e11", "-1", "NaN", "null", '"x"', "{}"])
def test_no_step_breaks_the_clock(sandbox: Sandbox, seconds: str) -> None:
    body = f'{{"seconds": {seconds}}}'
    head = f"POST /_sandbox/process/clock HTTP/1.1\r\nX-Sandbox: 1\r\nContent-Length: {len(body)}"
    answer = raw(sandbox.running.awsUrl, f"{head}\r\nConnection: close\r\n\r\n{body}".encode())
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert list(sandbox.graph.all("/v1.0/groups"))


@pytest.mark.parametrize(
    "framing", ["Content-Length: 999999999999\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"]
)
def test_a_body_without_end_is_not_read_to_its_end(sandbox: Sandbox, framing: str) -> None:
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    # One chunk more than is taken, and never the last one.
    parts = chunk * (MAX_BODY // 0x10000 + 1) if "chunked" in framing else b""
    for url in (sandbox.running.awsUrl, sandbox.running.entraUrl):
        answer = raw(url, f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}".encode() + parts)
        assert answer.startswith(b"HTTP/1.1 413 "), answer


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_http_harms_nobody(sandbox: Sandbox, request_line: bytes) -> None:
    answer = raw(sandbox.running.awsUrl, request_line + b"\r\n")
    assert b"Traceback" not in answer
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert list(sandbox.graph.all("/v1.0/groups"))
