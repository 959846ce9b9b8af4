"""What is wrong with the input, said to the person who wrote it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, NamedTuple

_LISTED = 8


class Location(NamedTuple):
    """A place in a file: line and column count from 1, 0 where they are not known."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        """`file:line:column  key.path`, as far as known."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        place = ":".join([self.file, *numbers] if self.file else numbers)
        return "  ".join(part for part in (place, self.path) if part)


NOWHERE: Final = Location()


@dataclass(frozen=True, order=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where. `message` is one sentence for a person."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    message: str

    @classmethod
    def at(cls, location: Location, message: str) -> Problem:
        """A problem at a location."""
        file, line, column, path = location
        return cls(file=file, line=line, column=column, path=path, message=message)

    def __str__(self) -> str:
        """The location, and the indented sentence below it."""
        location = str(Location(self.file, self.line, self.column, self.path))
        return printable(f"{location}\n  {self.message}" if location else self.message)


class InvalidInput(Exception):  # noqa: N818 - the name says what the person gave, not what failed
    """Input that can't be used; holds every problem found in one run."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Every problem with its place, and how many there are."""
        count = len(self.problems)
        last = f"{count} error{'' if count == 1 else 's'}, nothing was changed."
        return "\n".join([*map(str, self.problems), last])


def printable(text: str) -> str:
    """Text that can't move the cursor or turn the reading direction: the rest shown as escapes."""
    if text.isprintable():
        return text
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def one_of(names: Iterable[str], *, intro: str) -> str:
    """` Declared: a, b.` for `intro="Declared"`; empty without names, cut after a few."""
    listed = sorted(set(names))
    if not listed:
        return ""
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return f" {intro}: {', '.join(listed[:_LISTED])}{more}."


def suggestion(name: str, allowed: Iterable[str], *, intro: str = "Declared") -> str:
    """The end of a sentence about an unknown name: the nearest allowed one, or what there is."""
    names = sorted(set(allowed))
    twin = next((other for other in names if skeleton(other) == skeleton(name)), None)
    if twin is not None and twin.casefold() == name.casefold():
        return f' Did you mean "{twin}"? Upper and lower case count.'
    if twin is not None:
        return (
            f' "{twin}" looks the same but is written with other characters{_strange(name, twin)}.'
        )
    near = nearest(name, names)
    return f' Did you mean "{near}"?' if near else one_of(names, intro=intro)


def nearest(name: str, allowed: Sequence[str]) -> str | None:
    """The allowed name that `name` is most likely a typo of, if one is near enough."""
    folded = {other.casefold(): other for other in allowed}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


# Letters of other scripts that look like Latin ones (Unicode confusables, the common part).
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеоресухіјѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονρυ–—‐‑",  # noqa: RUF001
    "ABESIJKMHOPCTYXaeopecyxijsdhqwABEZHIKMNOPTYXaovpu----",
)


def skeleton(name: str) -> str:
    """What two names have in common that look the same: letters of other scripts, case, blanks."""
    return unicodedata.normalize("NFKC", name).translate(_LOOKALIKES).casefold().strip()


def _strange(name: str, twin: str) -> str:
    strange = [char for char in name if char not in twin]
    if not strange:
        return ""
    kind = unicodedata.name(strange[0], "unnamed")
    return f" (U+{ord(strange[0]):04X} {kind})"
