"""What there is in the emulated AWS right now, for whoever observes it (`/_sandbox/state`)."""

from __future__ import annotations

from typing import Any

from entra_aws_sandbox.aws.console import Console
from entra_aws_sandbox.aws.saml.source import IdentitySource
from entra_aws_sandbox.aws.ssoadmin.common import Site


def summary(
    site: Site, source: IdentitySource, console: Console, portal_url: str
) -> dict[str, Any]:
    """Instance, permission sets, assignments, groups and people, without any secret."""
    with site.center.lock:
        site.jobs.settle()
        return {
            "instance": _instance(site, portal_url),
            "identityProvider": _identity_provider(source),
            "provisioning": _provisioning(console),
            "permissionSets": [_permission_set(site, arn) for arn in site.center.permission_sets],
            "assignments": _assignments(site),
            "groups": _groups(site),
            "users": _users(site),
            "delegatedAdministrators": [
                each.account.id for each in site.organization.backend.admins
            ],
        }


def _instance(site: Site, portal_url: str) -> dict[str, Any] | None:
    instance = site.center.instance
    if instance is None:
        return None
    return {
        "instanceArn": instance.arn,
        "identityStoreId": instance.identity_store_id,
        "region": instance.region,
        "accessPortalUrl": portal_url,
        "accessControlAttributes": instance.access_control,
    }


def _identity_provider(source: IdentitySource) -> dict[str, Any] | None:
    if source.active is None:
        return None
    provider = source.active.identity_provider
    return {
        "entityId": provider.entity_id,
        "ssoUrl": provider.sso_url,
        "certificates": [each.thumbprint for each in provider.certificates],
        "acsUrls": list(source.active.service_provider.acs_urls),
    }


def _provisioning(console: Console) -> dict[str, Any] | None:
    if console.tenant is None:
        return None
    tokens = console.tenant.tokens
    return {
        "scimEndpoint": console.scim_endpoint,
        "tokens": [{"tokenId": each.id, "expires": each.expires.isoformat()} for each in tokens],
    }


def _permission_set(site: Site, arn: str) -> dict[str, Any]:
    found = site.center.permission_sets[arn]
    return {
        "arn": arn,
        "name": found.name,
        "description": found.description,
        "sessionDuration": found.session_duration,
        "relayState": found.relay_state,
        "tags": found.tags,
        "managedPolicies": found.managed_policies,
        "customerManagedPolicies": [each.shown() for each in found.customer_policies],
        "inlinePolicy": found.inline_policy,
        "permissionsBoundary": found.boundary,
        "accounts": site.center.accounts_of(arn),
        "outdatedAccounts": [
            account_id
            for account_id in site.center.accounts_of(arn)
            if not site.center.is_latest(account_id, arn)
        ],
    }


def _assignments(site: Site) -> list[dict[str, Any]]:
    return [
        {
            "accountId": assignment.account_id,
            "accountName": site.organization.account_name(assignment.account_id),
            "permissionSet": site.center.permission_sets[assignment.permission_set_arn].name,
            "principalType": assignment.principal_type,
            "principalId": assignment.principal_id,
            "principalName": _principal_name(site, assignment.principal_id),
        }
        for assignment in site.center.all_assignments()
    ]


def _principal_name(site: Site, principal_id: str) -> str | None:
    """None for an orphan: an assignment whose principal has gone."""
    if site.store is None:
        return None
    if principal_id in site.store.groups:
        return site.store.groups[principal_id].display_name
    user = site.store.users.get(principal_id)
    return user.user_name if user else None


def _groups(site: Site) -> list[dict[str, Any]]:
    if site.store is None:
        return []
    return [
        {
            "groupId": group.id,
            "displayName": group.display_name,
            "externalId": group.external_id,
            "members": len(site.store.members(group.id)),
        }
        for group in list(site.store.groups.values())
    ]


def _users(site: Site) -> dict[str, int]:
    users = list(site.store.users.values()) if site.store else []
    return {"count": len(users), "active": sum(user.active for user in users)}
