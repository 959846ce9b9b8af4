r"""The patterns of botocore's models, made ready for Python's `re`.

The models are written for Java's regular expressions, whose Unicode categories (`\p{L}`) Python's
`re` does not know. They only occur within character classes, so each is spelled out as ranges.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_CATEGORY = re.compile(r"\\p\{([A-Z])\}")
_FIRST_ASTRAL = 0x10000


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The Python form of a model's pattern; use it with `fullmatch`, as AWS anchors it."""
    return re.compile(_CATEGORY.sub(lambda found: _written(pattern, found), pattern), re.ASCII)


def _written(pattern: str, found: re.Match[str]) -> str:
    """A category as ranges, in a class of its own where it stands outside one."""
    before = pattern[: found.start()]
    in_class = before.count("[") > before.count("]")
    ranges = _ranges(found.group(1))
    return ranges if in_class else f"[{ranges}]"


@cache
def _ranges(category: str) -> str:
    """Every character of a category (`L`, `P`, …): the planes above the first count as members."""
    members = [
        code
        for code in range(_FIRST_ASTRAL)
        if unicodedata.category(chr(code)).startswith(category)
    ]
    ranges: list[list[int]] = []
    for code in members:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    written = (f"{_escaped(first)}-{_escaped(last)}" for first, last in ranges)
    return "".join(written) + r"\U00010000-\U0010ffff"


def _escaped(code: int) -> str:
    return f"\\u{code:04x}"
