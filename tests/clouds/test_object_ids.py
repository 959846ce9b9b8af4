"""Entra object ids have one spelling inside, however they are written where they enter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from clouds.graph import Graph
from federation.access.assignments import PrincipalKey
from federation.core.domain import ObjectId
from federation.core.urn import APP_ROLE_ASSIGNMENT, ASSIGNMENTS, GROUP
from federation.engine.checkpoint import read
from tests.federation.diff.steps import urn
from tests.federation.loading import load

UPPER = "0F245A8C-E913-589A-8B08-A72EC9D8AF3F"
LOWER = UPPER.lower()
TEAM = PrincipalKey("GROUP", "team")


class _Answer:
    status = 200

    def __init__(self, answer: Any) -> None:
        self.data = json.dumps(answer).encode()

    def get_redirect_location(self) -> bool:
        return False


class _Entra:
    """A pool whose every request has one answer, and credentials that fit it."""

    endpoints: Any = type("Endpoints", (), {"graph": "https://graph.test"})()

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def request(self, *_: Any, **__: Any) -> _Answer:
        return _Answer(self._answer)

    def token(self) -> str:
        return "token"


def _graph(answer: Any) -> Graph:
    entra: Any = _Entra(answer)
    return Graph(entra, entra)


def test_in_an_access_file() -> None:
    assert load({"groups": {"team": {"objectId": UPPER}}}).groups["team"].object_id == LOWER


def test_in_any_setting() -> None:
    assert TypeAdapter(ObjectId).validate_python(UPPER) == LOWER


def test_two_spellings_are_one_group() -> None:
    with pytest.raises(Exception, match="one Entra object, one key"):
        load({"groups": {"a": {"objectId": UPPER}, "b": {"objectId": LOWER}}})


def test_in_the_checkpoint() -> None:
    checkpoint = read(
        {
            urn(GROUP, "group/team"): {"objectId": UPPER, "owners": [UPPER]},
            urn(APP_ROLE_ASSIGNMENT, "group/team"): {"principalObjectId": UPPER},
            urn(ASSIGNMENTS, "assignments"): {"holders": {"group/team": UPPER}},
        }
    )
    assert checkpoint.object_ids == checkpoint.holders == checkpoint.groups == {TEAM: LOWER}
    assert checkpoint.owners == {TEAM: {LOWER}}


def test_in_an_answer_of_graph_which_keeps_its_other_ids() -> None:
    answer = [
        {"id": UPPER, "displayName": UPPER},
        {"id": "Job.OFAWS", "principalId": UPPER, "appId": UPPER},
    ]
    assert list(_graph({"value": answer}).entries("/groups")) == [
        {"id": LOWER, "displayName": UPPER},
        {"id": "Job.OFAWS", "principalId": LOWER, "appId": UPPER},
    ]
