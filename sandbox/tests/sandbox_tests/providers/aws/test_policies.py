"""Policies of a permission set: the calls, in order."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox_tests.providers.aws.calls import (
    FAILED_PROVISIONING,
    INSTANCE,
    NOT_FOUND,
    OF_SET,
    PROVISIONED,
    PROVISIONING,
    SET,
    Cloud,
    refusal,
    refused,
    status,
)
from sandbox_tests.providers.support import (
    Engine,
    Made,
    left_unfinished,
    plain,
)

POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


MANAGED = "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"


CUSTOMER = "aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment"


INLINE = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"


BOUNDARY = "aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment"


def test_a_provisioning_that_failed_after_a_policy_was_attached_is_lost(
    cloud: Cloud, engine: Engine
) -> None:
    cloud.answers = {
        "ListManagedPoliciesInPermissionSet": (200, {"AttachedManagedPolicies": []}),
        "AttachManagedPolicyToPermissionSet": (200, {}),
        **FAILED_PROVISIONING,
    }
    inputs = {**OF_SET, "managedPolicyArn": POLICY}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(MANAGED, inputs)
    unfinished = left_unfinished(failed.value)
    assert unfinished.id == f"{POLICY},{SET},{INSTANCE}"
    made = Made(unfinished.id, inputs, plain(unfinished.properties))
    cloud.forget()
    engine.update(MANAGED, made, inputs)
    assert cloud.take() == []


ATTACHED = (200, {"AttachedManagedPolicies": [{"Arn": POLICY, "Name": "ReadOnlyAccess"}]})


def test_managed_policy(cloud: Cloud, engine: Engine) -> None:
    listing, attach = "ListManagedPoliciesInPermissionSet", "AttachManagedPolicyToPermissionSet"
    detach = "DetachManagedPolicyFromPermissionSet"
    cloud.answers = {
        listing: [(200, {"AttachedManagedPolicies": []}), ATTACHED],
        # A conflict is waited out.
        attach: [refused("ConflictException"), (200, {})],
        detach: (200, {}),
        **PROVISIONING,
    }
    inputs = {**OF_SET, "managedPolicyArn": POLICY}
    made = engine.create(MANAGED, inputs)
    assert cloud.take() == [listing, attach, attach, *PROVISIONED, listing]
    assert made.id == f"{POLICY},{SET},{INSTANCE}"
    assert made.state["managedPolicyName"] == "ReadOnlyAccess"
    assert list(engine.diff(MANAGED, made, inputs).diffs) == []
    with pytest.raises(grpc.RpcError) as twice:
        engine.create(MANAGED, inputs)
    assert "already attached" in refusal(twice.value)
    cloud.forget()
    engine.delete(MANAGED, made)
    assert cloud.take() == [detach, *PROVISIONED]
    cloud.answers = {detach: NOT_FOUND}
    engine.delete(MANAGED, made)  # gone already, so nothing to provision
    assert cloud.take() == [detach]


def test_customer_managed_policy(cloud: Cloud, engine: Engine) -> None:
    attach = "AttachCustomerManagedPolicyReferenceToPermissionSet"
    listing = "ListCustomerManagedPolicyReferencesInPermissionSet"
    detach = "DetachCustomerManagedPolicyReferenceFromPermissionSet"
    named = {"Name": "deploy", "Path": "/platform/"}
    cloud.answers = {
        f"{attach}|{detach}": (200, {}),
        listing: (200, {"CustomerManagedPolicyReferences": [named]}),
        **PROVISIONING,
    }
    inputs = {
        **OF_SET,
        "customerManagedPolicyReference": {"name": "deploy", "path": "/platform/"},
    }
    made = engine.create(CUSTOMER, inputs)
    assert cloud.bodies[0]["CustomerManagedPolicyReference"] == named
    assert cloud.take() == [attach, *PROVISIONED, listing]
    assert made.id == f"deploy,/platform/,{SET},{INSTANCE}"
    assert list(engine.diff(CUSTOMER, made, inputs).diffs) == []
    moved = {**OF_SET, "customerManagedPolicyReference": {"name": "deploy"}}
    assert list(engine.diff(CUSTOMER, made, moved).replaces) == ["customerManagedPolicyReference"]
    engine.delete(CUSTOMER, made)
    assert cloud.take() == [detach, *PROVISIONED]


def test_inline_policy(cloud: Cloud, engine: Engine) -> None:
    put, get = "PutInlinePolicyToPermissionSet", "GetInlinePolicyForPermissionSet"
    delete = "DeleteInlinePolicyFromPermissionSet"
    policy = {"Version": "2012-10-17", "Statement": []}
    compact = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    cloud.answers = {
        f"{put}|{delete}": (200, {}),
        get: (200, {"InlinePolicy": compact}),
        **PROVISIONING,
    }
    written = json.dumps(policy, indent=2)
    inputs = {**OF_SET, "inlinePolicy": written}
    made = engine.create(INLINE, inputs)
    assert cloud.bodies[0]["InlinePolicy"] == compact
    assert cloud.take() == [put, *PROVISIONED, get]
    assert made.id == f"{SET},{INSTANCE}"
    assert made.state["inlinePolicy"] == written, "an equivalent policy stays as it was written"
    assert list(engine.diff(INLINE, made, {**OF_SET, "inlinePolicy": compact}).diffs) == []
    changed = {**OF_SET, "inlinePolicy": json.dumps({**policy, "Id": "x"})}
    assert not engine.diff(INLINE, made, changed).replaces
    engine.update(INLINE, made, changed)
    assert cloud.take() == [put, *PROVISIONED, get]
    engine.delete(INLINE, made)
    assert cloud.take() == [delete, *PROVISIONED]
    broken = engine.check(INLINE, {**OF_SET, "inlinePolicy": "{"}).failures
    assert [failure.property for failure in broken] == ["inlinePolicy"]


@pytest.mark.parametrize(
    ("block", "sent"),
    [
        ({"managedPolicyArn": POLICY}, {"ManagedPolicyArn": POLICY}),
        (
            {"customerManagedPolicyReference": {"name": "limit"}},
            {"CustomerManagedPolicyReference": {"Name": "limit", "Path": "/"}},
        ),
    ],
)
def test_permissions_boundary(
    cloud: Cloud, engine: Engine, block: dict[str, Any], sent: dict[str, Any]
) -> None:
    put, get = "PutPermissionsBoundaryToPermissionSet", "GetPermissionsBoundaryForPermissionSet"
    delete = "DeletePermissionsBoundaryFromPermissionSet"
    cloud.answers = {
        f"{put}|{delete}": (200, {}),
        get: (200, {"PermissionsBoundary": sent}),
        **PROVISIONING,
    }
    inputs = {**OF_SET, "permissionsBoundary": block}
    made = engine.create(BOUNDARY, inputs)
    assert cloud.bodies[0]["PermissionsBoundary"] == sent
    assert cloud.take() == [put, *PROVISIONED, get]
    assert list(engine.diff(BOUNDARY, made, inputs).diffs) == []
    engine.delete(BOUNDARY, made)
    assert cloud.take() == [delete, *PROVISIONED]


def test_a_failed_provisioning_leaves_the_policy_unfinished(cloud: Cloud, engine: Engine) -> None:
    reason = "Received a 404 status error: Assignment not found."
    cloud.answers = {
        "PutInlinePolicyToPermissionSet": (200, {}),
        **PROVISIONING,
        "DescribePermissionSetProvisioningStatus": status(
            "PermissionSetProvisioningStatus", "FAILED", reason
        ),
    }
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(INLINE, {**OF_SET, "inlinePolicy": "{}"})
    assert reason in refusal(failed.value)
    metadata = dict(failed.value.trailing_metadata())
    assert f"{SET},{INSTANCE}".encode() in metadata["grpc-status-details-bin"]
    assert (
        provider_pb2.ErrorResourceInitFailed.DESCRIPTOR.full_name.encode()
        in (metadata["grpc-status-details-bin"])
    )
