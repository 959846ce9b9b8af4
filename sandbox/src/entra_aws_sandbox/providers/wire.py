"""Property values as they cross the wire between the engine and a provider.

Signatures and sentinels: pulumi/pulumi `sdk/go/common/resource/sig/sig.go` and
`pkg/resource/plugin/rpc.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
DEFAULTS = "__defaults"

Properties = dict[str, Any]


class Unknown:
    """A value that only the update itself will know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine must keep encrypted."""

    value: Any


def decode(struct: struct_pb2.Struct) -> Properties:
    """Plain Python values; nulls dropped, secrets opened, unknowns as UNKNOWN."""
    decoded = ((name, _decode(value)) for name, value in struct.fields.items())
    return {name: value for name, value in decoded if value is not None}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The reverse of `decode`; `Secret` values carry the secret signature."""
    present = {name: value for name, value in properties.items() if value is not None}
    return struct_pb2.Struct(fields={name: _encode(value) for name, value in present.items()})


def is_unknown(value: Any) -> bool:
    """Whether the value, or a part of it, is not known yet."""
    if isinstance(value, Mapping):
        return any(is_unknown(part) for part in value.values())
    if isinstance(value, list):
        return any(is_unknown(part) for part in value)
    return value is UNKNOWN


def without_defaults(value: Any) -> Any:
    """The value without the `__defaults` lists that bridged providers keep in every object."""
    if isinstance(value, Mapping):
        return {name: without_defaults(part) for name, part in value.items() if name != DEFAULTS}
    if isinstance(value, list):
        return [without_defaults(part) for part in value]
    return value


def marked(properties: Properties, paths: Iterable[str]) -> Properties:
    """A copy with the values at `paths` (dotted, through lists) marked secret."""
    result = dict(properties)
    for path in paths:
        name, _, rest = path.partition(".")
        if result.get(name) not in (None, ""):
            result[name] = _mark(result[name], rest)
    return result


def _mark(value: Any, path: str) -> Any:
    if not path:
        return Secret(value)
    if isinstance(value, list):
        return [_mark(part, path) for part in value]
    return marked(value, [path]) if isinstance(value, dict) else value


def _decode(value: struct_pb2.Value) -> Any:  # noqa: PLR0911  (one return a kind)
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(part) for part in value.list_value.values]
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
                return _decode(fields["value"])
            return decode(value.struct_value)
        case _:
            return None


def _encode(value: Any) -> struct_pb2.Value:  # noqa: PLR0911  (one return a kind)
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Unknown():
            return struct_pb2.Value(string_value=UNKNOWN_STRING)
        case Secret(value=hidden):
            return struct_pb2.Value(struct_value=encode({SIGNATURE: SECRET, "value": hidden}))
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case list() | tuple():
            return struct_pb2.Value(
                list_value=struct_pb2.ListValue(values=[_encode(part) for part in value])
            )
        case _:
            raise TypeError(f"{type(value).__name__} is not a property value")
