"""The listeners: loopback only, connections kept, whole requests read."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from entra_aws_sandbox.certificates import server_context
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.listener import Listener, bind
from entra_aws_sandbox.request_log import RequestLog, counts


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers what it was sent, except where the path asks for something else."""
    if environ["PATH_INFO"] == "/lost":
        raise ConnectionResetError
    if environ["PATH_INFO"] == "/bug":
        raise ZeroDivisionError
    if environ["PATH_INFO"] == "/nothing":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("Content-Type", "text/plain")])
    # Most requests leave their body unread, which must not spoil the next one on the connection.
    return [environ["wsgi.input"].read() if environ["PATH_INFO"] == "/read" else b"unread"]


@contextmanager
def listening(app: Any = echo, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    listener_socket = bind(0)
    port = listener_socket.getsockname()[1]
    listener = Listener(listener_socket, app, tls=tls)
    listener.start()
    yield port
    listener.stop()


def test_one_connection_carries_many_requests_and_unread_bodies() -> None:
    with listening() as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.connect()
        local = connection.sock.getsockname()
        for path, expected in (("/skip", b"unread"), ("/read", b"body"), ("/nothing", b"")):
            connection.request("POST", path, body=b"body")
            assert connection.getresponse().read() == expected
            assert connection.sock.getsockname() == local
        connection.close()


def test_a_chunked_request_is_read() -> None:
    with listening() as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/read", body=iter([b"in ", b"parts"]), encode_chunked=True)
        assert connection.getresponse().read() == b"in parts"
        connection.close()


def test_an_answer_can_be_lost_and_a_bug_is_a_500() -> None:
    with listening() as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/lost")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.request("GET", "/bug")
        assert connection.getresponse().status == 500
        connection.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7"])  # noqa: S104 (must be refused)
def test_other_addresses_than_loopback_are_refused(host: str) -> None:
    with pytest.raises(SandboxError, match="loopback only"):
        bind(0, host=host)


def test_a_taken_port_is_one_sentence() -> None:
    with listening() as port, pytest.raises(SandboxError, match=f"Port {port} cannot be used"):
        bind(port)


def test_tls_is_trusted_through_the_ca_and_a_silent_client_blocks_nobody(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    with listening(tls=server_context(ca, tmp_path)) as port:
        silent = socket.create_connection(("127.0.0.1", port))
        trusting = ssl.create_default_context(cafile=str(ca))
        for host in ("127.0.0.1", "localhost"):
            connection = http.client.HTTPSConnection(host, port, context=trusting, timeout=5)
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"unread"
            connection.close()
        silent.close()
        stranger = http.client.HTTPSConnection(
            "127.0.0.1", port, context=ssl.create_default_context(), timeout=5
        )
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]


def test_the_request_log_names_operations_and_keeps_no_secret(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "requests.jsonl")
    with listening(log.watch("aws", echo)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        for body, headers in (
            (b"{}", {"X-Amz-Target": "SWBExternalService.ListInstances"}),
            (
                b"Action=GetCallerIdentity&Password=hunter2",
                {"Content-Type": "application/x-www-form-urlencoded"},
            ),
        ):
            connection.request(
                "POST", "/?code=hunter2", body, {"Authorization": "hunter2", **headers}
            )
            connection.getresponse().read()
        connection.request("GET", "/v1.0/groups/8d3f0d5e-6c1b-4f0e-9a57-0c2f6a1b7e10/members")
        connection.getresponse().read()
        connection.close()
    log.close()
    text = (tmp_path / "requests.jsonl").read_text()
    assert "hunter2" not in text
    first = json.loads(text.splitlines()[0])
    assert set(first) == {"time", "cloud", "method", "path", "operation", "status", "ms"}
    assert counts(tmp_path / "requests.jsonl") == {
        "aws ListInstances": 1,
        "aws GetCallerIdentity": 1,
        "aws GET /v1.0/groups/*/members": 1,
    }
