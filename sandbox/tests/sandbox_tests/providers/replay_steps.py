"""The recorded steps, as the operations on resources that the engine asked the plugin for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sandbox_tests.entra.clients import AWS_TEMPLATE, Cloud
from sandbox_tests.providers.replay import Player

CERTIFICATE = (
    "azuread:index/servicePrincipalTokenSigningCertificate:ServicePrincipalTokenSigningCertificate"
)
GROUP = "azuread:index/group:Group"
NAME = "AWS IAM Identity Center (sandbox)"
# The groups that were there, in the order in which they were first assigned.
SEEDED = {
    "id-9": "AWS-Billing",
    "id-10": "AWS-Platform",
    "id-11": "AWS-Developers",
    "id-12": "AWS-Data",
    "id-13": "AWS-Security-Audit",
    "id-14": "AWS-Contractors",
    "id-15": "AWS-Break-Glass",
}
# Recorded as they were, in this order where a set has two of them.
PEOPLE = {"id-2": "ada", "id-5": "wendy", "id-20": "bob", "id-21": "carol"}


@dataclass
class Steps:
    """What was done in each step; what happened between recorded steps is done unrecorded."""

    player: Player
    cloud: Cloud

    def invoke(self, times: int = 1) -> None:
        """What every run of the program asks for."""
        self.player.invoke("azuread:index/getApplication:getApplication", times, objectId="id-1")

    def assign(self, principal: str) -> None:
        """Assign a group to the enterprise app."""
        self.player.create(
            f"assignment {principal}",
            "azuread:index/appRoleAssignment:AppRoleAssignment",
            f"of-{principal}",
            appRoleId="id-8",
            principalObjectId=principal,
            resourceObjectId="id-7",
        )

    def group(self, name: str, ident: str, owners: list[str] | None, *members: str) -> None:
        """Make a group as the program makes them."""
        declared: dict[str, Any] = {"owners": owners} if owners else {}
        if members:
            declared["members"] = list(members)
        self.player.create(
            ident,
            GROUP,
            ident,
            displayName=name,
            securityEnabled=True,
            preventDuplicateNames=True,
            **declared,
        )

    def certificate(self, name: str, **more: str) -> None:
        """Have a certificate made."""
        self.player.create(
            f"certificate {name}",
            CERTIFICATE,
            servicePrincipalId="/servicePrincipals/id-7",
            displayName=f"CN=AWS IAM Identity Center {name}",
            **more,
        )

    def remove(self, ident: str) -> None:
        """Take a group out of the stack, with its assignment where it has one."""
        assignment = f"assignment {ident}"
        self.player.delete(*([assignment] if assignment in self.player.resources else []), ident)

    def credentials(self, recipients: str, threshold: int) -> list[dict[str, str]]:
        """The provisioning settings."""
        settings = (
            f'{{"Enabled":true,"Recipients":"{recipients}","DeleteThresholdEnabled":true,'
            f'"DeleteThresholdValue":{threshold}}}'
        )
        return [
            {"key": "BaseAddress", "value": "{host}/{tenant}/scim/v2"},
            {"key": "SecretToken", "value": "not told to anybody"},
            {"key": "SyncAll", "value": "false"},
            {"key": "SyncNotificationSettings", "value": settings},
        ]

    def demo(self) -> None:
        """Three updates: application, trust, provisioning and access."""
        self.player.create(
            "template",
            "azuread:index/applicationFromTemplate:ApplicationFromTemplate",
            displayName=NAME,
            templateId=AWS_TEMPLATE,
        )
        _, made = self.player.resources["template"]
        application, principal = made.id.split("/")[4:]
        self.player.name(application, "id-1")
        self.player.name(principal, "id-7")
        self.player.name(self.cloud.get(f"/applications/{application}")["appId"], "id-6")
        self.group("AWS-Migration", "id-3", ["id-2"], "id-5")
        self.player.create(
            "principal",
            "azuread:index/servicePrincipal:ServicePrincipal",
            clientId="id-6",
            useExisting=True,
            appRoleAssignmentRequired=True,
            notificationEmailAddresses=["identity@example.com"],
            preferredSingleSignOnMode="saml",
            featureTags=[{"enterprise": True}],
        )
        for principal in (*SEEDED, "id-3"):
            self.assign(principal)
        self.player.update("principal", loginUrl="{host}/start/example-sandbox")
        self.player.create(
            "identifier",
            "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri",
            applicationId="/applications/id-1",
            identifierUri="https://eu-west-1.signin.aws.amazon.com/platform/saml/d-936712ab34",
        )
        self.player.create(
            "redirects",
            "azuread:index/applicationRedirectUris:ApplicationRedirectUris",
            applicationId="/applications/id-1",
            type="Web",
            redirectUris=[
                "{host}/platform/saml/acs/id-16",
                "{host}/dual-stack/platform/saml/acs/id-16",
            ],
        )
        self.certificate("initial")
        self.player.create(
            "secret",
            "azuread:index/synchronizationSecret:SynchronizationSecret",
            servicePrincipalId="/servicePrincipals/id-7",
            credentials=self.credentials("identity@example.com", 50),
        )
        self.player.create(
            "job",
            "azuread:index/synchronizationJob:SynchronizationJob",
            "{job}",
            servicePrincipalId="/servicePrincipals/id-7",
            templateId="aWSSingleSignon",
        )
        self.invoke(5)

    def refresh(self) -> None:
        """`pulumi refresh`."""
        assert self.player.refresh() == []

    def up_refresh(self) -> None:
        """`pulumi up --refresh`."""
        self.refresh()
        self.invoke()

    def group_add(self) -> None:
        """A group with two owners and two members."""
        self.group("AWS-NewTeam", "id-18", ["id-2", "id-5"], "id-5", "id-20")
        self.assign("id-18")
        self.invoke()

    def group_rename(self) -> None:
        """Another name."""
        self.player.update("id-18", displayName="AWS-NewTeam-Renamed")
        self.invoke()

    def group_members(self) -> None:
        """One member and one owner for another."""
        self.player.update("id-18", members=["id-20", "id-21"], owners=["id-2", "id-20"])
        self.invoke()

    def group_nobody(self) -> None:
        """No members."""
        self.player.update("id-18", members=[])
        self.invoke()

    def group_owners_left_out(self) -> None:
        """Owners that are no longer declared stay: there is no update."""
        assert self.player.differs("id-18", owners=None) == []
        self.invoke()

    def group_remove(self) -> None:
        """The group goes."""
        self.remove("id-18")
        self.invoke()

    def group_bare(self) -> None:
        """A group without owners: the caller owns it."""
        self.group("AWS-Bare", "id-23", None)
        self.assign("id-23")
        self.invoke()

    def group_bare_remove(self) -> None:
        """It goes."""
        self.remove("id-23")
        self.invoke()

    def emails(self) -> None:
        """Another address for notices."""
        self.player.update("principal", notificationEmailAddresses=["second@example.com"])
        self.player.update("secret", credentials=self.credentials("second@example.com", 50))
        self.invoke()

    def second_cert(self) -> None:
        """A certificate beside the first."""
        self.certificate("second", endDate="2028-06-30T00:00:00Z")
        self.invoke()

    def cert_null(self) -> None:
        """A third, with Entra's own end."""
        self.certificate("third")
        self.invoke()

    def cert_retire(self) -> None:
        """One leaves the state, not Entra."""
        del self.player.resources["certificate third"]
        self.invoke()

    def token(self) -> None:
        """Another token: a value that the recording hides."""
        pairs = self.credentials("second@example.com", 50)
        pairs[1]["value"] = "nor this"
        self.player.update("secret", credentials=pairs)
        self.invoke()

    def threshold(self) -> None:
        """Another threshold."""
        self.player.update("secret", credentials=self.credentials("second@example.com", 60))
        self.invoke()

    def login_url(self) -> None:
        """Another name of the application."""
        self.player.update("template", displayName=f"{NAME} renamed")
        self.invoke()

    def login_back(self) -> None:
        """And back."""
        self.player.update("template", displayName=NAME)
        self.invoke()

    def drift(self) -> None:
        """What others changed in Entra is found and put right."""
        assigned = self.player.resources["assignment id-14"][1].id
        application, principal = self.player.actual(
            ["/applications/id-1", "/servicePrincipals/id-7"]
        )
        with self.player.unrecorded():
            self.cloud.do("DELETE", assigned)
            self.cloud.do("PATCH", application, {"web": {"redirectUris": []}})
            addresses = {"notificationEmailAddresses": ["other@example.com"]}
            self.cloud.do("PATCH", principal, addresses)
            job = self.player.resources["job"][1].id
            self.cloud.do("POST", f"{job}/pause")
            extra = {"web": {"redirectUris": ["https://other.example.com/acs"]}}
            self.cloud.do("PATCH", application, extra)
        assert self.player.refresh() == ["assignment id-14"]
        for key in ("principal", "redirects", "job"):
            self.player.update(key)
        self.assign("id-14")
        self.invoke()

    def dup_group(self) -> None:
        """A name that is taken."""
        with self.player.unrecorded():
            other = {
                "displayName": "AWS-Existing",
                "mailEnabled": False,
                "mailNickname": "existing",
                "securityEnabled": True,
            }
            self.player.name(self.cloud.do("POST", "/groups", other)["id"], "id-25")
        self.group("AWS-Existing", "id-25", None)
        assert "id-25" not in self.player.resources
        self.invoke()

    def import_group(self) -> None:
        """The way out."""
        self.player.imports("id-25", GROUP, "/groups/id-25")

    def import_up(self) -> None:
        """It is managed now."""
        self.player.update("id-25", preventDuplicateNames=True)
        self.assign("id-25")
        self.invoke()

    def import_remove(self) -> None:
        """It goes."""
        self.remove("id-25")
        self.invoke()

    def up_refresh_2(self) -> None:
        """After two groups and a certificate were made."""
        with self.player.unrecorded():
            for ident in ("id-26", "id-27"):
                self.group(f"AWS-{ident}", ident, ["id-2"], "id-5")
                self.assign(ident)
            self.certificate("fourth")
        self.up_refresh()

    unchanged = preview = ops_diff2 = second_cert_unchanged = invoke
    refresh2 = refresh
    drift_unchanged = up_refresh


def known_names(cloud: Cloud, host: str, caller: str, role: str) -> dict[str, str]:
    """The recorded names of what was there before the first step, by its actual value."""
    seeded = SEEDED | PEOPLE
    return {
        host: "{host}",
        caller: "id-22",
        role: "id-8",
        "0d1fd0a3-3b6b-4d5b-9a53-0c2a7c5f1d16": "id-16",
        **{
            str(uuid.uuid5(uuid.UUID(cloud.entra.tenant_id), name)): ident
            for ident, name in seeded.items()
        },
    }
