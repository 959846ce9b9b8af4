"""The components as the tests register them, under Pulumi's mocks."""

from __future__ import annotations

import pulumi

from components.enterprise_app import EnterpriseApp, EnterpriseAppArgs, NewGroup
from components.saml_trust import SamlTrust, SamlTrustArgs, SigningCertificate
from components.scim_provisioning import ScimProvisioning, ScimProvisioningArgs


def app(
    name: str = "enterprise-app",
    *,
    prefix: str | None = "",
    protect: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> EnterpriseApp:
    return EnterpriseApp(
        name,
        EnterpriseAppArgs(
            display_name="AWS",
            login_url="https://example.awsapps.com/start",
            notification_emails=["identity@example.com"],
            principals={"group/platform": "platform-object"},
            groups={
                "group/data": NewGroup(
                    display_name="AWS-Data",
                    members=["bob", "ada"],
                    member_imports={"bob": "existing"},
                )
            },
            old_names={"group/platform": "group/old"},
            prefix=prefix,
            protect=protect,
        ),
        opts,
    )


def trust(
    one: EnterpriseApp,
    name: str = "saml-trust",
    *,
    protect: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> SamlTrust:
    return SamlTrust(
        name,
        SamlTrustArgs(
            application_id=one.application_id,
            client_id=one.client_id,
            service_principal_id=one.service_principal_id,
            identifier="https://sp",
            reply_urls=["https://acs"],
            certificates={
                "first": SigningCertificate(),
                "second": SigningCertificate(expires="2029-01-02"),
            },
            tenant_id="tenant",
            login_endpoint="https://login.example.com",
            protect=protect,
        ),
        pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[one.service_principal])
        ),
    )


def provisioning(
    one: EnterpriseApp,
    name: str = "scim-provisioning",
    *,
    protect: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> ScimProvisioning:
    return ScimProvisioning(
        name,
        ScimProvisioningArgs(
            service_principal_id=one.service_principal_id,
            endpoint="https://scim",
            access_token="hidden",
            notification_emails=["identity@example.com"],
            delete_threshold=5,
            protect=protect,
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[one.completed])),
    )
