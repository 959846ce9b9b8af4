"""Steps 7 and 8: the Entra side of the SAML trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pulumi
import pulumi_azuread as azuread

from components.enterprise_app import EnterpriseApp
from federation.identity.saml_metadata import ServiceProviderMetadata
from federation.identity.signing_certificate import subject


@dataclass(frozen=True, kw_only=True)
class SamlTrustArgs:
    """`certificates` maps a name to an expiry date; None leaves Entra's default of three years."""

    app: EnterpriseApp
    metadata: ServiceProviderMetadata
    certificates: Mapping[str, date | None]
    tenant_id: str
    login_endpoint: str
    protect: bool = False


class SamlTrust(pulumi.ComponentResource):
    """Identifier, reply URLs and token-signing certificates of the application.

    **Pulumi type:** `federation:entra:SamlTrust`. Makes: ApplicationIdentifierUri,
    ApplicationRedirectUris, ServicePrincipalTokenSigningCertificate for each certificate.

    Outputs: what step 8 uploads (`federation_metadata_url`) and what it must contain (`entity_id`,
    `single_sign_on_url`, `thumbprints` in SHA-1 by certificate name, `expiries`).
    """

    federation_metadata_url: pulumi.Output[str]
    entity_id: str
    single_sign_on_url: str
    thumbprints: pulumi.Output[dict[str, str]]
    expiries: pulumi.Output[dict[str, str]]

    def __init__(
        self, name: str, args: SamlTrustArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:entra:SamlTrust", name, None, opts)
        # Entra accepts an identifier on a foreign domain only once the app is in SAML mode.
        saml_mode = pulumi.ResourceOptions(parent=self, depends_on=[args.app.service_principal])
        identifier = azuread.ApplicationIdentifierUri(
            name,
            application_id=args.app.application_id,
            identifier_uri=args.metadata.entity_id,
            opts=saml_mode,
        )
        azuread.ApplicationRedirectUris(
            name,
            application_id=args.app.application_id,
            type="Web",
            redirect_uris=list(args.metadata.acs_urls),
            # Both resources PATCH the same application: one after the other.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[identifier]),
        )
        certificates = self._create_certificates(name, args)
        self.thumbprints = pulumi.Output.all(
            **{label: made.thumbprint for label, made in certificates.items()}
        )
        self.expiries = pulumi.Output.all(
            **{label: made.end_date for label, made in certificates.items()}
        )
        self.federation_metadata_url = args.app.client_id.apply(
            lambda client_id: (
                f"{args.login_endpoint}/{args.tenant_id}/federationmetadata/2007-06/"
                f"federationmetadata.xml?appid={client_id}"
            )
        )
        self.entity_id = f"https://sts.windows.net/{args.tenant_id}/"
        self.single_sign_on_url = f"{args.login_endpoint}/{args.tenant_id}/saml2"
        self.register_outputs(
            {
                "federationMetadataUrl": self.federation_metadata_url,
                "entityId": self.entity_id,
                "singleSignOnUrl": self.single_sign_on_url,
                "thumbprints": self.thumbprints,
            }
        )

    def _create_certificates(
        self, name: str, args: SamlTrustArgs
    ) -> dict[str, azuread.ServicePrincipalTokenSigningCertificate]:
        # The provider's delete takes the customKeyIdentifier of the *other* certificate and removes
        # that one: a certificate is never deleted by Pulumi, it goes with the application.
        retained = pulumi.ResourceOptions(
            parent=self, retain_on_delete=True, protect=args.protect or None
        )
        return {
            label: azuread.ServicePrincipalTokenSigningCertificate(
                f"{name}/{label}",
                service_principal_id=args.app.service_principal.id,
                display_name=subject(label),
                end_date=f"{expiry.isoformat()}T00:00:00Z" if expiry else None,
                opts=retained,
            )
            for label, expiry in sorted(args.certificates.items())
        }
