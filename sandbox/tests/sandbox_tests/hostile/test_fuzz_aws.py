"""Whatever is sent to the emulated AWS: it answers, never with 500, and as AWS words it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from entra_aws_sandbox.aws import Aws
from entra_aws_sandbox.aws.validation import operation_model
from entra_aws_sandbox.clock import Clock
from sandbox_tests.aws.support import Idp
from sandbox_tests.hostile.strategies import FUZZ, bodies, dumped, json_like, segment, text

TARGETS = {
    "sso": ("sso-admin", "SWBExternalService"),
    "identitystore": ("identitystore", "AWSIdentityStore"),
    "organizations": ("organizations", "AWSOrganizationsV20161128"),
}
OPERATIONS = {
    "sso": (
        "AttachCustomerManagedPolicyReferenceToPermissionSet",
        "AttachManagedPolicyToPermissionSet",
        "CreateAccountAssignment",
        "CreateInstanceAccessControlAttributeConfiguration",
        "CreatePermissionSet",
        "DeleteAccountAssignment",
        "DescribePermissionSet",
        "ListAccountAssignments",
        "ListPermissionSets",
        "ProvisionPermissionSet",
        "PutInlinePolicyToPermissionSet",
        "PutPermissionsBoundaryToPermissionSet",
        "TagResource",
        "UpdatePermissionSet",
    ),
    "identitystore": (
        "CreateGroup",
        "CreateGroupMembership",
        "CreateUser",
        "GetUserId",
        "IsMemberInGroups",
        "ListGroups",
        "ListUsers",
        "UpdateUser",
    ),
    "organizations": (
        "DescribeAccount",
        "ListAccounts",
        "ListAccountsForParent",
        "ListOrganizationalUnitsForParent",
        "ListTagsForResource",
        "RegisterDelegatedAdministrator",
    ),
}
CALLS = [(signed, name) for signed, names in OPERATIONS.items() for name in names]
SCIM_NAMES = (
    "Operations",
    "active",
    "displayName",
    "emails",
    "externalId",
    "familyName",
    "members",
    "name",
    "op",
    "path",
    "schemas",
    "userName",
    "value",
)


class Cloud:
    """An emulator called in this process, with Identity Center and provisioning enabled."""

    def __init__(self) -> None:
        self.aws = Aws(clock=Clock(), base_url="http://127.0.0.1:1")
        self.http = Client(self.aws.wsgi)
        self.console("enable")
        self.console("external-idp")
        self.console("upload-idp-metadata", metadata=Idp().metadata())
        shown = self.console("provisioning")
        self.scim = shown["scimEndpoint"].removeprefix("http://127.0.0.1:1")
        self.headers = {"Authorization": f"Bearer {shown['accessToken']}"}
        self.user = self.send_scim("POST", "/Users", json.dumps(_person()).encode()).get_json()[
            "id"
        ]

    def console(self, action: str, **body: Any) -> dict[str, Any]:
        """A console action that must succeed."""
        answer = self.http.post(
            f"/_sandbox/console/{action}", json=body, headers={"X-Sandbox": "1"}
        )
        assert answer.status_code == 200, answer.data
        shown: dict[str, Any] = answer.get_json()
        return shown

    def call(self, signed: str, operation: str, body: bytes) -> TestResponse:
        """An API call, signed for a service."""
        credential = f"AKIAEXAMPLE/20261124/eu-west-1/{signed}/aws4_request"
        return self.http.post(
            "/",
            data=body,
            content_type="application/x-amz-json-1.1",
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, "
                "Signature=0",
                "X-Amz-Target": f"{TARGETS[signed][1]}.{operation}",
            },
        )

    def send_scim(self, method: str, path: str, body: bytes | None = None) -> TestResponse:
        """A SCIM request with the token."""
        return self.http.open(
            f"{self.scim}{path}",
            method=method,
            data=body,
            content_type="application/scim+json",
            headers=self.headers,
        )


def _person() -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@example.com",
        "displayName": "Ada",
        "name": {"givenName": "Ada", "familyName": "Example"},
        "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
        "active": True,
    }


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    assert cloud.aws.violations == []
    cloud.aws.close()


def assert_api(answer: TestResponse) -> None:
    """An answer in AWS's JSON protocol: a success, or an error with its code."""
    assert answer.status_code < 500, answer.data
    assert answer.mimetype == "application/x-amz-json-1.1", answer.data
    assert answer.headers["x-amzn-RequestId"]
    body = json.loads(answer.data)
    if answer.status_code >= 400:
        assert body["__type"]


@st.composite
def shaped(draw: st.DrawFn, signed: str, operation: str) -> bytes:
    """A body with the right members and, here and there, the right values."""
    model = operation_model(TARGETS[signed][0], operation)
    assert model is not None
    instance = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"
    right = st.sampled_from([instance, "d-936712ab34", "111122223333", "GROUP", "AWS_ACCOUNT", "x"])
    members = list(model.input_shape.members) if model.input_shape else []
    values = st.one_of(right, right, json_like(*members))
    return dumped({name: draw(values) for name in members if draw(st.integers(0, 3))})


@FUZZ
@given(data=st.data())
def test_any_body_of_any_operation(cloud: Cloud, data: st.DataObject) -> None:
    signed, operation = data.draw(st.sampled_from(CALLS))
    body = data.draw(st.one_of(shaped(signed, operation), bodies("InstanceArn", "Name")))
    assert_api(cloud.call(signed, operation, body))


@FUZZ
@given(
    signed=st.sampled_from(sorted(TARGETS)),
    operation=text.map(lambda value: value.encode("ascii", "ignore").decode()),
)
def test_any_operation(cloud: Cloud, signed: str, operation: str) -> None:
    clean = operation.replace("\r", "").replace("\n", "").replace("\0", "")
    assert_api(cloud.call(signed, clean, b"{}"))


@FUZZ
@given(
    fields=st.dictionaries(
        st.sampled_from(["Action", "Version", "RoleArn", "RoleSessionName", "UserName"]), text
    ),
    service=st.sampled_from(["sts", "iam"]),
)
def test_any_form_of_the_query_services(cloud: Cloud, fields: dict[str, str], service: str) -> None:
    answer = cloud.http.post(
        "/",
        data=urlencode(fields, errors="replace"),
        content_type="application/x-www-form-urlencoded",
        headers={
            "Authorization": "AWS4-HMAC-SHA256 "
            f"Credential=AKIAEXAMPLE/20261124/eu-west-1/{service}/aws4_request, Signature=0"
        },
    )
    assert answer.status_code < 500, answer.data
    assert answer.mimetype == "text/xml", answer.data


@FUZZ
@given(
    path=st.sampled_from(["/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/Bulk", ""]),
    ident=st.one_of(st.just(""), st.just("known"), text),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    body=bodies(*SCIM_NAMES),
    condition=st.one_of(st.none(), text, text.map(lambda value: f'userName eq "{value}"')),
)
def test_any_scim_request(  # noqa: PLR0917  (what hypothesis draws)
    cloud: Cloud, path: str, ident: str, method: str, body: bytes, condition: str | None
) -> None:
    if ident:
        path = f"{path}/{cloud.user if ident == 'known' else segment(ident)}"
    if condition is not None:
        path = f"{path}?{urlencode({'filter': condition}, errors='replace')}"
    answer = cloud.send_scim(method, path, None if method == "GET" else body)
    assert answer.status_code < 500, (method, path, body, answer.data)
    if answer.data:
        assert answer.mimetype == "application/json", answer.data
        json.loads(answer.data)


@FUZZ
@given(
    response=st.one_of(
        text, st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())
    ),
    cookie=st.from_regex(r"[!-~]{0,40}", fullmatch=True),
    path=st.sampled_from(["acs", "start", "access", "sign-out", "unknown"]),
)
def test_any_request_of_the_pages(cloud: Cloud, response: str, cookie: str, path: str) -> None:
    portal = f"/start/{cloud.aws.portal.url.rpartition('/')[2]}"
    cloud.http.set_cookie("portal_session", cookie.replace(";", "").replace(",", ""))
    acs = cloud.aws.source.active.service_provider.acs_urls[0] if cloud.aws.source.active else ""
    answers = {
        "acs": lambda: cloud.http.post(acs, data={"SAMLResponse": response}),
        "start": lambda: cloud.http.get(portal),
        "access": lambda: cloud.http.get(f"{portal}/access.json"),
        "sign-out": lambda: cloud.http.post(f"{portal}/sign-out"),
        "unknown": lambda: cloud.http.get(f"/start/{segment(response)}"),
    }
    answer = answers[path]()
    assert answer.status_code < 500, answer.data
    assert b"<script>" not in answer.data


@FUZZ
@given(
    action=st.sampled_from(
        [
            "console/portal-url",
            "console/upload-idp-metadata",
            "console/delete-token",
            "account-state",
            "instance",
            "timing",
            "faults",
            "unknown",
        ]
    ),
    body=bodies(
        "alias", "metadata", "tokenId", "oldest", "accountId", "state", "faults", "kind",
        "delaySeconds", "propagationSeconds", "maxOutstanding", "callsPerSecond", "ownerAccountId",
    ),
)  # fmt: skip
def test_any_body_of_the_control_surface(cloud: Cloud, action: str, body: bytes) -> None:
    answer = cloud.http.post(f"/_sandbox/{action}", data=body, headers={"X-Sandbox": "1"})
    assert answer.status_code < 500, answer.data
    assert answer.mimetype == "application/json"
    cloud.http.post("/_sandbox/faults", json={}, headers={"X-Sandbox": "1"})
    cloud.http.post("/_sandbox/timing", json={}, headers={"X-Sandbox": "1"})
