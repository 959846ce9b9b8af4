"""`python -m ops up`: `pulumi up`, revocations first.

The engine deletes last, after the wait for principals that are on their way. This command first
takes away the account assignments that the update ends, and nothing else, then runs the whole
update. A revocation that fails is tried again by the update.

Nothing but what was reviewed is applied: the update is held to the fingerprint of the diff that
was shown, or of the one that `--reviewed` names.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any, Final

from federation.core.errors import printable
from federation.diff.changes import AccessDiff, access_diff
from federation.diff.rendering.text import as_text
from federation.diff.revocations import revocations
from federation.engine.preview import Preview, parse_preview
from federation.update.desired_state import (
    REVIEWED_VARIABLE,
    DesiredState,
    NotReviewedError,
    check_reviewed,
)
from federation.update.settings import NAMESPACE
from ops import INTERRUPTED
from ops.arguments import add_stack_arguments, command
from ops.cli import Cli, StackError, explain
from ops.diff import PREVIEW, read_json
from ops.diff.context import stack_context
from ops.terminal import show, working

_NOTHING_CHANGED: Final = 2
_SECONDS: Final = 3600
# URNs of one command: Linux takes 2 MB of arguments, and a URN here has some 300 characters.
_TARGETS: Final = 500
HELP: Final = """\
pulumi up, revocations first: what the update takes away is gone before it waits for anybody.

It shows the access diff and asks. Then it deletes the assignments that end, and runs the whole
update with PULUMI_CONTINUE_ON_ERROR=true, which takes members out of groups before it waits, and
tries again what failed. Where a permission set only gets another name, its new assignments come
first.

example:
  python -m ops up --stack prod

exit codes:
  0  everything is as declared
  1  something failed, pulumi names it; the next run tries it again
  2  nothing was changed: the preview failed, or nobody said yes
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="do it without asking")
    parser.add_argument(
        "--reviewed",
        metavar="HASH",
        default=os.environ.get(REVIEWED_VARIABLE, ""),
        help="desiredState.hash of the access diff that was reviewed: nothing is changed unless "
        f"this update is that one (default: {REVIEWED_VARIABLE} of the environment)",
    )
    parser.add_argument(
        "--preview",
        metavar="FILE",
        help="what `pulumi preview --json --show-sames --show-replacement-steps` printed a moment "
        "ago (default: run it)",
    )
    parser.add_argument(
        "--policy-pack", metavar="DIR", help="a policy pack that the update has to pass"
    )
    parser.add_argument(
        "--policy-pack-config", metavar="FILE", help="how that policy pack is configured"
    )


@command
def run(arguments: Namespace) -> int:
    """Show, ask, revoke, update. Raises StackError and InvalidInput before anything is changed."""
    cli = Cli(directory=arguments.cwd, stack=arguments.stack)
    policies = _policies(arguments)
    with working("running pulumi preview"):
        preview = _preview(cli, arguments.preview, policies)
    today = datetime.now(UTC).date()
    with working("reading what the change means"):
        context = stack_context(preview, cli, organization=None, access=None, today=today)
    diff = access_diff(preview, context, today=today)
    show(as_text(diff).rstrip() + "\n")
    sys.stdout.flush()
    if preview.errors:
        raise StackError("the preview failed, so nothing was changed")
    urns = revocations(preview, json.loads(cli.checked("stack", "export")))
    reviewed = _reviewed(preview, diff, arguments)
    if not reviewed:
        _say("Nothing was changed.")
        return _NOTHING_CHANGED
    revoked = _revoke(cli, urns)
    if revoked == INTERRUPTED:
        return INTERRUPTED
    environment = {REVIEWED_VARIABLE: reviewed}
    updated = cli.follow("up", "--yes", "--skip-preview", *policies, environment=environment)
    if updated == INTERRUPTED:
        return INTERRUPTED
    if revoked and not updated:
        _say("Revocations failed at first, see above; the update has carried them out.")
    return 1 if revoked or updated else 0


def _reviewed(preview: Preview, diff: AccessDiff, arguments: Namespace) -> str:
    """The fingerprint of the update that somebody has approved, "" when nobody did.

    Raises StackError when it is another one than the update at hand.
    """
    state = DesiredState(parts=diff.desired_state.get("parts") or {})
    asked = not arguments.yes and _agreed(diff.stack)
    if not (arguments.yes or asked):
        return ""
    try:
        check_reviewed(
            state, reviewed=arguments.reviewed, required=_only_reviewed(preview) and not asked
        )
    except NotReviewedError as error:
        raise StackError(str(error)) from None
    return state.hash


def _only_reviewed(preview: Preview) -> bool:
    """Whether the stack's configuration lets only a reviewed update through."""
    return str(preview.configuration.get(f"{NAMESPACE}:requireReviewed")).lower() == "true"


def _policies(arguments: Namespace) -> list[str]:
    given = {
        "--policy-pack": arguments.policy_pack,
        "--policy-pack-config": arguments.policy_pack_config,
    }
    return [word for name, value in given.items() if value for word in (name, value)]


def _preview(cli: Cli, file: str | None, policies: list[str]) -> Preview:
    """The update's preview. Raises StackError when it can't be made, or a policy stops it."""
    if file:
        return parse_preview(read_json(file), file=file)
    done = cli.run(*PREVIEW, *policies, seconds=_SECONDS)
    try:
        data: Any = json.loads(done.stdout)
    except ValueError:
        raise StackError(explain(done.stderr or done.stdout)) from None
    preview = parse_preview(data, file="pulumi preview")
    if done.returncode and not preview.errors:
        # A policy pack's words are in none of the JSON.
        raise StackError(explain(done.stderr))
    return preview


def _agreed(stack: str) -> bool:
    if not sys.stdin.isatty():
        raise StackError("nobody can be asked here: say --yes to apply this without a question")
    try:
        return input(f"Apply this to {printable(stack)}? yes/no: ").strip() == "yes"
    except EOFError:
        return False


def _revoke(cli: Cli, urns: list[str]) -> int:
    """Take away what these URNs are; the exit code of the first part that failed, or 0.

    A targeted `destroy` does not run the program, so it waits for nobody, makes nothing and leaves
    the stack's outputs as they are.
    """
    if not urns:
        return 0
    _say(f"Revocations first: {len(urns)}.")
    failed = 0
    for start in range(0, len(urns), _TARGETS):
        some = urns[start : start + _TARGETS]
        targets = [word for urn in some for word in ("--target", urn)]
        ended = cli.follow("destroy", "--yes", "--skip-preview", "--run-program=false", *targets)
        failed = failed or ended
        if ended == INTERRUPTED:
            return ended
    if failed:
        _say("A revocation failed, see above: the update tries it again. It goes on with the rest.")
    return failed


def _say(text: str) -> None:
    print(text, flush=True)
