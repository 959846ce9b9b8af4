"""The sandbox process: both clouds in one, behind three loopback listeners."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug import Request

from entra_aws_sandbox.aws import Aws
from entra_aws_sandbox.certificates import server_context
from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.control import PREFIX
from entra_aws_sandbox.entra import Entra
from entra_aws_sandbox.folder import Folder, Running, write_private
from entra_aws_sandbox.listener import LOOPBACK, Listener, bind
from entra_aws_sandbox.process import is_alive
from entra_aws_sandbox.request_log import RequestLog
from entra_aws_sandbox.snapshots import Snapshots
from entra_aws_sandbox.surface import Surface

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# How often the server looks whether the process that it serves still lives.
_OWNER_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports to listen on; 0 takes a free one."""

    aws: int = 0
    entra: int = 0
    tls: int = 0


@contextmanager
def serving(folder: Folder, ports: Ports, *, providers: str) -> Iterator[Running]:
    """Serve both clouds while the block runs; the caller holds the folder's lock.

    Raises SandboxError when a port is in use.
    """
    secrets = folder.secrets()
    # The clouds of an earlier process, which these files belong to, are gone.
    shutil.rmtree(folder.snapshots, ignore_errors=True)
    with ExitStack() as stack:
        aws_socket, entra_socket, tls_socket = (
            stack.enter_context(bind(port)) for port in (ports.aws, ports.entra, ports.tls)
        )
        aws_url, entra_url, tls_url = (
            f"http://{LOOPBACK}:{listening.getsockname()[1]}"
            for listening in (aws_socket, entra_socket, tls_socket)
        )
        clock = Clock()
        aws = Aws(clock=clock, base_url=aws_url, access_key=secrets.awsAccessKeyId)
        stack.callback(aws.close)
        entra = Entra(
            clock=clock,
            base_url=entra_url,
            client_id=secrets.clientId,
            client_secret=secrets.clientSecret,
        )
        stack.callback(entra.close)
        running = Running(
            id=str(uuid.uuid4()),
            pid=os.getpid(),
            awsUrl=aws_url,
            entraUrl=entra_url,
            metadataHost=tls_url.removeprefix("http://"),
            tenantId=entra.tenant_id,
            region=aws.region,
            managementAccountId=aws.management_account_id,
            providers=providers,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        log = RequestLog(folder.requests)
        stack.callback(log.close)
        control = _control(running, clock, entra, aws)
        aws_app = _behind(control, log.watch("aws", aws.wsgi))
        entra_app = _behind(control, log.watch("entra", entra.wsgi))
        for listener in (
            Listener(aws_socket, aws_app),
            Listener(entra_socket, entra_app),
            Listener(tls_socket, entra_app, tls=server_context(folder.ca, folder.root)),
        ):
            listener.start()
            stack.callback(listener.stop)
        write_private(folder.running_file, json.dumps(asdict(running), indent=2))
        stack.callback(folder.running_file.unlink, missing_ok=True)
        yield running


def serve_until_signal(
    folder: Folder, ports: Ports, *, providers: str, owner: int | None = None
) -> None:
    """Serve both clouds until SIGTERM or SIGINT, or until the process ``owner`` has ended."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with serving(folder, ports, providers=providers):
        while not stop.wait(_OWNER_SECONDS):
            if owner is not None and not is_alive(owner):
                return


def _behind(control: Surface, app: WSGIApplication) -> WSGIApplication:
    """A cloud with the process's own control surface in front."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX):
            return app(environ, start_response)
        response = control.respond(Request(environ), path.removeprefix(PREFIX))
        return response(environ, start_response)

    return answer


def _control(running: Running, clock: Clock, entra: Entra, aws: Aws) -> Surface:
    def reset(_: dict[str, Any]) -> dict[str, Any]:
        # Entra first: its synchronization engine would push into a directory just emptied.
        entra.reset()
        aws.reset()
        clock.reset()
        return {}

    def move_clock(body: dict[str, Any]) -> dict[str, Any]:
        now = clock.advance(timedelta(seconds=float(body["seconds"])))
        return {"now": now.isoformat(timespec="seconds")}

    return Surface(
        {
            "identity": lambda _: {"id": running.id},
            "reset": reset,
            "clock": move_clock,
            **Snapshots(clock, entra, aws).actions,
        }
    )
