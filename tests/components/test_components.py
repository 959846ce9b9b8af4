"""The seven components under Pulumi's mocks: children, inputs, order, protection, secrets."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.provider.experimental.analyzer import Analyzer

import components
from components import (
    AccountAssignment,
    AccountAssignments,
    AccountAssignmentsArgs,
    CustomerManagedPolicy,
    EnterpriseApp,
    IdentityCenter,
    IdentityCenterArgs,
    PermissionsBoundary,
    PermissionSet,
    PermissionSetArgs,
    SamlTrust,
    ScimProvisioning,
    SyncedPrincipals,
    SyncedPrincipalsArgs,
)
from components.synced_principals import unknown
from federation.access.assignments import PrincipalKey
from federation.core.urn import SYNCHRONIZATION_SECRET
from federation.identity.principals import Arrivals
from tests.components.made import app, provisioning, trust
from tests.components.recorder import USER_ROLE, Recorder, names, record

PLATFORM, DATA = PrincipalKey("GROUP", "platform"), PrincipalKey("GROUP", "data")
INSTANCE = "arn:aws:sso:::instance/ssoins-1"
# How values that are not known yet, and secrets, reach the engine.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_MARK = "4dabf18193072939515e22adb298388d"


def inputs(request: Any) -> dict[str, Any]:
    return MessageToDict(request.object)


def protected(recorder: Recorder) -> set[str]:
    return {one.type.rpartition(":")[2] for one in recorder.requests if one.protect}


def test_what_is_public() -> None:
    public = {name: getattr(components, name) for name in components.__all__}
    made = {name for name, one in public.items() if issubclass(one, pulumi.ComponentResource)}
    assert len(made) == 7
    assert {f"{name}Args" for name in made} <= public.keys()


def test_enterprise_app() -> None:
    recorder = record(app)
    assert recorder.children("federation:entra:EnterpriseApp") == [
        ("AppRoleAssignment", "group/data"),
        ("AppRoleAssignment", "group/platform"),
        ("ApplicationFromTemplate", "enterprise-app"),
        ("Group", "group/data"),
        ("GroupMember", "group/data/ada"),
        ("GroupMember", "group/data/bob"),
        ("ServicePrincipal", "enterprise-app"),
    ]
    principal = recorder.of("ServicePrincipal", "enterprise-app")
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


def test_saml_trust() -> None:
    told: list[Any] = []

    def program() -> None:
        made = trust(app())
        pulumi.Output.all(
            made.federation_metadata_url, made.thumbprints, made.entity_id, made.single_sign_on_url
        ).apply(told.extend)

    recorder = record(program)
    assert recorder.children("federation:entra:SamlTrust") == [
        ("ApplicationIdentifierUri", "saml-trust"),
        ("ApplicationRedirectUris", "saml-trust"),
        ("ServicePrincipalTokenSigningCertificate", "saml-trust/first"),
        ("ServicePrincipalTokenSigningCertificate", "saml-trust/second"),
    ]
    identifier = recorder.of("ApplicationIdentifierUri", "saml-trust")
    assert "ServicePrincipal enterprise-app" in names(identifier.dependencies)
    # The component itself waits for nothing: it would be skipped with all its children.
    (component,) = [one for one in recorder.requests if one.type == "federation:entra:SamlTrust"]
    assert list(component.dependencies) == []
    urls = recorder.of("ApplicationRedirectUris", "saml-trust")
    assert "ApplicationIdentifierUri saml-trust" in names(urls.dependencies)
    kind = "ServicePrincipalTokenSigningCertificate"
    first, second = (recorder.of(kind, f"saml-trust/{n}") for n in ("first", "second"))
    assert (first.retainOnDelete, second.retainOnDelete) == (True, True)
    assert "endDate" not in inputs(first)
    assert inputs(second)["endDate"] == "2029-01-02T00:00:00Z"
    url = "https://login.example.com/tenant/federationmetadata/2007-06/federationmetadata.xml"
    assert told == [
        f"{url}?appid=client",
        {"first": "AB", "second": "AB"},
        "https://sts.windows.net/tenant/",
        "https://login.example.com/tenant/saml2",
    ]


def test_scim_provisioning() -> None:
    recorder = record(lambda: provisioning(app()))
    assert recorder.children("federation:entra:ScimProvisioning") == [
        ("SynchronizationJob", "scim-provisioning"),
        ("SynchronizationSecret", "scim-provisioning"),
    ]
    # The token is a secret to the engine wherever it appears.
    secret = inputs(recorder.of("SynchronizationSecret", "scim-provisioning"))
    assert "hidden" in str(secret)
    assert SECRET_MARK in str(secret["credentials"])
    others = [one for one in recorder.requests if one.type != SYNCHRONIZATION_SECRET]
    assert "hidden" not in str([inputs(one) for one in others])
    job = recorder.of("SynchronizationJob", "scim-provisioning")
    assert "SynchronizationSecret scim-provisioning" in names(job.dependencies)
    # Ordered after the assignments, without naming one that may go.
    assert "EnterpriseApp enterprise-app" in names(job.dependencies)
    assert not [name for name in names(job.dependencies) if name.startswith("AppRole")]


@pytest.mark.parametrize("attributes", [{}, {"department": "${path:enterprise.department}"}])
def test_identity_center(attributes: dict[str, str]) -> None:
    args = IdentityCenterArgs(
        instance_arn=INSTANCE,
        identity_store_id="d-1",
        access_portal_url="https://portal",
        access_control_attributes=attributes,
    )
    recorder = record(lambda: IdentityCenter("identity-center", args))
    children = recorder.children("federation:aws:IdentityCenter")
    expected = [("InstanceAccessControlAttributes", "identity-center")]
    assert children == (expected if attributes else [])
    if attributes:
        made = inputs(recorder.of(*expected[0]))
        values = [{"sources": ["${path:enterprise.department}"]}]
        assert made["attributes"] == [{"key": "department", "values": values}]


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"


def permission_set(name: str = "Deploy", *, imports: dict[str, str] | None = None) -> PermissionSet:
    return PermissionSet(
        name,
        PermissionSetArgs(
            instance_arn=INSTANCE,
            name="Deploy",
            managed_policies=[READ_ONLY],
            customer_managed_policies=[CustomerManagedPolicy(name="deploy", path="/platform/")],
            inline_policy='{"Version":"2012-10-17"}',
            permissions_boundary=PermissionsBoundary(managed_policy_arn=POWER_USER),
            imports=imports,
        ),
    )


def test_permission_set() -> None:
    recorder = record(lambda: permission_set(imports={READ_ONLY: "known"}))
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
    assert taken_in.importId == "known"
    customer = recorder.of("CustomerManagedPolicyAttachment", "Deploy/platform/deploy")
    assert customer.importId == ""
    assert inputs(boundary)["permissionsBoundary"] == {"managedPolicyArn": POWER_USER}


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


def assignments(
    one: EnterpriseApp, name: str = "account-assignments", *, prefix: str | None = ""
) -> AccountAssignments:
    made = permission_set(f"{name}-Deploy")

    def assignment(principal_id: pulumi.Input[str]) -> AccountAssignment:
        return AccountAssignment(
            permission_set_arn=made.arn, principal_id=principal_id, account_id="111122223333"
        )

    return AccountAssignments(
        name,
        AccountAssignmentsArgs(
            instance_arn=INSTANCE,
            assignments={"ready": assignment("data-principal"), "unknown": assignment(unknown())},
            late=pulumi.Output.from_input({"late": assignment("platform-principal")}),
            holders={"group/data": "group-object"},
            prefix=prefix,
        ),
        options=lambda key: pulumi.ResourceOptions(
            depends_on=[made.completed, one.assignments["group/data"]],
            aliases=[pulumi.Alias(name=f"old-{key}")],
        ),
    )


def test_account_assignments() -> None:
    told: list[Any] = []

    def program() -> None:
        made = assignments(app())
        pulumi.Output.all(made.holders, made.late).apply(told.extend)

    recorder = record(program, preview=True)
    kind = "AccountAssignment"
    assert recorder.children("federation:aws:AccountAssignments") == [
        (kind, "late"),
        (kind, "ready"),
        (kind, "unknown"),
    ]
    ready = recorder.of(kind, "ready")
    assert inputs(ready) == {
        "instanceArn": INSTANCE,
        "permissionSetArn": "arn:account-assignments-Deploy",
        "principalId": "data-principal",
        "principalType": "GROUP",
        "targetId": "111122223333",
        "targetType": "AWS_ACCOUNT",
    }
    assert {"PermissionSet account-assignments-Deploy", "AppRoleAssignment group/data"} <= names(
        ready.dependencies
    )
    assert [alias.spec.name for alias in ready.aliases] == ["old-ready"]
    assert inputs(recorder.of(kind, "unknown"))["principalId"] == UNKNOWN
    assert told == [{"group/data": "group-object"}, ["late"]]


def everything(suffix: str) -> None:
    """One instance of each component that makes resources, as a program of somebody else has it."""
    one = app(f"app{suffix}", prefix=None)
    trust(one, f"trust{suffix}")
    provisioning(one, f"provisioning{suffix}")
    IdentityCenter(
        f"center{suffix}",
        IdentityCenterArgs(
            instance_arn=INSTANCE,
            identity_store_id="d-1",
            access_portal_url="https://portal",
            access_control_attributes={"department": "${path:enterprise.department}"},
        ),
    )
    assignments(one, f"assignments{suffix}", prefix=None)


@pytest.mark.parametrize("suffixes", [("", "-2"), ("-2", ""), ("-a", "-b")])
def test_two_instances_never_collide(suffixes: tuple[str, str]) -> None:
    def program() -> None:
        for suffix in suffixes:
            everything(suffix)

    recorder = record(program)
    places = [(one.parent.split("::")[-2:-1], one.type, one.name) for one in recorder.requests]
    urns = [str(place) for place in places]
    assert len(set(urns)) == len(urns)
    # Whatever is renamed, no instance takes over what another one has made.
    by_kind = [
        (one.type, alias.spec.name)
        for one in recorder.requests
        for alias in one.aliases
        if one.type != "aws:ssoadmin/accountAssignment:AccountAssignment"
    ]
    assert len(set(by_kind)) == len(by_kind)


def test_children_belong_to_their_component_and_are_named_after_it() -> None:
    recorder = record(lambda: everything("-2"))
    for one in recorder.requests:
        if one.custom:
            parent = one.parent.rpartition("::")[2]
            assert parent.endswith(("-2", "-2-Deploy"))
            assert one.name.startswith(parent)


def test_another_language_could_give_every_argument() -> None:
    """Pulumi infers the schema of a component package from these very annotations."""
    shared = [
        EnterpriseApp,
        SamlTrust,
        ScimProvisioning,
        IdentityCenter,
        PermissionSet,
        AccountAssignments,
    ]
    found = Analyzer("entra-identity-center").analyze(shared)
    required = {
        name: {key for key, one in definition.inputs.items() if not one.optional}
        for name, definition in found["component_definitions"].items()
    }
    assert required == {
        "EnterpriseApp": {"displayName", "notificationEmails", "principals"},
        "SamlTrust": {
            *("applicationId", "clientId", "servicePrincipalId", "identifier", "replyUrls"),
            *("certificates", "tenantId", "loginEndpoint"),
        },
        "ScimProvisioning": {
            *("servicePrincipalId", "endpoint", "accessToken"),
            *("notificationEmails", "deleteThreshold"),
        },
        "IdentityCenter": {"instanceArn", "identityStoreId", "accessPortalUrl"},
        "PermissionSet": {"instanceArn", "name"},
        "AccountAssignments": {"instanceArn", "assignments"},
    }
    assert set(found["type_definitions"]) == {
        *("NewGroup", "SigningCertificate", "AccountAssignment"),
        *("CustomerManagedPolicy", "PermissionsBoundary"),
    }


def test_synced_principals_wait_for_nobody_when_nobody_is_expected() -> None:
    told: list[Arrivals] = []
    calls: list[Any] = []
    recorder = record(
        lambda: synced(lambda *one: calls.append(one), ()).arrivals.apply(told.append)
    )
    assert (told, calls) == ([Arrivals()], [])
    assert recorder.children("federation:aws:SyncedPrincipals") == []
