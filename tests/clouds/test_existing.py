"""What a killed update or a lost answer left is found again, with all that tells whose it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from clouds.entra import EntraError
from clouds.existing import Existing
from federation.engine.provenance import Found
from federation.engine.recovery import Interrupted

TEMPLATE = "21ed01d2"
AT = "2026-11-24T10:00:00Z"
CREATED = datetime(2026, 11, 24, 10, tzinfo=UTC)


class Graph:
    """Answers from a table of paths; anything else is not there."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def call(self, _method: str, path: str, *, version: str = "v1.0") -> Any:
        prefix = "" if version == "v1.0" else version
        try:
            return self._answers[prefix + unquote(path)]
        except KeyError:
            raise EntraError("not found", status=404) from None

    def entries(self, path: str) -> list[Any]:
        found: list[Any] = self.call("GET", path)
        return found


class Aws:
    """Two permission sets."""

    NAMES: ClassVar = {"ps-1": "ReadOnly", "ps-2": "Deploy"}

    def client(self, _service: str) -> Aws:
        return self

    def pages(self, _client: Any, operation: str, _key: str, **arguments: Any) -> list[str]:
        if operation == "list_accounts_for_provisioned_permission_set":
            return ["111122223333"] if arguments["PermissionSetArn"] == "ps-1" else []
        assert operation == "list_permission_sets"
        return list(self.NAMES)

    def ask(self, call: Any) -> Any:
        return call()

    def describe_permission_set(self, *, InstanceArn: str, PermissionSetArn: str) -> Any:  # noqa: N803
        assert InstanceArn == "inst"
        return {"PermissionSet": {"Name": self.NAMES[PermissionSetArn], "CreatedDate": CREATED}}


_SELECT = (
    "id,displayName,createdDateTime,createdByAppId,groupTypes,membershipRule,mailEnabled,"
    "isAssignableToRole,onPremisesSyncEnabled"
)
ANSWERS: dict[str, Any] = {
    "/applications?$filter=displayName eq 'AWS'": [
        {
            "id": "a-1",
            "appId": "c-1",
            "displayName": "AWS",
            "createdDateTime": AT,
            "applicationTemplateId": TEMPLATE,
        },
        {"id": "a-2", "appId": "c-2", "displayName": "aws", "applicationTemplateId": TEMPLATE},
        {"id": "a-3", "appId": "c-3", "displayName": "AWS", "applicationTemplateId": None},
    ],
    "/applications/a-1/owners?$select=id": [{"id": "deployer"}],
    "/servicePrincipals/s-1/owners?$select=id": [{"id": "mallory"}],
    "/servicePrincipals?$filter=appId eq 'c-1'": [
        {"id": "s-1", "keyCredentials": [{"keyId": "k"}]}
    ],
    "/servicePrincipals?$filter=appId eq 'c-3'": [{"id": "s-3"}],
    "/groups?$filter=displayName eq 'O''Neil'": [{"id": "g-1", "displayName": "O'Neil"}],
    "/groups?$filter=startswith(displayName,'TERRAFORM_UPDATE_')": [{"id": "g-2"}],
    f"beta/groups/g-1?$select={_SELECT}": {
        "id": "g-1",
        "displayName": "O'Neil",
        "createdDateTime": AT,
        "createdByAppId": "c-0",
        "groupTypes": ["DynamicMembership"],
        "membershipRule": "all",
        "mailEnabled": False,
    },
    f"beta/groups/g-2?$select={_SELECT}": {
        "id": "g-2",
        "displayName": "TERRAFORM_UPDATE_1",
        "createdDateTime": AT,
        "createdByAppId": None,
        "groupTypes": [],
    },
    "/groups/g-1/owners?$select=id": [{"id": "ada"}],
    "/groups/g-1/members?$select=id": [{"id": "wendy"}, {"id": "mallory"}],
    "/applications/a-1?$select=identifierUris": {"identifierUris": ["https://aws/1"]},
    "/applications/a-1?$select=web": {"web": {"redirectUris": []}},
    "/servicePrincipals/s-1?$select=keyCredentials": {
        "keyCredentials": [
            {"usage": "Sign", "displayName": "CN=x", "keyId": "k-0", "customKeyIdentifier": "1"},
            {"usage": "Verify", "displayName": "CN=x", "keyId": "k-1", "customKeyIdentifier": "1"},
            {"usage": "Verify", "displayName": "CN=y", "keyId": "k-2", "customKeyIdentifier": "2"},
        ]
    },
    "/servicePrincipals/s-1/synchronization/jobs": [
        {"id": "j-1", "templateId": "aWSSingleSignon"},
        {"id": "j-2", "templateId": "other"},
    ],
    "/servicePrincipals/s-1/appRoleAssignedTo": [
        {"id": "as-1", "principalId": "p-1", "appRoleId": "r-1"},
        {"id": "as-2", "principalId": "p-1", "appRoleId": "r-2"},
        {"id": "as-3", "principalId": "p-2", "appRoleId": "r-1"},
    ],
}


def search(kind: str, *, lost: bool = False, **inputs: Any) -> list[Found]:
    graph: Any = Graph(ANSWERS)
    aws: Any = Aws()
    one = Interrupted(urn="urn:pulumi:a::b::c::d", kind=kind, what="creating", inputs=inputs)
    existing = Existing(graph=graph, aws=aws)
    return existing.find_lost(one) if lost else existing.find(one)


def find(kind: str, **inputs: Any) -> list[str]:
    return [one.id for one in search(kind, **inputs) if not one.is_temporary]


@pytest.mark.parametrize(
    ("kind", "inputs", "ident"),
    [
        (
            "ApplicationFromTemplate",
            {"displayName": "AWS", "templateId": TEMPLATE},
            f"/applicationTemplates/{TEMPLATE}/instantiate/a-1/s-1",
        ),
        ("Group", {"displayName": "O'Neil"}, "/groups/g-1"),
        (
            "ServicePrincipalTokenSigningCertificate",
            {"servicePrincipalId": "/servicePrincipals/s-1", "displayName": "CN=x"},
            "s-1/tokenSigningCertificate/k-1",
        ),
        (
            "SynchronizationJob",
            {"servicePrincipalId": "/servicePrincipals/s-1", "templateId": "aWSSingleSignon"},
            "/servicePrincipals/s-1/synchronization/jobs/j-1",
        ),
        (
            "AppRoleAssignment",
            {"resourceObjectId": "s-1", "principalObjectId": "p-1", "appRoleId": "r-1"},
            "/servicePrincipals/s-1/appRoleAssignedTo/as-1",
        ),
        ("PermissionSet", {"instanceArn": "inst", "name": "Deploy"}, "ps-2,inst"),
        ("InstanceAccessControlAttributes", {"instanceArn": "inst"}, "inst"),
    ],
)
def test_what_was_made_is_found(kind: str, inputs: dict[str, Any], ident: str) -> None:
    assert find(kind, **inputs) == [ident]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("ApplicationFromTemplate", {"displayName": "AWS", "templateId": "another"}),
        ("Group", {"displayName": "nobody"}),
        ("PermissionSet", {"instanceArn": "inst", "name": "Audit"}),
        ("SynchronizationSecret", {"servicePrincipalId": "/servicePrincipals/s-1"}),
        (
            "SynchronizationJob",
            {"servicePrincipalId": "/servicePrincipals/gone", "templateId": "aWSSingleSignon"},
        ),
        (
            "ServicePrincipalTokenSigningCertificate",
            {"servicePrincipalId": "/servicePrincipals/gone", "displayName": "CN=x"},
        ),
    ],
)
def test_what_was_not_made_is_not_found(kind: str, inputs: dict[str, Any]) -> None:
    assert find(kind, **inputs) == []


def test_all_that_tells_whose_a_group_is() -> None:
    found, halfway = search("Group", displayName="O'Neil")
    assert found == Found(
        id="/groups/g-1",
        name="O'Neil",
        created=CREATED,
        created_by="c-0",
        owners=frozenset({"ada"}),
        members=frozenset({"wendy", "mallory"}),
        oddities=(
            "its members follow from a rule",
            "it is a group of another type (DynamicMembership)",
        ),
    )
    assert halfway.is_temporary
    assert (halfway.created_by, halfway.owners, halfway.oddities) == ("", frozenset(), ())


def test_all_that_tells_whose_an_application_is() -> None:
    (found,) = search("ApplicationFromTemplate", displayName="AWS", templateId=TEMPLATE)
    assert found.created == CREATED
    assert found.owners == {"deployer", "mallory"}, "owners of its service principal count as well"
    assert found.members == {"p-1", "p-2"}
    assert found.oddities == ("it has credentials already",)


def test_a_certificate_without_its_private_half_is_somebody_elses() -> None:
    path = "/servicePrincipals/s-1"
    (whole,) = search(
        "ServicePrincipalTokenSigningCertificate", servicePrincipalId=path, displayName="CN=x"
    )
    (half,) = search(
        "ServicePrincipalTokenSigningCertificate", servicePrincipalId=path, displayName="CN=y"
    )
    assert not whole.oddities
    assert half.oddities == ("Entra has no private key for it",)


def test_a_permission_set_that_gives_access_already_is_somebody_elses() -> None:
    (new,) = search("PermissionSet", instanceArn="inst", name="Deploy")
    assert (new.created, new.oddities) == (CREATED, ())
    (used,) = search("PermissionSet", instanceArn="inst", name="ReadOnly")
    assert used.oddities == ("it gives access to accounts already",)


def test_of_what_may_have_been_lost_only_what_is_there_counts() -> None:
    uri = {"applicationId": "/applications/a-1", "identifierUri": "https://aws/1"}
    assert len(search("ApplicationIdentifierUri", lost=True, **uri)) == 1
    assert not search("ApplicationIdentifierUri", lost=True, **uri | {"identifierUri": "other"})
    web = {"applicationId": "/applications/a-1", "type": "Web"}
    assert not search("ApplicationRedirectUris", lost=True, **web)
