"""Who holds the lock of a stack whose state lies in a bucket or a folder, and whether it is stale.

The lock is a file without a lease: nothing but its holder's life tells whether it still counts
(pulumi/pulumi, backend/diy/lock.go). Pulumi Cloud has leases of its own; none of this concerns it.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from federation.core.errors import printable
from federation.engine.recovery import moment
from ops.cli import StackError

LOCKED: Final = "the stack is currently locked"
_LOCK: Final = re.compile(
    r"created by (?P<user>.+)@(?P<host>[^@\s]+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)$",
    re.MULTILINE,
)
# A lock's time has no fractions of a second, and a process is older than its lock.
_ROUNDING: Final = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Lock:
    """One lock: who made it, in which process, when (aware)."""

    user: str
    host: str
    pid: int
    since: datetime

    @property
    def holder(self) -> str:
        """`user@host (pid 123)`, as the CLI says it."""
        return f"{self.user}@{self.host} (pid {self.pid})"


def locks(output: str) -> list[Lock]:
    """The locks that the CLI names when it refuses to go on."""
    return [
        Lock(
            user=found["user"],
            host=found["host"],
            pid=int(found["pid"]),
            since=moment(found["since"]),
        )
        for found in _LOCK.finditer(output)
    ]


def check_stale(held: Sequence[Lock], broken: Collection[str]) -> None:
    """Raise StackError unless every lock may be lifted.

    One whose process has ended on this host may; one of another host only if `broken` holds its
    exact holder. One whose process lives here never may: to end that process is the way.
    """
    if not held:
        raise StackError("the stack is locked, and by whom can't be told: see pulumi cancel")
    for lock in held:
        if lock.host == socket.gethostname():
            if _lives(lock):
                raise StackError(
                    f"an update is running (pid {lock.pid}), {_age(lock)}: wait for its end, or "
                    "end it first"
                )
        elif lock.holder not in broken:
            raise StackError(
                f"the stack is locked by {printable(lock.holder)}, {_age(lock)}, and whether that "
                "update still runs can't be seen from this host: wait for its end, or make sure "
                f'there that it has ended and add --break-lock "{printable(lock.holder)}"'
            )


def _age(lock: Lock) -> str:
    minutes = max(0, int((datetime.now(UTC) - lock.since).total_seconds() // 60))
    age = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"since {lock.since:%Y-%m-%d %H:%M:%S %Z}, that is {age}"


def _lives(lock: Lock) -> bool:
    """Whether the holder's process still runs here; another one may have got its number since."""
    try:
        os.kill(lock.pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    started = _started(lock.pid)
    return started is None or started <= lock.since + _ROUNDING


def _started(pid: int) -> datetime | None:
    """When a process began; None where there is no /proc to tell."""
    try:
        # The name, in brackets, may hold anything; the times come after it (proc(5): 22nd field).
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        begin = next(
            int(line.split()[1])
            for line in Path("/proc/stat").read_text().splitlines()
            if line.startswith("btime ")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return datetime.fromtimestamp(begin + ticks / os.sysconf("SC_CLK_TCK"), UTC)
