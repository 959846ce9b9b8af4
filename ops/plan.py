"""`python -m ops plan`: resolve access files against an organization file, offline.

Prints every assignment; findings go to standard error. Exit code 0: fine, 1: findings (guards,
quotas, selectors that match nothing; the assignments are printed all the same), 2: input that can't
be used. What can't be known offline is said as well, and does not count.
"""

from __future__ import annotations

import gc
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from federation.access.access import Access, read_access
from federation.access.findings import UNVERIFIED, Finding
from federation.access.guards import check_guards
from federation.access.labels import Labels, declared, labels
from federation.access.organization import Organization
from federation.access.quotas import check_quotas, estimated_duration, spoken_duration
from federation.access.targets import Resolution, resolve, target_problems
from federation.core.errors import InvalidInput, Problem
from ops import plan_output
from ops.arguments import day
from ops.terminal import is_terminal, show_table

HELP: Final = """\
Resolve access files and print every assignment: who gets what, where, by which rule.

Works offline, with the organization file that `python -m ops snapshot` writes. Nothing is looked up
in Entra, so groups and people are shown as the file declares them.

example:
  python -m ops plan --access environments/dev/access.yaml --organization organization.json

exit codes:
  0  the files resolve, and no guard is violated
  1  findings: guards or quotas
  2  a file can't be used; nothing is printed but why
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "--access",
        action="extend",
        nargs="+",
        required=True,
        metavar="FILE",
        help="access file or glob; several may be given",
    )
    parser.add_argument(
        "--organization", required=True, metavar="FILE", help="written by python -m ops snapshot"
    )
    parser.add_argument(
        "--format", choices=("table", "json", "csv"), default="table", help="default: table"
    )
    parser.add_argument(
        "--why",
        metavar="ACCOUNT|PRINCIPAL",
        help="explain the assignments of an account (id or name), or of a group or user (key, "
        "name or object id)",
    )
    parser.add_argument(
        "--today",
        type=day,
        default=datetime.now(UTC).date(),
        metavar="YYYY-MM-DD",
        help="the day on which `until` is judged (default: today, UTC)",
    )


def run(arguments: Namespace) -> int:
    """Print the assignments. Raises InvalidInput for files that can't be used."""
    # Everything made here lives until the end: collecting cycles only costs time.
    gc.disable()
    try:
        return _print_assignments(arguments)
    finally:
        gc.enable()


def _print_assignments(arguments: Namespace) -> int:
    access, organization = _load(arguments)
    resolution = resolve(access, organization, today=arguments.today)
    principals = declared(access)
    called = labels(principals)
    shown = resolution
    if arguments.why:
        shown, heading = plan_output.about(arguments.why, access, organization, resolution, called)
    findings = tuple(
        replace(finding, labels=called)
        for finding in (
            *resolution.findings,
            *check_guards(access, resolution, organization, labels=called),
            *check_quotas(access, resolution, organization),
        )
    )
    if arguments.format == "json":
        text = plan_output.as_json(shown, principals)
    elif arguments.format == "csv":
        text = plan_output.as_csv(shown, principals)
    elif arguments.why:
        text = plan_output.explanation(shown, heading, organization, called)
    else:
        text = _table(shown, organization, called)
    sys.stdout.write(text)
    _report(findings, resolution)
    return 1 if any(finding.guard != UNVERIFIED for finding in findings) else 0


def _table(shown: Resolution, organization: Organization, called: Labels) -> str:
    """The assignments as text; on a terminal they are drawn, and the text is their number."""
    if is_terminal(sys.stdout):
        cells = plan_output.cells(shown, organization, called)
        if show_table(plan_output.HEADER, cells):
            return f"{plan_output.total(shown)}\n"
    return plan_output.table(shown, organization, called)


def _load(arguments: Namespace) -> tuple[Access, Organization]:
    """Both inputs, or every problem of both."""
    access, problems = read_access(arguments.access, root=Path.cwd())
    try:
        organization = read_organization_file(Path(arguments.organization))
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from None
    if problems:
        targets = target_problems(access, organization, today=arguments.today)
        raise InvalidInput([*problems, *targets])
    return access, organization


def read_organization_file(file: Path) -> Organization:
    """The organization of a snapshot file. Raises InvalidInput."""
    shown = str(file)
    try:
        data: Any = json.loads(file.read_bytes())
    except OSError as error:
        text = f"the organization file can't be read: {error.strerror}."
        raise InvalidInput([Problem(file=shown, message=text)]) from None
    except json.JSONDecodeError as error:
        text = f"this is not valid JSON: {error.msg}; `python -m ops snapshot` writes the file."
        place = Problem(file=shown, line=error.lineno, column=error.colno, message=text)
        raise InvalidInput([place]) from None
    except (UnicodeDecodeError, RecursionError):
        text = "this is not a JSON file in UTF-8; `python -m ops snapshot` writes one."
        raise InvalidInput([Problem(file=shown, message=text)]) from None
    return Organization.from_dict(data, file=shown)


def _report(findings: tuple[Finding, ...], resolution: Resolution) -> None:
    for line in _lines(findings, resolution):
        print(line, file=sys.stderr)


def _lines(findings: tuple[Finding, ...], resolution: Resolution) -> Iterator[str]:
    yield from map(str, findings)
    if findings:
        errors = sum(finding.severity == "error" for finding in findings)
        yield f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}."
    duration = estimated_duration(added=len(resolution.explained))
    if duration.total_seconds() > 60:
        made = len(resolution.explained)
        yield f"Creating all {made} assignments takes {spoken_duration(duration)}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
