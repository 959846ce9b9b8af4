"""The access diff as one comment on a pull request.

Names come from people: a group can be called `<script>`, hold `|` or backticks, or mention
somebody.
Source: GitHub Flavored Markdown specification; a comment takes 65,536 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from federation.core.errors import printable
from federation.core.wording import Code, Sentence, Strong, Words, count
from federation.diff.changes import AccessDiff
from federation.diff.rendering.line import Line, Mark
from federation.diff.rendering.story import Story, tell
from federation.diff.rendering.text import columns, table

# Some below GitHub's 65,536, so that a workflow can add a line of its own.
LIMIT: Final = 64_000
_STEPS: Final = (1_000, 300, 100, 50, 25, 10, 5, 2, 1)
_LONGEST: Final = 400
_MARKS: Final[dict[Mark, str]] = {
    "danger": "⚠️ ",
    "gain": "\u2795 ",
    "wider": "\u2795 ",
    "loss": "\u2796 ",
    "narrower": "\u2796 ",
    "interrupt": "🔁 ",
    "other": "",
    "hold": "⏸️ ",
    "warning": "❗ ",
}
# What GitHub would turn into something else than the text: e-mail addresses and mentions, issue
# numbers, web addresses.
_LINKED: Final = re.compile(r"[@#]|www\.|\bGH-\d|://", re.IGNORECASE)


def as_markdown(diff: AccessDiff, *, limit: int = LIMIT) -> str:
    """A comment of at most `limit` characters that says what it leaves out, and where it is.

    Its first line is the same for every diff of one stack: a workflow finds its comment by it.
    """
    story = tell(diff)
    for shown in _STEPS:
        text = _comment(story, diff, shown)
        if len(text) <= limit:
            return text
    parts = [marker(story.stack), _heading(story), "", _left_out(story.stack), ""]
    return "\n".join(parts)


def marker(stack: str) -> str:
    """The hidden first line of the comment."""
    return f"<!-- access-diff: {re.sub(r'[^A-Za-z0-9_.]+', '-', stack)} -->"


def _heading(story: Story) -> str:
    return f"### {story.title} · stack {name(story.stack)}"


def _left_out(stack: str) -> str:
    command = code(f"python -m ops diff --stack {stack}")
    return f"The diff is too long for a comment: {command} shows everything."


def _comment(story: Story, diff: AccessDiff, shown: int) -> str:
    parts = [marker(story.stack), _heading(story)]
    if story.lines:
        parts += ["", *_lines(story, shown)]
    if story.assignments:
        parts += ["", *_assignments(story, shown)]
    if story.meant:
        parts += ["", *_meant(story, shown)]
    if story.closing:
        parts += ["", *(f"{_sentence(one)}  " for one in story.closing)]
    if diff.changed and diff.assignments:
        parts += ["", f"<sub>{_footer(diff)}</sub>"]
    return "\n".join(parts).rstrip() + "\n"


def _footer(diff: AccessDiff) -> str:
    assignments = f"{count(len(diff.assignments or ()), 'assignment')} after the update"
    fingerprint = diff.desired_state.get("hash")
    return f"{assignments} · {code(fingerprint)}" if fingerprint else assignments


def _lines(story: Story, shown: int) -> Iterator[str]:
    for line in story.lines[:shown]:
        yield f"- {_MARKS[line.mark]}{_sentence(line.sentence)}"
        yield from _below(line, shown)
    if len(story.lines) > shown:
        yield f"- {_more(len(story.lines) - shown, 'change', story.stack)}"


def _below(line: Line, shown: int) -> Iterator[str]:
    for mark, sentence in line.below[:shown]:
        yield f"  - {_MARKS[mark]}{_sentence(sentence)}"
    if len(line.below) > shown:
        yield f"  - **and {count(len(line.below) - shown, 'more difference')}, not shown here**"


def _more(number: int, word: str, stack: str) -> str:
    command = code(f"python -m ops diff --stack {stack}")
    return f"**and {count(number, f'more {word}')}, not shown here**: {command} shows all"


def _assignments(story: Story, shown: int) -> Iterator[str]:
    lines = table(story.assignments[:shown])
    left = len(story.assignments) - len(lines)
    more = _more(left, "assignment", story.stack) if left else ""
    yield from _folded(story.assignments_title, "diff", lines, more)


def _meant(story: Story, shown: int) -> Iterator[str]:
    lines = columns(story.meant[:shown])
    left = len(story.meant) - len(lines)
    more = _more(left, "principal", story.stack) if left else ""
    yield from _folded(story.meant_title, "text", lines, more)


def _folded(title: str, language: str, lines: list[str], more: str) -> Iterator[str]:
    fence = "`" * max(3, 1 + _longest_run("\n".join(lines)))
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield f"{fence}{language}"
    yield from lines
    yield fence
    if more:
        yield ""
        yield more
    yield ""
    yield "</details>"


def _sentence(sentence: Sentence) -> str:
    return "".join(map(_part, sentence))


def _part(part: str) -> str:
    if isinstance(part, Strong):
        return f"**{name(part)}**"
    if isinstance(part, Code):
        return code(part)
    if isinstance(part, Words):
        return words(part)
    return name(part) if type(part) is not str else part


def name(text: str) -> str:
    """A name as plain text where that is safe, else as code."""
    if _LINKED.search(text) or not all(char.isalnum() or char in " ._/()-" for char in text):
        return code(text)
    return _clipped(text).replace("_", "\\_")


def code(text: str) -> str:
    """A code span that holds any text (CommonMark: a longer run of backticks around it)."""
    line = _clipped(printable(text).replace("\n", " "))
    fence = "`" * (1 + _longest_run(line))
    blank = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{fence}{blank}{line}{blank}{fence}"


def words(text: str) -> str:
    """Running text with everything escaped that Markdown or GitHub gives a meaning."""
    lines = [line.strip() for line in printable(_clipped(text, 4 * _LONGEST)).splitlines()]
    escaped = "<br>".join(re.sub(r"([\\`*_\[\]<>#|~&])", r"\\\1", line) for line in lines if line)
    # A comment within keeps GitHub from linking it.
    return re.sub(r"@|\\#|:(?=//)|www(?=\.)", lambda found: f"{found[0]}<!-- -->", escaped)


def _clipped(text: str, longest: int = _LONGEST) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
