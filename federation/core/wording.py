"""Sentences in which it is known which words are ours and which are somebody else's.

A name from Entra or AWS can hold anything; whoever prints a sentence quotes the names as the place
needs it (a terminal, a comment on a pull request).
"""

from __future__ import annotations

from collections.abc import Iterable


class Name(str):
    """A word that somebody else chose: a group, an account, a permission set."""

    __slots__ = ()


class Code(Name):
    """Foreign text that reads best as code: an action, an ARN, a URL."""

    __slots__ = ()


class Strong(Name):
    """A name that must not be missed."""

    __slots__ = ()


class Words(Name):
    """Running text from elsewhere: a message of the program, with names in it."""

    __slots__ = ()


Sentence = tuple[str, ...]


def plain(sentence: Sentence) -> str:
    """The sentence as plain text, names as they are."""
    return "".join(sentence)


def listed(words: Iterable[str], *, last: str = " and ") -> Sentence:
    """`a, b and c`, keeping which words are names."""
    items = list(words)
    parts: list[str] = []
    for index, item in enumerate(items):
        if index:
            parts.append(last if index == len(items) - 1 else ", ")
        parts.append(item)
    return tuple(parts)


def several(words: Iterable[str], *, shown: int) -> Sentence:
    """`a, b and 3 more`: the first ones, and how many are left out."""
    items = list(words)
    if len(items) <= shown + 1:
        return listed(items)
    return (*listed(items[:shown], last=", "), f" and {len(items) - shown} more")


def count(number: int, word: str, plural: str = "") -> str:
    """`1 assignment`, `2 assignments`."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"
