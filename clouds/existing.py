"""Finds in both clouds what a killed update made and could not write down."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from clouds.aws import Aws
from clouds.entra import EntraError
from clouds.graph import Graph
from federation.recovery import DERIVED_IDS, Interrupted

_POLL_SECONDS: Final = 2.0
_POLLS: Final = 150


@dataclass(frozen=True, kw_only=True)
class Existing:
    """Look-ups in both clouds; `known_ids` are the resources that the state has already.

    Methods raise AwsError and EntraError.
    """

    graph: Graph
    aws: Aws
    known_ids: Collection[str]

    def find(self, one: Interrupted) -> str:
        """The id of what was made, "" when nothing was or when it can't be told which it is.

        An id that follows from the inputs is given without asking: a refresh shows what is there.
        """
        derive = DERIVED_IDS.get(one.kind)
        if derive is not None:
            return derive(one.inputs)
        searches: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
            "PermissionSet": self._permission_sets,
            "ApplicationFromTemplate": self._applications,
            "ServicePrincipalTokenSigningCertificate": self._certificates,
            "SynchronizationJob": self._jobs,
            "AppRoleAssignment": self._app_role_assignments,
            "Group": self._groups,
        }
        if one.kind not in searches:
            return ""
        found = [ident for ident in searches[one.kind](one.inputs) if ident not in self.known_ids]
        return found[0] if len(found) == 1 else ""

    def find_row(self, one: Interrupted) -> str:
        """As `find`, for a row that may never have been made: its id only if it is there."""
        if one.kind == "AccountAssignment" and not self._has_account_assignment(one.inputs):
            return ""
        return self.find(one)

    def _has_account_assignment(self, inputs: Mapping[str, Any]) -> bool:
        listed = self.aws.pages(
            self.aws.client("sso-admin"),
            "list_account_assignments",
            "AccountAssignments",
            InstanceArn=inputs["instanceArn"],
            AccountId=inputs["targetId"],
            PermissionSetArn=inputs["permissionSetArn"],
        )
        return any(
            (row["PrincipalType"], row["PrincipalId"])
            == (inputs["principalType"], inputs["principalId"])
            for row in listed
        )

    def wait_for_assignments(self, instance_arn: str) -> None:
        """Wait, five minutes at most, until no assignment is being made or taken away any more.

        sso-admin works on them after it has answered; a list shows them only at the end.
        """
        client = self.aws.client("sso-admin")
        operations = {
            "list_account_assignment_creation_status": "AccountAssignmentsCreationStatus",
            "list_account_assignment_deletion_status": "AccountAssignmentsDeletionStatus",
        }
        for _ in range(_POLLS):
            busy = [
                operation
                for operation, key in operations.items()
                if self.aws.pages(
                    client,
                    operation,
                    key,
                    InstanceArn=instance_arn,
                    Filter={"Status": "IN_PROGRESS"},
                )
            ]
            if not busy:
                return
            time.sleep(_POLL_SECONDS)

    def _permission_sets(self, inputs: Mapping[str, Any]) -> list[str]:
        instance, client = inputs["instanceArn"], self.aws.client("sso-admin")
        arns = self.aws.pages(
            client, "list_permission_sets", "PermissionSets", InstanceArn=instance
        )

        def name(arn: str) -> str:
            described = self.aws.ask(
                lambda: client.describe_permission_set(InstanceArn=instance, PermissionSetArn=arn)
            )
            return str(described["PermissionSet"]["Name"])

        return [f"{arn},{instance}" for arn in arns if name(arn) == inputs["name"]]

    def _applications(self, inputs: Mapping[str, Any]) -> list[str]:
        template = inputs["templateId"]
        found = []
        for app in self._named("applications", inputs["displayName"]):
            principals = self._where("servicePrincipals", "appId", app["appId"])
            found += [
                f"/applicationTemplates/{template}/instantiate/{app['id']}/{principal['id']}"
                for principal in principals
                if app.get("applicationTemplateId") == template
            ]
        return found

    def _certificates(self, inputs: Mapping[str, Any]) -> list[str]:
        path = str(inputs["servicePrincipalId"])
        principal = self._read(f"{path}?$select=keyCredentials")
        return [
            f"{path.rpartition('/')[2]}/tokenSigningCertificate/{key['keyId']}"
            for key in principal.get("keyCredentials") or ()
            if key.get("usage") == "Verify" and key.get("displayName") == inputs["displayName"]
        ]

    def _jobs(self, inputs: Mapping[str, Any]) -> list[str]:
        jobs = f"{inputs['servicePrincipalId']}/synchronization/jobs"
        return [
            f"{jobs}/{job['id']}"
            for job in self._list(jobs)
            if job["templateId"] == inputs["templateId"]
        ]

    def _app_role_assignments(self, inputs: Mapping[str, Any]) -> list[str]:
        path = f"/servicePrincipals/{inputs['resourceObjectId']}/appRoleAssignedTo"
        return [
            f"{path}/{one['id']}"
            for one in self._list(path)
            if one["principalId"] == inputs["principalObjectId"]
            and one["appRoleId"] == inputs["appRoleId"]
        ]

    def _groups(self, inputs: Mapping[str, Any]) -> list[str]:
        return [f"/groups/{one['id']}" for one in self._named("groups", inputs["displayName"])]

    def _named(self, collection: str, name: str) -> list[dict[str, Any]]:
        listed = self._where(collection, "displayName", name)
        # Graph ignores upper and lower case; names compare exactly.
        return [one for one in listed if one["displayName"] == name]

    def _where(self, collection: str, attribute: str, value: str) -> list[dict[str, Any]]:
        condition = quote(f"{attribute} eq '{value.replace(chr(39), chr(39) * 2)}'")
        return self._list(f"/{collection}?$filter={condition}")

    def _list(self, path: str) -> list[dict[str, Any]]:
        try:
            return list(self.graph.entries(path))
        except EntraError as error:
            if error.status == 404:
                return []
            raise

    def _read(self, path: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self.graph.call("GET", path)
        except EntraError as error:
            if error.status == 404:
                return {}
            raise
        return found
