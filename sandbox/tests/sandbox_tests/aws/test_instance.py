"""The instance: there after a person enabled it, in one region, for the accounts that may ask."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import urllib3
from botocore.exceptions import ClientError

from sandbox_tests.aws.support import Cloud

LOG_ARCHIVE, AUDIT = "222233334444", "333344445555"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The error code of a refused call."""
    return str(error.value.response["Error"]["Code"])


def test_nothing_is_there_before_a_person_enabled_it(cloud: Cloud) -> None:
    assert cloud.sso.list_instances()["Instances"] == []
    with pytest.raises(ClientError) as refused:
        cloud.sso.describe_instance(InstanceArn=cloud.instance)
    assert code_of(refused) == "AccessDeniedException"
    with pytest.raises(ClientError) as refused:
        cloud.sso.list_permission_sets(InstanceArn=cloud.instance)
    assert code_of(refused) == "ResourceNotFoundException"
    assert cloud.store.list_identity_stores()["IdentityStores"] == []


def test_the_instance_is_complete(center: Cloud) -> None:
    (listed,) = center.sso.list_instances()["Instances"]
    described = center.sso.describe_instance(InstanceArn=center.instance)
    for shown in (listed, described):
        assert shown["InstanceArn"] == center.instance
        assert shown["IdentityStoreId"] == center.store_id
        assert shown["OwnerAccountId"] == "111122223333"
        assert shown["Status"] == "ACTIVE"
        assert shown["PrimaryRegion"] == "eu-west-1"
    assert described["PermissionSetsEnabled"] is True


def test_there_is_one_home_region(center: Cloud) -> None:
    elsewhere = center.client("sso-admin", region="us-east-1")
    assert elsewhere.list_instances()["Instances"] == []
    (found,) = elsewhere.list_instances(RegionScope="ALL_REGIONS")["Instances"]
    assert found["PrimaryRegion"] == "eu-west-1"
    with pytest.raises(ClientError) as refused:
        elsewhere.list_permission_sets(InstanceArn=center.instance)
    assert code_of(refused) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as refused:
        center.client("identitystore", region="us-east-1").list_groups(
            IdentityStoreId=center.store_id
        )
    assert code_of(refused) == "ResourceNotFoundException"


def test_a_member_account_sees_the_instance_and_nothing_in_it(center: Cloud) -> None:
    member = center.member_client("sso-admin", LOG_ARCHIVE)
    (found,) = member.list_instances()["Instances"]
    assert found["OwnerAccountId"] == "111122223333"
    with pytest.raises(ClientError) as refused:
        member.list_permission_sets(InstanceArn=center.instance)
    assert code_of(refused) == "AccessDeniedException"


def test_the_delegated_administrator_stays_away_from_the_management_account(center: Cloud) -> None:
    center.organizations.register_delegated_administrator(
        AccountId=AUDIT, ServicePrincipal="sso.amazonaws.com"
    )
    delegate = center.member_client("sso-admin", AUDIT)
    group = center.group("AWS-Platform")
    shared, own = center.permission_set("Shared"), center.permission_set("Own")
    center.assign(shared, "111122223333", group)
    center.assign(shared, LOG_ARCHIVE, group)
    assert len(delegate.list_permission_sets(InstanceArn=center.instance)["PermissionSets"]) == 2
    delegate.update_permission_set(InstanceArn=center.instance, PermissionSetArn=own)
    delegate.create_account_assignment(**center.assignment(own, LOG_ARCHIVE, group))
    refusals: list[Callable[[], object]] = [
        lambda: delegate.update_permission_set(
            InstanceArn=center.instance, PermissionSetArn=shared
        ),
        lambda: delegate.provision_permission_set(
            InstanceArn=center.instance,
            PermissionSetArn=shared,
            TargetType="ALL_PROVISIONED_ACCOUNTS",
        ),
        lambda: delegate.create_account_assignment(**center.assignment(own, "111122223333", group)),
        # A set that reaches the management account is out of reach everywhere.
        lambda: delegate.create_account_assignment(**center.assignment(shared, LOG_ARCHIVE, group)),
        lambda: delegate.delete_account_assignment(**center.assignment(shared, LOG_ARCHIVE, group)),
        lambda: delegate.delete_permission_set(
            InstanceArn=center.instance, PermissionSetArn=shared
        ),
        lambda: delegate.list_account_assignments_for_principal(
            InstanceArn=center.instance, PrincipalId=group, PrincipalType="GROUP"
        ),
    ]
    for refusal in refusals:
        with pytest.raises(ClientError) as refused:
            refusal()
        assert code_of(refused) == "AccessDeniedException"
    with pytest.raises(ClientError) as refused:
        center.organizations.register_delegated_administrator(
            AccountId=LOG_ARCHIVE, ServicePrincipal="sso.amazonaws.com"
        )
    assert code_of(refused) == "ConstraintViolationException"


def test_update_instance(center: Cloud) -> None:
    center.sso.update_instance(InstanceArn=center.instance, Name="example")
    assert center.sso.describe_instance(InstanceArn=center.instance)["Name"] == "example"
    with pytest.raises(ClientError) as refused:
        center.sso.update_instance(InstanceArn=center.instance, PermissionSetsEnabled=False)
    assert code_of(refused) == "ValidationException"
    with pytest.raises(ClientError) as refused:
        center.sso.delete_instance(InstanceArn=center.instance)
    assert code_of(refused) == "AccessDeniedException"


def test_access_control_attributes(center: Cloud) -> None:
    def configuration(key: str) -> dict[str, object]:
        value = {"Source": ["${path:enterprise.department}"]}
        return {"AccessControlAttributes": [{"Key": key, "Value": value}]}

    name = "InstanceAccessControlAttributeConfiguration"
    with pytest.raises(ClientError) as refused:
        center.sso.describe_instance_access_control_attribute_configuration(
            InstanceArn=center.instance
        )
    assert code_of(refused) == "ResourceNotFoundException"
    center.sso.create_instance_access_control_attribute_configuration(
        InstanceArn=center.instance, **{name: configuration("Department")}
    )
    with pytest.raises(ClientError) as refused:
        center.sso.create_instance_access_control_attribute_configuration(
            InstanceArn=center.instance, **{name: configuration("Department")}
        )
    assert code_of(refused) == "ConflictException"
    center.sso.update_instance_access_control_attribute_configuration(
        InstanceArn=center.instance, **{name: configuration("CostCenter")}
    )
    found = center.sso.describe_instance_access_control_attribute_configuration(
        InstanceArn=center.instance
    )
    assert (found["Status"], found[name]) == ("ENABLED", configuration("CostCenter"))
    center.sso.delete_instance_access_control_attribute_configuration(InstanceArn=center.instance)
    assert center.state()["instance"]["accessControlAttributes"] is None


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("sso", "SWBExternalService.ListApplications"),
        ("sso", "SWBExternalService.Nonsense"),
        ("identitystore", "AWSIdentityStore.Nonsense"),
        ("organizations", "AWSOrganizationsV20161128.DescribeResourcePolicy"),
        ("organizations", "AWSOrganizationsV20161128.Nonsense"),
    ],
)
def test_unknown_operations_are_refused_as_json(center: Cloud, service: str, target: str) -> None:
    answer = signed(center, service, target, b"{}")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert answer.json()["__type"] in ("UnknownOperationException", "ValidationException")


def test_wrong_requests_are_answered_in_the_protocol_of_the_service(center: Cloud) -> None:
    target = "SWBExternalService.ListInstances"
    assert signed(center, "sso", target, b"[1]").json()["__type"] == "SerializationException"
    assert signed(center, "sso", target, b"<").json()["__type"] == "SerializationException"
    unsigned = center.request("POST", "/", body=b"{}", headers={"X-Amz-Target": target})
    assert unsigned.status == 403
    assert b"MissingAuthenticationToken" in unsigned.data
    unknown = signed(center, "s3", "", b"")
    assert unknown.status == 400
    large = signed(center, "sso", target, b" " * 2_000_001)
    assert (large.status, large.headers["x-amzn-ErrorType"]) == (413, "RequestEntityTooLarge")
    with pytest.raises(ClientError) as refused:
        center.client("iam").get_context_keys_for_custom_policy(PolicyInputList=["{}"])
    assert code_of(refused) == "InvalidAction"


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("controltower", "list_landing_zones"),
        ("lambda", "list_functions"),
        ("ec2", "describe_vpcs"),
        ("s3", "list_buckets"),
        ("dynamodb", "list_tables"),
    ],
)
def test_services_that_are_not_emulated_are_refused_in_a_way_that_clients_read(
    center: Cloud, service: str, operation: str
) -> None:
    """Whatever the protocol and the path of the service."""
    with pytest.raises(ClientError) as refused:
        getattr(center.client(service), operation)()
    assert code_of(refused) == "UnknownOperationException"


def signed(cloud: Cloud, service: str, target: str, body: bytes) -> urllib3.BaseHTTPResponse:
    """A request with a signature's credential scope."""
    scope = f"AWS4-HMAC-SHA256 Credential=test/20261124/eu-west-1/{service}/aws4_request"
    headers = {"Authorization": f"{scope}, SignedHeaders=host, Signature=0", "X-Amz-Target": target}
    return cloud.request("POST", "/", body=body, headers=headers)


def test_a_gate_sees_every_call_and_may_refuse_it(center: Cloud) -> None:
    from entra_aws_sandbox.aws.errors import denied  # noqa: PLC0415
    from entra_aws_sandbox.aws.wire import Call  # noqa: PLC0415

    seen = []

    def gate(call: Call) -> None:
        seen.append((call.service, call.operation, call.account_id))
        if call.operation == "ListRoots":
            raise denied("Not today.")

    center.aws.gates.append(gate)
    center.sso.list_instances()
    center.client("sts").get_caller_identity()
    with pytest.raises(ClientError) as refused:
        center.organizations.list_roots()
    assert code_of(refused) == "AccessDeniedException"
    assert seen == [
        ("sso-admin", "ListInstances", "111122223333"),
        ("sts", "GetCallerIdentity", "111122223333"),
        ("organizations", "ListRoots", "111122223333"),
    ]


def test_the_control_surface_is_closed_to_web_pages(cloud: Cloud) -> None:
    answer = cloud.request("POST", "/_sandbox/console/enable", body=json.dumps({}))
    assert answer.status == 403
    assert cloud.state()["instance"] is None


def test_the_instance_can_be_one_that_must_be_refused(center: Cloud) -> None:
    center.control("instance", {"permissionSetsEnabled": False, "ownerAccountId": AUDIT})
    found = center.sso.describe_instance(InstanceArn=center.instance)
    assert (found["PermissionSetsEnabled"], found["OwnerAccountId"]) == (False, AUDIT)


def test_reset_goes_back_to_the_seed(center: Cloud) -> None:
    center.permission_set("A")
    center.organizations.create_account(Email="new@example.com", AccountName="new")
    center.aws.reset()
    assert center.sso.list_instances()["Instances"] == []
    accounts = center.organizations.get_paginator("list_accounts").paginate().build_full_result()
    assert len(accounts["Accounts"]) == 13
    center.console("enable")
    assert center.state()["permissionSets"] == []
