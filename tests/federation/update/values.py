"""One configuration, instance and organization for the tests of this room."""

from __future__ import annotations

from datetime import date
from typing import Any

from federation.identity.instance import Instance

TODAY = date(2026, 11, 24)
ONE, TWO, OLD = "100000000001", "100000000002", "100000000003"
INSTANCE = Instance(
    arn="arn:aws:sso:::instance/ssoins-1234567890abcdef",
    identity_store_id="d-1234567890",
    owner_account_id="111122223333",
    region="eu-west-1",
    status="ACTIVE",
    permission_sets_enabled=True,
)
ORGANIZATION = {
    "managementAccountId": "111122223333",
    "partition": "aws",
    "roots": [{"id": "r-abcd", "name": "Root"}],
    "organizationalUnits": [],
    "accounts": [
        {"id": ident, "name": name, "parentId": "r-abcd", "state": state, "tags": {}}
        for ident, name, state in (
            ("111122223333", "management", "ACTIVE"),
            (ONE, "one", "ACTIVE"),
            (TWO, "two", "ACTIVE"),
            (OLD, "old", "SUSPENDED"),
        )
    ],
}


FILE = "Pulumi.dev.yaml"
APP = {"name": "AWS IAM Identity Center (dev)"}
CENTER = {
    "accessPortalUrl": "https://example-dev.awsapps.com/start",
    "serviceProviderMetadata": "environments/dev/service-provider.xml",
}
PROVISIONING = {
    "endpoint": "https://scim.eu-west-1.amazonaws.com/11111111111-2222-3333/scim/v2/",
    "accessToken": "very-secret-token",
    "tokenExpires": "2027-11-20",
}
READY = {"identityCenter": CENTER, "provisioning": PROVISIONING}


def config(**parts: Any) -> dict[str, Any]:
    return {"enterpriseApp": APP, "access": "environments/dev/access.yaml", **parts}
