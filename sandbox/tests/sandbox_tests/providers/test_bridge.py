"""The generic part of the doubles: what any bridged provider answers the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from entra_aws_sandbox.providers.resource import Package, ProviderError, Resource, Schema
from entra_aws_sandbox.providers.wire import UNKNOWN, Properties, decode, encode
from sandbox_tests.providers.support import (
    UNKNOWN_VALUE,
    Engine,
    left_unfinished,
    plain,
    serving_provider,
)

TOKEN = "test:index/thing:Thing"
DIFF = provider_pb2.DiffResponse
KIND = provider_pb2.PropertyDiff


class Thing(Resource):
    """A resource kept in a dictionary."""

    schema: ClassVar = Schema(
        token=TOKEN,
        required=frozenset({"size"}),
        inputs=frozenset({"name", "labels", "enabled", "block", "password"}),
        optional=frozenset({"nickname"}),
        outputs=frozenset({"serial"}),
        replaces=frozenset({"size", "name"}),
        defaults={"enabled": True},
        nested={"block": {"path": "/"}},
        sets=frozenset({"labels"}),
        secrets=frozenset({"password", "block.token"}),
        autonamed="name",
    )

    def __init__(self) -> None:
        self.store: dict[str, Properties] = {}
        self.settle_error = ""
        self.update_error = ""
        self.ignores = ""
        self.vanishes = False

    def create(self, inputs: Properties) -> str:
        if inputs["size"] == 0.5:
            raise ZeroDivisionError("a bug")
        if inputs["size"] == 13:
            raise ProviderError("no thing is of that size")
        identity = f"thing-{len(self.store) + 1}"
        self.store[identity] = {"nickname": "given by the cloud", **inputs, "serial": "s1"}
        return identity

    def settle(self, identity: str, inputs: Properties) -> None:
        if self.settle_error:
            raise ProviderError(self.settle_error)

    def read(self, identity: str, known: Properties) -> Properties | None:
        return None if self.vanishes else self.store.get(identity)

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        if self.update_error:
            raise ProviderError(self.update_error)
        sent = {name: value for name, value in new.items() if name != self.ignores}
        self.store[identity] = {**self.store[identity], **sent}

    def delete(self, identity: str, state: Properties) -> None:
        del self.store[identity]

    def validate(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        if inputs.get("size") == 0:
            yield "size", "expected size to be at least 1"


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def engine(thing: Thing) -> Iterator[Engine]:
    def connect(_: Any) -> Package:
        return Package({TOKEN: thing}, {"test:index/echo:echo": lambda arguments: arguments})

    with serving_provider(connect) as connected:
        connected.configure("test", region="here")
        yield connected


def refusal(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.details())


def test_answers_the_protocol_as_bridged_providers_do(engine: Engine) -> None:
    configured = engine.configure("test")
    assert configured.supportsPreview
    assert configured.supports_autonaming_configuration
    assert not configured.acceptSecrets
    assert not configured.acceptResources
    assert not configured.acceptOutputs
    assert engine.stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    with pytest.raises(grpc.RpcError) as unimplemented:
        engine.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
    assert unimplemented.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_check_applies_defaults_and_lists_them_in_every_object(engine: Engine) -> None:
    checked = engine.checked(TOKEN, {"size": 1, "name": "x", "block": {"token": "t"}})
    assert checked["enabled"] is True
    assert checked["__defaults"] == ["enabled"]
    assert checked["block"] == {"path": "/", "token": "t", "__defaults": ["path"]}


def test_check_reports_missing_and_refused_inputs(engine: Engine) -> None:
    missing = engine.check(TOKEN, {"name": "x"}).failures
    assert [(failure.property, failure.reason) for failure in missing] == [
        ("size", 'Missing required property "size"')
    ]
    refused = engine.check(TOKEN, {"size": 0}).failures
    assert [failure.reason for failure in refused] == ["expected size to be at least 1"]
    assert not engine.check(TOKEN, {"size": UNKNOWN}).failures


def test_a_name_is_made_once_and_kept(engine: Engine) -> None:
    first = engine.checked(TOKEN, {"size": 1})
    assert first["name"].startswith("one-")
    assert len(first["name"]) == len("one-") + 7
    assert first["__defaults"] == ["enabled", "name"]
    assert engine.checked(TOKEN, {"size": 2}, first)["name"] == first["name"]
    given = engine.checked(TOKEN, {"size": 1, "name": "given"}, first)
    assert given["name"] == "given"
    assert given["__defaults"] == ["enabled"]


def test_secrets_are_marked_in_inputs_and_outputs(engine: Engine) -> None:
    inputs = {"size": 1, "password": "p", "block": {"token": "t"}}
    marked = plain(engine.check(TOKEN, inputs).inputs)
    assert marked["password"] == {"secret": "p"}
    assert marked["block"]["token"] == {"secret": "t"}
    made = engine.create(TOKEN, inputs)
    assert made.state["password"] == {"secret": "p"}
    assert made.state["block"]["token"] == {"secret": "t"}
    refreshed = engine.refresh(TOKEN, made)
    assert refreshed is not None
    assert refreshed.state["password"] == {"secret": "p"}


def test_preview_leaves_open_what_only_the_cloud_knows(engine: Engine, thing: Thing) -> None:
    shown = engine.preview(TOKEN, {"size": UNKNOWN, "name": "x"})
    assert shown["serial"] == UNKNOWN_VALUE
    assert shown["nickname"] == UNKNOWN_VALUE
    assert shown["size"] == UNKNOWN_VALUE
    assert shown["name"] == "x"
    assert thing.store == {}


def test_an_unchanged_resource_has_no_diff(engine: Engine) -> None:
    inputs = {"size": 1, "labels": ["a", "b"], "block": {"token": "t"}}
    made = engine.create(TOKEN, inputs)
    assert engine.diff(TOKEN, made, inputs).changes == DIFF.DIFF_NONE
    same_set = {**inputs, "labels": ["b", "a"]}
    assert engine.diff(TOKEN, made, same_set).changes == DIFF.DIFF_NONE


def test_what_the_cloud_fills_in_is_no_diff_until_it_is_declared(engine: Engine) -> None:
    made = engine.create(TOKEN, {"size": 1})
    assert made.state["nickname"] == "given by the cloud"
    declared = engine.diff(TOKEN, made, {"size": 1, "nickname": "own"})
    assert list(declared.diffs) == ["nickname"]


@pytest.mark.parametrize(
    ("change", "kind", "replaces"),
    [
        ({"labels": ["c"]}, KIND.ADD, []),
        ({"enabled": False}, KIND.UPDATE, []),
        ({"size": 2}, KIND.UPDATE_REPLACE, ["size"]),
        ({"size": UNKNOWN}, KIND.UPDATE_REPLACE, ["size"]),
    ],
)
def test_a_change_is_told_in_detail(
    engine: Engine, change: dict[str, Any], kind: Any, replaces: list[str]
) -> None:
    made = engine.create(TOKEN, {"size": 1})
    diff = engine.diff(TOKEN, made, {"size": 1, **change})
    assert diff.changes == DIFF.DIFF_SOME
    assert list(diff.diffs) == list(change)
    assert {name: detail.kind for name, detail in diff.detailedDiff.items()} == dict.fromkeys(
        change, kind
    )
    assert list(diff.replaces) == replaces
    assert set(diff.stables) == {"size", "name"} - set(replaces)


def test_an_input_taken_away_is_a_diff(engine: Engine) -> None:
    made = engine.create(TOKEN, {"size": 1, "labels": ["a"]})
    diff = engine.diff(TOKEN, made, {"size": 1})
    assert {name: detail.kind for name, detail in diff.detailedDiff.items()} == {
        "labels": KIND.DELETE
    }
    assert "labels" not in engine.update(TOKEN, made, {"size": 1}, preview=True).state


def test_a_name_given_by_hand_is_deleted_before_it_is_made_again(engine: Engine) -> None:
    made = engine.create(TOKEN, {"size": 1})
    assert not engine.diff(TOKEN, made, {"size": 2}).deleteBeforeReplace
    by_hand = engine.create(TOKEN, {"size": 1, "name": "given"})
    assert engine.diff(TOKEN, by_hand, {"size": 2, "name": "given"}).deleteBeforeReplace
    in_place = engine.diff(TOKEN, by_hand, {"size": 1, "name": "given", "enabled": False})
    assert not in_place.deleteBeforeReplace


def test_ignored_changes_are_neither_shown_nor_sent(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1, "labels": ["a"]})
    changed = {"size": 1, "labels": ["b"]}
    assert engine.diff(TOKEN, made, changed, ignoreChanges=["labels"]).changes == DIFF.DIFF_NONE
    engine.update(TOKEN, made, {**changed, "enabled": False}, ignoreChanges=["labels"])
    assert thing.store[made.id]["labels"] == ["a"]
    assert thing.store[made.id]["enabled"] is False


def test_refresh_shows_drift_and_keeps_what_is_equal(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1, "labels": ["a", "b"]})
    thing.store[made.id] |= {"labels": ["b", "a"], "enabled": False}
    refreshed = engine.refresh(TOKEN, made)
    assert refreshed is not None
    assert refreshed.inputs["labels"] == ["a", "b"]
    assert refreshed.inputs["enabled"] is False
    drift = engine.diff(TOKEN, refreshed, {"size": 1, "labels": ["a", "b"]})
    assert list(drift.diffs) == ["enabled"]


def test_what_is_gone_has_no_id(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1})
    thing.store.clear()
    assert engine.refresh(TOKEN, made) is None


def test_an_import_brings_its_inputs(engine: Engine, thing: Thing) -> None:
    thing.store["there"] = {"size": 4, "name": "there", "serial": "s9", "labels": []}
    found = engine.imported(TOKEN, "there")
    assert found is not None
    assert found.inputs == {"size": 4, "name": "there", "__defaults": []}
    assert found.state["serial"] == "s9"


def test_an_update_without_a_difference_is_run(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1})
    thing.store[made.id]["serial"] = "changed behind its back"
    state = engine.update(TOKEN, made, {"size": 1}).state
    assert state["serial"] == "changed behind its back"


def test_a_failed_update_leaves_the_planned_values(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1, "name": "n", "labels": ["a"]})
    thing.update_error = "it is busy"
    wanted = {"size": 1, "name": "n", "labels": ["b"], "enabled": False}
    failed = engine.failed_update(TOKEN, made, wanted)
    assert (failed.state["labels"], failed.state["enabled"]) == (["b"], False)
    assert failed.state["serial"] == "s1"
    assert engine.diff(TOKEN, failed, wanted).changes == DIFF.DIFF_NONE
    assert thing.store[made.id]["labels"] == ["a"]


def test_a_set_stays_as_planned_until_a_refresh(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1, "name": "n", "labels": ["a"]})
    thing.store[made.id]["labels"] = ["a", "another"]
    thing.ignores = "labels"
    updated = engine.update(TOKEN, made, {"size": 1, "name": "m", "labels": ["a"]})
    assert updated.state["labels"] == ["a"]
    refreshed = engine.refresh(TOKEN, updated)
    assert refreshed is not None
    assert refreshed.state["labels"] == ["a", "another"]


def test_one_that_went_away_while_it_was_updated_is_told(engine: Engine, thing: Thing) -> None:
    made = engine.create(TOKEN, {"size": 1})
    thing.vanishes = True
    with pytest.raises(grpc.RpcError) as failed:
        engine.update(TOKEN, made, {"size": 1, "enabled": False})
    assert "reported that the resource did not exist while updating" in refusal(failed.value)
    assert "grpc-status-details-bin" not in dict(failed.value.trailing_metadata() or ())


def test_one_that_is_not_seen_after_its_creation_is_lost(engine: Engine, thing: Thing) -> None:
    thing.vanishes = True
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(TOKEN, {"size": 1})
    assert "expected non-nil error with nil state during Create" in refusal(failed.value)
    assert "grpc-status-details-bin" not in dict(failed.value.trailing_metadata() or ())


def test_a_failed_create_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(TOKEN, {"size": 13})
    assert refusal(failed.value) == "1 error occurred:\n\t* no thing is of that size\n\n"


def test_a_bug_of_the_double_is_told_as_one(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(TOKEN, {"size": 0.5})
    told = refusal(failed.value)
    assert told == "the double of this plugin failed: ZeroDivisionError: a bug"


def test_what_fails_after_the_id_is_known_stays_unfinished(engine: Engine, thing: Thing) -> None:
    thing.settle_error = "the cloud is slow"
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(TOKEN, {"size": 1, "password": "p"})
    unfinished = left_unfinished(failed.value)
    assert unfinished.id == "thing-1"
    assert "the cloud is slow" in unfinished.reasons[0]
    state = plain(unfinished.properties)
    assert state["size"] == 1
    assert state["password"] == {"secret": "p"}


def test_functions_and_unknown_tokens(engine: Engine) -> None:
    assert engine.invoke("test:index/echo:echo", word="hello") == {"word": "hello"}
    with pytest.raises(grpc.RpcError) as unknown:
        engine.invoke("test:index/none:none")
    assert "has no function test:index/none:none" in refusal(unknown.value)
    with pytest.raises(grpc.RpcError) as missing:
        engine.create("test:index/other:Other", {})
    assert "has no resource test:index/other:Other" in refusal(missing.value)


def test_values_cross_the_wire_unchanged() -> None:
    values = {"text": "x", "number": 3, "half": 0.5, "on": False, "list": [{"a": [1]}], "void": {}}
    assert decode(encode(values)) == values
    assert decode(encode({"later": UNKNOWN}))["later"] is UNKNOWN
    assert "nothing" not in decode(encode({"nothing": None}))
