"""Whether a preview only gives access in accounts that had none: then no person is needed.

`only_new_accounts.py PREVIEW REASONS` prints `nothing`, `apply` or `ask`, and writes to REASONS
what a person has to look at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from federation.access.assignments import Assignment
from federation.diff.assignment_changes import is_assignment
from federation.engine.preview import Preview, Step, parse_preview

_SHOWN = 20


def judge(preview: Preview) -> tuple[str, list[str]]:
    """The verdict, and the changes that are no new account's assignments."""
    if preview.errors:
        return "ask", ["the preview is stopped"]
    changes = [step for step in preview.steps if step.changes]
    assignments = list(preview.of_kind("AccountAssignment"))
    known = {str(step.before.inputs.get("targetId")) for step in assignments if step.before}
    others = [step for step in changes if not _new_account(step, known)]
    reasons = [f"{step.op} {step.kind} {step.name}" for step in others[:_SHOWN]]
    if len(others) > _SHOWN:
        reasons.append(f"and {len(others) - _SHOWN} more changes")
    if reasons:
        return "ask", reasons
    return ("apply" if changes else "nothing"), []


def _new_account(step: Step, known: set[str]) -> bool:
    return (
        step.kind == "AccountAssignment"
        and step.op == "create"
        and is_assignment(step)
        and Assignment.parse(step.name).account not in known
    )


def main(preview: str, reasons: str) -> None:
    """Judge one preview."""
    verdict, found = judge(parse_preview(json.loads(Path(preview).read_text("utf-8"))))
    Path(reasons).write_text("".join(f"{reason}\n" for reason in found), "utf-8")
    print(verdict)


if __name__ == "__main__":
    main(*sys.argv[1:])
