"""`python -m entra_aws_sandbox.providers NAME ENGINE`: one plugin, started by the engine."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import threading
import time
from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from entra_aws_sandbox.providers import VERSIONS
from entra_aws_sandbox.providers.bridge import Bridge

WATCH_INTERVAL = 1.0  # seconds
CONNECT_TIMEOUT = 2.0  # seconds
THREADS = 64  # more than the engine ever has calls in flight: waiting calls hold one each
MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # the SDK's own limit


def follow_engine(address: str) -> None:
    """Leave quietly on a signal, and when the engine is gone, `kill -9` included.

    The engine interrupts its plugins at the end of a run and waits seconds for those that stay.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    parent = os.getppid()

    def watch() -> None:
        alive = _listens(address)  # it may be gone already
        while alive and os.getppid() == parent:
            time.sleep(WATCH_INTERVAL)
        os._exit(0)

    threading.Thread(target=watch, name="follow-engine", daemon=True).start()


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT).close()
    except (OSError, ValueError):
        return False
    return True


def serve(name: str) -> None:
    """Serve the package `name` until the end of the process; the first line out is the port."""
    package = importlib.import_module(f"entra_aws_sandbox.providers.{name}")
    server = grpc.server(
        futures.ThreadPoolExecutor(THREADS),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    bridge = Bridge(version=VERSIONS[name], connect=package.connect)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(bridge, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def main() -> None:
    """The engine's own options come before its address, which is the last argument."""
    match sys.argv[1:]:
        case [name, *_, engine] if name in VERSIONS:
            follow_engine(engine)
            serve(name)
        case _:
            sys.exit("these plugins are started by the Pulumi engine, with its address")


if __name__ == "__main__":
    main()
