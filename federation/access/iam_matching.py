"""What an IAM statement is about: which actions, and how widely which kind of resource. Pure.

Source: IAM user guide, "IAM JSON policy elements" (Action, NotAction, Resource, NotResource,
Condition) and "policy variables". Where AWS reads a pattern more narrowly than this, an Allow seems
wider here and a Deny narrower: what is found deserves a look, what is missed would not get one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final

Statement = Mapping[str, Any]

# Policy variables: one text for the holder's own user name, one for all others.
_OWN: Final = "\ue000"
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_ACCOUNT: Final = re.compile(r"\$\{\w*Account(?:Id)?\}")
# IAM user guide, "Service-linked roles"; Identity Center user guide, "IAM roles created by IAM
# Identity Center": nobody but the service changes the roles of these paths.
_OF_SERVICES: Final = ("aws-service-role/", "aws-reserved/")
# A name that starts like this was chosen by somebody; a shorter beginning is a guess at all names.
_PREFIX: Final = 3


class Breadth(IntEnum):
    """How many resources of one kind a statement is about."""

    NONE = 0
    NAMED = 1  # single ones, by their whole name
    SOME = 2  # all whose name begins with a text: role/app-*
    ANY = 3  # all, or all whose name has no fixed beginning: role/*, role/?*, role/*-x


def statements(policy: Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy document."""
    found = policy.get("Statement", ())
    return [found] if isinstance(found, Mapping) else list(found)


def texts(value: Any) -> list[str]:
    """A text, or the texts of a list."""
    return [value] if isinstance(value, str) else [item for item in value if isinstance(item, str)]


def is_about(statement: Statement, action: str) -> bool:
    """Whether a statement is about one action, `service:Action`, in any case."""
    if "Action" in statement:
        return any(matches(one, action) for one in texts(statement["Action"]))
    return "NotAction" in statement and not any(
        matches(one, action) for one in texts(statement["NotAction"])
    )


def is_about_everything(statement: Statement) -> bool:
    """Whether a statement is about all actions, or all but some that it names."""
    if "Action" in statement:
        return any(re.fullmatch(r"\*+(:\*+)?", one) for one in texts(statement["Action"]))
    excluded = texts(statement.get("NotAction", ("*",)))
    return not any(re.fullmatch(r"\*+(:\*+)?", one) for one in excluded)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with * and ? means a text, in any case."""
    return _contains(pattern.lower(), text.lower())


def breadth(
    statement: Statement,
    kinds: Iterable[str],
    *,
    own: bool = True,
    denied: Iterable[Statement] = (),
) -> Breadth:
    """How widely an Allow reaches resources of these kinds.

    `kinds` are ARNs as the service authorization reference writes them
    (`arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}`); none for what AWS gives only
    on all resources. `own` False: the holder's own user does not count. `denied` are statements
    that deny the same action without a condition.
    """
    kinds, denied = tuple(kinds), tuple(denied)
    if "Resource" not in statement:
        # All but some; these would have to be all to matter.
        excluded = texts(statement.get("NotResource", ()))
        left = not any(_all_of(excluded, kind) for kind in kinds or ("*",))
        patterns = ["*"] if left and "NotResource" in statement else []
    else:
        patterns = texts(statement["Resource"])
    widest = Breadth.NONE
    for pattern in patterns:
        for kind in kinds or ("*",):
            if not any(_denies(one, pattern, kind) for one in denied):
                widest = max(widest, _reach(pattern, kind, own=own))
    return widest


def reaches_all(statement: Statement, kind: str) -> bool:
    """Whether one pattern of an Allow means every resource of a kind, in every account."""
    patterns = texts(statement.get("Resource", ()))
    return _all_of([re.sub(r"^arn:aws[a-z-]*:", "arn:*:", one) for one in patterns], kind)


def _denies(statement: Statement, pattern: str, kind: str) -> bool:
    """Whether a Deny covers all resources of a kind, or all that a pattern means."""
    if "Resource" in statement:
        refused = texts(statement["Resource"])
        return _all_of(refused, kind) or any(_contains(one, _widened(pattern)) for one in refused)
    spared = texts(statement.get("NotResource", ("*",)))
    return all(_reach(one, kind) is Breadth.NONE for one in spared)


def _all_of(patterns: Iterable[str], kind: str) -> bool:
    """Whether one of the patterns contains all resources of a kind."""
    whole = _VARIABLE.sub("*", _ACCOUNT.sub("?" * 12, kind))
    return any(_contains(pattern, whole) for pattern in patterns)


@lru_cache(maxsize=65536)
def _contains(outer: str, inner: str) -> bool:
    """Whether everything that `inner` means, `outer` means too. A variable contains nothing."""
    pattern = _VARIABLE.sub("\ue001", outer)
    at = _past_stars(pattern, {0})
    for char in inner:
        step = {place for place in at if pattern[place : place + 1] == "*"}
        for place in at:
            here = pattern[place : place + 1]
            if here == char != "*" or (here == "?" and char != "*"):
                step.add(place + 1)
        at = _past_stars(pattern, step)
    return len(pattern) in at


@lru_cache(maxsize=65536)
def _reach(pattern: str, kind: str, *, own: bool = True) -> Breadth:
    if kind == "*":
        everything = re.fullmatch(r"[*?:]+|arn:[*?:]+|arn:(aws[a-z-]*|\*):[*?:]+", pattern)
        return Breadth.ANY if everything else Breadth.NONE
    return max((_of_name(name, own=own) for name in _names(pattern, kind)), default=Breadth.NONE)


def _of_name(name: str, *, own: bool) -> Breadth:
    if name.lstrip("*/") == _OWN:
        return Breadth.ANY if own else Breadth.NONE
    beginning = re.split(f"[*?{_OWN}]", name)[0]
    if beginning.startswith(_OF_SERVICES):
        return Breadth.NONE
    if beginning == name:
        return Breadth.NAMED if name else Breadth.NONE
    return Breadth.SOME if len(beginning) >= _PREFIX else Breadth.ANY


def _names(pattern: str, kind: str) -> Iterator[str]:
    """The patterns of the last part of an ARN, the name, that a pattern leaves for a kind."""
    pattern = _widened(pattern)
    at = _past_stars(pattern, {0})
    start = kind.rindex("${") if "${" in kind else len(kind)
    for token in re.findall(r"\$\{\w+\}|.", kind[:start]):
        if _ACCOUNT.fullmatch(token):
            for _ in range(12):
                at = _step(pattern, at, str.isdigit)
        elif token.startswith("${"):
            at = _any_number(pattern, at)
        else:
            at = _step(pattern, at, token.__eq__)
    # No name holds a colon: what is left of a star that took more than its part.
    yield from {pattern[place:] for place in at if ":" not in pattern[place:]}


def _widened(pattern: str) -> str:
    """A pattern with * for each policy variable: who holds the set decides what it means."""

    def value(match: re.Match[str]) -> str:
        # ${*}, ${?} and ${$} are these characters themselves, as good as one of any kind.
        return _OWN if match[1] == "aws:username" else "?" if len(match[1]) == 1 else "*"

    text = _VARIABLE.sub(value, pattern)
    return text if text.count(_OWN) == 1 and text.endswith(_OWN) else text.replace(_OWN, "*")


def _step(pattern: str, at: set[int], fits: Any) -> set[int]:
    """Places in a pattern after one more character; a star stays where it is."""
    step = set()
    for place in at:
        here = pattern[place : place + 1]
        if here == "*":
            step.add(place)
        elif here == "?" or (here and fits(here)):
            step.add(place + 1)
    return _past_stars(pattern, step)


def _any_number(pattern: str, at: set[int]) -> set[int]:
    """Places after any number of characters of one part of an ARN."""
    found, edge = set(at), at
    while edge:
        edge = _step(pattern, edge, lambda char: char not in ":/") - found
        found |= edge
    return found


def _past_stars(pattern: str, at: set[int]) -> set[int]:
    found = set(at)
    for place in at:
        while pattern[place : place + 1] == "*":
            place += 1  # noqa: PLW2901
            found.add(place)
    return found
