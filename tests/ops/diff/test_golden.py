"""Every kind of change, from a preview of the real engine to the comment that a reviewer reads.

`python -m tests.ops.diff.record` makes both anew.
"""

from __future__ import annotations

import json

import pytest

from federation.core.urn import DESIRED_STATE, HOLDS, Urn
from federation.diff.rendering.data import as_dict, as_json
from federation.diff.rendering.markdown import LIMIT, as_markdown
from federation.diff.rendering.text import as_text
from tests.ops.diff.kinds import KINDS
from tests.ops.diff.recorded import GOLDEN, PREVIEWS, load, read

NAMES = sorted(path.stem for path in PREVIEWS.glob("*.json"))
FAILED = {
    *("access-file-wrong", "group-re-created-refused", "guard-violated", "person-in-two-groups"),
    "phase-back-refused",
}


def test_every_kind_of_change_is_recorded() -> None:
    assert set(NAMES) >= set(KINDS)
    assert set(NAMES) == {path.stem for path in GOLDEN.glob("*.md")}
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_the_comment_is_the_reviewed_one(name: str) -> None:
    comment = as_markdown(read(name))
    assert comment == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")
    assert len(comment) < LIMIT
    assert comment.startswith("<!-- access-diff: prod -->\n### Access: ")


@pytest.mark.parametrize("name", NAMES)
def test_every_step_that_changes_something_is_told(name: str) -> None:
    """An update that changes something never reads as no change, nor the other way round."""
    preview = load(name)["preview"]
    summary = preview.get("changeSummary") or {}
    # The fingerprint differs whenever anything declared does, and a hold changes no access.
    about = sum(
        step["op"] != "same"
        for step in preview["steps"]
        if Urn.parse(step["urn"]).type in (DESIRED_STATE, HOLDS)
    )
    changed = sum(number for op, number in summary.items() if op != "same") - about
    diff = read(name)
    assert bool(diff.errors) == (name in FAILED)
    if not diff.errors:
        # A moved key changes no resource, only what the assignments are called.
        assert diff.changed == (
            changed > 0 or bool(diff.guards or diff.record) or name == "group-key-moved"
        )


@pytest.mark.parametrize("name", NAMES)
def test_text_and_data_say_the_same(name: str) -> None:
    diff = read(name)
    title = as_markdown(diff).splitlines()[1].removeprefix("### ").partition(" · ")[0]
    assert as_text(diff).splitlines()[0].partition("   (")[0] == title
    data = json.loads(as_json(diff))
    assert data == as_dict(diff)
    if not diff.errors:
        gained = sum(len(one["accounts"]) for one in data["access"] if one["change"] == "gained")
        assert as_text(diff).count("\n+ ") >= (gained if gained > 1 else 0)
        assert data["counts"]["gained"] == gained


def test_the_order_of_the_steps_makes_no_difference() -> None:
    from federation.diff.changes import access_diff  # noqa: PLC0415
    from federation.engine.preview import parse_preview  # noqa: PLC0415
    from tests.ops.diff.recorded import TODAY, read_context  # noqa: PLC0415

    for name in ("phase-forward-to-access", "set-renamed", "policy-widened", "group-created"):
        recording = load(name)
        recording["preview"]["steps"].reverse()
        diff = access_diff(
            parse_preview(recording["preview"]), read_context(recording["context"]), today=TODAY
        )
        assert as_markdown(diff) == as_markdown(read(name))
