"""Two administrators looking at the clouds through their public APIs, not through the sandbox."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import boto3
import urllib3
from botocore.config import Config

from entra_aws_sandbox.folder import SandboxError

_TIMEOUT_SECONDS = 30.0

_CREATION: Final = "AccountAssignmentCreationStatus"
# 10 seconds at most: the sandbox answers at once, unless `faults timing` makes it slow.
_POLLS, _PAUSE = 200, 0.05


class GraphError(SandboxError):
    """Graph refused a call with an HTTP status; the message repeats Graph's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class GraphAdmin:
    """Microsoft Graph with the credentials of an environment (``ARM_*`` variables).

    Finds the hosts as the azuread provider does, through the metadata document.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=_TIMEOUT_SECONDS,
            ssl_context=ssl.create_default_context(cafile=environment["SSL_CERT_FILE"]),
        )
        host = environment["ARM_METADATA_HOSTNAME"]
        metadata = self._send("GET", f"https://{host}/metadata/endpoints?api-version=2022-09-01")
        self.graph = str(metadata["microsoftGraphResourceId"]).rstrip("/")
        login = metadata["authentication"]["loginEndpoint"]
        token = self._send(
            "POST",
            f"{login}/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token",
            fields={
                "grant_type": "client_credentials",
                "client_id": environment["ARM_CLIENT_ID"],
                "client_secret": environment["ARM_CLIENT_SECRET"],
                "scope": f"{self.graph}/.default",
            },
        )
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One call, ``call("GET", "/v1.0/groups/…")``. Raises GraphError with Graph's message."""
        url = path if path.startswith("http") else self.graph + path
        return self._send(method, url, json=body, headers=self._headers)

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path. Raises GraphError if Graph refuses to say."""
        try:
            self.call("GET", path)
        except GraphError as error:
            if error.status == 404:
                return False
            raise
        return True

    def all(self, path: str) -> Iterator[dict[str, Any]]:
        """Every element of a collection, page by page."""
        next_page: str | None = path
        while next_page:
            page = self.call("GET", next_page)
            yield from page["value"]
            next_page = page.get("@odata.nextLink")

    def _send(self, method: str, url: str, **content: Any) -> dict[str, Any]:
        if "fields" in content:
            content["encode_multipart"] = False
        elif content.get("json") is None:
            content.pop("json", None)
        try:
            answer = self._pool.request(method, url, **content)
        except urllib3.exceptions.HTTPError as error:
            raise SandboxError(f"Entra does not answer at {url.partition('?')[0]}") from error
        body: dict[str, Any] = json.loads(answer.data or b"{}")
        if answer.status >= 400:
            reason = body.get("error", {})
            message = reason.get("message") if isinstance(reason, dict) else reason
            raise GraphError(
                f"Graph answers {answer.status} to {method} {url.partition('?')[0]}: {message}",
                answer.status,
            )
        return body


class AwsAdmin:
    """AWS at the address of an environment, with an administrator's key.

    Not with the deployment's, whose policy allows only what a federation needs.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        session: Any = boto3.Session(
            aws_access_key_id="AKIAADMINISTRATOR000",
            aws_secret_access_key="administrator",
            region_name=environment["AWS_REGION"],
        )

        def client(service: str) -> Any:
            return session.client(
                service,
                endpoint_url=environment["AWS_ENDPOINT_URL"],
                config=Config(retries={"mode": "standard"}, proxies={}),
            )

        self.sso_admin = client("sso-admin")
        self.identity_store = client("identitystore")
        self.organizations = client("organizations")

    def instances(self) -> list[dict[str, Any]]:
        """The IAM Identity Center instances."""
        return list(self.sso_admin.list_instances()["Instances"])

    def permission_sets(self) -> dict[str, str]:
        """Name by ARN of every permission set of every instance."""
        return {
            arn: self.sso_admin.describe_permission_set(
                InstanceArn=instance["InstanceArn"], PermissionSetArn=arn
            )["PermissionSet"]["Name"]
            for instance in self.instances()
            for arn in self._pages("list_permission_sets", "PermissionSets", instance)
        }

    def permission_set(self, name: str) -> str:
        """The ARN of the only permission set of this name."""
        (arn,) = [arn for arn, known in self.permission_sets().items() if known == name]
        return arn

    def assign(
        self, permission_set: str, account: str, principal: str, kind: str = "GROUP"
    ) -> None:
        """Assign a set, by ARN, to a principal, by id, and wait until that is done."""
        asked = self._assignment(permission_set, account, principal, kind)
        status = self.sso_admin.create_account_assignment(**asked)[_CREATION]
        for _ in range(_POLLS):
            if status["Status"] == "SUCCEEDED":
                return
            time.sleep(_PAUSE)
            status = self.sso_admin.describe_account_assignment_creation_status(
                InstanceArn=asked["InstanceArn"],
                AccountAssignmentCreationRequestId=status["RequestId"],
            )[_CREATION]
        raise SandboxError(f"The assignment was not made: {status}")

    def unassign(
        self, permission_set: str, account: str, principal: str, kind: str = "GROUP"
    ) -> None:
        """Ask for the end of an assignment."""
        self.sso_admin.delete_account_assignment(
            **self._assignment(permission_set, account, principal, kind)
        )

    def _assignment(
        self, permission_set: str, account: str, principal: str, kind: str
    ) -> dict[str, str]:
        (instance,) = self.instances()
        return {
            "InstanceArn": instance["InstanceArn"],
            "PermissionSetArn": permission_set,
            "PrincipalType": kind,
            "PrincipalId": principal,
            "TargetType": "AWS_ACCOUNT",
            "TargetId": account,
        }

    def assignments(self) -> set[tuple[str, str, str, str]]:
        """Every assignment: (account id, permission set name, principal type, principal id)."""
        assignments = set()
        for arn, name in self.permission_sets().items():
            (instance,) = self.instances()
            accounts = self._pages(
                "list_accounts_for_provisioned_permission_set",
                "AccountIds",
                instance,
                PermissionSetArn=arn,
            )
            for account in accounts:
                assignments |= {
                    (account, name, assignment["PrincipalType"], assignment["PrincipalId"])
                    for assignment in self._pages(
                        "list_account_assignments",
                        "AccountAssignments",
                        instance,
                        PermissionSetArn=arn,
                        AccountId=account,
                    )
                }
        return assignments

    def groups(self) -> dict[str, str]:
        """Identity store group ids by display name."""
        return {group["DisplayName"]: group["GroupId"] for group in self._store("groups")}

    def users(self) -> dict[str, str]:
        """Identity store user ids by user name."""
        return {user["UserName"]: user["UserId"] for user in self._store("users")}

    def groups_of(self, user_id: str) -> set[str]:
        """Ids of the groups that a user is a member of."""
        (instance,) = self.instances()
        pages = self.identity_store.get_paginator("list_group_memberships_for_member").paginate(
            IdentityStoreId=instance["IdentityStoreId"], MemberId={"UserId": user_id}
        )
        return {one["GroupId"] for page in pages for one in page["GroupMemberships"]}

    def _store(self, what: str) -> list[dict[str, Any]]:
        (instance,) = self.instances()
        pages = self.identity_store.get_paginator(f"list_{what}").paginate(
            IdentityStoreId=instance["IdentityStoreId"]
        )
        return [item for page in pages for item in page[what.capitalize()]]

    def _pages(
        self, operation: str, result: str, instance: Mapping[str, Any], **arguments: str
    ) -> list[Any]:
        pages = self.sso_admin.get_paginator(operation).paginate(
            InstanceArn=instance["InstanceArn"], **arguments
        )
        return [item for page in pages for item in page[result]]
