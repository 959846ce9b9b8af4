"""The sandbox and its tests import what its pyproject.toml asks for, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

PROJECT = Path(__file__).parents[3]
OWN = {"entra_aws_sandbox", "sandbox_tests"}
# What only a type checker imports.
STUBS = {"_typeshed"}


def canonical(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def with_what_it_needs(packages: set[str]) -> set[str]:
    """Packages and, again and again, what these ask for."""
    known: set[str] = set()
    while packages - known:
        package = (packages - known).pop()
        known.add(package)
        try:
            asked = requires(package) or []
        except PackageNotFoundError:
            continue
        packages |= {canonical(one) for one in asked if "extra ==" not in one}
    return known


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """File and top-level module of every import."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.module is not None, path
                assert node.level == 0, path
                yield path.name, node.module.partition(".")[0]


def test_it_imports_only_what_it_asks_for() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    homes = packages_distributions()
    asked = {canonical(one) for one in project["dependencies"]}
    tests = {canonical(one) for one in project["optional-dependencies"]["test"]}
    for folder, allowed in (
        ("src", with_what_it_needs(asked | {"pytest"})),
        ("tests", with_what_it_needs(asked | tests)),
    ):
        found = list(imported(PROJECT / folder))
        assert len(found) > 100
        for name, module in found:
            if module not in OWN | STUBS | sys.stdlib_module_names:
                homes_of_it = {canonical(one) for one in homes.get(module, [])}
                assert homes_of_it & allowed, f"{name} of {folder} imports {module}"


def test_pytest_is_imported_by_nothing_but_the_fixtures() -> None:
    importers = {name for name, module in imported(PROJECT / "src") if module == "pytest"}
    # The guard of `leaks` only names pytest's types.
    assert importers == {"fixtures.py", "leaks.py"}
