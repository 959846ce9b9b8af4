"""A small program of somebody else: a federation that keeps every rule, but for its knobs.

The configuration `knobs` is JSON: each knob breaks one rule.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_azuread as azuread

config = pulumi.Config()
knobs: dict[str, Any] = json.loads(config.get("knobs") or "{}")
instance = config.require("instance")

application = azuread.ApplicationFromTemplate(
    "application",
    display_name="AWS",
    template_id="21ed01d2-ec13-4e9e-86c1-cd546719ebc4",
)
principal = azuread.ServicePrincipal(
    "principal",
    client_id=azuread.get_application_output(object_id=application.application_object_id).client_id,
    use_existing=True,
    app_role_assignment_required=knobs.get("assignmentRequired", True),
    preferred_single_sign_on_mode=knobs.get("mode", "saml"),
    account_enabled=True,
    # Whoever instantiated it owns it; without this the second update would end that.
    opts=pulumi.ResourceOptions(ignore_changes=["owners"]),
)
azuread.ApplicationRedirectUris(
    "reply-urls",
    application_id=application.application_id,
    type="Web",
    redirect_uris=[knobs.get("replyUrl", "https://eu-west-1.signin.aws/platform/saml/acs/1")],
)
azuread.ServicePrincipalTokenSigningCertificate(
    "certificate",
    service_principal_id=principal.id,
    end_date=knobs.get("endDate"),
)
notifications = {"DeleteThresholdEnabled": True, "DeleteThresholdValue": 50}
azuread.SynchronizationSecret(
    "secret",
    service_principal_id=principal.id,
    credentials=[
        azuread.SynchronizationSecretCredentialArgs(key=key, value=value)
        for key, value in {
            "BaseAddress": knobs.get(
                "endpoint", "https://scim.eu-west-1.amazonaws.com/11111111111/scim/v2"
            ),
            "SecretToken": pulumi.Output.secret("a-token-that-nobody-may-print"),
            "SyncAll": knobs.get("syncAll", "false"),
            "SyncNotificationSettings": json.dumps(knobs.get("notifications", notifications)),
        }.items()
    ],
)

sets = {
    name: aws.ssoadmin.PermissionSet(
        name, name=name, instance_arn=instance, session_duration=session
    )
    for name, session in {
        "Administrator": knobs.get("session", "PT1H"),
        "Look": "PT4H",
        "Billing": "PT8H",
    }.items()
}
aws.ssoadmin.ManagedPolicyAttachment(
    "Administrator",
    instance_arn=instance,
    permission_set_arn=sets["Administrator"].arn,
    managed_policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
)
aws.ssoadmin.PermissionSetInlinePolicy(
    "Look",
    instance_arn=instance,
    permission_set_arn=sets["Look"].arn,
    inline_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": knobs.get("action", "s3:Get*"), "Resource": "*"}
            ],
        }
    ),
)
assignments = [
    ("Administrator", "611111111111"),
    ("Look", "622222222222"),
    ("Billing", "111122223333"),
    *knobs.get("assignments", []),
]
for name, account in assignments:
    aws.ssoadmin.AccountAssignment(
        f"{name}/{account}",
        instance_arn=instance,
        permission_set_arn=sets[name].arn,
        principal_id=config.get("group") or "11111111-2222-3333-4444-555555555555",
        principal_type=knobs.get("principalType", "GROUP"),
        target_id=account,
        target_type="AWS_ACCOUNT",
        opts=pulumi.ResourceOptions(protect=knobs.get("protect")),
    )
