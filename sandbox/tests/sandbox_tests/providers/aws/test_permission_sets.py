"""Permission sets: the calls, in order."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_tests.providers.aws.calls import (
    FAILED_PROVISIONING,
    INSTANCE,
    NOT_FOUND,
    PERMISSION_SET,
    PROVISIONED,
    PROVISIONING,
    SET,
    Cloud,
    refused,
)
from sandbox_tests.providers.support import (
    Engine,
)


def described(**more: Any) -> tuple[int, Any]:
    found = {
        "PermissionSetArn": SET,
        "Name": "Deploy",
        "CreatedDate": 1795500000.25,
        "SessionDuration": "PT1H",
        **more,
    }
    return 200, {"PermissionSet": found}


READ_SET = ["DescribePermissionSet", "ListTagsForResource"]


def test_permission_set(cloud: Cloud, engine: Engine) -> None:
    cloud.answers = {
        "CreatePermissionSet": described(),
        "DescribePermissionSet": described(Description="Ship", RelayState="https://x"),
        "ListTagsForResource": (200, {"Tags": [{"Key": "owner", "Value": "ada"}]}),
        "(Update|Delete)PermissionSet|(Unt|T)agResource": (200, {}),
        **PROVISIONING,
    }
    inputs = {
        "instanceArn": INSTANCE,
        "name": "Deploy",
        "description": "Ship",
        "relayState": "https://x",
        "tags": {"owner": "ada"},
    }
    made = engine.create(PERMISSION_SET, inputs)
    assert cloud.bodies[0] == {
        "InstanceArn": INSTANCE,
        "Name": "Deploy",
        "Description": "Ship",
        "RelayState": "https://x",
        "SessionDuration": "PT1H",
        "Tags": [{"Key": "owner", "Value": "ada"}],
    }
    assert cloud.take() == ["CreatePermissionSet", *READ_SET]
    assert made.id == f"{SET},{INSTANCE}"
    assert made.state["arn"] == SET
    assert made.state["createdDate"].endswith("Z")
    assert made.state["region"] == "eu-west-1"
    assert made.state["tagsAll"] == {"owner": "ada"}
    assert list(engine.diff(PERMISSION_SET, made, inputs).diffs) == []
    assert engine.refresh(PERMISSION_SET, made) == made
    assert cloud.take() == READ_SET
    assert engine.imported(PERMISSION_SET, made.id) is not None
    cloud.forget()

    # All settings are sent, since AWS clears a relay state that is left out; then provisioned.
    engine.update(PERMISSION_SET, made, {**inputs, "description": "Other"})
    assert cloud.bodies[0]["RelayState"] == "https://x"
    assert cloud.bodies[0]["SessionDuration"] == "PT1H"
    assert cloud.bodies[1]["TargetType"] == "ALL_PROVISIONED_ACCOUNTS"
    assert cloud.take() == ["UpdatePermissionSet", *PROVISIONED, *READ_SET]

    engine.update(PERMISSION_SET, made, {**inputs, "tags": {"team": "platform"}})
    assert cloud.bodies[0]["TagKeys"] == ["owner"]
    assert cloud.bodies[1]["Tags"] == [{"Key": "team", "Value": "platform"}]
    assert cloud.take() == ["UntagResource", "TagResource", *READ_SET]

    engine.delete(PERMISSION_SET, made)
    assert cloud.take() == ["DeletePermissionSet"]
    cloud.answers = {".*": NOT_FOUND}
    engine.delete(PERMISSION_SET, made)
    assert engine.refresh(PERMISSION_SET, made) is None


def test_an_update_of_a_permission_set_that_failed_is_sent_by_the_one_after_the_next(
    cloud: Cloud, engine: Engine
) -> None:
    cloud.answers = {
        "CreatePermissionSet": described(),
        "DescribePermissionSet": described(Description="Ship", SessionDuration="PT1H"),
        "ListTagsForResource": (200, {"Tags": []}),
        "UpdatePermissionSet": [refused("ValidationException"), (200, {})],
        **PROVISIONING,
    }
    inputs = {"instanceArn": INSTANCE, "name": "Deploy", "description": "Ship"}
    made = engine.create(PERMISSION_SET, inputs)
    assert "tags" not in made.state, "null until a refresh"
    wanted = {**inputs, "description": "Other"}
    failed = engine.failed_update(PERMISSION_SET, made, wanted)
    assert failed.state["description"] == "Other", "the planned value"
    cloud.forget()
    second = engine.update(PERMISSION_SET, failed, wanted)
    assert cloud.take() == READ_SET
    assert list(engine.diff(PERMISSION_SET, second, wanted).diffs) == ["description"]
    engine.update(PERMISSION_SET, second, wanted)
    assert cloud.take() == ["UpdatePermissionSet", *PROVISIONED, *READ_SET]


def test_a_provisioning_that_failed_after_an_update_is_lost(cloud: Cloud, engine: Engine) -> None:
    cloud.answers = {
        "CreatePermissionSet": described(),
        "DescribePermissionSet": [described(Description="Ship"), described(Description="Other")],
        "ListTagsForResource": (200, {"Tags": []}),
        "UpdatePermissionSet": (200, {}),
        **FAILED_PROVISIONING,
    }
    inputs = {"instanceArn": INSTANCE, "name": "Deploy", "description": "Ship"}
    made = engine.create(PERMISSION_SET, inputs)
    wanted = {**inputs, "description": "Other"}
    failed = engine.failed_update(PERMISSION_SET, made, wanted)
    cloud.forget()
    second = engine.update(PERMISSION_SET, failed, wanted)
    assert list(engine.diff(PERMISSION_SET, second, wanted).diffs) == []
    assert cloud.take() == READ_SET


def test_permission_set_that_is_renamed(cloud: Cloud, engine: Engine) -> None:
    cloud.answers = {
        ".*PermissionSet": described(),
        "ListTagsForResource": (200, {"Tags": []}),
    }
    inputs = {"instanceArn": INSTANCE, "name": "Deploy"}
    made = engine.create(PERMISSION_SET, inputs)
    diff = engine.diff(PERMISSION_SET, made, {**inputs, "name": "Ship"})
    assert list(diff.replaces) == ["name"]
    assert diff.deleteBeforeReplace, "a name given by hand may still be taken"


@pytest.mark.parametrize(
    ("name", "value"), [("name", "x" * 33), ("description", "x" * 701), ("relayState", "x" * 241)]
)
def test_permission_set_lengths_are_checked_before_any_call(
    cloud: Cloud, engine: Engine, name: str, value: str
) -> None:
    inputs = {"instanceArn": INSTANCE, "name": "Deploy", name: value}
    failures = engine.check(PERMISSION_SET, inputs).failures
    assert [failure.property for failure in failures] == [name]
    assert cloud.take() == []
