"""Graph's objects as the real plugin shows them in its outputs."""

from __future__ import annotations

from typing import Any

from entra_aws_sandbox.providers.azuread.base import plain

# internal/helpers/applications: feature tags
FEATURE_TAGS = {
    "customSingleSignOn": "WindowsAzureActiveDirectoryCustomSingleSignOnApplication",
    "enterprise": "WindowsAzureActiveDirectoryIntegratedApp",
    "gallery": "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1",
    "hide": "HideApp",
}


def app_roles(roles: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Every role, those without a value included."""
    return [
        {
            "allowedMemberTypes": role.get("allowedMemberTypes") or [],
            "description": plain(role.get("description")),
            "displayName": plain(role.get("displayName")),
            "enabled": bool(role.get("isEnabled")),
            "id": role["id"],
            "value": plain(role.get("value")),
        }
        for role in roles or []
    ]


def role_ids(roles: list[dict[str, Any]] | None) -> dict[str, str]:
    """Role ids by value; a role without a value has no place in this map."""
    return {role["value"]: role["id"] for role in roles or [] if role.get("value")}


def scopes(published: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The OAuth2 permission scopes."""
    texts = (
        "adminConsentDescription",
        "adminConsentDisplayName",
        "type",
        "userConsentDescription",
        "userConsentDisplayName",
        "value",
    )
    return [
        {
            "enabled": bool(scope.get("isEnabled")),
            "id": scope["id"],
            **{name: plain(scope.get(name)) for name in texts},
        }
        for scope in published or []
    ]


def features(tags: list[str]) -> list[dict[str, bool]]:
    """The same as `feature_tags`, under the names that came before."""
    [block] = feature_tags(tags)
    return [
        {
            "customSingleSignOnApp": block["customSingleSignOn"],
            "enterpriseApplication": block["enterprise"],
            "galleryApplication": block["gallery"],
            "visibleToUsers": not block["hide"],
        }
    ]


def feature_tags(tags: list[str]) -> list[dict[str, bool]]:
    """The feature block that the tags stand for."""
    return [{name: tag in tags for name, tag in FEATURE_TAGS.items()}]


def tags_of(blocks: list[dict[str, bool]]) -> list[str]:
    """The tags that feature blocks stand for."""
    return [tag for name, tag in FEATURE_TAGS.items() if any(block.get(name) for block in blocks)]
