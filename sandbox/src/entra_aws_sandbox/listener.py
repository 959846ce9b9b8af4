"""HTTP listeners on loopback: threaded, with keep-alive, each serving one WSGI application."""

from __future__ import annotations

import io
import ipaddress
import socket
import ssl
import threading
import traceback
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from werkzeug.exceptions import InternalServerError, MisdirectedRequest, RequestEntityTooLarge
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from entra_aws_sandbox.folder import SandboxError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
# Bytes of a request; each application has a smaller limit of its own.
MAX_BODY: Final = 4_000_000
_OWN_NAMES: Final = frozenset({LOOPBACK, "localhost", "::1"})
_BACKLOG = 128
_IDLE_SECONDS = 75


def bind(port: int, *, host: str = LOOPBACK) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one.

    Raises SandboxError for an address that others could reach, or for a port in use.
    """
    if not ipaddress.ip_address(host).is_loopback:
        raise SandboxError(f"The sandbox refuses to listen on {host}: it serves loopback only.")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        why = error.strerror if isinstance(error, OSError) else "no such port"
        raise SandboxError(
            f"Port {port} cannot be used ({why}); name another one or leave the choice to the "
            "sandbox."
        ) from error
    return listening


class Handler(WSGIRequestHandler):
    """Werkzeug's handler closes every connection; SDKs and providers like to keep theirs."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = _IDLE_SECONDS
    _no_body: ClassVar = {204, 304}

    def run_wsgi(self) -> None:
        """Read the whole request, run the application, answer with a length."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        environ = self.make_environ()
        app = self._application(environ)
        try:
            chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
        except ConnectionError:
            # An application that plays a lost answer raises this.
            self.close_connection = True
            return
        except Exception:  # noqa: BLE001 (the server must outlive a bug in an emulator)
            traceback.print_exc()
            chunks, status, headers = run_wsgi_app(InternalServerError(), environ, buffered=True)
        body = b"".join(chunks)
        code = int(status.split(" ", 1)[0])
        self.send_response(code, status.partition(" ")[2])
        for name, value in headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        if code not in self._no_body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and code not in self._no_body:
            self.wfile.write(body)
        self.wfile.flush()

    def _application(self, environ: WSGIEnvironment) -> WSGIApplication:
        """The server's application with the whole body read, or the refusal of the request."""
        length = environ.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() else 0
        if not _is_ours(environ.get("HTTP_HOST", LOOPBACK)):
            self.close_connection = True
            return MisdirectedRequest("The sandbox answers to 127.0.0.1 and localhost only.")
        if size <= MAX_BODY:
            if environ.get("wsgi.input_terminated"):
                # Chunked: how much there is shows only when it is read.
                body = bytes(environ["wsgi.input"].read(MAX_BODY + 1))
            else:
                body = self.rfile.read(size)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["wsgi.input_terminated"] = True
            size = len(body)
        if size > MAX_BODY:
            self.close_connection = True
            return RequestEntityTooLarge(f"The sandbox takes at most {MAX_BODY} bytes.")
        return self.server.app

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Say nothing: the request log has what is worth keeping, and no query strings."""


def _is_ours(host: str) -> bool:
    """Whether a request names this machine.

    A web page whose name was made to mean loopback may send any header but another Host.
    """
    try:
        return urlsplit(f"//{host}").hostname in _OWN_NAMES
    except ValueError:
        return False


class Listener:
    """One socket, one application, one thread that accepts and one for every connection."""

    def __init__(
        self, listening: socket.socket, app: WSGIApplication, *, tls: ssl.SSLContext | None = None
    ) -> None:
        host, port = listening.getsockname()
        self._server: BaseWSGIServer = ThreadedWSGIServer(
            host, port, app, Handler, fd=listening.fileno()
        )
        listening.close()
        if tls is not None:
            # A handshake on accept would let one silent client block all others.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.ssl_context = tls
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections and free the port."""
        self._server.shutdown()
        self._server.server_close()
