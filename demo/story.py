"""The story: three updates by the program, three visits of a person to the AWS console."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.evidence import Clouds, accounts_of
from demo.narrator import Narrator, count, require
from demo.sample_change import access_diff
from entra_aws_sandbox.browser import SignIn, sign_in
from entra_aws_sandbox.console import Console
from entra_aws_sandbox.folder import Folder
from entra_aws_sandbox.pulumi import PulumiStack, Run

PORTAL_ALIAS = "example-sandbox"
# Everybody's password in the sandbox's directory.
PASSWORD = "sandbox"
SP_METADATA = "service-provider.xml"
# AWS IAM Identity Center in Entra's gallery (Graph: GET /applicationTemplates).
GALLERY_TEMPLATE = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"


@dataclass
class Story:
    """What the demo knows so far; each method is one chapter."""

    folder: Folder
    stack: PulumiStack
    console: Console
    clouds: Clouds
    narrator: Narrator
    outputs: dict[str, Any] = field(default_factory=dict)
    service_principal: dict[str, Any] = field(default_factory=dict)
    portal: str = ""

    def play(self) -> None:
        """From nothing to signed in. Raises SandboxError when any evidence is wrong."""
        self.enterprise_app()
        self.identity_source()
        self.trust()
        self.hand_back()
        self.access()
        self.people()
        self.unchanged()
        self.sample_change()

    def enterprise_app(self) -> None:
        """Steps 4 to 6."""
        with self.narrator.step("4,5", "Enterprise app in Entra") as line:
            run = self._up("app")
            name = self._enterprise_app_name(run)
            self.service_principal = found = self.clouds.service_principal(name)
            require(found["appRoleAssignmentRequired"], f"{name} lets unassigned people in.")
            require(found["preferredSingleSignOnMode"] == "saml", f"{name} is not a SAML app.")
            template = self.clouds.application(found["appId"])["applicationTemplateId"]
            require(template == GALLERY_TEMPLATE, f"{name} was not made from the gallery.")
            line.evidence = f"{name}: gallery app, SAML, assignment required"
            line.how = "pulumi up, phase app"
        with self.narrator.step(6, "Principals assigned to it", timed=False) as line:
            assigned = self.clouds.assigned(self.service_principal["id"])
            groups = [
                assignment for assignment in assigned if assignment["principalType"] == "Group"
            ]
            require(groups, "No group is assigned to the enterprise app.")
            users = len(assigned) - len(groups)
            line.evidence = count(len(groups), "group") + (
                f", {count(users, 'single person', 'single people')}" if users else ""
            )

    def identity_source(self) -> None:
        """Steps 1 to 3, by a person."""
        with self.narrator.step(1, "Identity Center enabled") as line:
            enabled = self.console.enable()
            line.evidence = f"{enabled['instanceArn'].rpartition('/')[2]} in {enabled['region']}"
            line.how = "sandbox console enable"
        with self.narrator.step(2, "Access portal has its URL") as line:
            self.portal = self.console.portal_url(PORTAL_ALIAS)["accessPortalUrl"]
            self.stack.set_config("identityCenter.accessPortalUrl", self.portal)
            line.evidence = self.portal
            line.how = "sandbox console portal-url"
        with self.narrator.step(3, "Identity source: external IdP") as line:
            metadata = self.folder.stack / SP_METADATA
            metadata.write_text(self.console.external_idp()["serviceProviderMetadata"])
            self.stack.set_config("identityCenter.serviceProviderMetadata", str(metadata))
            line.evidence = f"service provider metadata saved as {SP_METADATA}"
            line.how = "sandbox console external-idp"

    def trust(self) -> None:
        """Step 7."""
        with self.narrator.step(7, "SAML trust in Entra") as line:
            self._up("trust")
            app = self.clouds.application(self.service_principal["appId"])
            replies = app["web"]["redirectUris"]
            metadata = (self.folder.stack / SP_METADATA).read_text()
            identifiers = [uri for uri in app["identifierUris"] if f'entityID="{uri}"' in metadata]
            require(identifiers, "The application has no identifier of the SP metadata.")
            require(
                replies and all(f'Location="{reply}"' in metadata for reply in replies),
                "The application's reply URLs are not those of the SP metadata.",
            )
            line.evidence = (
                f"{count(len(identifiers), 'identifier')} and {count(len(replies), 'reply URL')} "
                f"from {SP_METADATA}"
            )
            line.how = "pulumi up, phase trust"

    def hand_back(self) -> None:
        """Steps 8 and 9, by a person."""
        with self.narrator.step(8, "SAML trust in AWS") as line:
            uploaded = self.console.upload_idp_metadata(self.outputs["federationMetadataUrl"])
            certificate = uploaded["certificates"][0]
            line.evidence = (
                f"certificate {certificate['thumbprint'][:8]}… until {certificate['notAfter'][:10]}"
            )
            line.how = "sandbox console upload-idp-metadata"
        with self.narrator.step(9, "Automatic provisioning enabled") as line:
            shown = self.console.provisioning()
            self.stack.set_config("provisioning.endpoint", shown["scimEndpoint"])
            self.stack.set_config("provisioning.tokenExpires", shown["expires"][:10])
            self.stack.set_config("provisioning.accessToken", shown["accessToken"], secret=True)
            line.evidence = f"SCIM endpoint and token, expires {shown['expires'][:10]}"
            line.how = "sandbox console provisioning"

    def access(self) -> None:
        """Steps 10 to 14, in one update."""
        with self.narrator.step(10, "Token given to Entra") as line:
            self._up("access")
            (job,) = self.clouds.jobs(self.service_principal["id"])
            line.evidence = f"job {job['id'].partition('.')[0]} from template {job['templateId']}"
            line.how = "pulumi up, phases provisioning and access"
        with self.narrator.step(11, "Provisioning started", timed=False) as line:
            state = job["status"]["code"]
            require(state == "Active", f"The provisioning job is {state}, not Active.")
            line.evidence = f"the job is {state}"
        with self.narrator.step(12, "Principals arrived over SCIM", timed=False) as line:
            groups, users = self.clouds.aws.groups(), self.clouds.aws.users()
            require(groups and users, "Nobody has arrived in Identity Center.")
            require(not self.outputs["held"], f"Assignments are held: {self.outputs['held']}")
            line.evidence = (
                f"{count(len(groups), 'group')}, {count(len(users), 'person', 'people')}"
            )
        with self.narrator.step(13, "Permission sets", timed=False) as line:
            sets = sorted(self.clouds.aws.permission_sets().values())
            require(sets, "There are no permission sets.")
            line.evidence = ", ".join(sets)
        with self.narrator.step(14, "Assignments", timed=False) as line:
            assignments = self.clouds.aws.assignments()
            declared = self.outputs["counts"]["assignments"]
            require(
                len(assignments) == declared,
                f"Identity Center has {len(assignments)} assignments; {declared} are declared.",
            )
            accounts = count(len(accounts_of(assignments)), "account")
            line.evidence = f"{count(len(assignments), 'assignment')} on {accounts}"

    def people(self) -> None:
        """Three people sign in."""
        with self.narrator.step(None, "ada@example.com signs in") as line:
            expected = self.clouds.roles_of("ada@example.com")
            require(expected, "Identity Center gives ada no access.")
            signed_in = self._sign_in("ada")
            require(signed_in.access is not None, f"ada did not get in: {signed_in.message}")
            require(
                signed_in.roles == expected,
                f"The portal lists {sorted(signed_in.roles)} for ada, not {sorted(expected)}.",
            )
            line.evidence = (
                "portal → Entra → signed assertion → portal: "
                f"{count(len(accounts_of(expected)), 'account')}, {count(len(expected), 'role')}"
            )
        with self.narrator.step(None, "carol@example.com signs in") as line:
            signed_in = self._sign_in("carol")
            require(signed_in.access is not None, f"carol did not get in: {signed_in.message}")
            require(not signed_in.roles, f"The portal lists {sorted(signed_in.roles)} for carol.")
            line.evidence = "assigned to the app, no assignments: the portal lists nothing"
        with self.narrator.step(None, "bob@example.com is refused") as line:
            signed_in = self._sign_in("bob")
            require(signed_in.access is None, "bob got in though he is not assigned to the app.")
            require(
                signed_in.code == "AADSTS50105",
                f"bob was refused, but with {signed_in.code}: {signed_in.message}",
            )
            line.evidence = "not assigned to the app: Entra refuses him (AADSTS50105)"

    def unchanged(self) -> None:
        """A second look finds nothing to do."""
        with self.narrator.step(None, "pulumi preview") as line:
            self.stack.preview("--expect-no-changes")
            line.evidence = "no changes"
            line.how = "--expect-no-changes"

    def sample_change(self) -> None:
        """What a pull request would show of a change of the access file; nothing is applied."""
        with self.narrator.step(None, "A sample change") as line:
            told = access_diff(self.stack)
            line.evidence = told.splitlines()[0]
            line.how = "python -m ops diff"
        self.narrator.say(f"\n{told.rstrip()}")

    def _up(self, phase: str) -> Run:
        run = self.stack.up()
        self.outputs = self.stack.outputs()
        reached = self.outputs["phase"]
        require(reached == phase, f"The stack reached phase {reached}, not {phase}.")
        return run

    def _enterprise_app_name(self, run: Run) -> str:
        config = self.stack.config()["enterpriseApp"]
        require(run.changes, "The first update changed nothing.")
        return str(config["name"])

    def _sign_in(self, name: str) -> SignIn:
        return sign_in(self.portal, f"{name}@example.com", PASSWORD)


def ends(outputs: Mapping[str, Any], portal: str, folder: Folder) -> str:
    """What to look at, and how to tear down."""
    project = shlex.quote(str(folder.stack))
    return f"""
Look at
  the access portal      {portal}   (for example ada@example.com, password {PASSWORD})
  federation metadata    {outputs["federationMetadataUrl"]}
  the stack              eval "$(.venv/bin/entra-aws-sandbox env)"; pulumi -C {project} stack
  what was called        .venv/bin/entra-aws-sandbox log --counts
Tear down
  script/demo --destroy"""
