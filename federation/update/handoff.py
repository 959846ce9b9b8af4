"""The steps that only a person can do in the AWS console: 1, 2, 3, 8 and 9, and their checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from federation.update.console import ConsoleStep

Verdict = Literal["done", "open", "wrong", "blocked"]
_MARKS: dict[Verdict, str] = {"done": "✔", "open": "→", "wrong": "✘", "blocked": "·"}


@dataclass(frozen=True, kw_only=True)
class HandOff:
    """One console step of one stack, and how far it is.

    `check` says what was looked at and found; `verdict` is "done", "open" (to be done now), "wrong"
    (done, but not as it must be) or "blocked" (it waits for `pulumi up`). `copy` maps what the
    page asks for to the value.
    """

    step: ConsoleStep
    verdict: Verdict
    check: str
    link: str
    copy: Sequence[tuple[str, str]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines."""
        return {
            "step": self.step.number,
            "title": self.step.title,
            "verdict": self.verdict,
            "check": self.check,
            "needs": self.step.needs,
            "do": self.step.do,
            "link": self.link,
            "copy": dict(self.copy),
            "saveAs": self.step.save_as,
            "warning": self.step.warning,
            "run": list(self.step.run),
        }


def lines(steps: Sequence[HandOff]) -> list[str]:
    """A line for what is done, everything about what is to be done."""
    shown: list[str] = []
    for one in steps:
        title = f"{one.step.number:>2}  {one.step.title}"
        shown.append(f"{_MARKS[one.verdict]} {title}: {one.check}")
        if one.verdict in {"open", "wrong"}:
            shown += _detail(one)
    return shown


def _detail(one: HandOff) -> list[str]:
    parts = [
        ("needs", one.step.needs),
        ("open", one.link),
        ("do", one.step.do),
        ("save as", one.step.save_as),
        *((f"copy {what}", value) for what, value in one.copy),
        ("beware", one.step.warning),
        *(("run", command) for command in one.step.run),
    ]
    return [f"      {label}: {text}" for label, text in parts if text]


def unfinished(steps: Sequence[HandOff]) -> bool:
    """Whether a person still has something to do."""
    return any(step.verdict != "done" for step in steps)
