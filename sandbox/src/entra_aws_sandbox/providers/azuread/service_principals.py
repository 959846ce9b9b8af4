"""Service principals (hashicorp/terraform-provider-azuread `service_principal_resource.go`)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from entra_aws_sandbox.providers.azuread.base import (
    GraphResource,
    doing,
    last,
    must_be_imported,
    plain,
)
from entra_aws_sandbox.providers.azuread.flatten import (
    app_roles,
    feature_tags,
    features,
    role_ids,
    scopes,
    tags_of,
)
from entra_aws_sandbox.providers.azuread.graph import GraphError, consistently
from entra_aws_sandbox.providers.resource import Schema
from entra_aws_sandbox.providers.wire import Properties

_TYPE = "#microsoft.graph.servicePrincipal"
COLLECTION = "/v1.0/servicePrincipals"


def path(object_id: str) -> str:
    """Where a service principal is."""
    return f"{COLLECTION}/{object_id}"


class ServicePrincipal(GraphResource):
    """A service principal: taken over with `useExisting`, else made."""

    schema: ClassVar = Schema(
        token="azuread:index/servicePrincipal:ServicePrincipal",
        required=frozenset({"clientId"}),
        inputs=frozenset(
            {
                "accountEnabled",
                "alternativeNames",
                "appRoleAssignmentRequired",
                "description",
                "loginUrl",
                "notes",
                "notificationEmailAddresses",
                "owners",
                "preferredSingleSignOnMode",
                "samlSingleSignOn",
                "useExisting",
            }
        ),
        optional=frozenset({"featureTags", "tags"}),
        outputs=frozenset(
            {
                "appRoleIds",
                "appRoles",
                "applicationTenantId",
                "displayName",
                "features",
                "homepageUrl",
                "logoutUrl",
                "oauth2PermissionScopeIds",
                "oauth2PermissionScopes",
                "objectId",
                "redirectUris",
                "samlMetadataUrl",
                "servicePrincipalNames",
                "signInAudience",
                "type",
            }
        ),
        replaces=frozenset({"clientId"}),
        defaults={"accountEnabled": True},
        nested={"featureTags": {}, "samlSingleSignOn": {}},
        sets=frozenset({"alternativeNames", "notificationEmailAddresses", "owners", "tags"}),
    )

    def create(self, inputs: Properties) -> str:
        """Find it by its client id; made when the list is empty, even with `useExisting`."""
        client_id = inputs["clientId"]
        with doing("Could not list existing service principals"):
            found = list(self.graph.pages(COLLECTION, {"$filter": f"appId eq '{client_id}'"}))
        if not found:
            return f"/servicePrincipals/{self._make(inputs)}"
        identity = f"/servicePrincipals/{found[0]['id']}"
        if not inputs.get("useExisting"):
            raise must_be_imported(
                "azuread_service_principal",
                f'A resource with the ID "{found[0]["id"]}" already exists',
            )
        return identity

    def _make(self, inputs: Properties) -> str:
        body = {
            **_body({}, inputs),
            "appId": inputs["clientId"],
            "description": f"TERRAFORM_UPDATE_{uuid.uuid4()}",
            "owners@odata.bind": [
                f"{self.graph.base}/v1.0/directoryObjects/{owner}"
                for owner in [self.graph.caller_id, *inputs.get("owners", ())]
            ],
        }
        with doing("Could not create service principal"):
            made = self.graph.call("POST", COLLECTION, body=body)
        return str(made["id"])

    def settle(self, identity: str, inputs: Properties) -> None:
        """Write every property, or, to one just made, its description."""
        object_id = last(identity)
        if inputs.get("useExisting"):
            with doing(f"Updating Service Principal {identity}"):
                body = _body({}, inputs)
                self.graph.call("PATCH", path(object_id), body=body)
            return
        with doing("Failed to patch service principal after creating"):
            self.graph.call(
                "PATCH",
                path(object_id),
                body={"@odata.type": _TYPE, "description": inputs.get("description") or None},
            )
        if self.graph.caller_id not in inputs.get("owners", ()):
            with doing("Could not remove initial owner from service principal"):
                caller = self.graph.caller_id
                self.graph.call("DELETE", f"{path(object_id)}/owners/{caller}/$ref")

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Three calls: the object, its SAML metadata URL (beta only), its owners."""
        object_id = last(identity)
        with doing(f"retrieving Service Principal {identity}"):
            found = self.graph.find(path(object_id))
            if found is None:
                return None
            beta = self.graph.get(
                f"/beta/servicePrincipals/{object_id}", {"$select": "samlMetadataUrl"}
            )
            owners = [owner["id"] for owner in self.graph.pages(f"{path(object_id)}/owners")]
        return {
            **_outputs(found),
            "samlMetadataUrl": plain(beta.get("samlMetadataUrl")),
            "owners": owners,
            "useExisting": known.get("useExisting", False),
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Write every property: what is not set is cleared."""
        owners = f"{path(last(identity))}/owners"
        with doing(f"Updating Service Principal {identity}"):
            self.graph.call("PATCH", path(last(identity)), body=_body(old, new))
        if "owners" not in self.changes(old, new):
            return
        with doing(f"Could not change the owners of Service Principal {identity}"):
            present = [owner["id"] for owner in self.graph.pages(owners)]
            wanted = new.get("owners", [])
            for owner in wanted:
                if owner not in present:
                    link = f"{self.graph.base}/v1.0/directoryObjects/{owner}"
                    self.graph.call("POST", f"{owners}/$ref", body={"@odata.id": link})
            for owner in present:
                if owner not in wanted:
                    self.graph.call("DELETE", f"{owners}/{owner}/$ref")

    def delete(self, identity: str, state: Properties) -> None:
        """Delete; of one taken over, neither awaited nor reported."""
        object_id = last(identity)
        try:
            self.graph.call("DELETE", path(object_id))
        except GraphError:
            if not state.get("useExisting"):
                raise
        if not state.get("useExisting"):
            consistently(
                lambda: self.graph.find(path(object_id)) is None,
                failure=f"Waiting for deletion of {identity}",
            )


def _tags(old: Properties, new: Properties) -> list[str]:
    """Changed feature tags win; else the tags given or left by the cloud."""
    blocks = new.get("featureTags")
    if blocks and blocks != old.get("featureTags"):
        return tags_of(blocks)
    kept: list[str] = new.get("tags") or old.get("tags") or []
    return kept


def _body(old: Properties, inputs: Properties) -> dict[str, Any]:
    # A block that was not declared is not taken away while it is empty (DiffSuppressFunc).
    saml = inputs.get("samlSingleSignOn")
    if saml is None and not (old.get("samlSingleSignOn") or {}).get("relayState"):
        saml = old.get("samlSingleSignOn")
    return {
        "@odata.type": _TYPE,
        "accountEnabled": inputs.get("accountEnabled", True),
        "alternativeNames": inputs.get("alternativeNames") or [],
        "appRoleAssignmentRequired": inputs.get("appRoleAssignmentRequired", False),
        "description": inputs.get("description") or None,
        "loginUrl": inputs.get("loginUrl") or None,
        "notes": inputs.get("notes") or None,
        "notificationEmailAddresses": inputs.get("notificationEmailAddresses") or [],
        "preferredSingleSignOnMode": inputs.get("preferredSingleSignOnMode") or None,
        "samlSingleSignOnSettings": (
            {} if saml is None else {"relayState": saml.get("relayState", "")}
        ),
        "tags": _tags(old, inputs),
    }


def _outputs(found: dict[str, Any]) -> Properties:
    saml = found.get("samlSingleSignOnSettings")
    tags = found.get("tags") or []
    texts = {
        "applicationTenantId": "appOwnerOrganizationId",
        "clientId": "appId",
        "description": "description",
        "displayName": "displayName",
        "homepageUrl": "homepage",
        "loginUrl": "loginUrl",
        "logoutUrl": "logoutUrl",
        "notes": "notes",
        "objectId": "id",
        "preferredSingleSignOnMode": "preferredSingleSignOnMode",
        "signInAudience": "signInAudience",
        "type": "servicePrincipalType",
    }
    return {
        **{name: plain(found.get(key)) for name, key in texts.items()},
        "accountEnabled": bool(found.get("accountEnabled")),
        "alternativeNames": found.get("alternativeNames") or [],
        "appRoleAssignmentRequired": bool(found.get("appRoleAssignmentRequired")),
        "appRoleIds": role_ids(found.get("appRoles")),
        "appRoles": app_roles(found.get("appRoles")),
        "featureTags": feature_tags(tags),
        "features": features(tags),
        "notificationEmailAddresses": found.get("notificationEmailAddresses") or [],
        "oauth2PermissionScopeIds": role_ids(found.get("oauth2PermissionScopes")),
        "oauth2PermissionScopes": scopes(found.get("oauth2PermissionScopes")),
        "redirectUris": found.get("replyUrls") or [],
        "samlSingleSignOn": None if saml is None else {"relayState": saml.get("relayState") or ""},
        "servicePrincipalNames": [
            name for name in found.get("servicePrincipalNames") or [] if name != found.get("appId")
        ],
        "tags": tags,
    }
