"""What is valid in a document that is not: so that one run finds every error in it.

The parsed data is not changed. What is wrong is left out of a copy, at the smallest unit that means
something without it (an item of a list, a key of an entry), which keeps the places of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ValidationError

from federation.core.entry import Entry, adapter, default_of, types_of, unwrapped, written_name
from federation.core.source import Document, Path

E = TypeVar("E", bound=Entry)


def as_far_as_valid(
    kind: type[E], document: Document, details: Iterable[Mapping[str, Any]]
) -> tuple[E, Document]:
    """The valid part of a document, and the document without the rest.

    `details` are pydantic's. An entry that lacks something, or whose keys don't go together, holds
    what is valid of it: it serves for looking at its parts, and for nothing else.
    """
    any_kind: Any = kind
    while unusable := {unit for one in details if (unit := _unit(kind, one)) is not None}:
        document = document.without(unusable)
        try:
            return adapter(any_kind).validate_python(document.data), document
        except ValidationError as error:
            details = error.errors(include_url=False)
    return _partly(kind, document.data), document


def _unit(kind: type[Entry], detail: Mapping[str, Any]) -> Path | None:
    """The path to leave out for an error, None if the error is about an entry as a whole."""
    path: Path = tuple(detail["loc"])
    if path[-1] == "[key]":
        return path[:-1]
    section = unwrapped(types_of(kind).get(str(path[0])))
    # Entries stand in a section by key or index; in another section each value is for itself.
    depth = 2 if _is_entry(_inner(section)) else 1
    lacks = detail["type"] == "missing"
    path = path[:-1] if lacks else path
    if len(path) <= depth and (lacks or detail["type"] == "domain"):
        return None
    steps = enumerate(path[depth:], start=depth + 1)
    return path[: next((end for end, step in steps if isinstance(step, int)), len(path))]


def _partly(kind: type[E], data: Mapping[str, Any]) -> E:
    types = types_of(kind)
    made = object.__new__(kind)
    for one in fields(kind):
        default, name = default_of(one), written_name(one)
        if default is MISSING:
            default = () if get_origin(unwrapped(types[name])) is tuple else None
        given = name in data and name in types
        made.__dict__[one.name] = _part(types[name], data[name]) if given else default
    return made


def _part(hint: Any, value: Any) -> Any:
    kind = unwrapped(hint)
    if _is_entry(kind):
        return _partly(kind, value)
    inner = _inner(kind)
    if _is_entry(inner) and isinstance(value, list):
        return tuple(_partly(inner, item) for item in value)
    if _is_entry(inner):
        return {step: _partly(inner, item) for step, item in value.items()}
    return adapter(hint).validate_python(value)


def _inner(kind: Any) -> Any:
    """The type of the items of a list, or of the values of a mapping."""
    return unwrapped((get_args(kind) or (None,))[0 if get_origin(kind) is tuple else -1])


def _is_entry(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Entry)
