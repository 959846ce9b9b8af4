"""`python -m ops sync`: people and groups with their members now, not in 40 minutes."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any, Final

from clouds.sync import Outcome, Sync, View
from federation.identity.provisioning import JobStatus
from ops.arguments import add_stack_arguments, command, positive
from ops.cli import StackError
from ops.session import Session
from ops.stack import open_stack
from ops.terminal import show, working

_SHOWN = 30


HELP: Final = """\
Provision groups and people with their members now, not within 40 minutes.

Uses Entra's on-demand provisioning, and takes away what a deleted group left behind.

example:
  python -m ops sync --stack prod

exit codes:
  0  everybody in scope is there (without --wait: nothing has failed)
  1  somebody is not: each is named with the reason
  2  the configuration can't be used, or a cloud refuses
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--wait", action="store_true", help="wait until everybody in scope has arrived"
    )
    parser.add_argument(
        "--minutes",
        type=positive,
        metavar="N",
        help="how long to wait at most (default: provisioning.waitMinutes)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="lift the job's quarantine and start it again"
    )
    parser.add_argument(
        "--accept-deletions",
        action="store_true",
        help="with --resume: let more deletions happen than provisioning.deleteThreshold allows",
    )


@command
def run(arguments: Namespace) -> int:
    """Sync and say who arrived, who did not and why."""
    if arguments.accept_deletions and not arguments.resume:
        raise StackError("--accept-deletions goes with --resume")
    with working("asking Pulumi"):
        session = Session(open_stack(arguments))
    provisioning = session.stack.settings.provisioning
    minutes = arguments.minutes
    if minutes is None:
        minutes = provisioning.wait_minutes if provisioning else 0
    with working("provisioning"):
        sync = Sync(
            graph=session.graph,
            aws=session.aws,
            identity_store_id=session.identity_store_id,
            job_path=session.required_job(),
            scope=session.scope,
            progress=_progress,
        )
        problem = _make_ready(sync, arguments, minutes * 60)
        outcome = None if problem else sync.run(seconds=minutes * 60 if arguments.wait else 0)
    if arguments.json:
        sys.stdout.write(json.dumps(_as_dict(outcome, problem), indent=2) + "\n")
    else:
        show("\n".join(_lines(outcome, problem)) + "\n")
    return 1 if problem or _unfinished(outcome, waited=arguments.wait) else 0


def _make_ready(sync: Sync, arguments: Namespace, seconds: float) -> str:
    """Bring the job back to work if asked to; returns what keeps it from working."""
    status = sync.status()
    if arguments.resume:
        if status.too_many_deletes and not arguments.accept_deletions:
            return (
                f"the job stopped because {status.quarantine}: look at who would go, then run "
                "python -m ops sync --resume --accept-deletions"
            )
        sync.resume(accept_deletions=arguments.accept_deletions)
        status = sync.wait_for_cycle(status, max(seconds, 30))
        if status.quarantine:
            return f"the job is in quarantine again: {status.quarantine}"
        return ""
    return _keeps_from_working(status)


def _keeps_from_working(status: JobStatus) -> str:
    if status.quarantine:
        return (
            f"the provisioning job is in quarantine: {status.quarantine}; heal the cause, then run "
            "python -m ops sync --resume"
        )
    if not status.enabled:
        return "the provisioning job is switched off: run python -m ops sync --resume"
    return ""


def _progress(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _unfinished(outcome: Outcome | None, *, waited: bool) -> bool:
    if outcome is None:
        return True
    return bool(outcome.failures) or (waited and not outcome.after.in_step)


def _arrived(outcome: Outcome) -> list[str]:
    before, after = outcome.before.census, outcome.after.census
    scope = outcome.after.scope
    return [
        *(f"group {scope.groups[one].name}" for one in after.groups if one not in before.groups),
        *(f"person {scope.people[one].name}" for one in after.people if one not in before.people),
    ]


def _absent(outcome: Outcome) -> list[tuple[str, str]]:
    """Who did not arrive, and why as far as known."""
    view = outcome.after
    absent = [
        (
            f"{one.kind.lower()} {one.name}",
            outcome.failures.get(one.object_id)
            or "not there yet; the provisioning log in Entra says more if it stays so",
        )
        for one in view.census.missing
    ]
    known = {one.object_id for one in view.census.missing}
    absent += [
        (f"members of group {view.scope.groups[ident].name}", why)
        for ident, why in outcome.failures.items()
        if ident not in known and ident in view.scope.groups
    ]
    return absent


def _left(outcome: Outcome) -> list[str]:
    return [
        f"{one.kind.lower()} {one.name}: {one.reason}; what a cycle does not take away, another "
        "application has made"
        for one in outcome.after.census.leaving
    ]


def _lines(outcome: Outcome | None, problem: str) -> list[str]:
    if outcome is None:
        return [f"! {problem}"]
    counts = outcome.after.census.counts()
    groups, people = counts["groups"], counts["people"]
    lines = [
        (
            f"{groups['arrived']} of {groups['inScope']} groups · "
            f"{people['arrived']} of {people['inScope']} people · {_summary(outcome)}"
        )
    ]
    lines += _some([f"arrived: {name}" for name in _arrived(outcome)])
    lines += _some([f"did not arrive: {name}: {why}" for name, why in _absent(outcome)])
    lines += _some([f"still there: {name}" for name in _left(outcome)])
    lines += [f"kept out: {one.name}: {one.reason}" for one in outcome.after.census.kept_out]
    return lines


def _summary(outcome: Outcome) -> str:
    if outcome.how == "nothing":
        return "nothing to do"
    if outcome.after.in_step:
        return f"all in step ({outcome.how})"
    waiting = _open(outcome.after)
    if outcome.how == "cycle":
        return f"the cycle has begun, {waiting} to go: python -m ops status shows its end"
    return f"{waiting} to go"


def _open(view: View) -> str:
    return f"{view.objects + view.removals} changes"


def _some(lines: list[str]) -> list[str]:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return lines[:_SHOWN] + more


def _as_dict(outcome: Outcome | None, problem: str) -> dict[str, Any]:
    if outcome is None:
        return {"problem": problem}
    return {
        "problem": None,
        "how": outcome.how,
        "counts": outcome.after.census.counts(),
        "inStep": outcome.after.in_step,
        "arrived": _arrived(outcome),
        "missing": [{"what": what, "reason": why} for what, why in _absent(outcome)],
        "stillThere": _left(outcome),
        "keptOut": [
            {"name": one.name, "reason": one.reason} for one in outcome.after.census.kept_out
        ],
    }
