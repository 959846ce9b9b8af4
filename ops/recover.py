"""`python -m ops recover`: after a killed `pulumi up`, so that the next one can go on.

Lifts the lock that the killed update left, takes what it made into the state, and forgets what it
did not make. Then takes in declared rows that are there without being in the state, as a lost
answer leaves them. Without --yes it only says what it would do. Exit code 0: nothing is left to
do, 1: something is (without --yes), 2: it can't be done now.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from clouds.existing import Existing
from federation.recovery import (
    SETTLE_SECONDS,
    Interrupted,
    interrupted,
    taken_in,
    unrecorded,
    written_at,
)
from ops.session import Session
from ops.stack import Cli, StackError, add_stack_arguments, command, explain, read_stack

# The file backend's sentence about a lock (pulumi/pulumi, backend/diy/lock.go).
_LOCKED: Final = "the stack is currently locked"
_HOLDER: Final = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="do it")


@command
def run(arguments: Namespace) -> int:
    """Say what was interrupted; with --yes put the stack in order."""
    cli = Cli(directory=arguments.cwd, stack=arguments.stack)
    export = _export(cli)
    found = interrupted(export)
    _say(_story(found))
    if not arguments.yes:
        _say(["Nothing was changed: run it with --yes, which lifts a lock as well."])
        return 1 if found else 0
    _settle(export)
    # Read again: the update may have written once more before it ended.
    export = _export(cli)
    found = interrupted(export)
    ids = _ids(Session(read_stack(cli)), export, found) if found else {}
    _write(cli, taken_in(export, ids))
    targets = sorted({*ids, *(one.urn for one in found if one.what in {"updating", "deleting"})})
    if targets:
        _refresh(cli, targets)
    _say(_outcome(found, ids, _urns(_export(cli))))
    _say(_take_in_rows(cli))
    _say(["The stack is in order: run pulumi up."])
    return 0


def _take_in_rows(cli: Cli) -> list[str]:
    """Take in the rows that the next update would make, but which are there already."""
    preview = cli.run("preview", "--json")
    if preview.returncode:
        return ["Rows that are there already were not looked for: pulumi preview fails."]
    export = unrecorded(_export(cli), json.loads(preview.stdout))
    rows = interrupted(export)
    if not rows:
        return []
    existing = _existing(Session(read_stack(cli)), export)
    ids = {one.urn: ident for one in rows if (ident := existing.find_row(one))}
    if ids:
        _write(cli, taken_in(export, ids))
        _refresh(cli, sorted(ids))
    return [f"  taken in: {one.kind} {one.name}" for one in rows if one.urn in ids]


def _export(cli: Cli) -> dict[str, Any]:
    # Secrets stay encrypted: what is read here is written back.
    export: dict[str, Any] = json.loads(cli.checked("stack", "export"))
    return export


def _urns(export: Mapping[str, Any]) -> set[str]:
    return {one["urn"] for one in export["deployment"].get("resources") or ()}


def _say(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _story(found: Sequence[Interrupted]) -> list[str]:
    if not found:
        return ["No operation is unfinished."]
    return [
        f"{len(found)} unfinished operations:",
        *(f"  {one.what} {one.kind} {one.name}" for one in found),
    ]


def _settle(export: Mapping[str, Any]) -> None:
    """Give the killed update's plugins the time in which they end."""
    age = (datetime.now(UTC) - written_at(export)).total_seconds()
    if 0 <= age < SETTLE_SECONDS:
        time.sleep(SETTLE_SECONDS - age)


def _write(cli: Cli, export: Mapping[str, Any]) -> None:
    """Write the checkpoint; lifts a stale lock. Raises StackError while its holder lives here."""
    written = cli.run("stack", "import", stdin=json.dumps(export))
    if not written.returncode:
        return
    if _LOCKED not in written.stderr:
        raise StackError(explain(written.stderr))
    holder = _HOLDER.search(written.stderr)
    if holder and holder["host"] == socket.gethostname() and _lives(int(holder["pid"])):
        raise StackError(
            f"an update is running (pid {holder['pid']}): wait for its end, or end it first"
        )
    cli.checked("cancel", "--yes")
    _say(["The lock is lifted."])
    cli.checked("stack", "import", stdin=json.dumps(export))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ids(
    session: Session, export: Mapping[str, Any], found: Sequence[Interrupted]
) -> dict[str, str]:
    """The ids of what was being made, by URN; whether it is there, the refresh shows."""
    existing = _existing(session, export)
    instances = {str(one.inputs["instanceArn"]) for one in found if one.kind == "AccountAssignment"}
    for instance in instances:
        existing.wait_for_assignments(instance)
    ids = {one.urn: existing.find(one) for one in found if one.what == "creating"}
    return {urn: ident for urn, ident in ids.items() if ident}


def _existing(session: Session, export: Mapping[str, Any]) -> Existing:
    resources = export["deployment"].get("resources") or ()
    return Existing(
        graph=session.graph,
        aws=session.aws,
        known_ids=frozenset(one["id"] for one in resources if one.get("id")),
    )


def _refresh(cli: Cli, urns: Sequence[str]) -> None:
    targets = [part for urn in urns for part in ("--target", urn)]
    done = cli.run("refresh", "--yes", "--skip-preview", *targets)
    if done.returncode:
        raise StackError(
            f"the state took in what was made, but can't be refreshed: {explain(done.stderr)}; run "
            "pulumi refresh"
        )


def _outcome(found: Sequence[Interrupted], ids: Mapping[str, str], present: set[str]) -> list[str]:
    lines = []
    for one in found:
        if one.what == "creating":
            kept = one.urn in ids and one.urn in present
            lines.append(f"  {'taken in' if kept else 'to be made'}: {one.kind} {one.name}")
        elif one.what == "deleting":
            gone = one.urn not in present
            lines.append(f"  {'gone' if gone else 'to be deleted'}: {one.kind} {one.name}")
    return lines
