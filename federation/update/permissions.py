"""The permissions that a stack needs in both clouds, for a preview, an update and its end.

Measured: `python -m demo.privileges` plays stacks, counts every call and writes
docs/permissions.md; a test compares this table with what was used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from federation.access.declared import Access
from federation.access.organization import Organization
from federation.access.selection import Selection
from federation.update.access_stack import AccessStackSettings
from federation.update.settings import Settings


class Purpose(StrEnum):
    """What the permissions are for: `pulumi preview`, `pulumi up`, `pulumi destroy`."""

    PREVIEW = "preview"
    DEPLOY = "deploy"
    DESTROY = "destroy"


class Feature(StrEnum):
    """What not every stack has, in the words of a reason for its permissions."""

    FEDERATION = "stacks that own a federation"
    ACCESS_STACK = "access stacks"
    GROUPS = "groups that the stack makes (create: true)"
    PEOPLE = "people in the access file (users, or owners and members of a group)"
    INLINE_POLICIES = "inline policies"
    CUSTOMER_POLICIES = "customer-managed policies"
    BOUNDARIES = "permissions boundaries"
    SET_TAGS = "tags on permission sets"
    ACCOUNT_TAGS = "rules that select accounts by tag"
    ATTRIBUTES = "attributes for access control"
    MANAGEMENT_ASSIGNMENTS = "assignments on the management account"


@dataclass(frozen=True, kw_only=True)
class Need:
    """One permission: a Graph app role or an IAM action, and what takes it (None: every stack)."""

    permission: str
    feature: Feature | None = None

    @property
    def reason(self) -> str:
        """What the permission is needed for."""
        return self.feature or "all stacks"


_PREVIEW, _DEPLOY, _DESTROY = Purpose
_READING: Final = (_PREVIEW, _DEPLOY)
_CHANGING: Final = (_DEPLOY, _DESTROY)

_Assignment = tuple[Feature | None, tuple[Purpose, ...], str]

_ROLES: Final[tuple[_Assignment, ...]] = (
    (None, _READING, "GroupMember.Read.All"),
    (Feature.FEDERATION, (_PREVIEW,), "Synchronization.Read.All"),
    (Feature.FEDERATION, tuple(Purpose), "Application.Read.All"),
    (
        Feature.FEDERATION,
        _CHANGING,
        "Application.ReadWrite.OwnedBy AppRoleAssignment.ReadWrite.All",
    ),
    (Feature.PEOPLE, _READING, "User.Read.All"),
    (Feature.GROUPS, _CHANGING, "Group.ReadWrite.All"),
)

_ACTIONS: Final[tuple[_Assignment, ...]] = (
    (
        None,
        _READING,
        (
            "identitystore:ListGroups identitystore:ListUsers organizations:DescribeOrganization "
            "organizations:ListAccounts organizations:ListOrganizationalUnitsForParent "
            "organizations:ListRoots sso:DescribeInstance sso:DescribePermissionSet "
            "sso:GetInlinePolicyForPermissionSet sso:GetPermissionsBoundaryForPermissionSet "
            "sso:ListAccountAssignments sso:ListAccountsForProvisionedPermissionSet "
            "sso:ListCustomerManagedPolicyReferencesInPermissionSet sso:ListInstances "
            "sso:ListManagedPoliciesInPermissionSet sso:ListTagsForResource"
        ),
    ),
    (
        None,
        (_DEPLOY,),
        (
            "sso:AttachManagedPolicyToPermissionSet sso:CreateAccountAssignment "
            "sso:CreatePermissionSet sso:DescribeAccountAssignmentCreationStatus "
            "sso:UpdatePermissionSet"
        ),
    ),
    (
        None,
        _CHANGING,
        (
            "sso:DeleteAccountAssignment sso:DeletePermissionSet "
            "sso:DescribeAccountAssignmentDeletionStatus "
            "sso:DescribePermissionSetProvisioningStatus "
            "sso:DetachManagedPolicyFromPermissionSet sso:ProvisionPermissionSet"
        ),
    ),
    (Feature.ACCESS_STACK, _READING, "sso:ListPermissionSets"),
    (Feature.INLINE_POLICIES, (_DEPLOY,), "sso:PutInlinePolicyToPermissionSet"),
    (Feature.INLINE_POLICIES, _CHANGING, "sso:DeleteInlinePolicyFromPermissionSet"),
    (
        Feature.CUSTOMER_POLICIES,
        (_DEPLOY,),
        "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
    ),
    (
        Feature.CUSTOMER_POLICIES,
        _CHANGING,
        "sso:DetachCustomerManagedPolicyReferenceFromPermissionSet",
    ),
    (Feature.BOUNDARIES, (_DEPLOY,), "sso:PutPermissionsBoundaryToPermissionSet"),
    (Feature.BOUNDARIES, _CHANGING, "sso:DeletePermissionsBoundaryFromPermissionSet"),
    (Feature.SET_TAGS, (_DEPLOY,), "sso:TagResource sso:UntagResource"),
    (Feature.ACCOUNT_TAGS, _READING, "organizations:ListTagsForResource"),
    (
        Feature.ATTRIBUTES,
        _READING,
        "sso:DescribeInstanceAccessControlAttributeConfiguration",
    ),
    (
        Feature.ATTRIBUTES,
        (_DEPLOY,),
        (
            "sso:CreateInstanceAccessControlAttributeConfiguration "
            "sso:UpdateInstanceAccessControlAttributeConfiguration"
        ),
    ),
    (
        Feature.ATTRIBUTES,
        _CHANGING,
        "sso:DeleteInstanceAccessControlAttributeConfiguration",
    ),
    # IAM Identity Center user guide, "Identity-based policy examples", example 2.
    (
        Feature.MANAGEMENT_ASSIGNMENTS,
        _CHANGING,
        (
            "iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy "
            "iam:DetachRolePolicy iam:GetRole iam:GetSAMLProvider iam:ListAttachedRolePolicies "
            "iam:ListPolicies iam:ListRolePolicies iam:ListRoles iam:PutRolePolicy iam:UpdateRole "
            "iam:UpdateRoleDescription"
        ),
    ),
)

# Roles that hold another one: permissions reference of Microsoft Graph, and the "Permissions" of
# each operation's page. OwnedBy holds Synchronization.Read.All on the caller's own applications.
_STRONGER: Final = {
    "Application.Read.All": (
        "Application.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    "Application.ReadWrite.OwnedBy": ("Application.ReadWrite.All",),
    "AppRoleAssignment.ReadWrite.All": ("Directory.ReadWrite.All",),
    "GroupMember.Read.All": (
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    "Group.ReadWrite.All": ("Directory.ReadWrite.All",),
    "Synchronization.Read.All": (
        "Synchronization.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
        "Application.ReadWrite.All",
        "Directory.ReadWrite.All",
    ),
    "User.Read.All": ("User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
}


def _needs(
    assignments: tuple[_Assignment, ...], purpose: Purpose, features: Collection[Feature]
) -> Iterator[Need]:
    for feature, purposes, permissions in assignments:
        if purpose in purposes and (feature is None or feature in features):
            for permission in permissions.split():
                yield Need(permission=permission, feature=feature)


def _sorted(needs: Iterator[Need]) -> list[Need]:
    return sorted(needs, key=lambda need: need.permission)


def required_actions(purpose: Purpose, features: Collection[Feature] = ()) -> list[Need]:
    """The IAM actions for a purpose on a stack with these features, sorted by name."""
    return _sorted(_needs(_ACTIONS, purpose, features))


def required_roles(purpose: Purpose, features: Collection[Feature] = ()) -> list[Need]:
    """The Graph app roles for a purpose on a stack with these features, sorted by name.

    None of them is held by another one of the list.
    """
    needs = _sorted(_needs(_ROLES, purpose, features))
    names = {need.permission for need in needs}
    return [need for need in needs if not names & set(_STRONGER.get(need.permission, ()))]


def missing_roles(
    granted: Collection[str], purpose: Purpose, features: Collection[Feature] = ()
) -> list[Need]:
    """The required app roles that neither are granted nor held by a stronger one that is."""
    return [
        need
        for need in required_roles(purpose, features)
        if not {need.permission, *_STRONGER.get(need.permission, ())} & set(granted)
    ]


def declared_features(access: Access, settings: Settings | AccessStackSettings) -> set[Feature]:
    """What a stack will have, as far as its own files say."""
    groups, sets = access.groups.values(), access.permission_sets.values()
    has = {
        Feature.FEDERATION: isinstance(settings, Settings),
        Feature.ACCESS_STACK: isinstance(settings, AccessStackSettings),
        Feature.GROUPS: any(group.create for group in groups),
        Feature.PEOPLE: bool(access.users)
        or any(group.owners or group.members for group in groups),
        Feature.INLINE_POLICIES: any(one.inline_policy is not None for one in sets),
        Feature.CUSTOMER_POLICIES: any(one.customer_managed_policies for one in sets),
        Feature.BOUNDARIES: any(one.permissions_boundary for one in sets),
        Feature.SET_TAGS: any(one.tags for one in sets),
        Feature.ACCOUNT_TAGS: access.uses_tags,
        Feature.ATTRIBUTES: isinstance(settings, Settings)
        and bool(settings.identity_center.access_control_attributes),
    }
    return {feature for feature, present in has.items() if present}


def grants_management(access: Access, organization: Organization) -> bool:
    """Whether a rule selects the management account, which only its id or name does."""
    selection = Selection(organization)
    return any(
        account.id == organization.management_account_id
        for rule in access.rules
        for selector in rule.targets
        if selector.kind in ("account", "accountName")
        for account in selection.match(selector).accounts
    )


# By the kind of a resource in the checkpoint.
_MADE: Final = {
    "Group": Feature.GROUPS,
    "PermissionSetInlinePolicy": Feature.INLINE_POLICIES,
    "CustomerManagedPolicyAttachment": Feature.CUSTOMER_POLICIES,
    "PermissionsBoundaryAttachment": Feature.BOUNDARIES,
    "InstanceAccessControlAttributes": Feature.ATTRIBUTES,
}


def made_features(kinds: Iterable[str]) -> set[Feature]:
    """What a stack has already, by its resources' kinds, such as `Group`."""
    return {_MADE[kind] for kind in kinds if kind in _MADE}
