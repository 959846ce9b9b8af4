"""Reading the checkpoint while the engine writes it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from program import checkpoint


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the engine answers, in order; an exception is raised."""
    answers: list[Any] = []

    def invoke(token: str, arguments: dict[str, str]) -> Any:
        assert token == "pulumi:pulumi:readStackResourceOutputs"
        assert arguments == {"stackName": "organization/project/dev"}
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(value=answer)

    monkeypatch.setattr(checkpoint, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    for name, value in (("organization", "organization"), ("project", "project"), ("stack", "dev")):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda value=value: value)
    return answers


HALF_WRITTEN = Exception("invoke failed: failed to load checkpoint: EOF")


def test_a_half_written_checkpoint_is_read_again(engine: list[Any]) -> None:
    engine += [HALF_WRITTEN, HALF_WRITTEN, {"outputs": {}}]
    assert checkpoint.read_checkpoint()[0].assignments == ()
    assert engine == []


def test_one_that_stays_unreadable_stops_the_update(engine: list[Any]) -> None:
    engine += [HALF_WRITTEN] * 5
    with pytest.raises(Exception, match="failed to load checkpoint"):
        checkpoint.read_checkpoint()


def test_any_other_failure_is_not_repeated(engine: list[Any]) -> None:
    engine += [Exception("no backend client is available")]
    with pytest.raises(Exception, match="no backend client"):
        checkpoint.read_checkpoint()
