"""`python -m ops recover`: after a killed update or a lost answer, so that the next one can go on.

Lifts the lock that a killed update left, takes what it made into the state, and forgets what it
did not make. Then takes in what is declared and there without being in the state, as a lost answer
leaves it, if nothing speaks against its being this stack's own (federation/engine/provenance.py),
reads what was made and could not be read back, and forgets what is to be deleted and gone already.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from clouds.existing import Existing
from federation.core.errors import printable
from federation.core.urn import kind_of
from federation.engine.provenance import Found, Identity, Verdict, choose
from federation.engine.recovery import (
    SETTLE_SECONDS,
    Interrupted,
    TwoNamesError,
    complete_until,
    deletions,
    interrupted,
    known_ids,
    resource_name,
    taken_in,
    unread,
    unrecorded,
    written_at,
)
from ops.arguments import add_stack_arguments, command
from ops.cli import Cli, StackError, explain
from ops.locks import LOCKED, check_stale, locks
from ops.session import Session
from ops.stack import read_stack
from ops.terminal import working

HELP: Final = """\
put a stack in order after a killed update, or after an answer of a cloud got lost.

Without --yes it only says what it would do. With it, it lifts a stale lock, takes into the state
what this stack made and could not write down, reads what it could not read back, and forgets what
was not made or is gone already. An object that may be somebody else's is named and left alone.

example:
  python -m ops recover --stack prod --yes

exit codes:
  0  the stack is in order
  1  something is left: to be done with --yes, or by a person as the output says
  2  nothing can be done now: an update is running, or somebody else's lock is held
"""
# The updates of the last weeks: an older success says less than the root of the stack.
_HISTORY: Final = ("stack", "history", "--json", "--page-size", "100")
_GROUP: Final = "azuread:index/group:Group"
_DOUBTFUL: Final = (
    "Find out who made what was not taken in. If it is not this stack's, delete or rename it. If "
    "you know that it is: pulumi import it under its name here. Then run python -m ops up."
)


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="do it")
    parser.add_argument(
        "--break-lock",
        action="append",
        default=[],
        metavar="HOLDER",
        help='lift the lock of another host; HOLDER as it is named: "user@host (pid 123)"',
    )


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was looked for in `export`, as its unfinished creations; the ids found, by URN.

    `doubtful` names objects that may be somebody else's, `gone` what is to be deleted and is not
    there any more, by URN; `unseen` says why some of what was sought could not be looked for.
    """

    export: Mapping[str, Any]
    ids: Mapping[str, str]
    doubtful: Sequence[str] = ()
    gone: Mapping[str, str] = field(default_factory=dict)
    unseen: str = ""

    @property
    def found(self) -> list[str]:
        """Kind and name of what is to be taken in."""
        return [f"{one.kind} {one.name}" for one in interrupted(self.export) if one.urn in self.ids]

    @property
    def doubts(self) -> list[str]:
        """What a person has to look at."""
        lines = [f"  not taken in: {one}" for one in self.doubtful]
        if self.unseen:
            lines.append(f"  not looked for what a lost answer may have left: {self.unseen}")
        return lines


@command
def run(arguments: Namespace) -> int:
    """Say what was interrupted or lost; with --yes put the stack in order."""
    cli = Cli(directory=arguments.cwd, stack=arguments.stack)
    export = _export(cli)
    found = interrupted(export)
    _say(_story(found))
    try:
        if arguments.yes:
            return _recover(cli, arguments.break_lock, settle=bool(found))
        return _look(cli, export, found)
    except TwoNamesError as error:
        raise StackError(str(error)) from None


def _look(cli: Cli, export: Mapping[str, Any], found: Sequence[Interrupted]) -> int:
    """Say what `_recover` would do; nothing is changed."""
    seeker = _Seeker(cli)
    with working("looking in both clouds"):
        halfway, silent = seeker.halfway(export), unread(export)
        # Beside unfinished operations, nothing is certain before these are put in order.
        lost = Search(export=export, ids={}) if found else seeker.lost(export)
    _say([f"  would be taken in: {name}" for name in lost.found])
    _say([f"  left in the middle of a rename: {name}" for name in halfway.values()])
    _say([f"  made, and not read back: {name}" for name in silent.values()])
    _say([f"  to be deleted, and gone already: {name}" for name in lost.gone.values()])
    _say(lost.doubts)
    _say(["Nothing was changed: run it with --yes, which lifts a stale lock as well."])
    left = (found, halfway, silent, lost.ids, lost.gone, lost.doubts)
    return 1 if any(left) else 0


def _recover(cli: Cli, broken: Collection[str], *, settle: bool) -> int:
    if settle:
        with working("waiting for what the clouds still finish"):
            time.sleep(SETTLE_SECONDS)
    # Read again: the update may have written once more before it ended.
    export = _export(cli)
    found, seeker = interrupted(export), _Seeker(cli)
    with working("looking in both clouds"):
        made = seeker.made(export)
    _write(cli, made, broken)
    halfway, silent = seeker.halfway(export), unread(export)
    again = {one.urn for one in found if one.what in {"updating", "deleting"}}
    _refresh(cli, {*made.ids, *again, *halfway, *silent})
    present = _urns(_export(cli))
    _say(_outcome(found, made, present))
    _say(
        f"  {'read back' if urn in present else 'to be made'}: {name}"
        for urn, name in silent.items()
    )
    _say([f"  to be renamed by the next update: {name}" for name in halfway.values()])

    # What depends on something that is there already shows only when that is taken in.
    tried: Mapping[str, str] = {}
    while (lost := _lost(seeker, cli)).ids and lost.ids != tried:
        _write(cli, lost, broken)
        _refresh(cli, lost.ids)
        _say([f"  taken in: {name}" for name in lost.found])
        tried = lost.ids
    if lost.ids:
        raise StackError("a refresh does not see yet what was taken in: run it again in a minute")
    _refresh(cli, lost.gone)
    _say([f"  gone already: {name}" for name in lost.gone.values()])
    doubts = list(dict.fromkeys([*made.doubts, *lost.doubts]))
    if doubts:
        _say([*doubts, *([_DOUBTFUL] if made.doubtful or lost.doubtful else [])])
        return 1
    _say(["The stack is in order: run python -m ops up."])
    return 0


class _Seeker:
    """Looks in both clouds for what the state does not know."""

    def __init__(self, cli: Cli) -> None:
        self._cli = cli
        self._session = Session(read_stack(cli))
        self._existing = Existing(graph=self._session.graph, aws=self._session.aws)
        self._history: list[dict[str, Any]] | None = None

    def made(self, export: Mapping[str, Any]) -> Search:
        """What a killed update made; whether what has a certain id is there, the refresh shows."""
        found = interrupted(export)
        for instance in {
            str(one.inputs["instanceArn"]) for one in found if one.kind == "AccountAssignment"
        }:
            self._existing.wait_for_assignments(instance)
        return self._search(export, self._existing.find)

    def lost(self, export: Mapping[str, Any]) -> Search:
        """What the next update would make although it is there already."""
        # What exists already may fail the preview, too: its steps count all the same.
        preview = self._cli.run("preview", "--json")
        try:
            steps = json.loads(preview.stdout)
        except ValueError:
            steps = {}
        gone = {
            one["urn"]: resource_name(one["urn"])
            for one in deletions(steps)
            if self._existing.is_gone(kind_of(one["type"]), one["id"])
        }
        found = self._search(unrecorded(export, steps), self._existing.find_lost)
        found = replace(found, gone=gone)
        if preview.returncode and not (found.ids or found.doubtful):
            why = explain(preview.stderr or preview.stdout)
            return replace(found, unseen=f"pulumi preview fails ({why})")
        return found

    def halfway(self, export: Mapping[str, Any]) -> dict[str, str]:
        """Groups of the state that a rename left under its temporary name: names by URN."""
        known = known_ids(export)
        if not any(kind == _GROUP for kind, _ in known):
            return {}
        urns = [known.get((_GROUP, ident)) for ident in self._existing.halfway_groups()]
        return {urn: resource_name(urn) for urn in urns if urn}

    def _search(
        self, export: Mapping[str, Any], find: Callable[[Interrupted], Sequence[Found]]
    ) -> Search:
        ids: dict[str, str] = {}
        doubtful: list[str] = []
        for one in interrupted(export):
            if one.what != "creating":
                continue
            verdict = self._judge(export, one, find(one))
            if verdict.taken:
                ids[one.urn] = verdict.taken.id
            doubtful += [
                f"{one.kind} {one.name}: {printable(found.name)} ({found.id}) may be another: {why}"
                for found, why in verdict.refused
            ]
        return Search(export=export, ids=ids, doubtful=doubtful)

    def _judge(
        self, export: Mapping[str, Any], one: Interrupted, candidates: Sequence[Found]
    ) -> Verdict:
        known = known_ids(export)
        for found in candidates:
            other = known.get((one.type, found.id), one.urn)
            if other != one.urn and not found.is_temporary:
                raise TwoNamesError(one.urn, other, found.id)
        unknown = [found for found in candidates if (one.type, found.id) not in known]
        if not unknown:
            return Verdict()
        return choose(
            one.kind,
            one.inputs,
            unknown,
            identity=Identity.of(self._session.graph.credentials.claims()),
            since=self._complete_until(export),
        )

    def _complete_until(self, export: Mapping[str, Any]) -> datetime | None:
        if self._history is None:
            self._history = json.loads(self._cli.checked(*_HISTORY))
        return complete_until(export, self._history)


def _lost(seeker: _Seeker, cli: Cli) -> Search:
    with working("running pulumi preview"):
        return seeker.lost(_export(cli))


def _export(cli: Cli) -> dict[str, Any]:
    # Secrets stay encrypted: what is read here is written back.
    export: dict[str, Any] = json.loads(cli.checked("stack", "export"))
    return export


def _urns(export: Mapping[str, Any]) -> set[str]:
    return {one["urn"] for one in export["deployment"].get("resources") or ()}


def _say(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _story(found: Sequence[Interrupted]) -> list[str]:
    if not found:
        return ["No operation is unfinished."]
    return [
        f"{len(found)} unfinished operations:",
        *(f"  {one.what} {one.kind} {one.name}" for one in found),
    ]


def _write(cli: Cli, search: Search, broken: Collection[str]) -> None:
    """Write what was found into the state; lifts a stale lock. Raises StackError, TwoNamesError."""
    text = json.dumps(taken_in(search.export, search.ids))
    # An update that has ended meanwhile has written what the search does not know.
    if written_at(_export(cli)) != written_at(search.export):
        raise StackError("another update has changed the state meanwhile: run it again")
    written = cli.run("stack", "import", stdin=text)
    if not written.returncode:
        return
    if LOCKED not in written.stderr:
        raise StackError(explain(written.stderr))
    check_stale(locks(written.stderr), broken)
    cli.checked("cancel", "--yes")
    _say(["The lock is lifted."])
    cli.checked("stack", "import", stdin=text)


def _refresh(cli: Cli, urns: Collection[str]) -> None:
    if not urns:
        return
    targets = [part for urn in sorted(urns) for part in ("--target", urn)]
    with working("running pulumi refresh"):
        done = cli.run("refresh", "--yes", "--skip-preview", *targets)
    if done.returncode:
        raise StackError(
            f"the state took in what was made, but can't be refreshed: {explain(done.stderr)}; run "
            "pulumi refresh"
        )


def _outcome(found: Sequence[Interrupted], made: Search, present: set[str]) -> list[str]:
    lines = []
    for one in found:
        if one.what == "creating":
            kept = one.urn in made.ids and one.urn in present
            lines.append(f"  {'taken in' if kept else 'to be made'}: {one.kind} {one.name}")
        elif one.what == "deleting":
            gone = one.urn not in present
            lines.append(f"  {'gone' if gone else 'to be deleted'}: {one.kind} {one.name}")
    return lines
