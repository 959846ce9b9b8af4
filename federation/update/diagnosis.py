"""What a pre-flight check found, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

# fine: as it should be; note: worth knowing, or nobody could tell; problem: a person is needed.
Level = Literal["fine", "note", "problem"]

_MARKS: Final[dict[Level, str]] = {"fine": "✔", "note": "·", "problem": "✘"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One look at one thing: `check` names it for machines, `permission` is the missing one."""

    level: Level
    check: str
    text: str
    permission: str = ""


@dataclass
class Findings:
    """Collects what checks say."""

    found: list[Finding] = field(default_factory=list)

    def fine(self, check: str, text: str) -> None:
        """As it should be."""
        self.found.append(Finding(level="fine", check=check, text=text))

    def note(self, check: str, text: str) -> None:
        """Worth knowing, or not known."""
        self.found.append(Finding(level="note", check=check, text=text))

    def problem(self, check: str, text: str, *, permission: str = "") -> None:
        """A person is needed."""
        self.found.append(Finding(level="problem", check=check, text=text, permission=permission))

    @property
    def problems(self) -> list[Finding]:
        """Those that need a person."""
        return [one for one in self.found if one.level == "problem"]


def lines(title: str, found: Sequence[Finding]) -> list[str]:
    """For people: problems first, each with what to do about it."""
    order: tuple[Level, ...] = ("problem", "note", "fine")
    shown = [
        f"{_MARKS[level]} {one.text}" for level in order for one in found if one.level == level
    ]
    count = sum(one.level == "problem" for one in found)
    end = (
        "1 problem" if count == 1 else f"{count} problems" if count else "nothing stands in the way"
    )
    return [title, *shown, end]


def to_dict(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """For machines."""
    return [
        {
            "level": one.level,
            "check": one.check,
            "text": one.text,
            **({"permission": one.permission} if one.permission else {}),
        }
        for one in found
    ]
