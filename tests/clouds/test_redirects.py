"""Credentials go where they belong: no redirect is followed, and no link to another host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clouds.credentials import Credentials
from clouds.entra import Endpoints, EntraError, endpoints, http
from clouds.graph import Graph
from clouds.scim import ScimError, try_token
from tests.clouds.server import Server, serve

TOKEN = {"access_token": "bearer-of-graph", "expires_in": 3600}
CONFIG = {"tenantId": "t", "clientId": "c", "clientSecret": "client-secret"}


@pytest.fixture
def entra() -> Iterator[Server]:
    with serve() as server:
        server.answers["/t/oauth2/v2.0/token"] = 200, TOKEN
        yield server


@pytest.fixture
def foreign() -> Iterator[Server]:
    """Another host: nothing may ever arrive there."""
    with serve() as server:
        yield server
        assert server.asked == []


def graph_of(entra: Server) -> Graph:
    pool = http()
    return Graph(pool, Credentials(pool, Endpoints(login=entra.url, graph=entra.url), CONFIG))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_client_secret_follows_no_redirect(entra: Server, foreign: Server, status: int) -> None:
    entra.answers["/t/oauth2/v2.0/token"] = status, f"{foreign.url}/t/oauth2/v2.0/token"
    with pytest.raises(EntraError, match=r"redirect to 127\.0\.0\.1:\d+, which is not followed"):
        graph_of(entra).call("GET", "/groups")
    assert len(entra.asked) == 1


@pytest.mark.parametrize("status", [302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_token_of_graph_follows_no_redirect(
    entra: Server, foreign: Server, status: int, method: str
) -> None:
    entra.answers["/v1.0/groups"] = status, f"{foreign.url}/v1.0/groups"
    with pytest.raises(EntraError, match=r"redirect to 127\.0\.0\.1:\d+, which is not followed"):
        graph_of(entra).call(method, "/groups", {} if method == "POST" else None)


def test_a_list_goes_on_at_graph_and_nowhere_else(entra: Server, foreign: Server) -> None:
    entra.answers["/v1.0/groups"] = (
        200,
        {
            "value": [{"id": "1"}],
            "@odata.nextLink": f"{entra.url}/v1.0/more",
        },
    )
    entra.answers["/v1.0/more"] = 200, {"value": [{"id": "2"}]}
    assert [one["id"] for one in graph_of(entra).entries("/groups")] == ["1", "2"]
    port = entra.url.rpartition(":")[2]
    for link in (
        f"{foreign.url}/v1.0/more",
        f"http://127.0.0.1:{port}@{foreign.url.removeprefix('http://')}/v1.0/more",
        f"https://127.0.0.1:{port}/v1.0/more",
        "http://127.0.0.1:99999999/v1.0/more",
    ):
        entra.answers["/v1.0/groups"] = 200, {"value": [], "@odata.nextLink": link}
        asked = len(entra.asked)
        with pytest.raises(EntraError, match="nothing is sent there"):
            list(graph_of(entra).entries("/groups"))
        assert [one.partition(" ")[0] for one in entra.asked[asked:]] == [
            "/t/oauth2/v2.0/token",
            "/v1.0/groups",
        ]


def test_the_scim_token_follows_no_redirect(entra: Server, foreign: Server) -> None:
    entra.answers["/scim/ServiceProviderConfig"] = 307, f"{foreign.url}/ServiceProviderConfig"
    with pytest.raises(ScimError, match="HTTP 307"):
        try_token(f"{entra.url}/scim", "scim-token")


@pytest.mark.parametrize(
    "document",
    [
        {"authentication": {"loginEndpoint": "http://login.example.com"}},
        {"microsoftGraphResourceId": "http://graph.example.com"},
    ],
)
def test_metadata_names_no_endpoint_in_clear_text(document: dict[str, Any]) -> None:
    right = {
        "authentication": {"loginEndpoint": "https://login.example.com/"},
        "microsoftGraphResourceId": "https://graph.example.com/",
    }

    class Pool:
        """A metadata host, which is always asked over https."""

        def __init__(self, answer: dict[str, Any]) -> None:
            self.answer = answer

        def request(self, *_: Any, **__: Any) -> Any:
            return self

        def json(self) -> dict[str, Any]:
            return self.answer

    found = endpoints(Pool(right), {"metadataHost": "h"})  # type: ignore[arg-type]
    assert found == Endpoints("https://login.example.com", "https://graph.example.com")
    with pytest.raises(EntraError, match="not https"):
        endpoints(Pool(right | document), {"metadataHost": "h"})  # type: ignore[arg-type]


def test_a_federated_token_is_asked_for_where_the_run_says(
    entra: Server, foreign: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ARM_CLIENT_SECRET", "ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARM_USE_OIDC", "true")
    monkeypatch.setenv("ARM_OIDC_REQUEST_URL", f"{entra.url}/oidc?x=1")
    monkeypatch.setenv("ARM_OIDC_REQUEST_TOKEN", "bearer-of-the-run")
    entra.answers["/oidc"] = 307, f"{foreign.url}/oidc"
    pool = http()
    config = CONFIG | {"clientSecret": ""}
    credentials = Credentials(pool, Endpoints(login=entra.url, graph=entra.url), config)
    with pytest.raises(EntraError, match="gives no federated token"):
        credentials.token()
