"""Whatever is sent to the emulated Entra: it answers, never with 500, and as Graph words it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.entra import Entra
from entra_aws_sandbox.entra.graph import ROUTES
from sandbox_tests.entra.clients import CLIENT_ID, CLIENT_SECRET
from sandbox_tests.hostile.strategies import FUZZ, bodies, segment, text

NAMES = (
    "@odata.id",
    "accountEnabled",
    "appRoleId",
    "credentials",
    "definition",
    "displayName",
    "endDateTime",
    "id",
    "identifierUris",
    "ids",
    "isSingleSignOn",
    "key",
    "members@odata.bind",
    "owners@odata.bind",
    "parameters",
    "preferredSingleSignOnMode",
    "principalId",
    "redirectUris",
    "resourceId",
    "schedule",
    "securityEnabled",
    "subjects",
    "templateId",
    "userPrincipalName",
    "value",
    "web",
)
OPERATIONS = sorted({(route.method, route.path) for route in ROUTES})


class Directory:
    """An emulator called in this process, with a token and the ids of its objects."""

    def __init__(self) -> None:
        self.entra = Entra(
            clock=Clock(),
            base_url="http://127.0.0.1:1",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )
        self.http = Client(self.entra.wsgi)
        answer = self.http.post("/_sandbox/admin-token", json={}, headers={"X-Sandbox": "1"})
        self.headers = {"Authorization": f"Bearer {answer.json['accessToken']}"}  # type: ignore[index]
        app = self.http.post(
            "/v1.0/applicationTemplates/8b1025e4-1dd2-430b-a150-2ef79cd700f5/instantiate",
            json={"displayName": "fuzzed"},
            headers=self.headers,
        ).json
        assert app is not None
        self.ids = [app["application"]["id"], app["servicePrincipal"]["id"]]
        for collection in ("groups", "users"):
            page = self.http.get(f"/v1.0/{collection}", headers=self.headers).json
            assert page is not None
            self.ids += [one["id"] for one in page["value"][:2]]

    def send(self, method: str, path: str, **content: Any) -> TestResponse:
        """A request with the token."""
        return self.http.open(path, method=method, headers=self.headers, **content)


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    directory = Directory()
    yield directory
    directory.entra.close()


def assert_graph(answer: TestResponse) -> None:
    """An answer as Graph gives it: a success, or a refusal in its shape."""
    assert answer.status_code < 500, answer.data
    if answer.status_code >= 400:
        assert answer.mimetype == "application/json", answer.data
        assert answer.json is not None
        error = answer.json["error"]
        assert error["code"]
        assert isinstance(error["message"], str)
    assert "x" not in answer.headers.getlist("Set-Cookie")


@FUZZ
@given(data=st.data())
def test_any_body_of_any_operation(directory: Directory, data: st.DataObject) -> None:
    method, pattern = data.draw(st.sampled_from(OPERATIONS))
    ident = st.one_of(st.sampled_from(directory.ids), text)
    path = "/".join(
        segment(data.draw(ident)) if part.startswith("<") else part for part in pattern.split("/")
    )
    version = data.draw(st.sampled_from(["v1.0", "beta"]))
    body = None if method == "GET" else data.draw(bodies(*NAMES))
    assert_graph(
        directory.send(method, f"/{version}{path}", data=body, content_type="application/json")
    )


ODD: tuple[Any, ...] = (None, True, 7, "x", [], [7], [{}], {}, {"redirectUris": 7, "x": None})


@pytest.mark.parametrize("kind", ["applications", "servicePrincipals", "groups", "users"])
def test_any_type_of_any_property(directory: Directory, kind: str) -> None:
    created = {"displayName": "odd", "mailEnabled": False, "mailNickname": "odd"}
    if kind == "servicePrincipals":
        path = f"/v1.0/servicePrincipals/{directory.ids[1]}"
    else:
        person = {"accountEnabled": True, "userPrincipalName": "odd@example.com"}
        more = person if kind == "users" else {"securityEnabled": True} if kind == "groups" else {}
        body = {k: v for k, v in created.items() if kind == "groups" or k != "mailEnabled"}
        body = {"displayName": "odd"} if kind == "applications" else body
        made = directory.send("POST", f"/v1.0/{kind}", json={**body, **more})
        assert made.json is not None, made.data
        path = f"/beta/{kind}/{made.json['id']}"
    properties = directory.send("GET", path).json
    assert properties is not None
    for name, before in properties.items():
        for value in ODD:
            assert_graph(directory.send("PATCH", path, json={name: value}))
            after = directory.send("GET", path)
            assert_graph(after)
            assert after.json is not None
            if isinstance(before, bool | list | dict) and after.json[name] is not None:
                assert type(after.json[name]) is type(before), (name, value)
    role = {"resourceId": directory.ids[1], "principalId": directory.ids[1], "appRoleId": "x"}
    assigned = f"/v1.0/servicePrincipals/{directory.ids[1]}/appRoleAssignedTo"
    assert_graph(directory.send("POST", assigned, json=role))


@FUZZ
@given(
    path=st.sampled_from(["groups", "users", "applications", "servicePrincipals"]),
    query=st.dictionaries(
        st.sampled_from(["$filter", "$select", "$top", "$expand", "$skiptoken", "$count", "$x"]),
        st.one_of(
            text,
            text.map(lambda value: f"displayName eq '{value}'"),
            text.map(lambda value: f"displayName in ('a','{value}')"),
            st.integers().map(str),
        ),
        max_size=3,
    ),
)
def test_any_query(directory: Directory, path: str, query: dict[str, str]) -> None:
    encoded = urlencode(query, errors="replace")
    assert_graph(directory.send("GET", f"/v1.0/{path}?{encoded}"))


@FUZZ
@given(
    path=st.lists(text.map(segment), max_size=4).map("/".join),
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD"]),
)
def test_any_path(directory: Directory, path: str, method: str) -> None:
    for begin in ("/v1.0/", "/beta/", "/", f"/{directory.entra.tenant_id}/"):
        answer = directory.send(method, begin + path)
        assert answer.status_code < 500, answer.data


@FUZZ
@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["SAMLRequest", "RelayState", "binding", "app", "form", "username", "password"]
        ),
        text,
    ),
    page=st.sampled_from(["saml2", "login", "myapps", "oauth2/v2.0/token", "oauth2/v2.0/logout"]),
    method=st.sampled_from(["GET", "POST"]),
)
def test_any_form_of_the_pages(
    directory: Directory, fields: dict[str, str], page: str, method: str
) -> None:
    path = f"/{directory.entra.tenant_id}/{page}"
    encoded = urlencode(fields, errors="replace")
    if method == "GET":
        answer = directory.http.get(f"{path}?{encoded}")
    else:
        answer = directory.http.post(
            path, data=encoded, content_type="application/x-www-form-urlencoded"
        )
    assert answer.status_code < 500, answer.data
    assert b"<script>" not in answer.data
    # A header that was broken out of its line would be one of these.
    assert "x" not in [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]


@FUZZ
@given(
    action=st.sampled_from(
        ["state", "app-roles", "admin-token", "switches", "permissions", "faults", "unknown"]
    ),
    body=bodies("roles", "faults", "kind", "operation", "times", "seconds", "forget"),
)
def test_any_body_of_the_control_surface(directory: Directory, action: str, body: bytes) -> None:
    answer = directory.http.post(f"/_sandbox/{action}", data=body, headers={"X-Sandbox": "1"})
    assert answer.status_code < 500, answer.data
    assert answer.mimetype == "application/json"


@FUZZ
@given(
    token=st.one_of(
        text, st.builds("{}.{}.{}".format, text, text, text), st.just("eyJ.e30."), st.just("....")
    )
)
def test_any_token(directory: Directory, token: str) -> None:
    clean = token.encode("latin-1", "replace").decode("latin-1")
    clean = clean.replace("\r", "").replace("\n", "").replace("\0", "")
    answer = directory.http.get("/v1.0/groups", headers={"Authorization": f"Bearer {clean}"})
    assert answer.status_code == 401
    assert_graph(answer)
