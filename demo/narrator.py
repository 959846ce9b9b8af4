"""How the demo is told: one line a step, with the evidence for it and the time it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from entra_aws_sandbox.folder import SandboxError

_TITLE = 32
_EVIDENCE = 74


class EvidenceError(SandboxError):
    """What a step should have brought about is not so."""


@dataclass
class Line:
    """One line being told: ``evidence`` is what was seen, ``how`` what brought it about."""

    evidence: str = ""
    how: str = ""


class Narrator:
    """Prints the story as it happens."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @contextmanager
    def step(self, number: int | str | None, title: str, *, timed: bool = True) -> Iterator[Line]:
        """One step; its line is printed when it ends, marked ✘ when it fails."""
        line = Line()
        begun = time.monotonic()
        label = f"{number or '':>3}  {title}"
        try:
            yield line
        except Exception:
            print(f"{label:<{_TITLE + 5}}  ✘", flush=True)
            raise
        took = f"{time.monotonic() - begun:.1f} s" if timed else ""
        how = ", ".join(part for part in (line.how, took) if part)
        print(f"{label:<{_TITLE + 5}}  {line.evidence:<{_EVIDENCE}}  ✔  {how}".rstrip(), flush=True)

    def say(self, text: str = "") -> None:
        """A line of prose."""
        print(text, flush=True)

    @property
    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._started


def require(fact: object, sentence: str) -> None:
    """Raise EvidenceError with the sentence unless the fact holds."""
    if not fact:
        raise EvidenceError(sentence)


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 assignment``, ``31 assignments``, ``25 people``."""
    return f"{number} {one if number == 1 else many or one + 's'}"
