"""Steps 9 to 11: Entra's synchronization secret and job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_azuread as azuread

from components.completion import completed
from components.enterprise_app import EnterpriseApp

# The synchronization template of the gallery application (Graph: GET
# .../synchronization/templates).
_TEMPLATE: Final = "aWSSingleSignon"


@dataclass(frozen=True, kw_only=True)
class ScimProvisioningArgs:
    """`access_token` is a secret output; `delete_threshold` counts pending deletions."""

    app: EnterpriseApp
    endpoint: str
    access_token: pulumi.Output[str]
    notification_emails: Sequence[str]
    delete_threshold: int
    protect: bool = False


class ScimProvisioning(pulumi.ComponentResource):
    """Automatic provisioning of the assigned principals to Identity Center, started.

    **Pulumi type:** `federation:entra:ScimProvisioning`. Makes: SynchronizationSecret,
    SynchronizationJob.
    """

    job_path: pulumi.Output[str]

    def __init__(
        self, name: str, args: ScimProvisioningArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:entra:ScimProvisioning", name, None, opts)
        # Graph replaces the whole set on every write, and the provider compares it in this order.
        values: dict[str, pulumi.Input[str]] = {
            "BaseAddress": args.endpoint,
            "SecretToken": args.access_token,
            "SyncAll": "false",
            "SyncNotificationSettings": _notifications(args),
        }
        secret = azuread.SynchronizationSecret(
            name,
            service_principal_id=args.app.service_principal.id,
            credentials=[
                azuread.SynchronizationSecretCredentialArgs(key=key, value=value)
                for key, value in values.items()
            ],
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect or None),
        )
        # A job without saved credentials goes into quarantine at once; one without assignments
        # syncs nobody. A job that is skipped must not name an assignment that goes.
        job = azuread.SynchronizationJob(
            name,
            service_principal_id=args.app.service_principal.id,
            template_id=_TEMPLATE,
            enabled=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[secret, completed(args.app, args.app.assignments.values())],
                protect=args.protect or None,
            ),
        )
        self.job_path = job.id
        self.register_outputs({"jobPath": self.job_path, "endpoint": args.endpoint})


def _notifications(args: ScimProvisioningArgs) -> str:
    return json.dumps(
        {
            "Enabled": bool(args.notification_emails),
            "Recipients": ",".join(args.notification_emails),
            "DeleteThresholdEnabled": True,
            "DeleteThresholdValue": args.delete_threshold,
        },
        separators=(",", ":"),
    )
