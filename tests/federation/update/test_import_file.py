"""The file for `pulumi import`: an id for what the clouds have shown, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from federation.access.assignments import PrincipalKey
from federation.engine.set_content import SetContent
from federation.engine.unmanaged import Holder, Pair
from federation.identity.application import Application, Certificate
from federation.identity.signing_certificate import subject
from federation.update.import_file import Known, fill, pairs_in

INSTANCE, ARN = "arn:aws:sso:::instance/ssoins-1", "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
SET = f"{ARN},{INSTANCE}"
TEAM = PrincipalKey("GROUP", "team")
ACCOUNT = "611111111111"
ASSIGNMENT = f"Deploy/group/team/{ACCOUNT}"
APPLICATION = Application(
    name="AWS",
    object_id="app",
    service_principal_id="sp",
    sign_on_mode="saml",
    sign_on_url="",
    assignment_required=True,
    notification_emails=(),
    identifier_uris=("https://issuer",),
    reply_urls=("https://acs",),
    certificates=(
        Certificate(name="CN=Portal", key_id="key-1", ends="2027-06-30"),
        Certificate(name=subject("second"), key_id="key-2", ends="2027-06-30"),
    ),
    jobs={"aWSSingleSignon": "job"},
    assigned=frozenset({"team-object"}),
    in_role={"team-object": "role-1"},
    in_other_roles=(),
)
KNOWN = Known(
    instance_arn=INSTANCE,
    region="eu-west-1",
    partition="aws",
    arns={"Deploy": ARN},
    contents={
        "Deploy": SetContent(
            managed=frozenset({"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}),
            customer=frozenset({"/platform/deploy"}),
            inline="{}",
            boundary="/boundary",
        )
    },
    holders={Pair("Deploy", ACCOUNT): (Holder("GROUP", "g-1"),)},
    principal_ids={TEAM: "g-1"},
    object_ids={TEAM: "team-object"},
    application=APPLICATION,
    identifier="https://issuer",
    template_id="template",
    attributes={"department": "${path:enterprise.department}"},
)


def entry(kind: str, name: str) -> dict[str, Any]:
    return {"type": f"x:y/z:{kind}", "name": f"{name}{kind}", "logicalName": name, "id": "<…>"}


def listed(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"nameTable": {"kept": "urn"}, "resources": list(entries)}


FORMS = [
    ("PermissionSet", "Deploy", SET),
    ("PermissionSetInlinePolicy", "Deploy", SET),
    ("PermissionsBoundaryAttachment", "Deploy", SET),
    (
        "ManagedPolicyAttachment",
        "Deploy/job-function/ViewOnlyAccess",
        f"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess,{SET}",
    ),
    ("CustomerManagedPolicyAttachment", "Deploy/platform/deploy", f"deploy,/platform/,{SET}"),
    ("AccountAssignment", ASSIGNMENT, f"g-1,GROUP,{ACCOUNT},AWS_ACCOUNT,{SET}"),
    ("ApplicationFromTemplate", "a", "/applicationTemplates/template/instantiate/app/sp"),
    ("ServicePrincipal", "a", "/servicePrincipals/sp"),
    ("ApplicationIdentifierUri", "t", "/applications/app/identifierUris/aHR0cHM6Ly9pc3N1ZXI="),
    ("ApplicationRedirectUris", "t", "/applications/app/redirectUris/Web"),
    ("InstanceAccessControlAttributes", "identity-center", INSTANCE),
    (
        "ServicePrincipalTokenSigningCertificate",
        "saml-trust/second",
        "sp/tokenSigningCertificate/key-2",
    ),
    ("SynchronizationJob", "p", "/servicePrincipals/sp/synchronization/jobs/job"),
    ("AppRoleAssignment", "group/team", "/servicePrincipals/sp/appRoleAssignedTo/role-1"),
]
NOTHING = replace(
    KNOWN,
    arns={},
    contents={},
    holders={},
    principal_ids={},
    object_ids={},
    identifier="https://other",
    attributes=None,
    application=replace(
        APPLICATION, identifier_uris=(), reply_urls=(), certificates=(), jobs={}, in_role={}
    ),
)
ALWAYS = {"ApplicationFromTemplate", "ServicePrincipal"}


@pytest.mark.parametrize(("kind", "name", "ident"), FORMS)
def test_each_kind_gets_the_id_that_its_import_takes(kind: str, name: str, ident: str) -> None:
    filled = fill(listed(entry(kind, name)), KNOWN)
    assert not filled.missing
    (made,) = filled.content["resources"]
    assert made["id"] == ident
    assert (made["logicalName"], made["name"]) == (name, f"{name}{kind}")
    assert filled.content["nameTable"] == {"kept": "urn"}


@pytest.mark.parametrize(("kind", "name"), [one[:2] for one in FORMS if one[0] not in ALWAYS])
def test_what_no_cloud_has_is_left_out_and_named(kind: str, name: str) -> None:
    assert fill(listed(entry(kind, name)), NOTHING) == (
        listed(),
        (f"{kind} {name}",),
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("SynchronizationSecret", "scim-provisioning"),
        # Of another name in Entra: Pulumi would replace it.
        ("ServicePrincipalTokenSigningCertificate", "saml-trust/initial"),
        ("ManagedPolicyAttachment", "Deploy/AdministratorAccess"),
        ("CustomerManagedPolicyAttachment", "Deploy/deploy"),
        ("Group", "group/team"),
        ("AccountAssignment", "Deploy/group/team/622222222222"),
        ("AccountAssignment", f"Deploy/user/team/{ACCOUNT}"),
    ],
)
def test_what_is_only_alike_is_left_out(kind: str, name: str) -> None:
    assert fill(listed(entry(kind, name)), KNOWN).missing == (f"{kind} {name}",)


def test_an_assignment_comes_with_all_that_its_provider_would_read() -> None:
    (made,) = fill(listed(entry("AccountAssignment", ASSIGNMENT)), KNOWN).content["resources"]
    assert made["inputs"] == {
        "instanceArn": INSTANCE,
        "permissionSetArn": ARN,
        "principalId": "g-1",
        "principalType": "GROUP",
        "targetId": ACCOUNT,
        "targetType": "AWS_ACCOUNT",
    }
    assert made["outputs"] == {"id": made["id"], "region": "eu-west-1", **made["inputs"]}


def test_a_principal_that_lost_its_assignment_since_is_left_out() -> None:
    gone = replace(KNOWN, holders={Pair("Deploy", ACCOUNT): (Holder("GROUP", "g-2"),)})
    assert fill(listed(entry("AccountAssignment", ASSIGNMENT)), gone).missing


def test_components_stay_and_only_declared_pairs_are_looked_at() -> None:
    component = {"type": "federation:aws:PermissionSet", "name": "Deploy", "component": True}
    whole = listed(component, entry("AccountAssignment", ASSIGNMENT), entry("PermissionSet", "X"))
    assert component in fill(whole, KNOWN).content["resources"]
    assert pairs_in(whole) == [Pair("Deploy", ACCOUNT)]
    assert pairs_in({}) == []
