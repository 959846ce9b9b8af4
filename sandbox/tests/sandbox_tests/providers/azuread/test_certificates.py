"""Token-signing certificates: the calls, in order."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import grpc
import pytest

from entra_aws_sandbox.providers.azuread import graph as client
from sandbox_tests.providers.azuread.calls import (
    CERTIFICATE,
    DONE,
    SP,
    SP_PATH,
    Graph,
    refusal,
    service_principal,
    unchanged,
)
from sandbox_tests.providers.support import (
    Engine,
    Made,
)


def pair(name: str) -> list[dict[str, Any]]:
    """The Verify and Sign keys of one certificate."""
    common = {
        "customKeyIdentifier": name,
        "displayName": "CN=Test",
        "startDateTime": "2026-11-24T00:00:00.1234567Z",
        "endDateTime": "2028-01-01T00:00:00Z",
        "key": base64.b64encode(name.encode()).decode(),
    }
    return [
        {"keyId": f"{name}-sign", "usage": "Sign", **common},
        {"keyId": f"{name}-verify", "usage": "Verify", **common},
    ]


ADD_CERTIFICATE = f"POST {SP_PATH}/addTokenSigningCertificate"


READ_CERTIFICATE = f"GET {SP_PATH}?$select=keyCredentials"


def test_token_signing_certificate(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        ADD_CERTIFICATE: (201, {"keyId": "a-sign", "customKeyIdentifier": "a"}),
        f"GET {SP_PATH}.*": service_principal(keyCredentials=pair("a")),
    }
    inputs = {
        "servicePrincipalId": f"/servicePrincipals/{SP}",
        "displayName": "CN=Test",
        "endDate": "2028-01-01T00:00:00Z",
    }
    made = engine.create(CERTIFICATE, inputs)
    assert graph.bodies[0] == {"displayName": "CN=Test", "endDateTime": "2028-01-01T00:00:00Z"}
    assert graph.take() == [ADD_CERTIFICATE, *[f"GET {SP_PATH}"] * (5 + 1), READ_CERTIFICATE]
    assert made.id == f"{SP}/tokenSigningCertificate/a-verify"
    assert made.state["keyId"] == "a-verify"
    assert made.state["startDate"] == "2026-11-24T00:00:00Z"
    assert made.state["thumbprint"] == hashlib.sha1(b"a").hexdigest().upper()  # noqa: S324
    assert made.state["value"] == {"secret": base64.b64encode(b"a").decode()}
    unchanged(engine, CERTIFICATE, made, inputs)
    replaced = engine.diff(CERTIFICATE, made, {**inputs, "endDate": "2029-01-01T00:00:00Z"})
    assert list(replaced.replaces) == ["endDate"]
    assert not replaced.deleteBeforeReplace
    assert engine.refresh(CERTIFICATE, made) == made
    assert graph.take() == [READ_CERTIFICATE]


def test_deleting_the_only_certificate(graph: Graph, engine: Engine) -> None:
    graph.answers = {
        f"GET {SP_PATH}": [
            service_principal(keyCredentials=pair("a"), passwordCredentials=pair("a")[:1]),
            service_principal(keyCredentials=[]),
        ],
        f"PATCH {SP_PATH}": DONE,
    }
    engine.delete(CERTIFICATE, Made(f"{SP}/tokenSigningCertificate/a-verify", {}, {}))
    assert graph.sent(f"PATCH {SP_PATH}")[0]["keyCredentials"] == []
    assert graph.sent(f"PATCH {SP_PATH}")[0]["passwordCredentials"] == []
    assert graph.take() == [f"GET {SP_PATH}", f"PATCH {SP_PATH}", *[f"GET {SP_PATH}"] * 5]


def test_deleting_one_of_two_certificates_removes_the_other(
    graph: Graph, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONSISTENCY_TIMEOUT", 0.05)
    graph.answers = {
        f"GET {SP_PATH}": service_principal(keyCredentials=pair("old") + pair("new")),
        f"PATCH {SP_PATH}": DONE,
    }
    with pytest.raises(grpc.RpcError) as failed:
        engine.delete(CERTIFICATE, Made(f"{SP}/tokenSigningCertificate/old-verify", {}, {}))
    kept = graph.sent(f"PATCH {SP_PATH}")[0]["keyCredentials"]
    assert [key["keyId"] for key in kept] == ["old-sign", "old-verify"]
    assert "Waiting for deletion of token signing certificate credential" in refusal(failed.value)
    assert "context deadline exceeded" in refusal(failed.value)
