"""Attributes for access control: the calls, in order."""

from __future__ import annotations

from sandbox_tests.providers.aws.calls import INSTANCE, Cloud
from sandbox_tests.providers.support import (
    Engine,
)

ABAC = "aws:ssoadmin/instanceAccessControlAttributes:InstanceAccessControlAttributes"


def test_access_control_attributes(cloud: Cloud, engine: Engine) -> None:
    kind = "InstanceAccessControlAttributeConfiguration"
    sent = [{"Key": "costCenter", "Value": {"Source": ["${path:enterprise.costCenter}"]}}]
    cloud.answers = {
        f"(Create|Update|Delete){kind}": (200, {}),
        f"Describe{kind}": (200, {"Status": "ENABLED", kind: {"AccessControlAttributes": sent}}),
    }
    values = [{"sources": ["${path:enterprise.costCenter}"]}]
    inputs = {"instanceArn": INSTANCE, "attributes": [{"key": "costCenter", "values": values}]}
    made = engine.create(ABAC, inputs)
    assert cloud.bodies[0][kind]["AccessControlAttributes"] == sent
    assert cloud.take() == [f"Create{kind}", f"Describe{kind}"]
    assert made.id == INSTANCE
    assert made.state["status"] == "ENABLED"
    assert list(engine.diff(ABAC, made, inputs).diffs) == []
    more = {**inputs, "attributes": [*inputs["attributes"], {"key": "team", "values": values}]}
    engine.update(ABAC, made, more)
    assert cloud.take() == [f"Update{kind}", f"Describe{kind}"]
    engine.delete(ABAC, made)
    assert cloud.take() == [f"Delete{kind}"]
