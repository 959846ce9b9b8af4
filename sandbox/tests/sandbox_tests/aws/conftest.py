"""The emulated AWS behind a real HTTP server, and the clients that everybody uses."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from entra_aws_sandbox.aws import Aws
from entra_aws_sandbox.clock import Clock
from sandbox_tests.aws.support import Cloud, Idp


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: object = None) -> None:
        """An answer is lost: so is the connection."""
        self.close_connection = True


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A fresh sandbox; the test fails if an answer broke botocore's models."""
    clock = Clock()
    holder: dict[str, Aws] = {}
    server = make_server(
        "127.0.0.1",
        0,
        lambda environ, start: holder["aws"].wsgi(environ, start),  # noqa: PLW0108
        threaded=True,
        request_handler=_QuietHandler,
    )
    aws = holder["aws"] = Aws(clock=clock, base_url=f"http://127.0.0.1:{server.port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Cloud(aws, clock)
        assert aws.violations == []
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        aws.close()


@pytest.fixture
def center(cloud: Cloud) -> Cloud:
    """A sandbox in which Identity Center has been enabled."""
    cloud.console("enable")
    return cloud


@pytest.fixture(scope="session")
def idp() -> Idp:
    """An identity provider with a key of its own."""
    return Idp()


@pytest.fixture
def trusted(center: Cloud, idp: Idp) -> Cloud:
    """A sandbox that trusts `idp` and has automatic provisioning enabled."""
    center.trust(idp)
    center.provisioning = center.console("provisioning")
    return center
