"""Identity Center and an enterprise application as people set them up, without this program."""

from __future__ import annotations

from typing import Any

from entra_aws_sandbox.testing import Sandbox
from federation.identity.application import GALLERY_TEMPLATE
from federation.identity.saml_metadata import parse_service_provider_metadata

MANAGEMENT = "111122223333"
TENANT = "8d3f0d5e-6c1b-4f0e-9a57-0c2f6a1b7e10"
DEV = ("611111111111", "622222222222")
NETWORK = "444455556666"
NAME = "AWS, made in the portal"
# As somebody may call it who wants to be overlooked.
LOCAL = "Local\n✔ nothing is left"
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}'
)


class ByHand:
    """Whoever set everything up in the portal and the console."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.graph, self.aws = sandbox, sandbox.graph, sandbox.aws
        self.sets: dict[str, str] = {}
        self.named: dict[str, str] = {}

    def federate(self) -> None:
        """An application with two certificates, and a job that has provisioned its groups."""
        self.sandbox.console.enable()
        self.portal = self.sandbox.console.portal_url("example-adopt")["accessPortalUrl"]
        self.metadata = self.sandbox.console.external_idp()["serviceProviderMetadata"]
        trust = parse_service_provider_metadata(self.metadata.encode())
        (instance,) = self.aws.instances()
        self.store = instance["IdentityStoreId"]
        self.named = {"InstanceArn": instance["InstanceArn"]}
        made = self.graph.call(
            "POST",
            f"/v1.0/applicationTemplates/{GALLERY_TEMPLATE}/instantiate",
            {"displayName": NAME},
        )
        self.application, principal = made["application"]["id"], made["servicePrincipal"]
        path = f"/v1.0/servicePrincipals/{principal['id']}"
        changes = {
            "preferredSingleSignOnMode": "saml",
            "loginUrl": self.portal,
            "notificationEmailAddresses": ["identity@example.com"],
        }
        self.graph.call("PATCH", path, changes)
        saml = {
            "identifierUris": [trust.entity_id],
            "web": {"redirectUris": list(trust.acs_urls)},
        }
        self.graph.call("PATCH", f"/v1.0/applications/{self.application}", saml)
        for name in ("CN=Portal", "CN=Second"):
            body = {"displayName": name, "endDateTime": "2027-06-30T00:00:00Z"}
            self.graph.call("POST", f"{path}/addTokenSigningCertificate", body)
        (role,) = [one["id"] for one in principal["appRoles"] if one["displayName"] == "User"]
        listed = self.graph.all("/v1.0/groups")
        groups = {one["displayName"]: one["id"] for one in listed}
        ada = self.graph.call("GET", "/v1.0/users/ada@example.com")["id"]
        wanted = ("AWS-Platform", "AWS-Developers", "AWS-Security-Audit")
        for member in (*(groups[name] for name in wanted), ada):
            body = {"principalId": member, "resourceId": principal["id"], "appRoleId": role}
            self.graph.call("POST", f"{path}/appRoleAssignedTo", body)
        self.sandbox.console.upload_idp_metadata(
            f"{self.sandbox.running.entraUrl}/{TENANT}/federationmetadata/2007-06/"
            f"federationmetadata.xml?appid={made['application']['appId']}"
        )
        shown = self.sandbox.console.provisioning()
        self.endpoint = shown["scimEndpoint"]
        secrets = {"BaseAddress": shown["scimEndpoint"], "SecretToken": shown["accessToken"]}
        values = [{"key": key, "value": value} for key, value in secrets.items()]
        self.graph.call("PUT", f"{path}/synchronization/secrets", {"value": values})
        jobs = f"{path}/synchronization/jobs"
        job = self.graph.call("POST", jobs, {"templateId": "aWSSingleSignon"})["id"]
        self.graph.call("POST", f"{jobs}/{job}/start")
        self.sandbox.synchronize()

    def certificates(self) -> list[tuple[str, str]]:
        """Id and use of every key of the application."""
        principals = self.graph.all("/v1.0/servicePrincipals")
        (found,) = [one["id"] for one in principals if one["displayName"] == NAME]
        shown = self.graph.call("GET", f"/v1.0/servicePrincipals/{found}?$select=keyCredentials")
        return sorted((one["keyId"], one["usage"]) for one in shown["keyCredentials"])

    def make_sets(self) -> None:
        """Four sets of different kinds, and one of Control Tower."""
        sso = self.aws.sso_admin
        kinds: dict[str, dict[str, Any]] = {
            "ReadOnly": {"SessionDuration": "PT8H"},
            "Deploy": {
                "Description": "Roll out",
                "RelayState": "https://console.aws.amazon.com/",
                "Tags": [{"Key": "owner", "Value": "platform"}],
            },
            "Bounded": {},
            "Empty": {},
            "AWSReadOnlyAccess": {},
        }
        for name, more in kinds.items():
            made = sso.create_permission_set(**self.named, Name=name, **more)
            self.sets[name] = made["PermissionSet"]["PermissionSetArn"]
        policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        sso.attach_managed_policy_to_permission_set(
            **self.named, PermissionSetArn=self.sets["ReadOnly"], ManagedPolicyArn=policy
        )
        sso.put_inline_policy_to_permission_set(
            **self.named, PermissionSetArn=self.sets["Deploy"], InlinePolicy=POLICY
        )
        reference = {"Name": "deploy", "Path": "/platform/"}
        sso.attach_customer_managed_policy_reference_to_permission_set(
            **self.named,
            PermissionSetArn=self.sets["Bounded"],
            CustomerManagedPolicyReference=reference,
        )
        sso.put_permissions_boundary_to_permission_set(
            **self.named,
            PermissionSetArn=self.sets["Bounded"],
            PermissionsBoundary={"ManagedPolicyArn": policy},
        )

    def assign(self, permission_set: str, account: str, kind: str, principal: str) -> None:
        self.aws.assign(self.sets[permission_set], account, principal, kind)

    def assign_all(self) -> None:
        """Whole units, single accounts, a person, the management account, and what can't stay."""
        groups, users = self.aws.groups(), self.aws.users()
        for account in DEV:
            for name in ("ReadOnly", "Deploy"):
                self.assign(name, account, "GROUP", groups["AWS-Platform"])
            self.assign("ReadOnly", account, "GROUP", groups["AWS-Developers"])
        self.assign("ReadOnly", NETWORK, "GROUP", groups["AWS-Developers"])
        self.assign("Bounded", DEV[0], "GROUP", groups["AWS-Security-Audit"])
        self.assign("Empty", MANAGEMENT, "GROUP", groups["AWS-Security-Audit"])
        self.assign("Deploy", NETWORK, "USER", users["ada@example.com"])
        self.assign("AWSReadOnlyAccess", NETWORK, "GROUP", groups["AWS-Platform"])
        store = self.aws.identity_store
        for name in (LOCAL, "Gone"):
            made = store.create_group(IdentityStoreId=self.store, DisplayName=name)["GroupId"]
            self.assign("ReadOnly", NETWORK, "GROUP", made)
            if name == "Gone":
                store.delete_group(IdentityStoreId=self.store, GroupId=made)
                self.gone = made

    @classmethod
    def make(cls, sandbox: Sandbox) -> ByHand:
        """Everything."""
        made = cls(sandbox)
        made.federate()
        made.make_sets()
        made.assign_all()
        return made
