"""The deep look of a command: its progress on standard error, and its memory in a file."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

from clouds.assignments import RATE, Holders, look_deep, read_assignments
from clouds.grants import read_grants
from federation.access.assignments import PrincipalType
from federation.engine.unmanaged import (
    Grant,
    Holder,
    Pair,
    deepened,
    pairs,
    unmanaged,
    unmanaged_assignments,
)
from federation.update.plan import Facts, Plan
from ops.session import Session

FOLDER: Final = ".ops"
# Older answers are asked for again.
_FRESH: Final = timedelta(hours=4)
_SILENT_SECONDS: Final = 2.0
_EVERY_SECONDS: Final = 2.0


def add_look_arguments(parser: ArgumentParser) -> None:
    """`--full` and `--resume FILE`."""
    parser.add_argument(
        "--full",
        action="store_true",
        help="ask as well who has each of the stack's permission sets in each account: a call for "
        f"each pair, {RATE:.0f} a second",
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="where --full keeps what it has seen until it is complete; cut short, it goes on "
        f"there (default: {FOLDER}/ in the folder of Pulumi.yaml)",
    )


@dataclass(frozen=True, kw_only=True)
class Look:
    """How closely to look: as every preview does, or (`full`) at each pair; see `--resume`."""

    full: bool = False
    resume: Path | None = None

    @classmethod
    def wanted(cls, arguments: Namespace) -> Look:
        """What the command line asks for."""
        return cls(full=arguments.full, resume=arguments.resume)


BOUNDED: Final = Look()


@dataclass
class FileMemory:
    """A look's answers in a file, a line each, so that a kill costs one line at most.

    It holds names of permission sets, ids of accounts and principals, and the time; no secret.
    `scope` stands for the instance and its permission sets: lines of other ones count for nothing,
    as does anything that this program has not written.
    """

    path: Path
    scope: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _file: IO[str] | None = field(default=None, init=False, repr=False)

    def recall(self) -> Mapping[Pair, Holders]:
        """Who was seen, by pair; nothing where there is no file."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        found: dict[Pair, Holders] = {}
        for line in lines:
            found.update(self._read(line))
        return found

    def _read(self, line: str) -> dict[Pair, Holders]:
        try:
            entry: Any = json.loads(line)
            age = self.now() - datetime.fromisoformat(entry["at"])
            holders = tuple(Holder(_kind(kind), str(ident)) for kind, ident in entry["holders"])
            pair = Pair(str(entry["permissionSet"]), str(entry["account"]))
            if entry["scope"] != self.scope or not timedelta() <= age <= _FRESH:
                return {}
        except (ValueError, KeyError, TypeError, RecursionError):
            return {}
        return {pair: holders}

    def keep(self, pair: Pair, holders: Holders) -> None:
        """Append one answer. What can't be written costs the memory, not the look."""
        entry = {
            "scope": self.scope,
            "at": self.now().isoformat(),
            "permissionSet": pair.permission_set,
            "account": pair.account,
            "holders": holders,
        }
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
                # The line before may have been cut off.
                self._file.write("\n")
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
        except OSError:
            return

    def finish(self) -> None:
        """Forget everything: the next look asks anew."""
        if self._file is not None:
            self._file.close()
            self._file = None
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            return


def _kind(text: Any) -> PrincipalType:
    if text in ("GROUP", "USER"):
        return "GROUP" if text == "GROUP" else "USER"
    raise ValueError


def _say(text: str) -> None:
    # Looked up now: a terminal's progress has taken the stream over.
    sys.stderr.write(text)


@dataclass
class Teller:
    """Says on standard error how far a look is, once it takes longer than a moment."""

    write: Callable[[str], object] = _say
    clock: Callable[[], float] = time.monotonic
    _begin: float = field(default=-1.0, init=False)
    _next: float = field(default=0.0, init=False)
    _before: int = field(default=0, init=False)

    def __call__(self, done: int, number: int) -> None:
        """After each answer: `done` pairs of `number`."""
        now = self.clock()
        if self._begin < 0:
            self._begin, self._next, self._before = now, now + _SILENT_SECONDS, done
        if now < self._next or done == number:
            return
        self._next = now + _EVERY_SECONDS
        speed = max(done - self._before, 1) / (now - self._begin)
        self.write(
            f"looked at {done:,} of {number:,} pairs of permission set and account, "
            f"about {(number - done) / speed:,.0f} s left\n"
        )


def granted_by_hand(
    session: Session, plan: Plan | None, facts: Facts | None, how: Look
) -> tuple[Grant, ...]:
    """What is granted by hand, as far as is looked. Raises AwsError and EntraError.

    Without `plan`, since something stops the next update, only the checkpoint says what is managed:
    whoever can stop an update must not hide a grant by it.
    """
    checkpoint, site = session.stack.checkpoint, session.site
    instance, organization = site.instance, site.organization
    grants = (
        facts.grants if facts else read_grants(session.aws, session.graph, instance, checkpoint)
    )
    found = plan.unmanaged if plan else unmanaged(grants, checkpoint, organization)
    wanted = pairs(grants, organization)
    if instance is None or not (how.full and wanted):
        return found
    stack = session.stack
    arns = {name: one.arn for name, one in checkpoint.sets.items()}
    scope = sha256(json.dumps([instance.arn, arns], sort_keys=True).encode()).hexdigest()
    file = how.resume or stack.cli.directory / FOLDER / f"look-{stack.name}.jsonl"
    live = look_deep(
        wanted,
        read_assignments(session.aws, instance.arn, arns),
        memory=FileMemory(file, scope=scope),
        progress=Teller(),
    )
    store = facts.identity_store if facts else session.aws.principals(instance.identity_store_id)
    assignments = plan.assignments.ready if plan else {}
    named = unmanaged_assignments(live, checkpoint, organization, store, assignments=assignments)
    return deepened(found, wanted, named)
