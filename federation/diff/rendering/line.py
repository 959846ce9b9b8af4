"""One line of the access diff, and who is meant in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from federation.access.assignments import PrincipalKey
from federation.core.wording import Name, Sentence, count
from federation.diff.changes import AccessDiff

Mark = Literal[
    "danger", "gain", "wider", "loss", "narrower", "interrupt", "other", "hold", "warning"
]
# In order of risk.
MARKS: Final[tuple[Mark, ...]] = (
    *("danger", "gain", "wider", "loss", "narrower", "interrupt", "other", "hold", "warning"),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One change; `below` says more about it."""

    mark: Mark
    sentence: Sentence
    below: tuple[tuple[Mark, Sentence], ...] = ()


def who(diff: AccessDiff, key: PrincipalKey) -> Name:
    """What to call a group or person."""
    return Name(diff.context.labels[key])


def people(diff: AccessDiff, key: PrincipalKey) -> Sentence:
    """` · 14 people`, nothing where their number is not known."""
    number = diff.context.people.get(key)
    return () if number is None else (f" · {count(number, 'person', 'people')}",)
