"""The federation's ComponentResources; none decides what the model can decide."""

from components.account_assignments import (
    AccountAssignment,
    AccountAssignments,
    AccountAssignmentsArgs,
)
from components.enterprise_app import EnterpriseApp, EnterpriseAppArgs, NewGroup
from components.identity_center import IdentityCenter, IdentityCenterArgs
from components.permission_set import (
    CustomerManagedPolicy,
    PermissionsBoundary,
    PermissionSet,
    PermissionSetArgs,
)
from components.saml_trust import SamlTrust, SamlTrustArgs, SigningCertificate
from components.scim_provisioning import ScimProvisioning, ScimProvisioningArgs
from components.synced_principals import SyncedPrincipals, SyncedPrincipalsArgs

__all__ = [
    "AccountAssignment",
    "AccountAssignments",
    "AccountAssignmentsArgs",
    "CustomerManagedPolicy",
    "EnterpriseApp",
    "EnterpriseAppArgs",
    "IdentityCenter",
    "IdentityCenterArgs",
    "NewGroup",
    "PermissionSet",
    "PermissionSetArgs",
    "PermissionsBoundary",
    "SamlTrust",
    "SamlTrustArgs",
    "ScimProvisioning",
    "ScimProvisioningArgs",
    "SigningCertificate",
    "SyncedPrincipals",
    "SyncedPrincipalsArgs",
]
