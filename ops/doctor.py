"""`python -m ops doctor`: what would keep an update from working, before it hangs in retries.

Asks, and changes nothing. Exit code 0: nothing stands in the way, 1: something does, 2: nothing can
be said.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Final

from clouds.aws import AwsError
from clouds.entra import EntraError
from federation.core.urn import kind_of
from federation.update.diagnosis import Findings, lines, to_dict
from federation.update.permissions import Feature, Purpose, declared_features, made_features
from ops.arguments import add_stack_arguments, command
from ops.look import BOUNDED, Look, add_look_arguments
from ops.preflight.aws import AwsChecks
from ops.preflight.entra import EntraChecks
from ops.preflight.repairs import check_repairs
from ops.preflight.tools import check_tools
from ops.session import Session
from ops.stack import Stack, open_stack
from ops.terminal import show, working

HELP: Final = """\
Check what would keep an update from working: tools, credentials, permissions, SCIM token, repairs.

It changes nothing.

example:
  python -m ops doctor --stack prod

exit codes:
  0  nothing stands in the way
  1  problems, each with what to do
  2  the configuration can't be used
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--for",
        dest="purpose",
        type=Purpose,
        choices=list(Purpose),
        default=Purpose.DEPLOY,
        metavar="|".join(Purpose),
        help="what the credentials are meant for (default: deploy)",
    )
    add_look_arguments(parser)


@command
def run(arguments: Namespace) -> int:
    """Print every finding. Raises InvalidInput for configuration that can't be used."""
    with working("asking Pulumi and both clouds"):
        session = Session(open_stack(arguments))
        findings = examine(session, arguments.purpose, Look.wanted(arguments))
    if arguments.json:
        text = json.dumps(
            {
                "stack": session.stack.name,
                "for": arguments.purpose,
                "problems": len(findings.problems),
                "findings": to_dict(findings.found),
            },
            indent=2,
        )
        sys.stdout.write(f"{text}\n")
    else:
        title = f"stack {session.stack.name} · pulumi {_COMMANDS[arguments.purpose]}"
        show("\n".join(lines(title, findings.found)) + "\n")
    return 1 if findings.problems else 0


_COMMANDS = {Purpose.PREVIEW: "preview", Purpose.DEPLOY: "up", Purpose.DESTROY: "destroy"}


def examine(session: Session, purpose: Purpose, look: Look = BOUNDED) -> Findings:
    """Check everything that can be checked without changing anything. Raises InvalidInput."""
    findings = Findings()
    check_tools(session.stack.cli, findings)
    examine_clouds(session, purpose, findings)
    # What keeps the clouds from being read is said already, and a destroy repairs nothing.
    if purpose is not Purpose.DESTROY and not findings.problems:
        _guarded(lambda: check_repairs(session, findings, look), findings)
    if session.stack.pending:
        findings.problem(
            "pending",
            f"an update was interrupted and left {session.stack.pending} unfinished operations: "
            "run python -m ops recover",
        )
    return findings


def examine_clouds(session: Session, purpose: Purpose, findings: Findings) -> None:
    """Check what the clouds alone can tell. Raises InvalidInput."""
    features = stack_features(session)
    _guarded(EntraChecks(session, purpose, features, findings).run, findings)
    _guarded(AwsChecks(session, purpose, features, findings).run, findings)


def stack_features(session: Session) -> set[Feature]:
    """What the stack declares or still has. Raises InvalidInput."""
    stack = session.stack
    kinds = {kind_of(resource.type) for resource in stack.resources}
    found = declared_features(session.access, stack.any_settings) | made_features(kinds)
    return found | ({Feature.SET_TAGS} if _has_tags(stack) else set())


def _has_tags(stack: Stack) -> bool:
    return any(one.outputs.get("tags") for one in stack.of_type("PermissionSet"))


def _guarded(check: Callable[[], None], findings: Findings) -> None:
    """One cloud that refuses must not keep the other one from being looked at."""
    try:
        check()
    except (AwsError, EntraError) as error:
        findings.problem("sign-in", str(error))
