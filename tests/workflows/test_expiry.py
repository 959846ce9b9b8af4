"""What `expire.sh` takes away: read from the recorded preview of an expired rule."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.checkout import REPOSITORY
from federation.diff.rendering.data import as_dict
from tests.ops.diff.recorded import load, read

URN = (
    "urn:pulumi:prod::entra-identity-center::federation:aws:AccountAssignments$"
    "aws:ssoadmin/accountAssignment:AccountAssignment::ReadOnly/group/contractors/"
)
ENDED = [URN + account for account in ("611111111111", "622222222222")]


class Recorded:
    """A preview and its diff, as files."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.preview: dict[str, Any] = load(name)["preview"]
        self.diff = as_dict(read(name))

    def expired(self) -> list[str]:
        for name, content in (("diff", self.diff), ("preview", self.preview)):
            (self.folder / f"{name}.json").write_text(json.dumps(content))
        done = subprocess.run(
            [
                sys.executable,
                str(REPOSITORY / "script/ci/expired.py"),
                *(str(self.folder / f"{name}.json") for name in ("diff", "preview")),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    def step(self, urn: str) -> dict[str, Any]:
        return next(step for step in self.preview["steps"] if step["urn"] == urn)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded("rule-expired", tmp_path)


def test_what_an_expired_rule_gave_is_named(recorded: Recorded) -> None:
    assert recorded.expired() == ENDED
    lost = [change for change in recorded.diff["access"] if change["change"] == "lost"]
    assert {change["ended"] for change in lost} == {"2026-11-23"}


@pytest.mark.parametrize(
    "name", ["rule-removed", "group-removed", "exclusion-added", "set-removed"]
)
def test_any_other_loss_is_for_a_person(name: str, tmp_path: Path) -> None:
    other = Recorded(name, tmp_path)
    assert any(change["change"] == "lost" for change in other.diff["access"])
    assert other.expired() == []


def test_only_what_the_preview_deletes_and_keeps_nowhere(recorded: Recorded) -> None:
    first, second = ENDED
    # Another resource under the same name stays; this is the rest of an interrupted replacement.
    recorded.preview["steps"].append({**recorded.step(first), "op": "same"})
    recorded.preview["steps"][-1]["newState"] = recorded.step(first)["oldState"]
    assert recorded.expired() == [second]
    # The name says one account and AWS has another.
    recorded.step(second)["oldState"]["inputs"]["targetId"] = "711111111111"
    assert recorded.expired() == []


def test_a_star_in_a_name_is_no_target(recorded: Recorded) -> None:
    for step in recorded.preview["steps"]:
        for key in ("oldState", "newState"):
            if key in step and step["urn"] == ENDED[0]:
                step[key]["urn"] = URN.replace("contractors", "*") + "611111111111"
    recorded.step(ENDED[0])["urn"] = URN.replace("contractors", "*") + "611111111111"
    for change in recorded.diff["access"]:
        change["principal"]["key"] = "*"
    assert recorded.expired() == []
