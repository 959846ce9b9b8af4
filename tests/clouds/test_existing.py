"""What a killed update made is found again, and only where there is no doubt which it is."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from clouds.entra import EntraError
from clouds.existing import Existing
from federation.recovery import Interrupted

TEMPLATE = "21ed01d2"


class Graph:
    """Answers from a table of paths; anything else is not there."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def call(self, _method: str, path: str) -> Any:
        try:
            return self._answers[unquote(path)]
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

    def pages(self, _client: Any, operation: str, _key: str, **_arguments: Any) -> list[str]:
        assert operation == "list_permission_sets"
        return list(self.NAMES)

    def ask(self, call: Any) -> Any:
        return call()

    def describe_permission_set(self, *, InstanceArn: str, PermissionSetArn: str) -> Any:  # noqa: N803
        assert InstanceArn == "inst"
        return {"PermissionSet": {"Name": self.NAMES[PermissionSetArn]}}


ANSWERS: dict[str, Any] = {
    "/applications?$filter=displayName eq 'AWS'": [
        {"id": "a-1", "appId": "c-1", "displayName": "AWS", "applicationTemplateId": TEMPLATE},
        {"id": "a-2", "appId": "c-2", "displayName": "aws", "applicationTemplateId": TEMPLATE},
        {"id": "a-3", "appId": "c-3", "displayName": "AWS", "applicationTemplateId": None},
    ],
    "/servicePrincipals?$filter=appId eq 'c-1'": [{"id": "s-1"}],
    "/servicePrincipals?$filter=appId eq 'c-3'": [{"id": "s-3"}],
    "/groups?$filter=displayName eq 'O''Neil'": [{"id": "g-1", "displayName": "O'Neil"}],
    "/servicePrincipals/s-1?$select=keyCredentials": {
        "keyCredentials": [
            {"usage": "Sign", "displayName": "CN=x", "keyId": "k-0"},
            {"usage": "Verify", "displayName": "CN=x", "keyId": "k-1"},
            {"usage": "Verify", "displayName": "CN=y", "keyId": "k-2"},
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


def find(kind: str, known: tuple[str, ...] = (), **inputs: Any) -> str:
    graph: Any = Graph(ANSWERS)
    aws: Any = Aws()
    one = Interrupted(urn="urn:pulumi:a::b::c::d", kind=kind, what="creating", inputs=inputs)
    return Existing(graph=graph, aws=aws, known_ids=known).find(one)


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
    assert find(kind, **inputs) == ident


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
    assert find(kind, **inputs) == ""


def test_what_the_state_has_already_is_not_taken_for_new() -> None:
    assert find("Group", known=("/groups/g-1",), displayName="O'Neil") == ""
    assert find("PermissionSet", ("ps-2,inst",), instanceArn="inst", name="Deploy") == ""
