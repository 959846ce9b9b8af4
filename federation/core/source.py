"""YAML as people write it: plain data, the place of everything, and no surprises.

Stricter than YAML 1.1 on purpose: what two YAML readers could read differently is refused with a
sentence, so that a file means what it looks like. Parsing runs on libyaml's events, which carry
line and column, anchors and tags.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import yaml

from federation.core.errors import Location, Problem

Path = tuple[str | int, ...]
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The deepest file that makes sense (an inline policy's condition) is 10 deep.
_MAX_DEPTH: Final = 40
_MAX_BYTES: Final = 16 * 2**20
_CONSTANTS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# What YAML 1.1 or 1.2 may read as something else than text: yes/no, numbers in any base, times.
_UNCLEAR: Final = re.compile(
    r"(?i:y|n|yes|no|on|off|true|false|null)"
    r"|[-+]?[0-9][0-9_]*|[-+]?0(?:b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)"
    r"|[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?i:nan)"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)?.*"
    r"|=",
    re.ASCII,
)
# YAML 1.1, "Character set": what may stand in a file.
_NOT_YAML: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
# libyaml's words for the mistakes that people make, in words for people.
_SYNTAX: Final = {
    "did not find expected key": "this line is not indented like the lines that it belongs to.",
    "did not find expected '-' indicator": "this line is not indented like the list above it.",
    "mapping values are not allowed in this context": (
        'a ": " stands inside a text here; put the text in quotes, or indent the line.'
    ),
    "did not find expected ',' or '}'": 'a "," or the closing "}" is missing before this.',
    "did not find expected ',' or ']'": 'a "," or the closing "]" is missing before this.',
    "did not find expected node content": "a value is missing before this.",
    "found character that cannot start any token": (
        "a text can't start with this character; put the text in quotes."
    ),
    "found unexpected end of stream": "a quote that was opened above is not closed.",
    "could not find expected ':'": 'this is neither "key: value" nor "- entry"; is a ":" missing?',
    "block sequence entries are not allowed in this context": (
        'a list can\'t start behind a key; begin a new line with "- ", or write [ ].'
    ),
}
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True)
class Unclear:
    """A scalar without quotes that YAML readers disagree about; `text` is what was written."""

    text: str

    def __str__(self) -> str:
        """What was written."""
        return self.text


@dataclass(slots=True)
class _Mark:
    """Where a node stands, and its children by key or index; `step` is its own index, where an
    earlier item of the list is left out.
    """

    line: int
    column: int
    written: str = ""
    children: dict[str | int, _Mark] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    step: int | None = None

    def without(self, data: Any, path: Path, left_out: Collection[Path]) -> tuple[Any, _Mark]:
        """A copy of a node and of its data without some paths."""
        made = replace(self, children={}, keys={})
        if not isinstance(data, dict | list):
            return data, made
        mapping = isinstance(data, dict)
        items: dict[str | int, Any] = {}
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            if (*path, step) in left_out:
                continue
            at = step if mapping else len(items)
            child = self.children[step]
            items[at], made.children[at] = child.without(value, (*path, step), left_out)
            if step in self.keys:
                made.keys[at] = self.keys[step]
            if at != step and child.step is None:
                made.children[at].step = int(step)
        return (items if mapping else list(items.values())), made


@dataclass(frozen=True)
class Document:
    """A file's plain data (None where it could not be read at all), and where everything stands."""

    file: str
    data: Any
    root: _Mark
    problems: tuple[Problem, ...] = ()

    def locate(self, path: Path, *, key: bool = False) -> Location:
        """The place of the value at `path`, or of its key; the nearest parent's if it is absent."""
        mark, place, steps = self.root, (self.root.line, self.root.column), list(path)
        for depth, step in enumerate(path):
            child = mark.children.get(step)
            if child is None:
                break
            last = depth == len(path) - 1
            place = (
                mark.keys[step]
                if key and last and step in mark.keys
                else (child.line, child.column)
            )
            mark = child
            if mark.step is not None:
                steps[depth] = mark.step
        return Location(self.file, *place, dotted(steps))

    def without(self, paths: Collection[Path]) -> Document:
        """A document that lacks some paths; everything else stands where it stood."""
        data, root = self.root.without(self.data, (), paths)
        return replace(self, data=data, root=root)

    def written(self, path: Path) -> str:
        """The scalar at `path` as it stands in the file, without quotes."""
        mark = self.root
        for step in path:
            if step not in mark.children:
                return ""
            mark = mark.children[step]
        return mark.written


def dotted(path: Sequence[str | int]) -> str:
    """`rules[0].targets[1].ou`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def read_yaml(content: bytes, file: str) -> Document:
    """Parse a file's bytes. Never raises: what is wrong is in `problems`, with its place."""
    nowhere = _Mark(0, 0)
    text, problem = _decode(content, file)
    if problem:
        return Document(file, None, nowhere, (problem,))
    builder = _Builder(file)
    try:
        data, root = builder.build(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, file))
        return Document(file, None, nowhere, tuple(builder.problems))
    except _Abandoned:
        return Document(file, None, nowhere, tuple(builder.problems))
    return Document(file, data, root, tuple(builder.problems))


def hidden_character(text: str) -> str | None:
    """Names the first control, bidirectional or invisible character of a text, if there is one."""
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if char not in "\n\t" and unicodedata.category(char) in _HIDDEN:
            name = unicodedata.name(char, "unnamed")
            return f"U+{ord(char):04X} ({name})"
    return None


def _decode(content: bytes, file: str) -> tuple[str, Problem | None]:
    def problem(line: int, column: int, message: str) -> tuple[str, Problem]:
        return "", Problem(file=file, line=line, column=column, message=message)

    if len(content) > _MAX_BYTES:
        return problem(
            0, 0, f"the file has {len(content):,} bytes; at most {_MAX_BYTES:,} are read."
        )
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return problem(
            1, 1, "the file starts with a byte order mark (BOM); save it as UTF-8 without BOM."
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return problem(line, column, "the file is not UTF-8 text from here on; save it as UTF-8.")
    odd = _NOT_YAML.search(text)
    if odd:
        what, at = hidden_character(odd[0]) or f"U+{ord(odd[0]):04X}", odd.start()
        place = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        return problem(*place, f"the hidden character {what} stands here; remove it.")
    for char, message in (
        ("\r", "the file has Windows line ends (CRLF); save it with LF line ends."),
        ("\t", "a tab stands here; YAML is written with blanks only."),
    ):
        at = text.find(char)
        if at >= 0:
            return problem(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), message)
    return text, None


def _syntax(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or "it can't be parsed")
    line, column = _position(mark) if mark else (0, 0)
    message = _SYNTAX.get(what, f"this is not valid YAML: {what}.")
    return Problem(file=file, line=line, column=column, message=message)


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


class _Abandoned(Exception):  # noqa: N818 - control flow inside this module
    """The file goes on in a way that makes no sense to read."""


class _Builder:
    """Makes data and marks from a stream of events, collecting problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._path: list[str | int] = []

    def build(self, events: Iterator[yaml.Event]) -> tuple[Any, _Mark]:
        result: tuple[Any, _Mark] = (None, _Mark(1, 1))
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._say(
                        event, "a second document starts here (---); write one document a file."
                    )
                    raise _Abandoned
                result = self._node(next(events), events)
        return result

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event]) -> tuple[Any, _Mark]:
        place = _Mark(*_position(event.start_mark))
        if isinstance(event, yaml.AliasEvent):
            self._say(
                event, f"*{event.anchor} repeats another part; write it out, aliases are not used."
            )
            return None, place
        if event.anchor is not None:  # type: ignore[attr-defined]
            self._say(event, f"remove the anchor &{event.anchor}; anchors are not used here.")  # type: ignore[attr-defined]
        if isinstance(event, yaml.ScalarEvent):
            place.written = event.value
            return self._scalar(event), place
        if event.tag is not None:  # type: ignore[attr-defined]
            self._say_tag(event)
        if len(self._path) >= _MAX_DEPTH:
            self._path.clear()
            self._say(event, f"this is nested more than {_MAX_DEPTH} levels deep.")
            raise _Abandoned
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, place), place
        return self._sequence(events, place), place

    def _sequence(self, events: Iterator[yaml.Event], place: _Mark) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            index = len(items)
            self._path.append(index)
            value, place.children[index] = self._node(event, events)
            self._path.pop()
            items.append(value)
        return items

    def _mapping(self, events: Iterator[yaml.Event], place: _Mark) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events)
            self._path.append(key or "")
            value, mark = self._node(next(events), events)
            if key is None:
                pass  # said already
            elif key in data:
                first = place.keys[key][0]
                self._say(event, f'the key "{key}" stands twice, first in line {first}; keep one.')
            else:
                data[key], place.children[key] = value, mark
                place.keys[key] = _position(event.start_mark)
            self._path.pop()
        return data

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event]) -> str | None:
        key, _ = self._node(event, events)
        if isinstance(key, str):
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                self._say(event, "<< merges another part; write it out, merge keys are not used.")
                return None
            return key
        if isinstance(event, yaml.ScalarEvent):
            self._say(event, f'write the key {event.value} in quotes: "{event.value}".')
        elif not isinstance(event, yaml.AliasEvent):
            self._say(event, "a list or mapping can't be a key; write a text.")
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        hidden = hidden_character(text)
        if hidden:
            self._say(event, f"the text holds the hidden character {hidden}; remove it.")
        if event.tag is not None:
            self._say_tag(event)
        if not event.implicit[0]:
            return text
        value = plain(text)
        if value is None and self._path:
            self._say(event, "nothing stands here; give it a value, or remove the key.")
        return value

    def _say_tag(self, event: Any) -> None:
        tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
        self._say(event, f"remove the tag {tag}; tags are not used here.")

    def _say(self, event: yaml.Event, message: str) -> None:
        place = Location(self.file, *_position(event.start_mark), dotted(self._path))
        self.problems.append(Problem.at(place, message))


def plain(text: str) -> Any:
    """The value of a scalar without quotes: text, null, true/false, integer, date or Unclear."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if not _UNCLEAR.fullmatch(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return Unclear(text)
    return Unclear(text)
