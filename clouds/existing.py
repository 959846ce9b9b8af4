"""Finds in both clouds what a killed update or a lost answer left, and what tells whose it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from clouds.aws import Aws
from clouds.entra import EntraError
from clouds.graph import Graph
from federation.engine.provenance import TEMPORARY, Found
from federation.engine.recovery import DERIVED_IDS, Interrupted, moment

_POLL_SECONDS: Final = 2.0
_POLLS: Final = 150
# What a group has that nobody's update makes: Graph reference, resource type group.
_PECULIAR: Final = {
    "membershipRule": "its members follow from a rule",
    "mailEnabled": "it takes mail",
    "isAssignableToRole": "it can hold directory roles",
    "onPremisesSyncEnabled": "it is synchronized from another directory",
}
# Whose ids are paths of Graph (azuread provider, "Import" sections).
_BY_PATH: Final = frozenset({"AppRoleAssignment", "Group", "SynchronizationJob"})
_GROUP: Final = ("id", "displayName", "createdDateTime", "createdByAppId", "groupTypes", *_PECULIAR)


@dataclass(frozen=True, kw_only=True)
class Existing:
    """Look-ups in both clouds. Methods raise AwsError and EntraError."""

    graph: Graph
    aws: Aws

    def find(self, one: Interrupted) -> list[Found]:
        """What may be what was made; nothing is said about who made it.

        An id that follows from the inputs is given without asking: a refresh shows what is there.
        """
        derive = DERIVED_IDS.get(one.kind)
        if derive is not None:
            return [Found(id=derive(one.inputs))]
        searches: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Found]]] = {
            "PermissionSet": self._permission_sets,
            "ApplicationFromTemplate": self._applications,
            "ServicePrincipalTokenSigningCertificate": self._certificates,
            "SynchronizationJob": self._jobs,
            "AppRoleAssignment": self._app_role_assignments,
            "Group": self._groups,
        }
        return list(searches[one.kind](one.inputs)) if one.kind in searches else []

    def find_lost(self, one: Interrupted) -> list[Found]:
        """As `find`, for what may never have been made: an id only of what is there."""
        checks: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
            "AccountAssignment": self._has_account_assignment,
            "ApplicationIdentifierUri": self._has_identifier_uri,
            "ApplicationRedirectUris": self._has_redirect_uris,
        }
        if one.kind in checks and not checks[one.kind](one.inputs):
            return []
        return self.find(one)

    def is_gone(self, kind: str, ident: str) -> bool:
        """Whether Entra no longer has what the azuread provider would fail to delete for that.

        False for kinds that are no object of their own, and for those of AWS, whose provider takes
        what is gone for deleted.
        """
        return kind in _BY_PATH and not self._read(ident)

    def halfway_groups(self) -> list[str]:
        """Ids, as the state has them, of all groups that bear the name of a rename under way."""
        return [f"/groups/{one['id']}" for one in self._halfway()]

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
            (assignment["PrincipalType"], assignment["PrincipalId"])
            == (inputs["principalType"], inputs["principalId"])
            for assignment in listed
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

    def _has_identifier_uri(self, inputs: Mapping[str, Any]) -> bool:
        application = self._read(f"{inputs['applicationId']}?$select=identifierUris")
        return inputs["identifierUri"] in (application.get("identifierUris") or ())

    def _has_redirect_uris(self, inputs: Mapping[str, Any]) -> bool:
        application = self._read(f"{inputs['applicationId']}?$select=web")
        return bool((application.get("web") or {}).get("redirectUris"))

    def _permission_sets(self, inputs: Mapping[str, Any]) -> Iterator[Found]:
        instance, client = inputs["instanceArn"], self.aws.client("sso-admin")
        for arn in self.aws.pages(
            client, "list_permission_sets", "PermissionSets", InstanceArn=instance
        ):
            described = self._described(client, instance, arn)
            if described["Name"] != inputs["name"]:
                continue
            accounts = self.aws.pages(
                client,
                "list_accounts_for_provisioned_permission_set",
                "AccountIds",
                InstanceArn=instance,
                PermissionSetArn=arn,
            )
            yield Found(
                id=f"{arn},{instance}",
                name=described["Name"],
                created=described.get("CreatedDate"),
                oddities=("it gives access to accounts already",) if accounts else (),
            )

    def _described(self, client: Any, instance: str, arn: str) -> Mapping[str, Any]:
        answer = self.aws.ask(
            lambda: client.describe_permission_set(InstanceArn=instance, PermissionSetArn=arn)
        )
        described: Mapping[str, Any] = answer["PermissionSet"]
        return described

    def _applications(self, inputs: Mapping[str, Any]) -> Iterator[Found]:
        template = inputs["templateId"]
        for app in self._named("applications", inputs["displayName"]):
            if app.get("applicationTemplateId") != template:
                continue
            for principal in self._where("servicePrincipals", "appId", app["appId"]):
                paths = (f"/applications/{app['id']}", f"/servicePrincipals/{principal['id']}")
                assigned = self._list(f"{paths[1]}/appRoleAssignedTo")
                yield Found(
                    id=f"/applicationTemplates/{template}/instantiate/{app['id']}/{principal['id']}",
                    name=app["displayName"],
                    created=_moment(app.get("createdDateTime")),
                    owners=frozenset(
                        ident for path in paths for ident in self._linked(path, "owners")
                    ),
                    members=frozenset(str(one["principalId"]) for one in assigned),
                    oddities=tuple(_credentials(app, principal)),
                )

    def _certificates(self, inputs: Mapping[str, Any]) -> Iterator[Found]:
        path = str(inputs["servicePrincipalId"])
        principal = self._read(f"{path}?$select=keyCredentials")
        keys = principal.get("keyCredentials") or ()
        signing = {key.get("customKeyIdentifier") for key in keys if key.get("usage") == "Sign"}
        for key in keys:
            if key.get("usage") != "Verify" or key.get("displayName") != inputs["displayName"]:
                continue
            # Graph makes both halves together; whoever brings his own key knows its private one.
            whole = key.get("customKeyIdentifier") in signing
            yield Found(
                id=f"{path.rpartition('/')[2]}/tokenSigningCertificate/{key['keyId']}",
                name=key["displayName"],
                created=_moment(key.get("startDateTime")),
                oddities=() if whole else ("Entra has no private key for it",),
            )

    def _jobs(self, inputs: Mapping[str, Any]) -> Iterator[Found]:
        jobs = f"{inputs['servicePrincipalId']}/synchronization/jobs"
        for job in self._list(jobs):
            if job["templateId"] == inputs["templateId"]:
                yield Found(id=f"{jobs}/{job['id']}")

    def _app_role_assignments(self, inputs: Mapping[str, Any]) -> Iterator[Found]:
        path = f"/servicePrincipals/{inputs['resourceObjectId']}/appRoleAssignedTo"
        wanted = (inputs["principalObjectId"], inputs["appRoleId"])
        for one in self._list(path):
            if (one["principalId"], one["appRoleId"]) == wanted:
                yield Found(id=f"{path}/{one['id']}")

    def _groups(self, inputs: Mapping[str, Any]) -> Iterator[Found]:
        for one in [*self._named("groups", inputs["displayName"]), *self._halfway()]:
            path = f"/groups/{one['id']}"
            # Only beta tells which application made a group.
            group = self._read(f"{path}?$select={','.join(_GROUP)}", version="beta")
            if group:
                yield Found(
                    id=path,
                    name=str(group["displayName"]),
                    created=_moment(group.get("createdDateTime")),
                    created_by=str(group.get("createdByAppId") or ""),
                    owners=frozenset(self._linked(path, "owners")),
                    members=frozenset(self._linked(path, "members")),
                    oddities=tuple(_peculiarities(group)),
                )

    def _halfway(self) -> list[dict[str, Any]]:
        condition = quote(f"startswith(displayName,'{TEMPORARY}')")
        return self._list(f"/groups?$filter={condition}")

    def _linked(self, path: str, relation: str) -> Iterator[str]:
        return (str(one["id"]) for one in self._list(f"{path}/{relation}?$select=id"))

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

    def _read(self, path: str, *, version: Literal["v1.0", "beta"] = "v1.0") -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self.graph.call("GET", path, version=version)
        except EntraError as error:
            if error.status == 404:
                return {}
            raise
        return found


def _moment(text: Any) -> datetime | None:
    return moment(text) if text else None


def _credentials(*objects: Mapping[str, Any]) -> Iterator[str]:
    if any(one.get(key) for one in objects for key in ("keyCredentials", "passwordCredentials")):
        yield "it has credentials already"


def _peculiarities(group: Mapping[str, Any]) -> Iterator[str]:
    for key, sentence in _PECULIAR.items():
        if group.get(key):
            yield sentence
    if group.get("groupTypes"):
        yield f"it is a group of another type ({', '.join(group['groupTypes'])})"
