"""Steps 9 to 11: Entra's synchronization secret and job."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_azuread as azuread

from components.completion import waiting
from federation.identity.application import SYNCHRONIZATION_TEMPLATE


@dataclass(frozen=True, kw_only=True)
class ScimProvisioningArgs:
    """Where to, with what token, and when Entra stops and tells whom.

    `access_token` is kept a secret, whatever it comes as; `delete_threshold` counts pending
    deletions.
    """

    service_principal_id: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    access_token: pulumi.Input[str]
    notification_emails: pulumi.Input[list[str]]
    delete_threshold: pulumi.Input[int]
    protect: bool | None = None


class ScimProvisioning(pulumi.ComponentResource):
    """Automatic provisioning of the assigned principals to Identity Center, started.

    **Pulumi type:** `federation:entra:ScimProvisioning`. Makes: SynchronizationSecret,
    SynchronizationJob.

    `depends_on` holds for the job: one that starts before anybody is assigned syncs nobody.
    """

    job_path: pulumi.Output[str]

    def __init__(
        self, name: str, args: ScimProvisioningArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        own, after = waiting(opts)
        super().__init__("federation:entra:ScimProvisioning", name, None, own)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect or None)
        # Graph replaces the whole set on every write, and the provider compares it in this order.
        values: dict[str, pulumi.Input[str]] = {
            "BaseAddress": args.endpoint,
            "SecretToken": pulumi.Output.secret(args.access_token),
            "SyncAll": "false",
            "SyncNotificationSettings": pulumi.Output.all(
                args.notification_emails, args.delete_threshold
            ).apply(lambda given: _notifications(*given)),
        }
        secret = azuread.SynchronizationSecret(
            name,
            service_principal_id=args.service_principal_id,
            credentials=[
                azuread.SynchronizationSecretCredentialArgs(key=key, value=value)
                for key, value in values.items()
            ],
            opts=kept,
        )
        # A job without saved credentials goes into quarantine at once.
        saved = pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=[secret]))
        job = azuread.SynchronizationJob(
            name,
            service_principal_id=args.service_principal_id,
            template_id=SYNCHRONIZATION_TEMPLATE,
            enabled=True,
            opts=pulumi.ResourceOptions.merge(kept, saved),
        )
        self.job_path = job.id
        self.register_outputs({"jobPath": self.job_path, "endpoint": args.endpoint})


def _notifications(emails: list[str], delete_threshold: float) -> str:
    return json.dumps(
        {
            "Enabled": bool(emails),
            "Recipients": ",".join(emails),
            "DeleteThresholdEnabled": True,
            # Pulumi's numbers are floating ones.
            "DeleteThresholdValue": int(delete_threshold),
        },
        separators=(",", ":"),
    )
