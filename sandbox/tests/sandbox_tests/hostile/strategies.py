"""Requests that no honest client sends: what hypothesis makes of JSON, text, ids and bytes."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

from hypothesis import settings
from hypothesis import strategies as st

# Alike in every run, so that CI never fails by chance; more on request.
FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "120")),
)

ODD = [
    "",
    " ",
    "..",
    "../../etc/passwd",
    "%2e%2e%2f",
    "a\r\nSet-Cookie: x=1",
    "'",
    "''",
    '"><script>',
    "{{7*7}}",
    "${jndi:x}",
    "a" * 5000,
    "\x00",
    "\ud7ff\U0010ffff",
    "null",
    "-1",
    "9" * 400,
    "1e999",
    "00000000-0000-0000-0000-000000000000",
]
text = st.one_of(st.sampled_from(ODD), st.text(max_size=30))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), text)


def json_like(*names: str) -> st.SearchStrategy[Any]:
    """Anything that JSON can say, with these names among the keys."""
    keys = st.one_of(st.sampled_from(names), text) if names else text
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)
        ),
        max_leaves=12,
    )


def bodies(*names: str) -> st.SearchStrategy[bytes]:
    """Bodies: objects mostly, anything in JSON, broken JSON, bytes."""
    objects = st.dictionaries(st.sampled_from(names), json_like(*names), max_size=6)
    return st.one_of(
        objects.map(dumped),
        json_like(*names).map(dumped),
        st.binary(max_size=60),
        st.sampled_from([b"", b"{", b"[" * 3000, b'{"a":' * 3000, b"\xff\xfe", b"NaN"]),
    )


def dumped(value: Any) -> bytes:
    """JSON as bytes, also for text that is none in UTF-8."""
    return json.dumps(value).encode()


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="").replace("..", "%2E%2E") or "%20"
