"""The program's version stands in pyproject.toml alone, and in the changelog once released."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
RELEASE = re.compile(r"^## \[?(\d+\.\d+\.\d+)\]?", re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("Pulumi*.yaml")],
    ids=lambda path: path.name,
)
def test_nothing_else_says_the_version(path: Path) -> None:
    text = RELEASE.sub("", path.read_text())
    assert not re.search(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])", text)


def test_the_newest_release_of_the_changelog_is_the_version() -> None:
    released = RELEASE.findall((ROOT / "CHANGELOG.md").read_text())
    assert released[:1] in ([], [VERSION])


def test_no_module_has_a_version_of_its_own() -> None:
    code = [
        path
        for folder in ("clouds", "components", "federation", "ops", "policy", "program")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(code) > 100
    assert not [path for path in code if VERSION in re.findall(r'"([\d.]+)"', path.read_text())]
