"""Token-signing certificates, with the real plugin's error in deleting them.

Calls as in hashicorp/terraform-provider-azuread
`service_principal_token_signing_certificate_resource.go`.
"""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, ClassVar

from entra_aws_sandbox.providers.azuread.base import GraphResource, doing, last, locked, plain
from entra_aws_sandbox.providers.azuread.graph import consistently
from entra_aws_sandbox.providers.azuread.service_principals import path
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties

_TYPE = "#microsoft.graph.servicePrincipal"


class ServicePrincipalTokenSigningCertificate(GraphResource):
    """A certificate that Entra makes and signs assertions with."""

    schema: ClassVar = Schema(
        token=(
            "azuread:index/servicePrincipalTokenSigningCertificate"
            ":ServicePrincipalTokenSigningCertificate"
        ),
        required=frozenset({"servicePrincipalId"}),
        optional=frozenset({"displayName", "endDate"}),
        outputs=frozenset({"keyId", "startDate", "thumbprint", "value"}),
        replaces=frozenset({"servicePrincipalId", "displayName", "endDate"}),
        secrets=frozenset({"value"}),
    )

    def create(self, inputs: Properties) -> str:
        """Have Entra make it; Graph answers the Sign key's id, the resource is the Verify key."""
        principal = last(inputs["servicePrincipalId"])
        given = {"displayName": inputs.get("displayName"), "endDateTime": inputs.get("endDate")}
        body = {name: value for name, value in given.items() if value}
        with locked(principal):
            with doing(f"Could not add token signing certificate to service principal {principal}"):
                made = self.graph.call(
                    "POST", f"{path(principal)}/addTokenSigningCertificate", body=body
                )
            consistently(
                lambda: any(_is(key, made["keyId"]) for key in self._keys(principal)),
                failure=f"Waiting for token signing certificate of service principal {principal}",
            )
            pair = [
                key
                for key in self._keys(principal)
                if key.get("customKeyIdentifier") == made["customKeyIdentifier"]
                and key.get("usage") == "Verify"
            ]
        if not pair:
            raise ProviderError(
                "Could not determine key ID for newly added token signing certificate on service"
                f" principal {principal}"
            )
        return f"{principal}/tokenSigningCertificate/{pair[0]['keyId']}"

    def read(self, identity: str, known: Properties) -> Properties | None:
        """The Verify key; its thumbprint is computed, since Graph does not return it."""
        principal, _, key_id = identity.split("/")
        with doing(f"Retrieving service principal with object ID {principal}"):
            found = self.graph.find(path(principal), {"$select": "keyCredentials"})
        keys = (found or {}).get("keyCredentials") or []
        key = next((key for key in keys if _is(key, key_id)), None)
        if key is None:
            return None
        value = plain(key.get("key"))
        return {
            "servicePrincipalId": known.get("servicePrincipalId")
            or f"/servicePrincipals/{principal}",
            "displayName": plain(key.get("displayName")),
            "endDate": _rfc3339(key.get("endDateTime")),
            "keyId": key_id,
            "startDate": _rfc3339(key.get("startDateTime")),
            "thumbprint": hashlib.sha1(  # noqa: S324  (what a thumbprint is)
                base64.b64decode(str(value))
            )
            .hexdigest()
            .upper(),
            "value": value,
        }

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Dates compare as instants written in one form."""
        if name == "endDate" and isinstance(old, str) and isinstance(new, str):
            return _rfc3339(old) == _rfc3339(new)
        return super().same(name, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        """Rewrite the credentials without the wrong pair.

        The real plugin removes the pair of the *last* key that is not the one to delete, and
        then waits in vain for its own: with two certificates the other one is lost.
        """
        principal, _, key_id = identity.split("/")
        with locked(principal):
            with doing(f"Retrieving service principal with object ID {principal}"):
                found = self.graph.find(path(principal))
            if found is None:
                raise ProviderError("Service Principal was not found")
            keys = found.get("keyCredentials") or []
            others = [key for key in keys if not _is(key, key_id)]
            doomed = others[-1].get("customKeyIdentifier") if others else ""
            body = {
                "@odata.type": _TYPE,
                "keyCredentials": _without(keys, doomed),
                "passwordCredentials": _without(found.get("passwordCredentials") or [], doomed),
            }
            with doing(f"Removing token signing certificate credentials {key_id!r}"):
                self.graph.call("PATCH", path(principal), body=body)
            consistently(
                lambda: not any(_is(key, key_id) for key in self._keys(principal)),
                failure=(
                    f'Waiting for deletion of token signing certificate credential "{key_id}"'
                    f' from service principal with object ID "{principal}"'
                ),
            )

    def _keys(self, principal: str) -> list[dict[str, Any]]:
        found = self.graph.get(path(principal))
        return found.get("keyCredentials") or []


def _is(key: dict[str, Any], key_id: str) -> bool:
    return str(key.get("keyId", "")).lower() == key_id.lower()


def _without(credentials: list[dict[str, Any]], identifier: str | None) -> list[dict[str, Any]]:
    return [key for key in credentials if key.get("customKeyIdentifier") != identifier]


def _rfc3339(date: Any) -> str:
    """To the second, as Go's time.RFC3339 writes it."""
    return re.sub(r"\.\d+(?=Z|$)", "", str(date or ""))
