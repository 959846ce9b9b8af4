"""A comment that nobody's name can break, and that says what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from federation.access.assignments import PrincipalKey
from federation.access.labels import Identity
from federation.core.wording import Code
from federation.diff.changes import POLICY, AccessChange, AccessDiff, AccountLabel, Context
from federation.diff.rendering.markdown import LIMIT, as_markdown, code, marker, name, words
from federation.diff.rendering.text import as_text
from federation.diff.set_changes import Aspect, SetChange

TODAY = date(2026, 11, 24)
HOSTILE = [
    "<script>alert(1)</script>",
    "a | b",
    "`rm -rf`",
    "``` \n# heading",
    "@octocat",
    "**bold** _it_ [link](https://example.com)",
    "www.example.com",
    "GH-12 #34",
    "-->",
    "<!-- hidden",
    "</details>",
    "\u202egnp.exe",
    "line\nbreak\r\n- item",
    "&lt;b&gt;",
    "~~gone~~ \\",
]


def _diff(principal: str, accounts: int = 1, changes: int = 1, path: str = "prod") -> AccessDiff:
    keys = [PrincipalKey("GROUP", f"group-{number}") for number in range(changes)]
    ids = tuple(f"{100000000000 + number}" for number in range(accounts))
    return AccessDiff(
        stack="prod",
        context=Context(
            accounts={one: AccountLabel(name=f"{path}-{one}", unit="Workloads") for one in ids},
            principals=dict.fromkeys(keys, Identity(name=principal)),
        ),
        access=tuple(
            AccessChange(
                what="gained", principal=key, permission_set="Look", admin=False, accounts=ids
            )
            for key in keys
        ),
        assignments=(),
        today=TODAY,
    )


def _outside_code(markdown: str) -> str:
    """What GitHub interprets: without code blocks and code spans."""
    fences = re.sub(r"^(`{3,})(?:diff|text)\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", fences)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_name_stays_a_name(hostile: str) -> None:
    comment = as_markdown(_diff(hostile, accounts=2))
    rest = _outside_code(comment)
    assert not re.search(r"@|<script|https?:|www\.|GH-\d|#\d|\]\(|\*\*bold|~~", rest)
    assert rest.count("<details>") == rest.count("</details>") == 2
    assert rest.count("<!--") == rest.count("-->") == 1
    assert len([line for line in comment.splitlines() if line.startswith("- ")]) == 1
    assert "\u202e" not in comment


@pytest.mark.parametrize("hostile", HOSTILE)
def test_running_text_is_only_text(hostile: str) -> None:
    shown = words(hostile)
    plain = re.sub(r"<br>|<!-- -->", "", shown)
    assert not re.search(r"(?<!\\)[`*_<>\[\]|~&#]", plain)
    assert not re.search(r"@\w|www\.|://", shown)
    assert "\n" not in shown


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_terminal_gets_no_control_characters(hostile: str) -> None:
    lines = as_text(_diff(hostile, accounts=2)).splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AWS-Platform", "AWS-Platform"),
        ("Équipe réseau (Genève)", "Équipe réseau (Genève)"),
        ("team_one", "team\\_one"),
        ("ada@example.com", "`ada@example.com`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
    ],
)
def test_a_harmless_name_is_plain_text(text: str, shown: str) -> None:
    assert name(text) == shown


def test_long_code_says_how_much_is_cut() -> None:
    assert code("x" * 1401).endswith("x… (1,001 more characters)`")


def test_the_marker_is_one_comment_whatever_the_stack_is_called() -> None:
    assert marker("prod") == "<!-- access-diff: prod -->"
    assert marker("a-->b<!--") == "<!-- access-diff: a-b- -->"


@pytest.mark.parametrize(("accounts", "changes"), [(5000, 1), (3, 2000), (400, 400)])
def test_a_comment_fits_and_counts_what_it_leaves_out(accounts: int, changes: int) -> None:
    diff = _diff("AWS-Platform", accounts=accounts, changes=changes)
    comment = as_markdown(diff)
    assert len(comment) <= LIMIT < 65_536
    assignments = [line for line in comment.splitlines() if line.startswith("+ ")]
    left = re.search(r"\*\*and ([\d,]+) more assignments?\*?\*?, not shown here", comment)
    assert left is not None
    assert len(assignments) + int(left[1].replace(",", "")) == accounts * changes
    lines = [line for line in comment.splitlines() if re.match(r"- .* gains ", line)]
    missing = re.search(r"- \*\*and ([\d,]+) more changes?", comment)
    assert len(lines) + (int(missing[1].replace(",", "")) if missing else 0) == changes
    assert f"{changes:,} gain" in comment.splitlines()[1]
    assert f"{accounts * changes:,} assignments gained" in comment


@pytest.mark.parametrize("limit", [0, 300, 1000, 3000, 10_000])
def test_a_short_limit_is_kept_as_far_as_the_heading_goes(limit: int) -> None:
    comment = as_markdown(_diff("AWS-Platform", accounts=50, changes=50), limit=limit)
    assert len(comment) <= max(limit, 300)
    assert "50 gains" in comment
    assert "python -m ops diff --stack prod" in comment


def test_the_longest_policy_fits_and_is_counted() -> None:
    aspects = tuple(
        Aspect(
            direction="wider",
            sentence=("inline policy now also allows ", Code(f"a:{'x' * 200}{n}")),
        )
        for n in range(3000)
    )
    change = SetChange(name="Deploy", what="changed", aspects=aspects)
    comment = as_markdown(AccessDiff(stack="prod", context=Context(), sets=(change,), today=TODAY))
    assert len(comment) <= LIMIT
    shown = comment.count("  - ")
    left = re.search(r"and ([\d,]+) more differences", comment)
    assert left is not None
    assert shown - 1 + int(left[1].replace(",", "")) == 3000


def test_what_a_policy_stops_is_said_first() -> None:
    comment = as_markdown(replace(_diff("AWS-Platform"), errors=(POLICY,)))
    lines = comment.splitlines()
    assert lines[1] == "### Access: stopped: 1 gain · stack prod"
    assert lines[3] == f"- ⚠️ {POLICY}"
    assert "gains Look" in lines[4]
    assert "No guard is violated" not in comment


def test_the_terminal_leaves_nothing_out() -> None:
    text = as_text(_diff("AWS-Platform", accounts=300, changes=20))
    assert sum(line.startswith("+ ") for line in text.splitlines()) == 20 + 300 * 20
