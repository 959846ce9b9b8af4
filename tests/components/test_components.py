"""The seven components under Pulumi's mocks: children, inputs, order, protection, secrets."""

from __future__ import annotations

from datetime import date
from typing import Any

import pulumi
import pytest
from google.protobuf.json_format import MessageToDict

import components
from components import (
    AccountAssignments,
    AccountAssignmentsArgs,
    EnterpriseApp,
    EnterpriseAppArgs,
    IdentityCenter,
    IdentityCenterArgs,
    NewGroup,
    PermissionSet,
    PermissionSetArgs,
    SamlTrust,
    SamlTrustArgs,
    ScimProvisioning,
    ScimProvisioningArgs,
    SyncedPrincipals,
    SyncedPrincipalsArgs,
)
from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Boundary, CustomerPolicy
from federation.access.declared import PermissionSet as Model
from federation.identity.instance import Instance
from federation.identity.principals import Arrivals, AssignmentPlan
from federation.identity.saml_metadata import ServiceProviderMetadata
from tests.components.recorder import USER_ROLE, Recorder, names, record

PLATFORM, DATA = PrincipalKey("GROUP", "platform"), PrincipalKey("GROUP", "data")
INSTANCE = Instance(
    arn="arn:aws:sso:::instance/ssoins-1",
    identity_store_id="d-1",
    owner_account_id="111122223333",
    region="eu-west-1",
    status="ACTIVE",
    permission_sets_enabled=True,
)
# How values that are not known yet, and secrets, reach the engine.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_MARK = "4dabf18193072939515e22adb298388d"


def inputs(request: Any) -> dict[str, Any]:
    return MessageToDict(request.object)


def app(*, protect: bool = False) -> EnterpriseApp:
    return EnterpriseApp(
        "enterprise-app",
        EnterpriseAppArgs(
            display_name="AWS",
            login_url="https://example.awsapps.com/start",
            notification_emails=["identity@example.com"],
            principals={
                PLATFORM: "platform-object",
                DATA: NewGroup(display_name="AWS-Data", members={"ada": None, "bob": "existing"}),
            },
            previous_keys={PLATFORM: PrincipalKey("GROUP", "old")},
            protect=protect,
        ),
    )


def protected(recorder: Recorder) -> set[str]:
    return {one.type.rpartition(":")[2] for one in recorder.requests if one.protect}


def test_what_is_public() -> None:
    made = [name for name in components.__all__ if not name.endswith("Args") and name != "NewGroup"]
    assert all(issubclass(getattr(components, name), pulumi.ComponentResource) for name in made)
    assert len(made) == 7


def test_enterprise_app() -> None:
    recorder = record(app)
    assert recorder.children("federation:entra:EnterpriseApp") == [
        ("AppRoleAssignment", "group/data"),
        ("AppRoleAssignment", "group/platform"),
        ("ApplicationFromTemplate", "application"),
        ("Group", "group/data"),
        ("GroupMember", "group/data/ada"),
        ("GroupMember", "group/data/bob"),
        ("ServicePrincipal", "service-principal"),
    ]
    principal = recorder.of("ServicePrincipal", "service-principal")
    assert inputs(principal)["appRoleAssignmentRequired"] is True
    assert inputs(principal)["clientId"] == "client"
    assert list(principal.ignoreChanges) == ["owners"]
    assigned = recorder.of("AppRoleAssignment", "group/data")
    assert inputs(assigned) == {
        "appRoleId": USER_ROLE,
        "principalObjectId": "group-object",
        "resourceObjectId": "sp",
    }
    moved = recorder.of("AppRoleAssignment", "group/platform")
    assert [alias.spec.name for alias in moved.aliases] == ["group/old"]
    member = recorder.of("GroupMember", "group/data/bob")
    assert (member.importId, member.retainOnDelete) == ("existing", True)
    assert recorder.of("GroupMember", "group/data/ada").importId == ""
    assert protected(recorder) == set()


def test_protection_holds_what_people_sign_in_with_and_never_access() -> None:
    def program() -> None:
        one = app(protect=True)
        trust(one, protect=True)
        provisioning(one, protect=True)

    assert protected(record(program)) == {
        *("ApplicationFromTemplate", "ServicePrincipal"),
        *("ServicePrincipalTokenSigningCertificate", "SynchronizationJob", "SynchronizationSecret"),
    }


def trust(one: EnterpriseApp, *, protect: bool = False) -> SamlTrust:
    return SamlTrust(
        "saml-trust",
        SamlTrustArgs(
            app=one,
            metadata=ServiceProviderMetadata(entity_id="https://sp", acs_urls=("https://acs",)),
            certificates={"first": None, "second": date(2029, 1, 2)},
            tenant_id="tenant",
            login_endpoint="https://login.example.com",
            protect=protect,
        ),
    )


def test_saml_trust() -> None:
    told: list[Any] = []

    def program() -> None:
        made = trust(app())
        assert made.entity_id == "https://sts.windows.net/tenant/"
        pulumi.Output.all(made.federation_metadata_url, made.thumbprints).apply(told.extend)

    recorder = record(program)
    assert recorder.children("federation:entra:SamlTrust") == [
        ("ApplicationIdentifierUri", "identifier-uri"),
        ("ApplicationRedirectUris", "redirect-uris"),
        ("ServicePrincipalTokenSigningCertificate", "signing-certificate-first"),
        ("ServicePrincipalTokenSigningCertificate", "signing-certificate-second"),
    ]
    identifier = recorder.of("ApplicationIdentifierUri", "identifier-uri")
    assert "ServicePrincipal service-principal" in names(identifier.dependencies)
    urls = recorder.of("ApplicationRedirectUris", "redirect-uris")
    assert "ApplicationIdentifierUri identifier-uri" in names(urls.dependencies)
    kind = "ServicePrincipalTokenSigningCertificate"
    first, second = (recorder.of(kind, f"signing-certificate-{n}") for n in ("first", "second"))
    assert (first.retainOnDelete, second.retainOnDelete) == (True, True)
    assert "endDate" not in inputs(first)
    assert inputs(second)["endDate"] == "2029-01-02T00:00:00Z"
    url = "https://login.example.com/tenant/federationmetadata/2007-06/federationmetadata.xml"
    assert told == [f"{url}?appid=client", {"first": "AB", "second": "AB"}]


def provisioning(one: EnterpriseApp, *, protect: bool = False) -> ScimProvisioning:
    return ScimProvisioning(
        "scim-provisioning",
        ScimProvisioningArgs(
            app=one,
            endpoint="https://scim",
            access_token=pulumi.Output.secret("hidden"),
            notification_emails=["identity@example.com"],
            delete_threshold=5,
            protect=protect,
        ),
    )


def test_scim_provisioning() -> None:
    recorder = record(lambda: provisioning(app()))
    assert recorder.children("federation:entra:ScimProvisioning") == [
        ("SynchronizationJob", "job"),
        ("SynchronizationSecret", "secret"),
    ]
    # The token is a secret to the engine wherever it appears.
    secret = inputs(recorder.of("SynchronizationSecret", "secret"))
    assert "hidden" in str(secret)
    assert SECRET_MARK in str(secret["credentials"])
    others = [one for one in recorder.requests if one.name != "secret"]
    assert "hidden" not in str([inputs(one) for one in others])
    job = recorder.of("SynchronizationJob", "job")
    assert "SynchronizationSecret secret" in names(job.dependencies)
    # Ordered after the assignments, without naming one that may go.
    assert "EnterpriseApp enterprise-app" in names(job.dependencies)
    assert not [name for name in names(job.dependencies) if name.startswith("AppRole")]


@pytest.mark.parametrize("attributes", [{}, {"department": "${path:enterprise.department}"}])
def test_identity_center(attributes: dict[str, str]) -> None:
    args = IdentityCenterArgs(
        instance=INSTANCE,
        access_portal_url="https://portal",
        access_control_attributes=attributes,
        baseline={},
    )
    recorder = record(lambda: IdentityCenter("identity-center", args))
    children = recorder.children("federation:aws:IdentityCenter")
    expected = [("InstanceAccessControlAttributes", "access-control-attributes")]
    assert children == (expected if attributes else [])
    if attributes:
        made = inputs(recorder.of(*expected[0]))
        values = [{"sources": ["${path:enterprise.department}"]}]
        assert made["attributes"] == [{"key": "department", "values": values}]


BOUNDED = Model(
    name="Deploy",
    managed_policies=("ReadOnlyAccess",),
    customer_managed_policies=(CustomerPolicy("deploy", "/platform/"),),
    inline_policy={"Version": "2012-10-17"},
    permissions_boundary=Boundary(managed_policy="PowerUserAccess"),
)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def permission_set(*, attached: tuple[str, ...] = ()) -> PermissionSet:
    return PermissionSet(
        "Deploy",
        PermissionSetArgs(
            instance_arn=INSTANCE.arn,
            partition="aws",
            model=BOUNDED,
            arn="arn:known",
            attached=attached,
        ),
    )


def test_permission_set() -> None:
    recorder = record(lambda: permission_set(attached=(READ_ONLY,)))
    assert recorder.children("federation:aws:PermissionSet") == [
        ("CustomerManagedPolicyAttachment", "Deploy/platform/deploy"),
        ("ManagedPolicyAttachment", "Deploy/ReadOnlyAccess"),
        ("PermissionSet", "Deploy"),
        ("PermissionSetInlinePolicy", "Deploy"),
        ("PermissionsBoundaryAttachment", "Deploy"),
    ]
    # Nothing widens the set before its boundary is there.
    boundary = recorder.of("PermissionsBoundaryAttachment", "Deploy")
    assert boundary.deleteBeforeReplace
    component = "PermissionSet Deploy"
    for kind, name in recorder.children("federation:aws:PermissionSet")[:2]:
        assert component in names(recorder.of(kind, name).dependencies)
    order = [one.type.rpartition(":")[2] for one in recorder.requests]
    assert order.index("PermissionsBoundaryAttachment") < order.index("PermissionSetInlinePolicy")
    taken_in = recorder.of("ManagedPolicyAttachment", "Deploy/ReadOnlyAccess")
    assert taken_in.importId == f"{READ_ONLY},arn:known,{INSTANCE.arn}"


def synced(wait: Any, expected: tuple[PrincipalKey, ...]) -> SyncedPrincipals:
    return SyncedPrincipals(
        "synced-principals",
        SyncedPrincipalsArgs(
            job_path=pulumi.Output.from_input("job"),
            object_ids={PLATFORM: pulumi.Output.from_input("platform-object")},
            expected=expected,
            wait=wait,
        ),
    )


def assignments(arrivals: pulumi.Output[Arrivals], one: EnterpriseApp) -> AccountAssignments:
    ready = Assignment("Deploy", DATA, "111122223333")
    late = Assignment("Deploy", PLATFORM, "111122223333")
    return AccountAssignments(
        "account-assignments",
        AccountAssignmentsArgs(
            instance_arn=INSTANCE.arn,
            permission_sets={"Deploy": permission_set()},
            app_assignments=one.assignments,
            plan=AssignmentPlan(ready={ready: "data-principal"}, late=(late,), held=()),
            arrivals=arrivals,
            reasons={PLATFORM: "it has not arrived"},
            old_names={ready: "Old/group/data/111122223333"},
        ),
    )


ASSIGNMENT, LATE = "Deploy/group/data/111122223333", "Deploy/group/platform/111122223333"


def given(preview: bool, arrivals: Arrivals) -> tuple[Recorder, list[Any], list[Any]]:
    """What is registered, how the wait was called, and what is held."""
    calls: list[Any] = []
    held: list[Any] = []

    def wait(*arguments: Any) -> Arrivals:
        calls.append(arguments)
        return arrivals

    def program() -> None:
        made = assignments(synced(wait, (PLATFORM,)).arrivals, app())
        made.held.apply(held.extend)

    return record(program, preview=preview), calls, held


def test_account_assignments_in_up() -> None:
    recorder, calls, held = given(False, Arrivals(arrived={PLATFORM: "platform-principal"}))
    assert calls == [("job", {PLATFORM: "platform-object"})]
    kind = "AccountAssignment"
    assert recorder.children("federation:aws:AccountAssignments") == [
        (kind, ASSIGNMENT),
        (kind, LATE),
    ]
    assert inputs(recorder.of(kind, LATE))["principalId"] == "platform-principal"
    assignment = recorder.of(kind, ASSIGNMENT)
    # Made last and destroyed first: after all policies, and after the app-role assignment.
    assert {"PermissionSet Deploy", "AppRoleAssignment group/data"} <= names(
        assignment.dependencies
    )
    assert [alias.spec.name for alias in assignment.aliases] == ["Old/group/data/111122223333"]
    assert inputs(assignment)["permissionSetArn"] == "arn:Deploy"
    assert held == []


def test_who_does_not_arrive_is_held_with_the_reason() -> None:
    recorder, _, held = given(False, Arrivals(reasons={PLATFORM: "Entra skipped it"}))
    assert recorder.children("federation:aws:AccountAssignments") == [
        ("AccountAssignment", ASSIGNMENT)
    ]
    (hold,) = held
    assert [one.logical_name for one in hold.assignments] == [LATE]
    assert hold.reason == "Entra skipped it"


def test_a_preview_shows_late_assignments_with_an_unknown_principal_and_waits_for_nobody() -> None:
    recorder, calls, held = given(True, Arrivals())
    assert calls == []
    assert inputs(recorder.of("AccountAssignment", LATE))["principalId"] == UNKNOWN
    assert inputs(recorder.of("AccountAssignment", ASSIGNMENT))["principalId"] == "data-principal"
    assert held == []


def test_synced_principals_wait_for_nobody_when_nobody_is_expected() -> None:
    told: list[Arrivals] = []
    calls: list[Any] = []
    recorder = record(
        lambda: synced(lambda *one: calls.append(one), ()).arrivals.apply(told.append)
    )
    assert (told, calls) == ([Arrivals()], [])
    assert recorder.children("federation:aws:SyncedPrincipals") == []
