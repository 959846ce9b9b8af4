"""The program of a federation stack: application, trust, provisioning, access."""

from __future__ import annotations

import pulumi

from components.enterprise_app import EnterpriseApp, EnterpriseAppArgs
from components.identity_center import IdentityCenter, IdentityCenterArgs
from components.saml_trust import SamlTrust, SamlTrustArgs
from components.scim_provisioning import ScimProvisioning, ScimProvisioningArgs
from federation.update import access_stack
from program.grants import Grants, grant
from program.inputs import Inputs
from program.management_access import management_provider
from program.old_names import keep_old_resources
from program.outputs import counts, expiries, next_steps, review_baseline


def compose_federation_stack(inputs: Inputs) -> None:
    """Register the components, as far as the phase allows, and export what people need."""
    settings, plan, instance = inputs.settings, inputs.plan, inputs.facts.instance
    emails, protect = settings.enterprise_app.notification_emails, settings.protect

    app = EnterpriseApp(
        "enterprise-app",
        EnterpriseAppArgs(
            display_name=settings.enterprise_app.name,
            login_url=settings.identity_center.access_portal_url,
            notification_emails=emails,
            principals=inputs.principals(),
            previous_keys=plan.previous_keys,
            protect=protect,
        ),
        keep_old_resources(),
    )
    pulumi.export("phase", plan.phase)
    pulumi.export("nextSteps", next_steps(inputs))
    pulumi.export("counts", counts(inputs))

    if inputs.metadata is None or instance is None:
        return
    trust = SamlTrust(
        "saml-trust",
        SamlTrustArgs(
            app=app,
            metadata=inputs.metadata,
            certificates=settings.enterprise_app.certificates,
            tenant_id=inputs.graph.tenant_id,
            login_endpoint=inputs.graph.login_endpoint,
            protect=protect,
        ),
        keep_old_resources(),
    )
    center = IdentityCenter(
        "identity-center",
        IdentityCenterArgs(
            instance=instance,
            access_portal_url=settings.identity_center.access_portal_url or "",
            access_control_attributes=settings.identity_center.access_control_attributes,
            baseline=review_baseline(inputs),
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
            app=app,
            endpoint=settings.provisioning.endpoint,
            access_token=pulumi.Output.secret(
                settings.provisioning.access_token.get_secret_value()
            ),
            notification_emails=emails,
            delete_threshold=settings.provisioning.delete_threshold,
            protect=protect,
        ),
        keep_old_resources(),
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
            object_ids=app.object_ids,
            wait=inputs.arrival_wait(),
            management=management_provider(inputs),
            app_assignments=app.assignments,
        )
    )
