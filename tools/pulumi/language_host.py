# ruff: noqa: N802  (the methods are named by the protocol)
"""The Python language host that a self-built Pulumi CLI lacks.

A release of the CLI brings its own host; one built from its Go module does not (the host is not
served as a module). `script/setup` puts a launcher for this file beside such a CLI, and only there.
What the engine asks of a host is in `sdk/proto/language.proto` of pulumi/pulumi.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import queue
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

CLI_VERSION = "3.259.0"  # go.mod beside this file
ALREADY_REPORTED = 32  # exit code of a program whose error the engine has shown: the run "bails"
WATCH_INTERVAL = 1.0  # seconds
CONNECTION_REFUSED_AFTER = 2.0  # seconds
MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # the SDK's own limit


def leave(code: int = 0) -> None:
    """End this process at once: no thread of gRPC is worth waiting for."""
    sys.stdout.flush()
    os._exit(code)


def follow_parent(engine: str = "") -> None:
    """Leave when the parent process is gone, `kill -9` included, or on a signal, quietly.

    `engine` is the parent's address (`host:port`), tried once: the parent may be gone already.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave())
    parent = os.getppid()

    def watch() -> None:
        if engine and not _listens(engine):
            leave()
        while os.getppid() == parent:
            time.sleep(WATCH_INTERVAL)
        leave()

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECTION_REFUSED_AFTER).close()
    except (OSError, ValueError):
        return False
    return True


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs, policy packs and component providers for the engine."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(self, request: Any, _: Any) -> Any:
        """Take the engine's address, needed when the engine attached to a running host."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, *_: Any) -> Any:
        """The version of the CLI this host is written for."""
        return plugin_pb2.PluginInfo(version=CLI_VERSION)

    def GetRequiredPackages(self, request: Any, _: Any) -> Any:
        """The resource plugins that the installed Pulumi packages ask for."""
        found = _site_packages(_python(request.info)).glob("*/pulumi-plugin.json")
        packages = [_package(json.loads(file.read_text("utf-8"))) for file in sorted(found)]
        return language_pb2.GetRequiredPackagesResponse(
            packages=[package for package in packages if package]
        )

    def GetProgramDependencies(self, *_: Any) -> Any:
        """Every installed distribution, as `pulumi about` lists them."""
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=found.metadata["Name"], version=found.version)
                for found in importlib.metadata.distributions()
            ]
        )

    def About(self, request: Any, _: Any) -> Any:
        """Which Python runs the program."""
        return language_pb2.AboutResponse(
            executable=str(_python(request.info)), version=sys.version.split()[0]
        )

    def InstallDependencies(self, _: Any, context: Any) -> Any:
        """Refused: the pinned requirements are installed by `script/setup`."""
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "this CLI was built by script/setup, which installs the dependencies too; run it again",
        )

    def Cancel(self, *_: Any) -> Any:
        """Nothing to stop: the programs follow this process, and this process its engine."""
        return empty_pb2.Empty()

    def Run(self, request: Any, _: Any) -> Any:
        """Run the program to its end; an error that it has reported itself is a bail."""
        python = _python(request.info)
        if not python.exists():
            return language_pb2.RunResponse(
                error=f"{python} does not exist: run script/setup, or correct"
                " runtime.options.virtualenv in Pulumi.yaml"
            )
        info = request.info
        job = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "root_directory": info.root_directory,
            "folder": request.pwd,
            "program": str(Path(info.program_directory, info.entry_point)),
            "config": dict(request.config),
            "secrets": list(request.configSecretKeys),
        }
        # Through stdin: arguments and environments of processes are readable by others.
        program = subprocess.run(
            _itself(python, "--program"), input=json.dumps(job), text=True, check=False
        )
        code = program.returncode
        failed = code not in (0, ALREADY_REPORTED)
        return language_pb2.RunResponse(
            error=f"the program ended with exit code {code}" if failed else "",
            bail=code == ALREADY_REPORTED,
        )

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Start a policy pack or a component provider and pass on what it writes."""
        folder = request.info.program_directory
        pack = request.kind == "analyzer"
        target = ["module", "pulumi.policy"] if pack else ["path", folder]
        arguments = [*request.args, folder] if pack else [*request.args]
        process = subprocess.Popen(
            _itself(_python(request.info), "--plugin", *target, *arguments),
            cwd=folder if pack else request.pwd,
            env={**os.environ, **dict(entry.split("=", 1) for entry in request.env)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(process.terminate)
        yield from _output_of(process)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _itself(python: Path, *arguments: str) -> list[str]:
    """This file again, in `python`, without its folder on the module path."""
    return [str(python), "-u", "-P", str(Path(__file__).resolve()), *arguments]


def _python(info: Any) -> Path:
    """The interpreter that Pulumi.yaml names by `runtime.options.virtualenv`, or this one."""
    options = dict(info.options.items()) if info.HasField("options") else {}
    folder = options.get("virtualenv")
    return Path(info.root_directory, folder, "bin", "python") if folder else Path(sys.executable)


def _site_packages(python: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in python.parent.parent.glob("lib/python*/site-packages"):
        version = folder.parent.name
    return python.parent.parent / "lib" / version / "site-packages"


def _package(description: dict[str, Any]) -> Any:
    """The engine's form of a `pulumi-plugin.json`, or None when it names no resource plugin."""
    if not description.get("resource"):
        return None
    return plugin_pb2.PackageDependency(
        name=description["name"],
        kind="resource",
        version="v" + description["version"].lstrip("v"),
        server=description.get("server", ""),
    )


def _output_of(process: subprocess.Popen[bytes]) -> Iterator[Any]:
    chunks: queue.Queue[Any] = queue.Queue()

    def pump(stream: IO[bytes] | None, wrap: Callable[[bytes], Any]) -> None:
        for line in stream or ():
            chunks.put(wrap(line))
        chunks.put(None)

    streams = (
        (process.stdout, lambda line: language_pb2.RunPluginResponse(stdout=line)),
        (process.stderr, lambda line: language_pb2.RunPluginResponse(stderr=line)),
    )
    for arguments in streams:
        threading.Thread(target=pump, args=arguments, daemon=True).start()
    remaining = len(streams)
    while remaining:
        chunk = chunks.get()
        if chunk is None:
            remaining -= 1
        else:
            yield chunk


def run_program() -> int:
    """Run the program described on stdin, as `pulumi-language-python-exec` does; its exit code."""
    import pulumi  # noqa: PLC0415  (0.2 s that the host itself does not need)

    job = json.load(sys.stdin)
    follow_parent()
    pulumi.runtime.set_all_config(job["config"], job["secrets"])
    names = ("monitor", "engine", "project", "stack", "organization", "parallel", "dry_run")
    settings = {name: job[name] for name in (*names, "root_directory")}
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    os.chdir(job["folder"])
    sys.path.insert(0, job["folder"])

    def program() -> None:
        runpy.run_path(job["program"], run_name="__main__")

    async def main() -> None:
        workers = max(job["parallel"], 1) * 4
        executor = futures.ThreadPoolExecutor(workers)
        asyncio.get_running_loop().set_default_executor(executor)
        await pulumi.runtime.run_in_stack(program)

    try:
        asyncio.run(main())
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return ALREADY_REPORTED
    except Exception:  # noqa: BLE001  (whatever a program raises is shown to its author)
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return ALREADY_REPORTED
    return 0


def run_plugin(kind: str, target: str, arguments: list[str]) -> None:
    """Run a module or a path as `python` would, following the host."""
    follow_parent()
    sys.argv = [target, *arguments]
    if kind == "module":
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  (as `python -m` does)
        runpy.run_module(target, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(target, run_name="__main__")


def serve(engine: str) -> None:
    """Serve until the engine is gone; the first line on stdout is the port."""
    follow_parent(engine)
    server = grpc.server(
        futures.ThreadPoolExecutor(16),
        options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def main() -> None:
    """The host, or one of the processes that it starts from this same file."""
    match sys.argv[1:]:
        case ["--program"]:
            code = run_program()
            sys.stderr.flush()
            leave(code)
        case ["--plugin", kind, target, *arguments]:
            run_plugin(kind, target, arguments)
        case [*_, engine]:
            serve(engine)
        case _:
            sys.exit("pulumi-language-python is started by the Pulumi CLI, with its address")


if __name__ == "__main__":
    main()
