"""What a preview takes away only because a rule's last day has passed.

`expired.py DIFF PREVIEW` prints the URNs of these assignments, one a line; DIFF is what
`python -m ops diff --format json` says of the preview.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from federation.access.assignments import Assignment, PrincipalKey
from federation.diff.assignment_changes import is_assignment
from federation.engine.preview import Preview, Step, parse_preview


def expired(diff: Mapping[str, Any], preview: Preview) -> list[str]:
    """The URNs of deleted assignments that the diff says have ended, and no others."""
    ended = set()
    for change in diff["access"]:
        if change["change"] == "lost" and change["ended"]:
            principal = PrincipalKey(change["principal"]["type"], change["principal"]["key"])
            for account in change["accounts"]:
                ended.add(Assignment(change["permissionSet"], principal, account["id"]))
    kept = {step.urn for step in preview.steps if step.after is not None}
    return sorted(
        step.urn
        for step in preview.steps
        # A star in a target means any text.
        if _deleted(step) in ended and step.urn not in kept and "*" not in step.urn
    )


def _deleted(step: Step) -> Assignment | None:
    """The assignment that a step deletes; its name and what AWS has must be the same account."""
    if step.op != "delete" or step.before is None or not is_assignment(step):
        return None
    assignment = Assignment.parse(step.name)
    return assignment if step.before.inputs.get("targetId") == assignment.account else None


def main(diff: str, preview: str) -> None:
    """Print what one preview ends."""
    read = [json.loads(Path(file).read_text("utf-8")) for file in (diff, preview)]
    for urn in expired(read[0], parse_preview(read[1])):
        print(urn)


if __name__ == "__main__":
    main(*sys.argv[1:])
