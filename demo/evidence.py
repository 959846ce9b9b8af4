"""What the demo looks up in the two clouds, through the APIs that anybody has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from demo.narrator import require
from entra_aws_sandbox.admin import AwsAdmin, GraphAdmin


class Clouds:
    """Both clouds as their administrators see them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.graph = GraphAdmin(environment)
        self.aws = AwsAdmin(environment)

    def service_principal(self, name: str) -> dict[str, Any]:
        """The service principal of the enterprise app. Raises EvidenceError if there is not one."""
        found = [
            principal
            for principal in self.graph.all("/v1.0/servicePrincipals")
            if principal["displayName"] == name
        ]
        require(len(found) == 1, f'Entra has {len(found)} service principals named "{name}".')
        return found[0]

    def application(self, app_id: str) -> dict[str, Any]:
        """The application object of a service principal's appId."""
        found = [
            application
            for application in self.graph.all("/v1.0/applications")
            if application["appId"] == app_id
        ]
        require(len(found) == 1, f"Entra has {len(found)} applications with the appId {app_id}.")
        return found[0]

    def assigned(self, service_principal_id: str) -> list[dict[str, Any]]:
        """App-role assignments of the enterprise app."""
        path = f"/v1.0/servicePrincipals/{service_principal_id}/appRoleAssignedTo"
        return list(self.graph.all(path))

    def jobs(self, service_principal_id: str) -> list[dict[str, Any]]:
        """Synchronization jobs of the enterprise app."""
        path = f"/v1.0/servicePrincipals/{service_principal_id}/synchronization/jobs"
        return list(self.graph.all(path))

    def directory(self) -> tuple[set[str], set[str]]:
        """Object ids of (people, groups) in Entra."""
        return (
            {user["id"] for user in self.graph.all("/v1.0/users")},
            {group["id"] for group in self.graph.all("/v1.0/groups")},
        )

    def roles_of(self, user_name: str) -> set[tuple[str, str]]:
        """(account id, permission set) pairs that Identity Center's assignments give a person."""
        user_id = self.aws.users().get(user_name)
        require(user_id, f"{user_name} has not arrived in Identity Center.")
        principals = {str(user_id), *self.aws.groups_of(str(user_id))}
        return {
            (account, permission_set)
            for account, permission_set, _, principal in self.aws.assignments()
            if principal in principals
        }


def accounts_of(assignments: Iterable[tuple[str, ...]]) -> set[str]:
    """The accounts that assignments are about."""
    return {assignment[0] for assignment in assignments}
