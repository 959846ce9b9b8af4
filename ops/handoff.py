"""`python -m ops handoff`: the console steps in order, and a check that each was done.

Exit code 0: all are done, 1: a person has something to do, 2: nothing can be said.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Final

import urllib3

from clouds.entra import http
from clouds.scim import ScimError, try_token
from federation.engine.preview import is_known
from federation.identity.idp_metadata import (
    IdentityProviderMetadata,
    check_certificates,
    parse_identity_provider_metadata,
)
from federation.identity.instance import Instance, settings_link
from federation.identity.saml_metadata import (
    MetadataError,
    ServiceProviderMetadata,
    parse_service_provider_metadata,
)
from federation.update.handoff import HandOff, Verdict, lines, unfinished
from federation.update.settings import NAMESPACE
from ops.arguments import add_stack_arguments, command
from ops.cli import REPOSITORY
from ops.session import Session
from ops.stack import open_stack
from ops.terminal import show, working

_SOURCE: Final = "Settings > Identity source > Actions"
# AWS user guide, "Considerations for changing your identity source".
_IDENTITY_SOURCE: Final = (
    "changing the identity source removes the existing assignments of users and groups and their "
    "roles in the accounts, and whatever names those roles (KMS key policies, EKS access); from "
    "then on everyone signs in through Entra: keep another way into every account, such as a "
    "break-glass IAM user"
)


HELP: Final = """\
Show the console steps 1, 2, 3, 8 and 9, which have no public API, each with a check.

It only reads.

example:
  python -m ops handoff --stack prod

exit codes:
  0  every step that is due is done
  1  a step is due: the text says where to click and what to bring back
  2  the configuration can't be used, or a cloud refuses
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for machines")


@command
def run(arguments: Namespace) -> int:
    """Print every console step with its check."""
    with working("checking the console steps"):
        steps = HandOffs(Session(open_stack(arguments))).steps()
    if arguments.json:
        sys.stdout.write(json.dumps([step.to_dict() for step in steps], indent=2) + "\n")
    else:
        show("\n".join(lines(steps)) + "\n")
    return 1 if unfinished(steps) else 0


@dataclass(frozen=True)
class HandOffs:
    """The steps of one stack; the checks ask both clouds, and change nothing."""

    session: Session

    def steps(self) -> list[HandOff]:
        """Steps 1, 2, 3, 8, 9 in order."""
        return [
            self._enable(),
            self._portal(),
            self._metadata(),
            self._upload(),
            self._provisioning(),
        ]

    @property
    def _waits(self) -> bool:
        """Whether steps 8 and 9 wait for an update that makes the SAML trust."""
        return not (self.session.stack.outputs.get("federationMetadataUrl") and self._thumbprints())

    @property
    def _instance(self) -> Instance | None:
        return self.session.site.instance

    @property
    def _link(self) -> str:
        return settings_link(
            self._instance,
            region=self.session.aws.region_name,
            partition=self.session.site.organization.partition,
        )

    def _enable(self) -> HandOff:
        instance, region = self._instance, self.session.aws.region_name
        return HandOff(
            step=1,
            title="Enable IAM Identity Center",
            verdict="done" if instance else "open",
            check=f"{instance.arn} in {region}" if instance else f"not enabled in {region}",
            needs="the management account, or its administrator",
            link=self._link,
            do="Enable, with AWS Organizations.",
            breaks=f"the home region, {region}, can't be changed afterwards",
        )

    def _portal(self) -> HandOff:
        url = self.session.stack.settings.identity_center.access_portal_url
        return HandOff(
            step=2,
            title="Name the access portal",
            verdict="done" if url else "open",
            check=url or "identityCenter.accessPortalUrl is not set",
            needs="a name of 1 to 63 letters, digits and hyphens that nobody else has",
            link=self._link,
            do=f"{_SOURCE} > Customize AWS access portal URL.",
            breaks="the name can be chosen once",
            run=[_set("identityCenter.accessPortalUrl", "<AWS access portal URL>")],
        )

    def _metadata(self) -> HandOff:
        verdict, check = self._check_metadata()
        path = f"environments/{self.session.stack.name}/service-provider.xml"
        return HandOff(
            step=3,
            title="Download the SP metadata",
            verdict=verdict,
            check=check,
            needs="nothing; the page can be left without a change",
            link=self._link,
            do=f"{_SOURCE} > Change identity source > External identity provider > Next > Download "
            f"metadata file; save it as {path} and keep the page open for step 8.",
            run=[_set("identityCenter.serviceProviderMetadata", path), "pulumi up"],
        )

    def _check_metadata(self) -> tuple[Verdict, str]:
        name = self.session.stack.settings.identity_center.service_provider_metadata
        if name is None:
            return "open", "identityCenter.serviceProviderMetadata is not set"
        try:
            found = parse_service_provider_metadata((REPOSITORY / name).read_bytes())
        except OSError as error:
            return "wrong", f"{name} can't be read ({error.strerror})"
        except MetadataError as error:
            return "wrong", f"{name}: {error}"
        problem = self._foreign(found)
        if problem:
            return "wrong", f"{name} {problem}"
        return "done", f"{found.entity_id}, {len(found.acs_urls)} reply URLs"

    def _foreign(self, found: ServiceProviderMetadata) -> str:
        region = self.session.aws.region_name
        if found.region and found.region != region:
            return f"belongs to an instance in {found.region}, but aws:region is {region}"
        owner, instance = found.entity_id.rpartition("/")[2], self._instance
        # The issuer URL of an instance ends with its identity store id.
        if instance and owner.startswith("d-") and owner != instance.identity_store_id:
            return (
                f"belongs to the instance of {owner}, but this one has {instance.identity_store_id}"
            )
        return ""

    def _upload(self) -> HandOff:
        url = str(self.session.stack.outputs.get("federationMetadataUrl") or "")
        done = self.session.stack.settings.provisioning is not None
        found, problem = self._federation_metadata(url)
        verdict: Verdict = "done" if done else "open"
        if problem:
            verdict = "blocked" if self._waits else "wrong"
        return HandOff(
            step=8,
            title="Upload the federation metadata",
            verdict=verdict,
            check=problem or self._checked(found, done=done),
            needs="the page of step 3, and another way into every account",
            link=self._link,
            do="Under Identity provider metadata > IdP SAML metadata > Choose file, the document "
            "below; Next; type ACCEPT; Change identity source.",
            copy=[
                ("IdP SAML metadata (download it)", url),
                ("IdP issuer URL", found.entity_id if found else ""),
                ("certificate thumbprint (SHA-1)", ", ".join(found.thumbprints) if found else ""),
            ],
            breaks=_IDENTITY_SOURCE,
        )

    def _federation_metadata(self, url: str) -> tuple[IdentityProviderMetadata | None, str]:
        """The document behind the URL, and what is wrong with it."""
        if self._waits:
            return None, "waits for pulumi up in phase trust"
        try:
            answer = http().request("GET", url)
        except urllib3.exceptions.HTTPError:
            return None, f"{url} can't be reached"
        if answer.status != 200:
            return None, f"{url} answers with HTTP {answer.status}"
        try:
            found = parse_identity_provider_metadata(answer.data)
            check_certificates(found, self._thumbprints())
        except MetadataError as error:
            return None, str(error)
        return found, ""

    def _thumbprints(self) -> list[str]:
        provider = self.session.stack.outputs.get("identityProvider") or {}
        thumbprints = provider.get("thumbprints") or {}
        # An update that fails leaves outputs behind that it never knew.
        return [str(one) for one in thumbprints.values()] if is_known(thumbprints) else []

    @staticmethod
    def _checked(found: IdentityProviderMetadata | None, *, done: bool) -> str:
        count = len(found.certificates) if found else 0
        ready = f"the document holds {count} certificate{'' if count == 1 else 's'} of this stack"
        # AWS has no API that shows the uploaded metadata.
        return f"{ready}; the console shows whether it was uploaded" if done else ready

    def _provisioning(self) -> HandOff:
        verdict, check = self._check_provisioning()
        return HandOff(
            step=9,
            title="Enable automatic provisioning",
            verdict="blocked" if verdict == "open" and self._waits else verdict,
            check=check,
            needs="the external identity provider of step 8",
            link=self._link,
            do="Settings > Automatic provisioning > Enable; copy both values now: the token is "
            "shown once, and is valid for a year.",
            breaks="users and groups can no longer be edited in the AWS console",
            run=[
                _set("provisioning.endpoint", "<SCIM endpoint>"),
                _set("provisioning.accessToken", "<Access token>", secret=True),
                _set("provisioning.tokenExpires", "<YYYY-MM-DD>"),
                "pulumi up",
            ],
        )

    def _check_provisioning(self) -> tuple[Verdict, str]:
        provisioning = self.session.stack.settings.provisioning
        if provisioning is None:
            return "open", "provisioning is not set"
        region = self.session.aws.region_name
        if provisioning.region and provisioning.region != region:
            return "wrong", f"the endpoint is in {provisioning.region}, but aws:region is {region}"
        try:
            try_token(provisioning.endpoint, provisioning.access_token.get_secret_value())
        except ScimError as error:
            return "wrong", str(error)
        return "done", f"{provisioning.endpoint} takes the token"


def _set(key: str, value: str, *, secret: bool = False) -> str:
    option = " --secret" if secret else ""
    return f"pulumi config set --path{option} {NAMESPACE}:{key} {value}"
