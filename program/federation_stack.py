"""The program of a federation stack: application, trust, provisioning, access."""

from __future__ import annotations

import pulumi

from components.enterprise_app import EnterpriseApp, EnterpriseAppArgs, NewGroup
from components.identity_center import IdentityCenter, IdentityCenterArgs
from components.saml_trust import SamlTrust, SamlTrustArgs, SigningCertificate
from components.scim_provisioning import ScimProvisioning, ScimProvisioningArgs
from federation.update import access_stack
from program.grants import Grants, grant
from program.inputs import Inputs
from program.management_access import management_provider
from program.old_names import keep_old_resources
from program.outputs import counts, expiries, next_steps


def compose_federation_stack(inputs: Inputs) -> None:
    """Register the components, as far as the phase allows, and export what people need."""
    settings, plan, instance = inputs.settings, inputs.plan, inputs.facts.instance
    emails, protect = list(settings.enterprise_app.notification_emails), settings.protect
    principals = inputs.directory.principals

    app = EnterpriseApp("enterprise-app", _enterprise_app(inputs), keep_old_resources())
    pulumi.export("phase", plan.phase)
    pulumi.export("nextSteps", next_steps(inputs))
    pulumi.export("counts", counts(inputs))

    if inputs.metadata is None or instance is None:
        return
    trust = SamlTrust(
        "saml-trust",
        SamlTrustArgs(
            application_id=app.application_id,
            client_id=app.client_id,
            service_principal_id=app.service_principal_id,
            identifier=inputs.metadata.entity_id,
            reply_urls=list(inputs.metadata.acs_urls),
            certificates={
                label: SigningCertificate(expires=expires.isoformat() if expires else None)
                for label, expires in settings.enterprise_app.certificates.items()
            },
            tenant_id=inputs.graph.tenant_id,
            login_endpoint=inputs.graph.login_endpoint,
            protect=protect,
        ),
        _after(app.service_principal),
    )
    center = IdentityCenter(
        "identity-center",
        IdentityCenterArgs(
            instance_arn=instance.arn,
            identity_store_id=instance.identity_store_id,
            access_portal_url=settings.identity_center.access_portal_url or "",
            access_control_attributes=dict(settings.identity_center.access_control_attributes),
        ),
        keep_old_resources(),
    )
    pulumi.export("accessPortalUrl", center.access_portal_url)
    pulumi.export("federationMetadataUrl", trust.federation_metadata_url)
    pulumi.export(
        "identityProvider",
        {
            "entityId": trust.entity_id,
            "singleSignOnUrl": trust.single_sign_on_url,
            "thumbprints": trust.thumbprints,
        },
    )
    pulumi.export("expiries", expiries(inputs, trust))

    if settings.provisioning is None:
        return
    provisioning = ScimProvisioning(
        "scim-provisioning",
        ScimProvisioningArgs(
            service_principal_id=app.service_principal_id,
            endpoint=settings.provisioning.endpoint,
            access_token=settings.provisioning.access_token.get_secret_value(),
            notification_emails=emails,
            delete_threshold=settings.provisioning.delete_threshold,
            protect=protect,
        ),
        _after(app.completed),
    )
    pulumi.export("jobPath", provisioning.job_path)

    pulumi.export(
        access_stack.OUTPUT,
        {
            "instanceArn": instance.arn,
            "assigned": pulumi.Output.all(*app.object_ids.values()).apply(sorted),
        },
    )
    grant(
        Grants(
            instance=instance,
            plan=plan,
            job_path=provisioning.job_path,
            object_ids={key: app.object_ids[key.logical_name] for key in principals},
            wait=inputs.arrival_wait(),
            management=management_provider(inputs),
            app_assignments={key: app.assignments[key.logical_name] for key in principals},
        )
    )


def _enterprise_app(inputs: Inputs) -> EnterpriseAppArgs:
    settings, found = inputs.settings, inputs.principals()
    return EnterpriseAppArgs(
        display_name=settings.enterprise_app.name,
        login_url=settings.identity_center.access_portal_url,
        notification_emails=list(settings.enterprise_app.notification_emails),
        principals={key.logical_name: one for key, one in found.items() if isinstance(one, str)},
        groups={key.logical_name: one for key, one in found.items() if isinstance(one, NewGroup)},
        old_names={
            key.logical_name: old.logical_name for key, old in inputs.plan.previous_keys.items()
        },
        # The stack's one application: its principals are read back by their own names.
        prefix="",
        protect=settings.protect,
    )


def _after(resource: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
    """Options of a component that takes over what older states have, made after a resource."""
    return pulumi.ResourceOptions.merge(
        keep_old_resources(), pulumi.ResourceOptions(depends_on=[resource])
    )
