"""Members of a group one by one: the calls, in order."""

from __future__ import annotations

import re
from typing import Any

import grpc
import pytest

from sandbox_tests.providers.azuread.calls import (
    DONE,
    GROUP_MEMBER,
    GROUP_PATH,
    NOT_FOUND,
    Graph,
    refusal,
    unchanged,
)
from sandbox_tests.providers.support import (
    Engine,
    Made,
)

MEMBERS = f"GET {GROUP_PATH}/members"


MEMBER = f"{MEMBERS}?$filter=id eq 'bob'"


def test_a_group_member_is_added_read_and_removed(graph: Graph, engine: Engine) -> None:
    bob: tuple[int, Any] = (200, {"value": [{"id": "bob"}]})
    none: tuple[int, Any] = (200, {"value": []})
    graph.answers = {
        f"GET {GROUP_PATH}": (200, {"id": "group-1"}),
        re.escape(MEMBERS): (200, {"value": [{"id": "ada"}]}),
        re.escape(MEMBER): [bob, bob, bob, bob, bob, none],
        r"(POST|DELETE) .*": DONE,
    }
    inputs = {"groupObjectId": "group-1", "memberObjectId": "bob"}
    made = engine.create(GROUP_MEMBER, inputs)
    link = f"http://127.0.0.1:{graph.port}/beta/directoryObjects/bob"
    assert graph.sent(f"POST {GROUP_PATH}/members/$ref") == [{"@odata.id": link}]
    assert graph.take() == [
        f"GET {GROUP_PATH}",
        MEMBERS,
        f"POST {GROUP_PATH}/members/$ref",
        MEMBER,
    ]
    assert made.id == "group-1/member/bob"
    unchanged(engine, GROUP_MEMBER, made, inputs)
    assert engine.imported(GROUP_MEMBER, made.id) is not None
    assert engine.refresh(GROUP_MEMBER, made) == made
    for name, other in (("groupObjectId", "group-2"), ("memberObjectId", "cy")):
        assert list(engine.diff(GROUP_MEMBER, made, {**inputs, name: other}).replaces) == [name]
    graph.forget()
    engine.delete(GROUP_MEMBER, made)
    removal = f"DELETE {GROUP_PATH}/members/bob/$ref"
    assert graph.take() == [removal, *[MEMBER] * 7]  # two polls still see it, then five do not
    assert engine.refresh(GROUP_MEMBER, made) is None


def test_a_group_member_that_is_there_has_to_be_imported(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"GET {GROUP_PATH}": (200, {"id": "group-1"}),
        re.escape(MEMBERS): (200, {"value": [{"id": "BOB"}]}),
    }
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(GROUP_MEMBER, {"groupObjectId": "group-1", "memberObjectId": "bob"})
    assert '"group-1/member/bob" already exists' in refusal(refused.value)
    assert "needs to be imported" in refusal(refused.value)
    assert graph.take() == [f"GET {GROUP_PATH}", MEMBERS]


def test_removing_a_group_member_that_is_gone_fails(graph: Graph, engine: Engine) -> None:
    graph.answers = {r"DELETE .*": NOT_FOUND, r"GET .*": (200, {"value": []})}
    gone = Made("group-1/member/bob", {}, {})
    with pytest.raises(grpc.RpcError) as refused:
        engine.delete(GROUP_MEMBER, gone)
    assert "unexpected status 404" in refusal(refused.value)
    assert engine.refresh(GROUP_MEMBER, gone) is None  # a refresh is the way out
