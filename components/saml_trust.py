"""Steps 7 and 8: the Entra side of the SAML trust."""

from dataclasses import dataclass

import pulumi
import pulumi_azuread as azuread

from components.completion import waiting
from federation.identity.signing_certificate import subject


@dataclass(frozen=True, kw_only=True)
class SigningCertificate:
    """A token-signing certificate; `expires` (YYYY-MM-DD), or Entra's default of three years."""

    expires: str | None = None


@dataclass(frozen=True, kw_only=True)
class SamlTrustArgs:
    """The application, and what it must know of Identity Center (its SP metadata).

    `certificates` go by names of one's own. `login_endpoint` is Entra's, without a slash at its
    end.
    """

    application_id: pulumi.Input[str]
    client_id: pulumi.Input[str]
    service_principal_id: pulumi.Input[str]
    identifier: pulumi.Input[str]
    reply_urls: pulumi.Input[list[str]]
    certificates: dict[str, SigningCertificate]
    tenant_id: pulumi.Input[str]
    login_endpoint: pulumi.Input[str]
    protect: bool | None = None


class SamlTrust(pulumi.ComponentResource):
    """Identifier, reply URLs and token-signing certificates of the application.

    **Pulumi type:** `federation:entra:SamlTrust`. Makes: ApplicationIdentifierUri,
    ApplicationRedirectUris, ServicePrincipalTokenSigningCertificate for each certificate.

    Outputs: what step 8 uploads (`federation_metadata_url`) and what it must contain (`entity_id`,
    `single_sign_on_url`, `thumbprints` in SHA-1 by certificate name, `expiries`).

    `depends_on` holds for identifier and reply URLs: Entra accepts an identifier on a foreign
    domain only once the service principal is in SAML mode.
    """

    federation_metadata_url: pulumi.Output[str]
    entity_id: pulumi.Output[str]
    single_sign_on_url: pulumi.Output[str]
    thumbprints: pulumi.Output[dict[str, str]]
    expiries: pulumi.Output[dict[str, str]]

    def __init__(
        self, name: str, args: SamlTrustArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        own, after = waiting(opts)
        super().__init__("federation:entra:SamlTrust", name, None, own)
        identifier = azuread.ApplicationIdentifierUri(
            name,
            application_id=args.application_id,
            identifier_uri=args.identifier,
            opts=pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(parent=self)),
        )
        azuread.ApplicationRedirectUris(
            name,
            application_id=args.application_id,
            type="Web",
            redirect_uris=args.reply_urls,
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
        tenant = pulumi.Output.concat(args.login_endpoint, "/", args.tenant_id)
        self.federation_metadata_url = pulumi.Output.concat(
            tenant, "/federationmetadata/2007-06/federationmetadata.xml?appid=", args.client_id
        )
        self.entity_id = pulumi.Output.concat("https://sts.windows.net/", args.tenant_id, "/")
        self.single_sign_on_url = pulumi.Output.concat(tenant, "/saml2")
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
                service_principal_id=args.service_principal_id,
                display_name=subject(label),
                end_date=f"{one.expires}T00:00:00Z" if one.expires else None,
                opts=retained,
            )
            for label, one in sorted(args.certificates.items())
        }
