"""Applications: from a gallery template, their identifier URIs, their redirect URIs.

Calls as in hashicorp/terraform-provider-azuread `internal/services/applications`.
"""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

import base64
from typing import Any, ClassVar

from entra_aws_sandbox.providers.azuread.base import (
    GraphResource,
    already_exists,
    doing,
    hash_order,
    last,
    locked,
)
from entra_aws_sandbox.providers.azuread.graph import consistently
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties

_TYPE = "#microsoft.graph.application"
_PLATFORMS = {"Web": "web", "SPA": "spa", "PublicClient": "publicClient"}


def path(object_id: str) -> str:
    """Where an application is."""
    return f"/v1.0/applications/{object_id}"


class ApplicationFromTemplate(GraphResource):
    """An application and its service principal, instantiated from the gallery."""

    schema: ClassVar = Schema(
        token="azuread:index/applicationFromTemplate:ApplicationFromTemplate",
        required=frozenset({"displayName", "templateId"}),
        outputs=frozenset(
            {
                "applicationId",
                "applicationObjectId",
                "servicePrincipalId",
                "servicePrincipalObjectId",
            }
        ),
        replaces=frozenset({"templateId"}),
    )

    def create(self, inputs: Properties) -> str:
        """Instantiate; the id names template, application and service principal."""
        template = inputs["templateId"]
        with doing(f'creating Application Template (Application Template: "{template}")'):
            made = self.graph.call(
                "POST",
                f"/v1.0/applicationTemplates/{template}/instantiate",
                body={"displayName": inputs["displayName"]},
            )
        application, principal = made["application"]["id"], made["servicePrincipal"]["id"]
        return f"/applicationTemplates/{template}/instantiate/{application}/{principal}"

    def settle(self, identity: str, inputs: Properties) -> None:
        """Wait until the application has replicated; its service principal is not awaited."""
        application = identity.split("/")[4]
        consistently(
            lambda: self.graph.find(path(application)) is not None,
            failure=f"creating {identity}: timed out waiting for replication of new application",
        )

    def read(self, identity: str, known: Properties) -> Properties | None:
        """The application's name; the rest is in the id."""
        _, _, template, _, application, principal = identity.split("/")
        with doing(f"retrieving {identity}"):
            found = self.graph.find(path(application))
        if found is None:
            return None
        return {
            "displayName": found["displayName"],
            "templateId": template,
            "applicationId": f"/applications/{application}",
            "applicationObjectId": application,
            "servicePrincipalId": f"/servicePrincipals/{principal}",
            "servicePrincipalObjectId": principal,
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Rename the application, where the name changes."""
        if "displayName" not in self.changes(old, new):
            return
        with doing(f"updating {identity}"):
            self.graph.call(
                "PATCH",
                path(identity.split("/")[4]),
                body={"@odata.type": _TYPE, "displayName": new["displayName"]},
            )

    def delete(self, identity: str, state: Properties) -> None:
        """Delete the application; no poll."""
        application = identity.split("/")[4]
        with locked(application), doing(f"deleting {identity}"):
            self.graph.call("DELETE", path(application))


class ApplicationIdentifierUri(GraphResource):
    """One identifier URI of an application."""

    schema: ClassVar = Schema(
        token="azuread:index/applicationIdentifierUri:ApplicationIdentifierUri",
        required=frozenset({"applicationId", "identifierUri"}),
        replaces=frozenset({"applicationId", "identifierUri"}),
    )

    def create(self, inputs: Properties) -> str:
        """Add it to those that the application has."""
        application, uri = last(inputs["applicationId"]), inputs["identifierUri"]
        segment = base64.b64encode(uri.encode()).decode()
        identity = f"/applications/{application}/identifierUris/{segment}"
        with locked(application):
            with doing(f"retrieving Application (Application: {application!r})"):
                present = self.graph.get(path(application)).get("identifierUris") or []
            if uri in present:
                raise already_exists("azuread_application_identifier_uri", identity)
            with doing(f"creating Application IdentifierUri ({identity})"):
                self._put(application, [*present, uri])
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Whether the application still has it."""
        _, _, application, _, segment = identity.split("/", 4)
        uri = base64.b64decode(segment).decode()
        with locked(application), doing(f"retrieving {identity}"):
            found = self.graph.find(path(application))
        if found is None or uri not in (found.get("identifierUris") or []):
            return None
        return {"applicationId": f"/applications/{application}", "identifierUri": uri}

    def delete(self, identity: str, state: Properties) -> None:
        """Take it out of those that the application has."""
        application, uri = last(state["applicationId"]), state["identifierUri"]
        with locked(application):
            with doing(f"retrieving Application (Application: {application!r})"):
                present = self.graph.get(path(application)).get("identifierUris") or []
            if uri not in present:
                raise ProviderError(
                    f"deleting {identity}: could not identify existing identifier URI"
                )
            with doing(f"deleting {identity}"):
                self._put(application, [other for other in present if other != uri])

    def _put(self, application: str, uris: list[str]) -> None:
        body = {"@odata.type": _TYPE, "identifierUris": uris}
        self.graph.call("PATCH", path(application), body=body)


class ApplicationRedirectUris(GraphResource):
    """All redirect URIs of one type of an application."""

    schema: ClassVar = Schema(
        token="azuread:index/applicationRedirectUris:ApplicationRedirectUris",
        required=frozenset({"applicationId", "redirectUris", "type"}),
        replaces=frozenset({"applicationId", "type"}),
        sets=frozenset({"redirectUris"}),
    )

    def create(self, inputs: Properties) -> str:
        """Set them, where there are none yet."""
        application, kind = last(inputs["applicationId"]), inputs["type"]
        identity = f"/applications/{application}/redirectUris/{kind}"
        with locked(application):
            with doing(f"retrieving Application (Application: {application!r})"):
                found = self.graph.get(path(application))
            if _redirect_uris(found, kind):
                raise already_exists("azuread_application_redirect_uris", identity)
            with doing(f"creating Application Redirect URIs ({identity})"):
                self._put(application, kind, inputs["redirectUris"])
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """The whole list."""
        _, _, application, _, kind = identity.split("/")
        with locked(application), doing(f"retrieving {identity}"):
            found = self.graph.find(path(application))
        uris = _redirect_uris(found, kind)
        if not uris:
            return None
        return {
            "applicationId": f"/applications/{application}",
            "type": kind,
            "redirectUris": uris,
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Replace the whole list."""
        application = last(new["applicationId"])
        with locked(application), doing(f"updating {identity}"):
            self._put(application, new["type"], new["redirectUris"])

    def delete(self, identity: str, state: Properties) -> None:
        """Replace the list by an empty one."""
        application = last(state["applicationId"])
        with locked(application), doing(f"deleting {identity}"):
            self._put(application, state["type"], [])

    def _put(self, application: str, kind: str, uris: list[str]) -> None:
        in_order = hash_order(uris, by_value=False)
        body = {"@odata.type": _TYPE, _PLATFORMS[kind]: {"redirectUris": in_order}}
        self.graph.call("PATCH", path(application), body=body)


def _redirect_uris(application: dict[str, Any] | None, kind: str) -> list[str]:
    platform = (application or {}).get(_PLATFORMS[kind]) or {}
    return platform.get("redirectUris") or []
