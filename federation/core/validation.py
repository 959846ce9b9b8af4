"""Pydantic's findings as sentences with a place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from federation.core.entry import Entry, adapter, types_of, unwrapped
from federation.core.errors import Problem, nearest, suggestion
from federation.core.salvage import as_far_as_valid
from federation.core.source import Document, Path

E = TypeVar("E", bound=Entry)
_NEEDED: Final = {
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping (key: value)",
    "dataclass_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "date_type": "a day as 2027-03-31",
    "date_from_datetime_inexact": "a day as 2027-03-31",
    "date_from_datetime_parsing": "a day as 2027-03-31",
}


def validate(kind: type[E], document: Document) -> tuple[E, Document, list[Problem]]:
    """The document as an entry, and a problem for everything that is wrong in it.

    With problems, entry and document hold what is valid of them (`as_far_as_valid`).
    """
    any_kind: Any = kind
    try:
        return adapter(any_kind).validate_python(document.data), document, []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = list(_problems(kind, document, details))
    return *as_far_as_valid(kind, document, details), problems


def _problems(model: type[Entry], document: Document, details: list[Any]) -> Iterator[Problem]:
    for detail in details:
        path: Path = tuple(detail["loc"])
        kind, value = detail["type"], detail["input"]
        on_key = bool(path) and path[-1] == "[key]"
        if on_key:
            path = path[:-1]
        empty = value is None or (isinstance(value, dict) and None in value.values())
        if empty and kind != "missing":
            continue  # an empty value is reported where the file is read
        if kind == "too_short" and len(value) >= detail["ctx"]["min_length"]:
            continue  # its entries are there, and each that is wrong is reported
        if kind == "unexpected_keyword_argument":
            key = str(path[-1])
            hint = suggestion(key, keys_at(model, path[:-1]), intro="Allowed here")
            yield Problem.at(document.locate(path, key=True), f'unknown key "{key}".{hint}')
        else:
            yield Problem.at(document.locate(path, key=on_key), _sentence(detail, path, document))


def _sentence(detail: Mapping[str, Any], path: Path, document: Document) -> str:  # noqa: PLR0911
    kind, value = detail["type"], detail["input"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "domain":
        return str(detail["msg"])
    if kind == "missing":
        return f'the key "{path[-1]}" is required here.'
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", '"')
        near = nearest(str(value), allowed.split('"')[1::2])
        hint = f'Did you mean "{near}"?' if near else f"Write {allowed}."
        return f"{_found(value, path, document)} is not allowed here. {hint}"
    if kind in {"too_short", "too_long"}:
        least, most = context.get("min_length"), context.get("max_length")
        if least:
            return f"at least {least} {'entry is' if least == 1 else 'entries are'} needed here."
        return f"at most {most} entries are allowed here."
    if kind == "greater_than_equal":
        return f"{value} is too small; at least {context['ge']}."
    if kind == "less_than_equal":
        return f"{value} is too large; at most {context['le']}."
    needed = _NEEDED.get(kind, "another value")
    if needed == "a text" and not isinstance(value, list | dict):
        written = document.written(path)
        return (
            f'{written} without quotes is not read as text by every YAML reader; write "{written}".'
        )
    return f"{needed} is needed here, not {_found(value, path, document)}."


def _found(value: Any, path: Path, document: Document) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f'"{value}"'
    return document.written(path) or str(value)


def keys_at(model: type[BaseModel | Entry], path: Path) -> list[str]:
    """The keys that the mapping at `path` may have."""
    here: Any = model
    for step in path:
        keys = _keys(here)
        here = unwrapped(keys[str(step)] if keys else _item(here))
    return list(_keys(here))


def _keys(kind: Any) -> dict[str, Any]:
    """The types of a mapping's keys, empty for anything else."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and issubclass(kind, Entry):
        return types_of(kind)
    return {}


def _item(kind: Any) -> Any:
    """What a list or mapping holds."""
    parts = get_args(kind)
    return parts[0] if get_origin(kind) is tuple else parts[-1]
