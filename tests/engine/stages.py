"""Changes of a federation that make every kind of write, for tests in which writes fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.engine.federation import Federation
from tests.engine.prepared import configure


@dataclass(frozen=True)
class Stage:
    """A change of a federation, and the writes that it makes: of Graph, and of sso-admin.

    `told` is what the table in docs/faults.md calls it, `begin` names the federation that changes.
    """

    told: str
    begin: str
    change: Callable[[Federation], None]
    graph: tuple[str, ...] = ()
    aws: tuple[str, ...] = ()


def change_everything(federation: Federation) -> None:
    """Every kind of update and deletion of what exists, and new parts of it."""
    access = federation.access
    deploy = access["permissionSets"]["Deploy"]
    deploy["description"] = "Roll out"
    deploy["tags"] = {"team": "platform"}
    deploy["managedPolicies"] = ["SecurityAudit"]
    deploy["customerManagedPolicies"] = [{"name": "boundary"}]
    deploy["inlinePolicy"]["Statement"][0]["Action"] = "cloudformation:Describe*"
    deploy["permissionsBoundary"] = {"managedPolicy": "PowerUserAccess"}
    migration = access["groups"]["migration"]
    migration["displayName"] = "AWS-Migrations"
    migration["members"] = ["bob@example.com"]
    migration["owners"] = ["ada@example.com", "carol@example.com"]
    # Assignments and their group go together: whichever fails, the state must not name what is
    # gone.
    access["rules"].remove(federation.rule("developers-deploy"))
    del access["groups"]["developers"]
    access["groups"]["data"] = {"displayName": "AWS-Data"}
    federation.rule("platform-look")["targets"].append({"account": "822222222222"})
    federation.write_access()
    configure(federation, "deleteThreshold", 60)
    federation.stack.set_config("enterpriseApp.notificationEmails[0]", "security@example.com")


def add_a_set(federation: Federation) -> None:
    """A permission set with everything, and one that goes."""
    access = federation.access
    access["permissionSets"]["Extra"] = {
        **access["permissionSets"]["Deploy"],
        "description": "Another one",
    }
    for rule in access["rules"]:
        rule["permissionSets"] = [
            "Extra" if one == "Deploy" else one for one in rule["permissionSets"]
        ]
    del access["permissionSets"]["Deploy"]
    federation.write_access()


def nothing(_: Federation) -> None:
    """The stage's beginning is change enough."""


STAGES = {
    "changes": Stage(
        "groups, sets and assignments changed",
        "access",
        change_everything,
        (
            *("PATCH /groups/*", "POST /groups/*members/$ref"),
            *("DELETE /groups/*members/*", "POST /groups/*owners/$ref"),
            *("PATCH /servicePrincipals/*", "PUT *secrets"),
            *("POST *appRoleAssignedTo", "DELETE *appRoleAssignedTo*"),
        ),
        (
            *("UpdatePermissionSet", "TagResource", "UntagResource"),
            *("AttachManagedPolicyToPermissionSet", "DetachManagedPolicyFromPermissionSet"),
            "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "DetachCustomerManagedPolicyReferenceFromPermissionSet",
            "PutInlinePolicyToPermissionSet",
            *("PutPermissionsBoundaryToPermissionSet", "ProvisionPermissionSet"),
            "DeletePermissionsBoundaryFromPermissionSet",
            *("CreateAccountAssignment", "DeleteAccountAssignment"),
        ),
    ),
    "a set": Stage(
        "a set for another",
        "access",
        add_a_set,
        (),
        (
            *("CreatePermissionSet", "DeletePermissionSet"),
            *("AttachManagedPolicyToPermissionSet", "DetachManagedPolicyFromPermissionSet"),
            "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "DetachCustomerManagedPolicyReferenceFromPermissionSet",
            *("PutInlinePolicyToPermissionSet", "DeleteInlinePolicyFromPermissionSet"),
            "PutPermissionsBoundaryToPermissionSet",
            "DeletePermissionsBoundaryFromPermissionSet",
            *("CreateAccountAssignment", "DeleteAccountAssignment"),
        ),
    ),
    "app": Stage(
        "phase app begun",
        "nothing",
        nothing,
        (
            *("POST */instantiate", "PATCH /servicePrincipals/*", "POST /groups"),
            *("PATCH /groups/*", "POST /groups/*members/$ref", "POST *appRoleAssignedTo"),
        ),
    ),
    "trust": Stage(
        "phase trust begun",
        "trust",
        nothing,
        ("PATCH /applications/*", "POST *addTokenSigningCertificate"),
    ),
    "provisioning": Stage(
        "phase access begun",
        "provisioning",
        nothing,
        ("PUT *secrets", "POST *jobs", "POST *jobs/*/start"),
    ),
}
