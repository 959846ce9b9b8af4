"""Metadata, tokens, and what a bad token is told."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from sandbox_tests.entra.clients import CLIENT_ID, CLIENT_SECRET, TENANT, Answer, Cloud, send


def request_token(cloud: Cloud, tenant: str = TENANT, **changed: str) -> Answer:
    """The token endpoint's answer to the provider's form."""
    form = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_type": "client_credentials",
        "scope": f"{cloud.url}/.default",
        **changed,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return send("POST", f"{cloud.url}/{tenant}/oauth2/v2.0/token", urlencode(form), headers)


def test_the_metadata_document_names_login_and_graph(cloud: Cloud) -> None:
    answer = send("GET", f"{cloud.url}/metadata/endpoints?api-version=2022-09-01").json
    assert answer["authentication"]["loginEndpoint"] == cloud.url
    assert answer["microsoftGraphResourceId"] == f"{cloud.url}/"
    assert answer["name"]
    assert answer["resourceManager"]


def test_a_token_carries_the_deployments_identity_and_app_roles(cloud: Cloud) -> None:
    cloud.control("app-roles", {"roles": ["Group.Read.All"]})
    answer = request_token(cloud)
    assert answer.status == 200
    assert answer.json["expires_in"] == 3600
    header, payload, signature = answer.json["access_token"].split(".")
    assert header
    assert signature
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["roles"] == ["Group.Read.All"]
    assert (claims["appid"], claims["tid"], claims["idtyp"]) == (CLIENT_ID, TENANT, "app")
    assert isinstance(claims["exp"], int)
    cloud.act_as()
    service_principal = cloud.get(f"/servicePrincipals/{claims['oid']}")
    assert service_principal["appId"] == CLIENT_ID


@pytest.mark.parametrize(
    ("tenant", "changed", "status", "number"),
    [
        (TENANT, {"client_secret": "wrong"}, 401, 7000215),
        (TENANT, {"client_id": "11111111-1111-1111-1111-111111111111"}, 400, 700016),
        (TENANT, {"grant_type": "password"}, 400, 70003),
        (TENANT, {"scope": "openid"}, 400, 1002012),
        ("11111111-1111-1111-1111-111111111111", {}, 400, 90002),
    ],
)
def test_refusals_carry_entras_numbers(
    cloud: Cloud, tenant: str, changed: dict[str, str], status: int, number: int
) -> None:
    answer = request_token(cloud, tenant, **changed)
    assert answer.status == status
    assert answer.json["error_codes"] == [number]
    assert answer.json["error_description"].startswith(f"AADSTS{number}: ")


def test_graph_refuses_missing_forged_and_expired_tokens(cloud: Cloud) -> None:
    good = request_token(cloud).json["access_token"]
    header, payload, _ = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["roles"] = ["Directory.ReadWrite.All"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    for token in ("", "nonsense", f"{header}.{forged}.{good.split('.')[2]}"):
        cloud.token = token
        answer = cloud.graph("GET", "/v1.0/groups")
        assert answer.status == 401
        assert answer.error[0] == "InvalidAuthenticationToken"
    cloud.token = good
    assert cloud.graph("GET", "/v1.0/groups").status == 200
    cloud.clock.advance(timedelta(minutes=61))
    expired = cloud.graph("GET", "/v1.0/groups")
    assert expired.status == 401
    assert expired.error == (
        "InvalidAuthenticationToken",
        "Lifetime validation failed, the token is expired.",
    )


def test_the_control_surface_needs_its_header(cloud: Cloud) -> None:
    answer = send("POST", f"{cloud.url}/_sandbox/state", {})
    assert answer.status == 403
