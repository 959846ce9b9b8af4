"""A Pulumi program with every resource that the doubles have."""

import json

import boto3
import pulumi
import pulumi_aws as aws
import pulumi_azuread as azuread

config = pulumi.Config()
ada = config.require("ada")
app = azuread.ApplicationFromTemplate(
    "app", display_name="AWS", template_id="21ed01d2-ec13-4e9e-86c1-cd546719ebc4"
)
client_id = azuread.get_application_output(object_id=app.application_object_id).client_id
principal = azuread.ServicePrincipal(
    "principal",
    client_id=client_id,
    use_existing=True,
    app_role_assignment_required=True,
    preferred_single_sign_on_mode="saml",
    login_url="https://example.com/start",
    feature_tags=[{"enterprise": True}],
    opts=pulumi.ResourceOptions(ignore_changes=["owners"]),
)
uri = azuread.ApplicationIdentifierUri(
    "uri",
    application_id=app.application_id,
    identifier_uri="https://eu-west-1.signin.aws.amazon.com/platform/saml/d-1234567890",
    opts=pulumi.ResourceOptions(depends_on=[principal]),
)
azuread.ApplicationRedirectUris(
    "redirects",
    application_id=app.application_id,
    type="Web",
    redirect_uris=["https://b.example.com/acs", "https://a.example.com/acs"],
    opts=pulumi.ResourceOptions(depends_on=[uri]),
)
azuread.ServicePrincipalTokenSigningCertificate(
    "certificate", service_principal_id=principal.id, display_name="CN=Test"
)
group = azuread.Group(
    "group", display_name="AWS-Test", security_enabled=True, owners=[ada], members=[ada]
)
role = principal.app_roles.apply(
    lambda roles: next(role.id for role in roles if role.display_name == "User")
)
azuread.AppRoleAssignment(
    "assignment",
    app_role_id=role,
    principal_object_id=group.object_id,
    resource_object_id=principal.object_id,
)
secret = azuread.SynchronizationSecret(
    "secret",
    service_principal_id=principal.id,
    credentials=[
        {"key": "BaseAddress", "value": "http://127.0.0.1:9/scim/v2"},
        {"key": "SecretToken", "value": pulumi.Output.secret("a-token-that-nobody-may-see")},
        {"key": "SyncAll", "value": "false"},
    ],
)
azuread.SynchronizationJob(
    "job",
    service_principal_id=principal.id,
    template_id="aWSSingleSignon",
    enabled=False,
    opts=pulumi.ResourceOptions(depends_on=[secret]),
)
arn = boto3.client("sso-admin").list_instances()["Instances"][0]["InstanceArn"]
permission_set = aws.ssoadmin.PermissionSet(
    "set",
    instance_arn=arn,
    name=config.get("name") or "Look",
    description="Look, do not touch",
    tags={"owner": "platform"},
    opts=pulumi.ResourceOptions(delete_before_replace=False),
)
of_set = {"instance_arn": arn, "permission_set_arn": permission_set.arn}
policies = [
    aws.ssoadmin.CustomerManagedPolicyAttachment(
        "customer",
        customer_managed_policy_reference={"name": "deploy", "path": "/platform/"},
        **of_set,
    ),
    aws.ssoadmin.ManagedPolicyAttachment(
        "managed", managed_policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess", **of_set
    ),
    aws.ssoadmin.PermissionSetInlinePolicy(
        "inline",
        inline_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
                ],
            },
            indent=1,
        ),
        **of_set,
    ),
    aws.ssoadmin.PermissionsBoundaryAttachment(
        "boundary",
        permissions_boundary={"managed_policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        **of_set,
    ),
]
aws.ssoadmin.InstanceAccessControlAttributes(
    "attributes",
    instance_arn=arn,
    attributes=[{"key": "team", "values": [{"sources": ["${path:name.familyName}"]}]}],
)
aws.ssoadmin.AccountAssignment(
    "account-assignment",
    principal_id=config.require("user"),
    principal_type="USER",
    target_id="711111111111",
    target_type="AWS_ACCOUNT",
    opts=pulumi.ResourceOptions(depends_on=policies),
    **of_set,
)
