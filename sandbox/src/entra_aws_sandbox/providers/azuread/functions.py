"""The functions (Terraform: data sources) that the double has."""

from __future__ import annotations

from typing import Any

from entra_aws_sandbox.providers.azuread.applications import path
from entra_aws_sandbox.providers.azuread.base import doing, plain
from entra_aws_sandbox.providers.azuread.flatten import app_roles, feature_tags, role_ids, scopes
from entra_aws_sandbox.providers.azuread.graph import Graph
from entra_aws_sandbox.providers.resource import ProviderError
from entra_aws_sandbox.providers.wire import UNKNOWN, Properties


class Functions:
    """Functions over one Graph client."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def get_client_config(self, _: Properties) -> Properties:
        """Who the provider is; no call."""
        graph = self._graph
        return {
            "id": f"{graph.tenant_id}-{graph.client_id}-{graph.caller_id}",
            "clientId": graph.client_id,
            "objectId": graph.caller_id,
            "tenantId": graph.tenant_id,
        }

    def get_application(self, arguments: Properties) -> Properties:
        """An application by its object id: the object, one beta property, its owners."""
        object_id = arguments.get("objectId")
        if object_id is UNKNOWN or not object_id:
            raise ProviderError("this double finds applications by object_id only")
        with doing(f"Retrieving Application with object ID {object_id!r}"):
            found = self._graph.find(path(object_id))
            if found is None:
                raise ProviderError(
                    f'[object_id] Application with object ID "{object_id}" was not found'
                )
            beta = self._graph.get(
                f"/beta/applications/{object_id}", {"$select": "oauth2RequirePostResponse"}
            )
            owners = [owner["id"] for owner in self._graph.pages(f"{path(object_id)}/owners")]
        return {
            **_outputs(found),
            "oauth2PostResponseRequired": bool(beta.get("oauth2RequirePostResponse")),
            "owners": owners,
        }


def _outputs(found: dict[str, Any]) -> Properties:
    api, info, web = found.get("api") or {}, found.get("info") or {}, found.get("web") or {}
    published = api.get("oauth2PermissionScopes")
    tags = found.get("tags") or []
    grants = web.get("implicitGrantSettings") or {}
    return {
        "id": f"/applications/{found['id']}",
        "apis": [
            {
                "knownClientApplications": api.get("knownClientApplications") or [],
                "mappedClaimsEnabled": bool(api.get("acceptMappedClaims")),
                "oauth2PermissionScopes": scopes(published),
                "requestedAccessTokenVersion": api.get("requestedAccessTokenVersion") or 1,
            }
        ],
        "appRoleIds": role_ids(found.get("appRoles")),
        "appRoles": app_roles(found.get("appRoles")),
        "clientId": found["appId"],
        "description": plain(found.get("description")),
        "deviceOnlyAuthEnabled": bool(found.get("isDeviceOnlyAuthSupported")),
        "disabledByMicrosoft": plain(found.get("disabledByMicrosoftStatus")),
        "displayName": found["displayName"],
        "fallbackPublicClientEnabled": bool(found.get("isFallbackPublicClient")),
        "featureTags": feature_tags(tags),
        "groupMembershipClaims": [
            claim for claim in str(plain(found.get("groupMembershipClaims"))).split(",") if claim
        ],
        "identifierUri": "",
        "identifierUris": found.get("identifierUris") or [],
        "logoUrl": plain(info.get("logoUrl")),
        "marketingUrl": plain(info.get("marketingUrl")),
        "notes": plain(found.get("notes")),
        "oauth2PermissionScopeIds": role_ids(published),
        "objectId": found["id"],
        "optionalClaims": [],
        "privacyStatementUrl": plain(info.get("privacyStatementUrl")),
        "publicClients": [_redirects(found, "publicClient")],
        "publisherDomain": plain(found.get("publisherDomain")),
        "requiredResourceAccesses": [],
        "serviceManagementReference": plain(found.get("serviceManagementReference")),
        "signInAudience": plain(found.get("signInAudience")),
        "singlePageApplications": [_redirects(found, "spa")],
        "supportUrl": plain(info.get("supportUrl")),
        "tags": tags,
        "termsOfServiceUrl": plain(info.get("termsOfServiceUrl")),
        "webs": [
            {
                **_redirects(found, "web"),
                "homepageUrl": plain(web.get("homePageUrl")),
                "logoutUrl": plain(web.get("logoutUrl")),
                "implicitGrants": [
                    {
                        "accessTokenIssuanceEnabled": bool(grants.get("enableAccessTokenIssuance")),
                        "idTokenIssuanceEnabled": bool(grants.get("enableIdTokenIssuance")),
                    }
                ],
            }
        ],
    }


def _redirects(found: dict[str, Any], platform: str) -> dict[str, Any]:
    return {"redirectUris": (found.get(platform) or {}).get("redirectUris") or []}
