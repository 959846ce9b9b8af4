"""`python -m ops diff`: what the next update changes, in terms of access.

Exit code 0: the diff is complete, 1: the preview failed (and the output says why), or, with
--reviewed, the assignments are not the reviewed ones, or grants by hand fail the update
(`unmanaged: fail`), 2: nothing can be said.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from federation.core.errors import InvalidInput, Problem
from federation.diff.changes import AccessDiff, access_diff
from federation.diff.rendering.data import as_json
from federation.diff.rendering.markdown import LIMIT, as_markdown
from federation.diff.rendering.reviewed import differences
from federation.diff.rendering.text import as_text
from federation.engine.preview import Preview, parse_preview
from ops.arguments import add_stack_arguments, command, day
from ops.cli import Cli, StackError, explain
from ops.diff.context import offline_context, stack_context
from ops.terminal import show, working

# What a preview has to say for a diff: unchanged assignments too, and in which order things are
# replaced.
PREVIEW: Final = ("preview", "--json", "--show-sames", "--show-replacement-steps")
_SECONDS: Final = 3600


HELP: Final = """\
Say what the next update changes in terms of access: who gains or loses what, where.

It runs `pulumi preview` and only reads. The hash at the end binds all that decides the update:
`python -m ops up --reviewed HASH` applies that and nothing else.

example:
  python -m ops diff --stack prod --format markdown

exit codes:
  0  the diff is whole
  1  the update would be refused, or is not the reviewed one (--reviewed)
  2  a file can't be used, or the preview can't be read
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument(
        "--preview",
        metavar="FILE",
        help="what `pulumi preview --json --show-sames` printed, - for standard input (default: "
        "run it); without --stack nothing else is asked of Pulumi or the clouds",
    )
    parser.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="default: text"
    )
    parser.add_argument(
        "--organization",
        metavar="FILE",
        help="names and OUs of accounts, written by python -m ops snapshot (default: ask AWS)",
    )
    parser.add_argument(
        "--access",
        action="extend",
        nargs="+",
        metavar="FILE",
        help="access files for the names of groups and the protected accounts (default: those of "
        "the stack)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=LIMIT,
        metavar="N",
        help=f"longest Markdown in characters (default: {LIMIT}; GitHub takes 65536)",
    )
    parser.add_argument(
        "--reviewed",
        metavar="FILE",
        help="a diff in JSON that was reviewed: exit with 1 unless its assignments are these",
    )
    parser.add_argument(
        "--today",
        type=day,
        default=datetime.now(UTC).date(),
        metavar="YYYY-MM-DD",
        help="the day on which expiries are judged (default: today, UTC)",
    )


@command
def run(arguments: Namespace) -> int:
    """Print the diff. Raises InvalidInput for files that can't be used."""
    cli = Cli(directory=arguments.cwd, stack=arguments.stack)
    offline = arguments.preview is not None and arguments.stack is None
    with working("running pulumi preview"):
        data = read_json(arguments.preview) if arguments.preview else _run(cli)
    preview = parse_preview(data, file=arguments.preview or "pulumi preview")
    with working("reading what the change means"):
        diff = _diff(preview, cli, arguments, offline=offline)
    if arguments.format == "json":
        sys.stdout.write(as_json(diff))
    elif arguments.format == "markdown":
        sys.stdout.write(as_markdown(diff, limit=arguments.limit))
    else:
        show(as_text(diff))
    problems = differences(read_json(arguments.reviewed), diff) if arguments.reviewed else []
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if diff.errors or problems or diff.unmanaged.fails else 0


def _diff(preview: Preview, cli: Cli, arguments: Namespace, *, offline: bool) -> AccessDiff:
    if offline:
        context = offline_context(
            preview,
            organization=arguments.organization,
            access=arguments.access,
            today=arguments.today,
        )
    else:
        context = stack_context(
            preview,
            cli,
            organization=arguments.organization,
            access=arguments.access,
            today=arguments.today,
        )
    return access_diff(preview, context, today=arguments.today)


def _run(cli: Cli) -> Any:
    """A preview's JSON; a failed preview prints one as well. Raises StackError without one."""
    done = cli.run(*PREVIEW, seconds=_SECONDS)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise StackError(explain(done.stderr or done.stdout)) from None


def read_json(file: str) -> Any:
    """The content of a JSON file, - for standard input. Raises InvalidInput."""
    try:
        content = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return json.loads(content)
    except OSError as error:
        message = f"the file can't be read: {error.strerror}."
    except (ValueError, RecursionError):
        message = "this is not JSON; `pulumi preview --json --show-sames` prints the file."
    raise InvalidInput([Problem(file="" if file == "-" else file, message=message)])
