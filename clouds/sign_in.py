"""The sign-in to Entra: which credential the azuread provider would take.

Variables, configuration keys and their order are those of the azuread provider 3.9
(hashicorp/terraform-provider-azuread, internal/provider/provider.go; go-azure-sdk,
sdk/auth/auth.go), so that both are the same identity.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from clouds.entra import EntraError, setting

# strconv.ParseBool, which the provider's SDK reads booleans with.
_TRUE: Final = {"1", "t", "true"}


class Kind(StrEnum):
    """How the program signs in, in the words of a person."""

    CERTIFICATE = "client certificate"
    SECRET = "client secret"  # noqa: S105 - a kind, not a secret
    OIDC = "federated token (OIDC)"
    PIPELINES = "federated token (Azure Pipelines)"
    GITHUB = "federated token (GitHub Actions)"
    MANAGED_IDENTITY = "managed identity"
    AZURE_CLI = "Azure CLI"


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What the azuread provider is configured with; see its documentation for each."""

    tenant: str = ""
    client: str = ""
    certificate: str = field(default="", repr=False)
    certificate_path: str = ""
    certificate_password: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    oidc_token: str = field(default="", repr=False)
    request_url: str = ""
    request_token: str = field(default="", repr=False)
    service_connection: str = ""
    msi_endpoint: str = ""
    use_oidc: bool = False
    use_msi: bool = False
    use_cli: bool = True

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> SignIn:
        """From the `azuread:` configuration (without namespace) and ARM_* variables.

        Raises EntraError for a file that can't be read or says something else than its value.
        """
        aks = _is_on(config, "useAksWorkloadIdentity", "ARM_USE_AKS_WORKLOAD_IDENTITY")
        tenant = setting(config, "tenantId", "ARM_TENANT_ID").strip()
        if aks and not tenant:
            tenant = os.environ.get("AZURE_TENANT_ID", "")
        return cls(
            tenant=tenant,
            client=_or_file(config, "clientId", "ARM_CLIENT_ID"),
            certificate=setting(config, "clientCertificate", "ARM_CLIENT_CERTIFICATE"),
            certificate_path=setting(
                config, "clientCertificatePath", "ARM_CLIENT_CERTIFICATE_PATH"
            ),
            certificate_password=setting(
                config, "clientCertificatePassword", "ARM_CLIENT_CERTIFICATE_PASSWORD"
            ),
            secret=_or_file(config, "clientSecret", "ARM_CLIENT_SECRET"),
            oidc_token=_or_file(config, "oidcToken", "ARM_OIDC_TOKEN"),
            request_url=setting(
                config,
                "oidcRequestUrl",
                "ARM_OIDC_REQUEST_URL",
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                "SYSTEM_OIDCREQUESTURI",
            ),
            request_token=setting(
                config,
                "oidcRequestToken",
                "ARM_OIDC_REQUEST_TOKEN",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                "SYSTEM_ACCESSTOKEN",
            ),
            service_connection=setting(
                config,
                "adoPipelineServiceConnectionId",
                "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
                "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
            ),
            msi_endpoint=setting(config, "msiEndpoint", "ARM_MSI_ENDPOINT"),
            use_oidc=aks or _is_on(config, "useOidc", "ARM_USE_OIDC"),
            use_msi=_is_on(config, "useMsi", "ARM_USE_MSI"),
            use_cli=_is_on(config, "useCli", "ARM_USE_CLI", default=True),
        )

    @property
    def kind(self) -> Kind:
        """The first kind that is configured, in the provider's order. Raises EntraError."""
        named = bool(self.tenant and self.client)
        request = bool(self.use_oidc and self.request_url and self.request_token)
        kinds = {
            Kind.CERTIFICATE: named and bool(self.certificate or self.certificate_path),
            Kind.SECRET: named and bool(self.secret),
            Kind.OIDC: named and self.use_oidc and bool(self.oidc_token),
            Kind.PIPELINES: named and request and bool(self.service_connection),
            Kind.GITHUB: named and request,
            Kind.MANAGED_IDENTITY: self.use_msi,
            Kind.AZURE_CLI: self.use_cli,
        }
        for kind, configured in kinds.items():
            if configured:
                return kind
        raise EntraError(
            "no Entra credentials: set ARM_CLIENT_ID with a certificate, a secret or a federated "
            "token (ARM_USE_OIDC), a managed identity (ARM_USE_MSI), or allow the Azure CLI's "
            "sign-in (ARM_USE_CLI)"
        )

    def pkcs12(self) -> bytes:
        """The certificate's archive. Raises EntraError for what the azuread provider refuses."""
        if self.certificate:
            try:
                return base64.b64decode("".join(self.certificate.split()), validate=True)
            except (binascii.Error, ValueError):
                raise EntraError(
                    "the client certificate is not base64: correct ARM_CLIENT_CERTIFICATE"
                ) from None
        try:
            data = Path(self.certificate_path).read_bytes()
        except (OSError, ValueError):
            raise EntraError(
                f"the client certificate {self.certificate_path} can't be read: correct "
                "ARM_CLIENT_CERTIFICATE_PATH"
            ) from None
        if b"-----BEGIN" in data:
            raise EntraError(
                f"the client certificate {self.certificate_path} is PEM, and the azuread provider "
                "takes PKCS#12 only: convert it with openssl pkcs12 -export"
            )
        return data


def _is_on(config: Mapping[str, Any], key: str, variable: str, *, default: bool = False) -> bool:
    value = config.get(key)
    text = os.environ.get(variable, "") if value is None else str(value)
    return text.lower() in _TRUE if text else default


def _or_file(config: Mapping[str, Any], key: str, variable: str) -> str:
    """A value, or the content of the file that its `...FilePath` names."""
    value = setting(config, key, variable).strip()
    path = setting(config, f"{key}FilePath", f"{variable}_FILE_PATH")
    if not path:
        return value
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        what = "federated token" if key == "oidcToken" else key
        raise EntraError(
            f"the {what} file {path} can't be read: correct {variable}_FILE_PATH"
        ) from None
    if value and value != content:
        raise EntraError(f"{variable} and the file of {variable}_FILE_PATH differ: set one of them")
    return content
