"""`entra-aws-sandbox COMMAND`: start, use and stop the emulated clouds."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from entra_aws_sandbox import process, request_log, snapshots, switchboard
from entra_aws_sandbox.console import Console, shown
from entra_aws_sandbox.control import PREFIX, post, step_from
from entra_aws_sandbox.environment import as_shell, environment
from entra_aws_sandbox.folder import Folder, Running, SandboxError
from entra_aws_sandbox.providers import plugins

_FOLLOW_SECONDS = 0.3


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. A failure is one sentence on standard error."""
    # A locale that lacks a sign must not end a command.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Folder], None] = asked.command
    try:
        command(asked, Folder.named(getattr(asked, "folder", None)))
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return 0


def _start(asked: argparse.Namespace, folder: Folder) -> None:
    ports = {"aws": asked.aws_port, "entra": asked.entra_port, "tls": asked.tls_port}
    if asked.foreground:
        # Imported here: the emulators take half a second that no other command should pay.
        from entra_aws_sandbox.server import Ports, serve_until_signal  # noqa: PLC0415

        folder.create()
        with folder.lock():
            folder.forget_stack()
            installed = process.install_providers(folder, asked.providers)
            serve_until_signal(folder, Ports(**ports), providers=installed, owner=asked.owner)
        return
    running, ran_already = process.start(
        folder,
        process.Start(
            aws_port=asked.aws_port,
            entra_port=asked.entra_port,
            tls_port=asked.tls_port,
            providers=asked.providers,
            owner=asked.owner,
        ),
    )
    print("The sandbox already runs." if ran_already else "The sandbox runs.")
    print(_urls(running))
    option = f" --folder {shlex.quote(asked.folder)}" if "folder" in asked else ""
    print(f'Point a shell at it: eval "$(entra-aws-sandbox env{option})"')


def _stop(_: argparse.Namespace, folder: Folder) -> None:
    print("The sandbox has stopped." if process.stop(folder) else "The sandbox was not running.")


def _status(asked: argparse.Namespace, folder: Folder) -> None:
    status = process.status(folder)
    if asked.json:
        print(json.dumps(status, indent=2))
    elif status["running"]:
        print(f"The sandbox runs since {status['started']} (pid {status['pid']}).")
        print(_urls(folder.require_running()))
    if not status["running"]:
        raise SandboxError("The sandbox is not running; start it: entra-aws-sandbox start")


def _reset(_: argparse.Namespace, folder: Folder) -> None:
    running = folder.require_running()
    post(f"{running.awsUrl}{PREFIX}reset")
    folder.forget_stack()
    print("Both clouds are back at their seeds, and the stack that knew them is forgotten.")


def _env(asked: argparse.Namespace, folder: Folder) -> None:
    variables = environment(folder, folder.require_running())
    print(json.dumps(variables, indent=2) if asked.json else as_shell(variables))


def _snapshot(asked: argparse.Namespace, folder: Folder) -> None:
    if asked.name:
        snapshots.take(folder, asked.name)
    print("\n".join(snapshots.names(folder)) or "There are no snapshots.")


def _restore(asked: argparse.Namespace, folder: Folder) -> None:
    snapshots.restore(folder, asked.name)
    print(f"Both clouds, their clock and the stack are as they were in {asked.name}.")


def _clock(asked: argparse.Namespace, folder: Folder) -> None:
    running = folder.require_running()
    try:
        step = step_from(asked.step) if asked.step else None
    except ValueError as error:
        raise SandboxError(str(error)) from error
    seconds = step.total_seconds() if step else 0
    print(post(f"{running.awsUrl}{PREFIX}clock", {"seconds": seconds})["now"])


def _log(asked: argparse.Namespace, folder: Folder) -> None:
    if not folder.requests.exists():
        raise SandboxError(f"There is no request log in {folder.root}; start the sandbox first.")
    if asked.counts:
        for name, number in sorted(request_log.counts(folder.requests).items()):
            print(f"{number:>6}  {name}")
        return
    with folder.requests.open() as file:
        while True:
            for line in file:
                print(request_log.as_line(json.loads(line)), flush=True)
            if not asked.follow or not folder.is_locked():
                return
            time.sleep(_FOLLOW_SECONDS)


def _faults(asked: argparse.Namespace, folder: Folder) -> None:
    board = switchboard.Switchboard(folder.require_running())
    asked.act(board, asked)
    print(json.dumps(board.shown(), indent=2))


def _console(asked: argparse.Namespace, folder: Folder) -> None:
    answer: dict[str, Any] = asked.click(Console(folder, folder.require_running()), asked)
    output = getattr(asked, "output", None)
    if output is not None:
        try:
            Path(output).write_text(answer["serviceProviderMetadata"])
        except OSError as error:
            raise SandboxError(f"{output} cannot be written ({error.strerror}).") from error
        answer = {"serviceProviderMetadataFile": str(Path(output).resolve())}
    print(json.dumps(answer, indent=2) if asked.json else shown(answer))


def _urls(running: Running) -> str:
    return "\n".join(
        (
            f"  AWS    {running.awsUrl}",
            f"  Entra  {running.entraUrl}   (metadata host https://{running.metadataHost})",
            f"  provider plugins: {running.providers}",
        )
    )


def _parser() -> argparse.ArgumentParser:
    anywhere = argparse.ArgumentParser(add_help=False)
    anywhere.add_argument(
        "--folder",
        # Before or after the command: where it is not given, it must not undo the other place.
        default=argparse.SUPPRESS,
        help="where the sandbox's files lie; default: SANDBOX_DIR, else .sandbox here",
    )
    parser = argparse.ArgumentParser(
        prog="entra-aws-sandbox", description=__doc__.partition(": ")[2], parents=[anywhere]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[..., None], help_: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_, parents=[anywhere])
        sub.set_defaults(command=command)
        return sub

    start = add("start", _start, "start both clouds in the background and print their URLs")
    start.add_argument("--foreground", action="store_true", help="stay in the foreground")
    for name in ("aws", "entra", "tls"):
        start.add_argument(
            f"--{name}-port", type=int, default=0, metavar="PORT", help="default: any free one"
        )
    start.add_argument(
        "--owner", type=int, metavar="PID", help="stop when this process ends, however it does"
    )
    plugins.add_argument(start)
    add("stop", _stop, "stop the sandbox; leaves no process")
    status = add("status", _status, "say what runs; exit code 1 if nothing does")
    status.add_argument("--json", action="store_true", help="for machines")
    add("reset", _reset, "both clouds back to their seeds, the clock back to now")
    env = add("env", _env, "print the environment that points a shell at the sandbox")
    env.add_argument("--json", action="store_true", help="for machines")
    snapshot = add("snapshot", _snapshot, "keep both clouds and the stack, or list what is kept")
    snapshot.add_argument("name", nargs="?", help="kept until the sandbox stops")
    restore = add("restore", _restore, "put a snapshot back")
    restore.add_argument("name", help="entra-aws-sandbox snapshot lists them")
    clock = add("clock", _clock, "print the sandbox's time, or move it forward")
    clock.add_argument("step", nargs="?", help="for example +40m, +2h, +1d")
    log = add("log", _log, "print the requests that both clouds answered")
    log.add_argument("--follow", action="store_true", help="until the sandbox stops")
    log.add_argument("--counts", action="store_true", help="calls per operation")
    switchboard.add_arguments(add("faults", _faults, "show, add or clear faults of both clouds"))
    _add_console(add("console", _console, "do what a person does in the AWS console"))
    return parser


def _add_console(console: argparse.ArgumentParser) -> None:
    actions = console.add_subparsers(required=True, metavar="ACTION")

    def add(name: str, click: Callable[..., dict[str, Any]]) -> argparse.ArgumentParser:
        does = getattr(Console, name.replace("-", "_")).__doc__
        sub = actions.add_parser(name, help=does, description=does)
        sub.add_argument("--json", action="store_true", help="for machines")
        sub.set_defaults(click=click)
        return sub

    add("enable", lambda console, _: console.enable())
    portal = add("portal-url", lambda console, asked: console.portal_url(asked.alias))
    portal.add_argument("alias", metavar="NAME", help="the portal is at .../start/NAME")
    external = add("external-idp", lambda console, _: console.external_idp())
    external.add_argument("--output", metavar="FILE", help="write the SP metadata there")
    upload = add(
        "upload-idp-metadata", lambda console, asked: console.upload_idp_metadata(asked.source)
    )
    upload.add_argument("source", metavar="FILE|URL", help="Entra's federation metadata")
    add("provisioning", lambda console, _: console.provisioning())
    add("rotate-token", lambda console, _: console.rotate_token())
    delete_token = add("delete-token", lambda console, asked: console.delete_token(asked.id))
    delete_token.add_argument("id", nargs="?", metavar="TOKEN-ID", help="as rotate-token shows it")
    add("delete", lambda console, _: console.delete())


def entry() -> None:
    """The command `entra-aws-sandbox`."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
