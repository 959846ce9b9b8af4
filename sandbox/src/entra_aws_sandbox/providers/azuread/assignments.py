"""App-role assignments (hashicorp/terraform-provider-azuread `approleassignments`)."""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

from typing import ClassVar

from entra_aws_sandbox.providers.azuread.base import NOT_FOUND, GraphResource, doing, plain
from entra_aws_sandbox.providers.azuread.graph import GraphError
from entra_aws_sandbox.providers.azuread.service_principals import path
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties


class AppRoleAssignment(GraphResource):
    """An app role of a service principal, given to a group, user or service principal."""

    schema: ClassVar = Schema(
        token="azuread:index/appRoleAssignment:AppRoleAssignment",
        required=frozenset({"appRoleId", "principalObjectId", "resourceObjectId"}),
        outputs=frozenset({"principalDisplayName", "principalType", "resourceDisplayName"}),
        replaces=frozenset({"appRoleId", "principalObjectId", "resourceObjectId"}),
    )

    def create(self, inputs: Properties) -> str:
        """Assign; repeated while the principal has not replicated."""
        resource = inputs["resourceObjectId"]
        which = f'for resource (Object ID: "{resource}")'
        with doing(f"Could not retrieve service principal {which}"):
            if self.graph.find(path(resource)) is None:
                raise ProviderError(f"Service principal not found {which}")
        with doing("Could not create app role assignment"):
            made = self.graph.call(
                "POST",
                f"{path(resource)}/appRoleAssignedTo",
                body={
                    "@odata.type": "#microsoft.graph.appRoleAssignment",
                    "appRoleId": inputs["appRoleId"],
                    "principalId": inputs["principalObjectId"],
                    "resourceId": resource,
                },
                retry=_not_replicated,
            )
        return f"/servicePrincipals/{made['resourceId']}/appRoleAssignedTo/{made['id']}"

    def read(self, identity: str, known: Properties) -> Properties | None:
        """The assignment, by its id."""
        with doing(f"retrieving app role assignment {identity}"):
            found = self.graph.find(f"/v1.0{identity}")
        if found is None:
            return None
        return {
            "appRoleId": found["appRoleId"],
            "principalDisplayName": plain(found.get("principalDisplayName")),
            "principalObjectId": found["principalId"],
            "principalType": plain(found.get("principalType")),
            "resourceDisplayName": plain(found.get("resourceDisplayName")),
            "resourceObjectId": found["resourceId"],
        }

    def delete(self, identity: str, state: Properties) -> None:
        """Take it away."""
        with doing(f"Deleting app role assignment {identity}"):
            self.graph.call("DELETE", f"/v1.0{identity}")


def _not_replicated(error: GraphError) -> bool:
    return error.status == NOT_FOUND or "Not a valid reference update" in str(error)
