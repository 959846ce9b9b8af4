"""The azuread double sends the calls that the real plugin was seen to send, in their order.

The lists are those recorded of pulumi-azuread 6.11 against a local Graph.
"""

from __future__ import annotations

from typing import Any

import grpc

from sandbox_tests.providers.support import (
    Engine,
    Made,
    Recorder,
    token_for,
)

TENANT, CALLER = "tenant-1", "caller-1"


TEMPLATE = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"


APP, SP, APP_ID = "app-1", "sp-1", "client-1"


APP_PATH, SP_PATH = f"/v1.0/applications/{APP}", f"/v1.0/servicePrincipals/{SP}"


FROM_TEMPLATE = "azuread:index/applicationFromTemplate:ApplicationFromTemplate"


URI = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"


CERTIFICATE = (
    "azuread:index/servicePrincipalTokenSigningCertificate:ServicePrincipalTokenSigningCertificate"
)


SECRET = "azuread:index/synchronizationSecret:SynchronizationSecret"


ASSIGNMENT = "azuread:index/appRoleAssignment:AppRoleAssignment"


GROUP_MEMBER = "azuread:index/groupMember:GroupMember"


NOT_FOUND = (404, {"error": {"code": "Request_ResourceNotFound", "message": "It is not there."}})


DONE = (204, None)


class Graph(Recorder):
    """A Graph that also gives out endpoints and tokens, which are not part of the lists."""

    port = 0

    def answer(self, line: str) -> tuple[int, Any]:
        """Endpoints and tokens first."""
        base = f"http://127.0.0.1:{self.port}"
        if line.startswith("GET /metadata/endpoints"):
            self.calls.pop()
            self.bodies.pop()
            login = {"loginEndpoint": base}
            return 200, {"microsoftGraphResourceId": f"{base}/", "authentication": login}
        if line == f"POST /{TENANT}/oauth2/v2.0/token":
            self.calls.pop()
            self.bodies.pop()
            return 200, {"access_token": token_for(CALLER), "expires_in": 3600}
        return super().answer(line)


def application(**more: Any) -> tuple[int, Any]:
    return 200, {"id": APP, "appId": APP_ID, "displayName": "AWS", **more}


def service_principal(**more: Any) -> tuple[int, Any]:
    role = {"id": "role-1", "displayName": "User", "value": None, "isEnabled": True}
    found = {"id": SP, "appId": APP_ID, "displayName": "AWS", "appRoles": [role]}
    return 200, {"accountEnabled": True, **found, **more}


def refusal(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.details())


def unchanged(engine: Engine, token: str, made: Made, inputs: dict[str, Any]) -> None:
    assert list(engine.diff(token, made, inputs).diffs) == []


PAIRS = [{"key": "BaseAddress", "value": "https://x"}, {"key": "SecretToken", "value": "hush"}]


GROUP_PATH = "/beta/groups/group-1"
