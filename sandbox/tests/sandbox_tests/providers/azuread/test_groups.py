"""Groups: the calls, in order."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from sandbox_tests.providers.azuread.calls import (
    CALLER,
    DONE,
    GROUP_PATH,
    NOT_FOUND,
    Graph,
    refusal,
    unchanged,
)
from sandbox_tests.providers.support import (
    Engine,
)

GROUP = "azuread:index/group:Group"


READ_GROUP = [f"GET {GROUP_PATH}"] + [
    f"GET {GROUP_PATH}/{what}" for what in ("owners", "members", "memberOf")
]


def group_answers(**more: Any) -> dict[str, Any]:
    found = {"id": "group-1", "displayName": "G", "securityEnabled": True, "mailNickname": "m"}
    return {
        r"GET /beta/groups\?.*": (200, {"value": []}),
        r"GET /v1.0/directoryObjects/(.*)": (
            200,
            {"id": "o", "@odata.type": "#microsoft.graph.user"},
        ),
        "POST /beta/groups": (201, {"id": "group-1"}),
        f"GET {GROUP_PATH}": (200, found),
        f"GET {GROUP_PATH}/owners": (200, {"value": [{"id": "ada"}]}),
        f"GET {GROUP_PATH}/members": (200, {"value": [{"id": "bob"}]}),
        f"GET {GROUP_PATH}/memberOf": (200, {"value": []}),
        f"(PATCH|POST|DELETE) {GROUP_PATH}.*": DONE,
        **more,
    }


def test_group_with_owners_and_members(graph: Graph, engine: Engine) -> None:
    graph.answers = group_answers()
    inputs = {
        "displayName": "G",
        "securityEnabled": True,
        "preventDuplicateNames": True,
        "owners": ["ada"],
        "members": ["bob"],
    }
    made = engine.create(GROUP, inputs)
    object_of = f"http://127.0.0.1:{graph.port}/beta/directoryObjects"
    assert graph.sent("POST /beta/groups")[0]["owners@odata.bind"] == [f"{object_of}/ada"]
    names = [body["displayName"] for body in graph.sent(f"PATCH {GROUP_PATH}")]
    assert names[0].startswith("TERRAFORM_UPDATE_")
    assert names[1] == "G"
    assert graph.sent(f"POST {GROUP_PATH}/members/$ref") == [{"@odata.id": f"{object_of}/bob"}]
    assert graph.take() == [
        "GET /beta/groups?$filter=displayName eq 'G'",
        *["GET /v1.0/directoryObjects/ada"] * 3,
        "POST /beta/groups",
        f"PATCH {GROUP_PATH}",
        f"PATCH {GROUP_PATH}",
        *[f"GET {GROUP_PATH}"] * 5,
        f"POST {GROUP_PATH}/members/$ref",
        *READ_GROUP,
    ]
    assert made.id == "/groups/group-1"
    assert made.state["objectId"] == "group-1"
    unchanged(engine, GROUP, made, inputs)
    refreshed = engine.refresh(GROUP, made)
    assert refreshed is not None
    lists = ("administrativeUnitIds", "behaviors", "provisioningOptions", "types")
    assert [name for name in lists if name in made.state] == []  # null until a refresh
    assert refreshed.state == {**made.state, **{name: [] for name in lists}}
    assert graph.take() == READ_GROUP

    engine.update(GROUP, made, {**inputs, "preventDuplicateNames": False, "members": ["cy"]})
    assert graph.take() == [
        f"PATCH {GROUP_PATH}",
        f"GET {GROUP_PATH}/members",
        f"DELETE {GROUP_PATH}/members/bob/$ref",
        f"POST {GROUP_PATH}/members/$ref",
        *READ_GROUP,
    ]
    graph.answers[f"GET {GROUP_PATH}"] = [(200, {"id": "group-1"}), NOT_FOUND]
    engine.delete(GROUP, made)
    assert graph.take() == [
        f"GET {GROUP_PATH}",
        f"DELETE {GROUP_PATH}",
        *[f"GET {GROUP_PATH}"] * 5,
    ]


def test_group_owners_are_sent_as_the_caller_then_people_then_programs(
    graph: Graph, engine: Engine
) -> None:
    program = {"id": "bot", "@odata.type": "#microsoft.graph.servicePrincipal"}
    graph.answers = {"GET /v1.0/directoryObjects/bot": (200, program), **group_answers()}
    engine.create(GROUP, {"displayName": "G", "owners": ["bot", "ada", CALLER]})
    assert graph.sent("POST /beta/groups")[0]["owners@odata.bind"] == [
        f"http://127.0.0.1:{graph.port}/beta/directoryObjects/{owner}"
        for owner in (CALLER, "ada", "bot")
    ]
    read = [f"GET /v1.0/directoryObjects/{owner}" for owner in ("bot", "ada")]
    assert graph.take()[:7] == [*read * 3, "POST /beta/groups"]


def test_group_without_owners_or_members(graph: Graph, engine: Engine) -> None:
    graph.answers = group_answers()
    engine.create(GROUP, {"displayName": "G", "securityEnabled": True})
    caller = f"http://127.0.0.1:{graph.port}/beta/directoryObjects/{CALLER}"
    assert graph.bodies[0]["owners@odata.bind"] == [caller]
    assert graph.take() == [
        "POST /beta/groups",
        f"PATCH {GROUP_PATH}",
        f"PATCH {GROUP_PATH}",
        *[f"GET {GROUP_PATH}"] * 5,
        *READ_GROUP,
    ]


def test_group_whose_name_is_taken_is_refused(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        r"GET /beta/groups\?.*": (200, {"value": [{"id": "other", "displayName": "G"}]})
    }
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(GROUP, {"displayName": "G", "preventDuplicateNames": True})
    assert 'with name "G" (ID: "other") was found' in refusal(refused.value)
    assert "needs to be imported" in refusal(refused.value)


def test_a_rename_looks_for_the_new_name_three_times(graph: Graph, engine: Engine) -> None:
    graph.answers = {r"GET /beta/groups\?.*": (200, {"value": []}), **group_answers()}
    inputs = {"displayName": "G", "securityEnabled": True, "preventDuplicateNames": True}
    made = engine.create(GROUP, inputs)
    graph.forget()
    renamed = {**inputs, "displayName": "H"}
    engine.diff(GROUP, made, renamed)
    engine.update(GROUP, made, renamed)
    look_up = "GET /beta/groups?$filter=displayName eq 'H'"
    assert graph.take() == [*[look_up] * 3, f"PATCH {GROUP_PATH}", *READ_GROUP]


def test_members_left_out_of_the_inputs_stay(graph: Graph, engine: Engine) -> None:
    graph.answers = group_answers()
    inputs = {"displayName": "G", "securityEnabled": True, "members": ["bob"]}
    made = engine.create(GROUP, inputs)
    del inputs["members"]
    unchanged(engine, GROUP, made, inputs)
    graph.forget()
    described = engine.update(GROUP, made, {**inputs, "description": "d"})
    assert graph.take() == [f"PATCH {GROUP_PATH}", *READ_GROUP]
    assert described.state["members"] == ["bob"]


def test_a_change_of_members_that_failed_is_never_sent_again(graph: Graph, engine: Engine) -> None:
    conflict = (409, {"error": {"code": "Conflict", "message": "Try later."}})
    both = (200, {"value": [{"id": "ada"}, {"id": "bob"}]})
    graph.answers = {
        r"DELETE .*": conflict,
        **group_answers(),
        f"GET {GROUP_PATH}/members": both,
    }
    inputs = {"displayName": "G", "securityEnabled": True, "members": ["ada", "bob"]}
    made = engine.create(GROUP, inputs)
    fewer = {**inputs, "members": ["ada"]}
    failed = engine.failed_update(GROUP, made, fewer)
    assert failed.state["members"] == ["ada"], "the planned members"
    graph.forget()
    again = engine.update(GROUP, failed, fewer)  # what the engine does for a failed resource
    assert graph.take() == [f"PATCH {GROUP_PATH}", *READ_GROUP]
    assert again.state["members"] == ["ada"], "a set stays as planned, whatever was read"
    unchanged(engine, GROUP, again, fewer)
    refreshed = engine.refresh(GROUP, again)
    assert refreshed is not None
    assert refreshed.state["members"] == ["ada", "bob"]
    assert list(engine.diff(GROUP, refreshed, fewer).diffs) == ["members"]


def test_a_member_is_not_asked_for_until_it_has_replicated(graph: Graph, engine: Engine) -> None:
    graph.answers = {rf"POST {GROUP_PATH}/members/\$ref": NOT_FOUND, **group_answers()}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(GROUP, {"displayName": "G", "securityEnabled": True, "members": ["bob"]})
    assert "Could not add members" in refusal(failed.value)
    assert graph.take()[-1] == f"POST {GROUP_PATH}/members/$ref"
