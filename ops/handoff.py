"""`python -m ops handoff`: the console steps in order, and a check that each was done.

Exit code 0: all are done, 1: a person has something to do, 2: nothing can be said.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Any, Final

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
from federation.update.console import console_steps
from federation.update.handoff import HandOff, Verdict, lines, unfinished
from ops.arguments import add_stack_arguments, command
from ops.cli import REPOSITORY
from ops.session import Session
from ops.stack import open_stack
from ops.terminal import show, working

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

    def _step(self, number: int, verdict: Verdict, check: str, **more: Any) -> HandOff:
        steps = console_steps(region=self.session.aws.region_name, stack=self.session.stack.name)
        return HandOff(step=steps[number], verdict=verdict, check=check, link=self._link, **more)

    def _enable(self) -> HandOff:
        instance, region = self._instance, self.session.aws.region_name
        check = f"{instance.arn} in {region}" if instance else f"not enabled in {region}"
        return self._step(1, "done" if instance else "open", check)

    def _portal(self) -> HandOff:
        url = self.session.stack.settings.identity_center.access_portal_url
        check = url or "identityCenter.accessPortalUrl is not set"
        return self._step(2, "done" if url else "open", check)

    def _metadata(self) -> HandOff:
        verdict, check = self._check_metadata()
        return self._step(3, verdict, check)

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
        return self._step(
            8,
            verdict,
            problem or self._checked(found, done=done),
            copy=[
                ("IdP SAML metadata (download it)", url),
                ("IdP issuer URL", found.entity_id if found else ""),
                ("certificate thumbprint (SHA-1)", ", ".join(found.thumbprints) if found else ""),
            ],
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
        waits = verdict == "open" and self._waits
        return self._step(9, "blocked" if waits else verdict, check)

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
