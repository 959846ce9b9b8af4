"""A mapping of a YAML file as one class: what may be written, and what the program works with.

An entry is a frozen dataclass. Its fields are the keys of the mapping; their types, defaults and
descriptions are the validation, the JSON Schema and the write-back. What a field says of itself
beside its type stands in its metadata, in pydantic's words (`alias`, `description`, `min_length`).
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import ConfigDict, GetCoreSchemaHandler, Strict, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError

from federation.core.errors import NOWHERE, Location
from federation.core.source import Document, Path

T = TypeVar("T")
# A list of the file; like every entry, it can't change once it is read.
Many = Annotated[tuple[T, ...], Strict(strict=False)]
_WRITTEN: Final = "written"


def wrong(sentence: str) -> PydanticCustomError:
    """A validation error whose message is exactly the sentence."""
    return PydanticCustomError("domain", "{sentence}", {"sentence": sentence})


def written(description: str | None = None, default: Any = MISSING, **more: Any) -> Any:
    """A key of the mapping: required without a default; a class as default makes an empty one."""
    metadata = {**({"description": description} if description else {}), **more}
    if default is dict:
        metadata["json_schema_extra"] = {"default": {}}
    if isinstance(default, type) and default is not type(MISSING):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def from_place(default: Any = "", *, compare: bool = True) -> Any:
    """A field that is no key of the mapping: it says where the mapping stands."""
    kept: dict[str, Any] = {"compare": compare, "repr": compare, "metadata": {_WRITTEN: False}}
    return (
        field(default_factory=dict, **kept) if default is dict else field(default=default, **kept)
    )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A mapping of the file: keys in camelCase, unknown ones refused, no silent conversions."""

    __pydantic_config__: ClassVar = ConfigDict(
        strict=True, extra="forbid", alias_generator=to_camel
    )
    # The field that takes the mapping's own key, as `groups: {key: …}`.
    own_key: ClassVar[str | None] = None

    location: Location = from_place(NOWHERE, compare=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """As pydantic makes it, from a mapping, and without the fields that say where it stands."""
        made: Any = handler(source)
        made["strict"] = False
        arguments = made["schema"]
        while arguments["type"] != "dataclass-args":
            arguments = arguments["schema"]
        written = {one.name for one in written_fields(cls)}
        arguments["fields"] = [one for one in arguments["fields"] if one["name"] in written]
        return made  # type: ignore[no-any-return]

    def placed(self, document: Document, path: Path = ()) -> Self:
        """The entry, and all in it, with what its place says; `path` is that of its mapping."""
        made = object.__new__(type(self))
        given = made.__dict__
        given.update(self.__dict__)
        any_kind: Any = type(self)
        names = _names(any_kind)
        for name, value in self.__dict__.items():
            kind = type(value)
            if kind is tuple or kind is dict or isinstance(value, Entry):
                given[name] = _placed(value, document, (*path, names.get(name, name)))
        given["location"] = self.place(document, path)
        if self.own_key:
            given[self.own_key] = path[-1]
        return made

    def but(self, **changes: Any) -> Self:
        """A copy with other values, which nobody checks: an entry may be valid in part only."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, **changes)
        return made

    def place(self, document: Document, path: Path) -> Location:
        """Where people look for the entry at a path: at its key, or at its item of a list."""
        return document.locate(path, key=True)


def _placed(value: Any, document: Document, path: Path) -> Any:
    if isinstance(value, Entry):
        return value.placed(document, path)
    if isinstance(value, tuple) and value and not isinstance(value[0], str):
        return tuple(_placed(item, document, (*path, index)) for index, item in enumerate(value))
    if isinstance(value, dict):
        return {step: _placed(item, document, (*path, step)) for step, item in value.items()}
    return value


def written_fields(kind: type[Entry]) -> tuple[Field[Any], ...]:
    """The fields that are keys of the mapping, in the order in which they are written."""
    any_kind: Any = kind
    return _written_fields(any_kind)


@cache
def _written_fields(kind: Any) -> tuple[Field[Any], ...]:
    return tuple(one for one in fields(kind) if one.metadata.get(_WRITTEN, True))


def written_name(one: Field[Any]) -> str:
    """The key that a field is in the file."""
    return str(one.metadata.get("alias") or to_camel(one.name))


@cache
def _names(kind: Any) -> Mapping[str, str]:
    return {one.name: written_name(one) for one in written_fields(kind)}


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Pydantic's validation of an entry, or of a field's type."""
    return TypeAdapter(kind)


def plain_data(value: Any) -> Any:
    """What a file holds for an entry: what is as by default stays away."""
    if isinstance(value, Entry):
        given = ((one, getattr(value, one.name)) for one in written_fields(type(value)))
        return {
            written_name(one): plain_data(part) for one, part in given if part != default_of(one)
        }
    if isinstance(value, Mapping):
        return {step: plain_data(item) for step, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain_data(item) for item in value]
    return value


def default_of(one: Field[Any]) -> Any:
    """The value of a field that is left out, MISSING for a required one."""
    return one.default_factory() if one.default_factory is not MISSING else one.default


def types_of(kind: type[Entry]) -> dict[str, Any]:
    """The types of the mapping's keys."""
    hints = get_type_hints(kind, include_extras=True)
    return {written_name(one): hints[one.name] for one in written_fields(kind)}


def unwrapped(kind: Any) -> Any:
    """A type without its annotations, and without None."""
    while True:
        origin = get_origin(kind)
        if origin is Annotated:
            kind = get_args(kind)[0]
        elif origin in (Union, types.UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        else:
            return kind
