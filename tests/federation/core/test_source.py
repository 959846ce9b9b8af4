"""YAML with places: what a scalar is, and where it stands."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.core.source import Unclear, hidden_character, plain, read_yaml

TEXT = b"""\
# a comment
rules:
  - id: one
    targets: [{ou: "A/B"}, {account: 123456789012}]
  - {id: two}
"""


def test_every_value_has_its_place() -> None:
    document = read_yaml(TEXT, "access.yaml")
    assert document.problems == ()
    assert document.locate(("rules", 0)) == ("access.yaml", 3, 5, "rules[0]")
    assert document.locate(("rules", 0, "targets", 0, "ou")) == (
        *("access.yaml", 4, 20),
        "rules[0].targets[0].ou",
    )
    assert document.locate(("rules", 0, "targets", 1, "account"), key=True)[1:3] == (4, 29)
    assert document.locate(("rules", 1, "owner"))[1:3] == (5, 5)
    assert document.written(("rules", 0, "targets", 1, "account")) == "123456789012"
    assert document.written(("rules", 7)) == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ReadOnly", "ReadOnly"),
        ("a b", "a b"),
        ("team-1", "team-1"),
        ("12 monkeys", "12 monkeys"),
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("20", 20),
        ("-1", -1),
        ("0", 0),
        ("2027-03-31", date(2027, 3, 31)),
    ],
)
def test_clear_scalars(text: str, value: Any) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "No", "ON", "off", "y", "N", "True", "NULL", "007", "0o17", "0x1F", "0b11", "="),
        *("1_000", "1.5", "1e3", ".5", "-.inf", ".NaN", "12:30:45", "+1", "12345678901234567890"),
        *("2027-02-30", "2027-03-31T10:00:00Z"),
    ],
)
def test_scalars_that_yaml_readers_disagree_about(text: str) -> None:
    assert plain(text) == Unclear(text)


@pytest.mark.parametrize("text", ["yes", "007", "2027-03-31", "~", "=", "null"])
def test_quotes_make_text_of_anything(text: str) -> None:
    assert read_yaml(f"key: '{text}'\n".encode(), "f").data == {"key": text}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Zürich 日本 🚀 é", None),
        ("two\nlines\tand a tab", None),
        ("a\u202eb", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("a\u200bb", "U+200B (ZERO WIDTH SPACE)"),
        ("a\u0000b", "U+0000 (unnamed)"),
        ("a\u2028b", "U+2028 (LINE SEPARATOR)"),
        ("\ue000", "U+E000 (unnamed)"),
    ],
)
def test_hidden_characters(text: str, found: str | None) -> None:
    assert hidden_character(text) == found


def test_an_endless_nesting_ends_in_a_sentence() -> None:
    document = read_yaml(b"a: " + b"[" * 100_000, "f")
    assert [problem.message for problem in document.problems] == [
        "this is nested more than 40 levels deep."
    ]


def test_a_file_too_large_is_not_read() -> None:
    document = read_yaml(b"a: " + b"b" * 17_000_000, "f")
    assert "bytes; at most 16,777,216 are read." in document.problems[0].message
