"""Holds are a component of the stack while there are any."""

from __future__ import annotations

import pulumi
from google.protobuf.json_format import MessageToDict

from federation.access.assignments import Assignment, PrincipalKey
from federation.core.urn import HOLDS
from federation.identity.holds import Hold
from program.holds import register_holds
from tests.components.recorder import Recorder, record

HOLD = Hold(
    principal=PrincipalKey("GROUP", "platform"),
    label="AWS-Platform",
    name="AWS-Platform",
    object_id=None,
    reason="Entra skipped it",
    assignments=(Assignment.parse("Deploy/group/platform/111122223333"),),
)


def registered(*held: Hold) -> Recorder:
    return record(lambda: register_holds(pulumi.Output.from_input(held)), preview=False)


def test_a_hold_is_an_input_so_that_every_preview_shows_it() -> None:
    (request,) = [one for one in registered(HOLD).requests if one.type == HOLDS]
    data = MessageToDict(request.object)
    assert [Hold.from_dict(one) for one in data["holds"]] == [HOLD]


def test_without_a_hold_there_is_no_component() -> None:
    assert not [one for one in registered().requests if one.type == HOLDS]
