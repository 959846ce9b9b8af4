"""The documentation names only what exists: links, commands, files, keys of the configuration."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from entra_aws_sandbox import faults
from federation.access.access import load_access
from federation.update.settings import NAMESPACE, load_settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("bench/*.md"),
        ROOT / "sandbox" / "README.md",
    ]
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
OPS = re.compile(r"python -m ops ([a-z-]+)")
SCRIPT = re.compile(r"(?:^|[\s`(])((?:script|\.ci)/[a-z][a-z/-]*(?:\.sh)?)")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_scripts_exist(path: Path) -> None:
    text = path.read_text()
    for target in LINK.findall(text):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"
    for script in SCRIPT.findall(text):
        assert (ROOT / script).exists(), f"{path.name} names {script}"


def test_every_ops_command_that_a_document_names_exists() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "ops", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = set(re.findall(r"^    ([a-z-]+)(?: |$)", answer.stdout, re.MULTILINE))
    assert {"plan", "status", "sync"} <= commands
    for path in DOCUMENTS:
        named = set(OPS.findall(path.read_text()))
        assert named <= commands, f"{path.name} names {named - commands}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_the_example_stacks_are_valid(path: Path) -> None:
    config = yaml.safe_load(path.read_text())["config"]
    values = {
        key.removeprefix(f"{NAMESPACE}:"): value
        for key, value in config.items()
        if key.startswith(f"{NAMESPACE}:")
    }
    settings = load_settings(values, file=path.name, content=path.read_bytes())
    access = load_access(settings.access, root=ROOT)
    assert access.rules
    for rule in access.rules:
        assert rule.owner, f"{path.name}: rule {rule.label} is an example without an owner"


def test_the_readme_shows_the_demo_as_it_is_told() -> None:
    block = (
        (ROOT / "README.md")
        .read_text()
        .partition("<!-- demo -->")[2]
        .partition("<!-- /demo -->")[0]
    )
    titles = re.findall(r"^[ \d,]{3}  (\S.{31}) ", block, re.MULTILINE)
    told = "".join(path.read_text() for path in (ROOT / "demo").glob("*.py"))
    assert len(titles) >= 18
    for title in titles:
        # A person's address is filled in when the story is told.
        assert title.strip().rpartition("@example.com ")[2] in told


def test_the_page_on_the_sandbox_lists_its_faults() -> None:
    assert f"\n{faults.table()}\n" in (ROOT / "docs" / "sandbox.md").read_text()
