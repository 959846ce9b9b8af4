"""The watch of the emulated clouds: real time plus an offset that tests and people may move."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

# Beyond every expiry there is, and short of where dates end.
FURTHEST = timedelta(days=10 * 365)


class Clock:
    """Time as the sandbox sees it, so that 40-minute cycles and expiries need no sleeping."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The sandbox's current time, aware, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward; returns the new time.

        Raises ValueError for a step back, or one too far.
        """
        if by < timedelta():
            raise ValueError("the sandbox clock only moves forward; restore a snapshot to go back")
        with self._lock:
            if by > FURTHEST - self._offset:
                raise ValueError(f"the sandbox clock goes {FURTHEST.days} days ahead at most")
            self._offset += by
        return self.now()

    @property
    def offset(self) -> timedelta:
        """How far the clock is ahead of real time; a restored snapshot sets it back."""
        with self._lock:
            return self._offset

    @offset.setter
    def offset(self, offset: timedelta) -> None:
        with self._lock:
            self._offset = offset

    def reset(self) -> None:
        """Back to real time, as it is when the clouds go back to their seeds."""
        self.offset = timedelta()


def iso(moment: datetime) -> str:
    """A time as both clouds write it: UTC, whole seconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
