"""The aws double sends the calls that the real plugin sends, in their order.

The lists follow terraform-provider-aws `internal/service/ssoadmin`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from entra_aws_sandbox.providers import aws
from entra_aws_sandbox.providers.aws import client
from sandbox_tests.providers.support import (
    Engine,
    Made,
    Recorder,
    left_unfinished,
    listening,
    plain,
    serving_provider,
)

INSTANCE = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"
SET = "arn:aws:sso:::permissionSet/ssoins-7223a1b2c3d4e5f6/ps-1111222233334444"
POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
PERMISSION_SET = "aws:ssoadmin/permissionSet:PermissionSet"
MANAGED = "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"
CUSTOMER = "aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment"
INLINE = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
BOUNDARY = "aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment"
ASSIGNMENT = "aws:ssoadmin/accountAssignment:AccountAssignment"
ABAC = "aws:ssoadmin/instanceAccessControlAttributes:InstanceAccessControlAttributes"
OF_SET = {"instanceArn": INSTANCE, "permissionSetArn": SET}
PROVISIONED = ["ProvisionPermissionSet", "DescribePermissionSetProvisioningStatus"]


class Cloud(Recorder):
    """An AWS that also tells callers who they are, which is not part of the lists."""

    def answer(self, line: str) -> tuple[int, Any]:
        """Identity first."""
        if line == "POST /":
            self.calls.pop()
            self.bodies.pop()
            return 200, None
        return super().answer(line)


def refused(code: str, message: str = "No.") -> tuple[int, Any]:
    return 400, {"__type": code, "message": message}


NOT_FOUND = refused("ResourceNotFoundException", "It is not there.")


def status(kind: str, state: str, reason: str = "") -> tuple[int, Any]:
    return 200, {kind: {"Status": state, "RequestId": REQUEST, "FailureReason": reason}}


REQUEST = "11111111-2222-3333-4444-555555555555"
PROVISIONING: dict[str, Any] = {
    "ProvisionPermissionSet": status("PermissionSetProvisioningStatus", "IN_PROGRESS"),
    "DescribePermissionSetProvisioningStatus": status(
        "PermissionSetProvisioningStatus", "SUCCEEDED"
    ),
}

FAILED_PROVISIONING: dict[str, Any] = {
    **PROVISIONING,
    "DescribePermissionSetProvisioningStatus": status(
        "PermissionSetProvisioningStatus", "FAILED", "No role could be written."
    ),
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    recorder = Cloud()
    with listening(recorder) as port:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "not told to anybody",
            "AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(client, "WAIT_DELAY", 0.0)
        monkeypatch.setattr(client, "WAIT_INTERVAL", 0.001)
        yield recorder


@pytest.fixture
def engine(cloud: Cloud) -> Iterator[Engine]:
    with serving_provider(aws.connect) as connected:
        connected.configure("aws", skipCredentialsValidation="true", skipRequestingAccountId="true")
        yield connected


def refusal(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.details())


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


GROUP = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
ROW = {
    **OF_SET,
    "principalId": GROUP,
    "principalType": "GROUP",
    "targetId": "711111111111",
    "targetType": "AWS_ACCOUNT",
}
LISTED = {"AccountId": "711111111111", "PermissionSetArn": SET}
OTHER = {**LISTED, "PrincipalType": "GROUP", "PrincipalId": GROUP.replace("f", "e")}
OWN = {**LISTED, "PrincipalType": "GROUP", "PrincipalId": GROUP}
LIST = "ListAccountAssignments"
CREATED, DELETED = "AccountAssignmentCreationStatus", "AccountAssignmentDeletionStatus"


def test_account_assignment(cloud: Cloud, engine: Engine) -> None:
    create, look = "CreateAccountAssignment", f"Describe{CREATED}"
    cloud.answers = {
        # The row is on the second page.
        LIST: [
            (200, {"AccountAssignments": [OTHER]}),
            (200, {"AccountAssignments": [OTHER], "NextToken": "more"}),
            (200, {"AccountAssignments": [OWN]}),
        ],
        create: status(CREATED, "IN_PROGRESS"),
        look: [status(CREATED, "IN_PROGRESS"), status(CREATED, "SUCCEEDED")],
        "DeleteAccountAssignment": status(DELETED, "IN_PROGRESS"),
        f"Describe{DELETED}": status(DELETED, "SUCCEEDED"),
    }
    made = engine.create(ASSIGNMENT, ROW)
    assert cloud.sent(create) == [
        {
            "InstanceArn": INSTANCE,
            "PermissionSetArn": SET,
            "PrincipalId": GROUP,
            "PrincipalType": "GROUP",
            "TargetId": "711111111111",
            "TargetType": "AWS_ACCOUNT",
        }
    ]
    assert cloud.take() == [LIST, create, look, look, LIST, LIST]
    assert made.id == f"{GROUP},GROUP,711111111111,AWS_ACCOUNT,{SET},{INSTANCE}"
    assert list(engine.diff(ASSIGNMENT, made, ROW).diffs) == []
    for name in ("principalId", "targetId", "permissionSetArn"):
        value = {"principalId": GROUP[::-1], "targetId": "222233334444"}.get(name, SET[:-1] + "9")
        if name == "principalId":
            value = OTHER["PrincipalId"]
        diff = engine.diff(ASSIGNMENT, made, {**ROW, name: value})
        assert list(diff.replaces) == [name]
        assert not diff.deleteBeforeReplace
    assert engine.refresh(ASSIGNMENT, made) == made
    assert cloud.take() == [LIST]
    imported = engine.imported(ASSIGNMENT, made.id)
    assert imported is not None
    assert {name: value for name, value in imported.inputs.items() if name != "__defaults"} == {
        **ROW,
        "region": "eu-west-1",
    }
    cloud.forget()
    engine.delete(ASSIGNMENT, made)
    assert cloud.take() == ["DeleteAccountAssignment", f"Describe{DELETED}"]
    cloud.answers = {"DeleteAccountAssignment": NOT_FOUND, LIST: (200, {"AccountAssignments": []})}
    engine.delete(ASSIGNMENT, made)
    assert engine.refresh(ASSIGNMENT, made) is None


def test_account_assignment_that_exists_is_refused(cloud: Cloud, engine: Engine) -> None:
    cloud.answers = {LIST: (200, {"AccountAssignments": [OWN]})}
    with pytest.raises(grpc.RpcError) as refused_:
        engine.create(ASSIGNMENT, ROW)
    assert f"creating SSO Account Assignment for GROUP ({GROUP}): already exists" in refusal(
        refused_.value
    )
    assert cloud.take() == [LIST]


def test_account_assignment_that_fails_tells_why(cloud: Cloud, engine: Engine) -> None:
    reason = "AWS SSO is unable to complete your request at this time."
    cloud.answers = {
        LIST: (200, {"AccountAssignments": []}),
        "CreateAccountAssignment": status(CREATED, "IN_PROGRESS"),
        f"Describe{CREATED}": status(CREATED, "FAILED", reason),
    }
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(ASSIGNMENT, ROW)
    assert (
        f"waiting for SSO Account Assignment for GROUP ({GROUP}) create: unexpected state 'FAILED',"
        f" wanted target 'SUCCEEDED'. last error: {reason}"
    ) in refusal(failed.value)


def test_account_assignment_ids_are_checked_before_any_call(engine: Engine) -> None:
    wrong = {**ROW, "principalId": "ada", "targetId": "12", "principalType": "TEAM"}
    failures = engine.check(ASSIGNMENT, wrong).failures
    assert [one.property for one in failures] == ["principalId", "targetId", "principalType"]
    with pytest.raises(grpc.RpcError) as failed:
        engine.imported(ASSIGNMENT, "only,two")
    assert 'unexpected format for ID ("only,two"), expected PRINCIPAL_ID,' in refusal(failed.value)


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


def test_throttled_calls_are_retried(cloud: Cloud, engine: Engine) -> None:
    throttled = refused("ThrottlingException", "Rate exceeded")
    cloud.answers = {
        LIST: [throttled, (200, {"AccountAssignments": [OWN]})],
    }
    row = f"{GROUP},GROUP,711111111111,AWS_ACCOUNT,{SET},{INSTANCE}"
    assert engine.imported(ASSIGNMENT, row) is not None
    assert cloud.take() == [LIST, LIST]


def test_a_refusal_is_told_in_the_real_words(cloud: Cloud, engine: Engine) -> None:
    message = "PermissionSet with name Deploy already exists."
    cloud.answers = {"CreatePermissionSet": refused("ConflictException", message)}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(PERMISSION_SET, {"instanceArn": INSTANCE, "name": "Deploy"})
    told = refusal(failed.value)
    assert cloud.take() == ["CreatePermissionSet"] * client.ATTEMPTS
    assert (
        "creating SSO Permission Set (Deploy): operation error SSO Admin: CreatePermissionSet"
        in told
    )
    assert f"StatusCode: 400, RequestID: , ConflictException: {message}" in told


def test_a_missing_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with serving_provider(aws.connect) as engine, pytest.raises(grpc.RpcError) as failed:
        engine.configure("aws")
    assert "the aws double has no region" in refusal(failed.value)


def test_a_role_is_assumed_for_another_account(cloud: Cloud) -> None:
    roles = [{"role_arn": "arn:aws:iam::111122223333:role/Deploy", "sessionName": "test"}]
    credentials = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>other</AccessKeyId>"
        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
        "</AssumeRoleResponse>"
    )
    asked: list[str] = []

    def sts(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read().decode())
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [credentials.encode()]

    with listening(sts) as port, serving_provider(aws.connect) as connected:
        connected.configure(
            "aws",
            assumeRoles=json.dumps(roles),
            endpoints=json.dumps([{"sts": f"http://127.0.0.1:{port}"}]),
            skipCredentialsValidation="true",
            skipRequestingAccountId="true",
        )
        cloud.answers = {LIST: (200, {"AccountAssignments": [OWN]})}
        row = f"{GROUP},GROUP,711111111111,AWS_ACCOUNT,{SET},{INSTANCE}"
        assert connected.imported(ASSIGNMENT, row) is not None
    assert "Action=AssumeRole" in asked[0]
    assert "RoleSessionName=test" in asked[0]
    assert cloud.authorizations[-1].startswith("AWS4-HMAC-SHA256 Credential=other/")
