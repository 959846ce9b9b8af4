"""The steps that only a person can do in the AWS console: 1, 2, 3, 8 and 9, and their checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["done", "open", "wrong", "blocked"]
_MARKS: dict[Verdict, str] = {"done": "✔", "open": "→", "wrong": "✘", "blocked": "·"}


@dataclass(frozen=True, kw_only=True)
class HandOff:
    """One console step.

    `check` says what was looked at and found; `verdict` is "done", "open" (to be done now), "wrong"
    (done, but not as it must be) or "blocked" (it waits for `pulumi up`). `copy` maps what the
    page asks for to the value, `breaks` says what ends with the step.
    """

    step: int
    title: str
    verdict: Verdict
    check: str
    needs: str
    do: str
    link: str
    copy: Sequence[tuple[str, str]] = ()
    breaks: str = ""
    run: Sequence[str] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines."""
        return {
            "step": self.step,
            "title": self.title,
            "verdict": self.verdict,
            "check": self.check,
            "needs": self.needs,
            "do": self.do,
            "link": self.link,
            "copy": dict(self.copy),
            "breaks": self.breaks,
            "run": list(self.run),
        }


def lines(steps: Sequence[HandOff]) -> list[str]:
    """A line for what is done, everything about what is to be done."""
    shown: list[str] = []
    for step in steps:
        shown.append(f"{_MARKS[step.verdict]} {step.step:>2}  {step.title}: {step.check}")
        if step.verdict in {"open", "wrong"}:
            shown += _detail(step)
    return shown


def _detail(step: HandOff) -> list[str]:
    parts = [
        ("needs", step.needs),
        ("open", step.link),
        ("do", step.do),
        *((f"copy {what}", value) for what, value in step.copy),
        ("breaks", step.breaks),
        *(("run", command) for command in step.run),
    ]
    return [f"      {label}: {text}" for label, text in parts if text]


def unfinished(steps: Sequence[HandOff]) -> bool:
    """Whether a person still has something to do."""
    return any(step.verdict != "done" for step in steps)
