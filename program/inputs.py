"""What an update starts from: configuration, access files, both clouds, the checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from clouds.access_attributes import repair_attributes
from clouds.arrivals import ArrivalWait
from clouds.aws import Aws, AwsError
from clouds.directory import Directory
from clouds.emulated import is_emulated
from clouds.entra import EntraError
from clouds.facts import read_facts, read_site
from clouds.graph import Graph
from clouds.job import start_job
from clouds.own_groups import repair_group
from clouds.permission_sets import set_repairer
from clouds.scim import ScimError, try_token
from components.enterprise_app import NewGroup
from federation.access.access import Access, digest, read_access
from federation.access.assignments import PrincipalKey
from federation.access.targets import target_problems
from federation.core.errors import InvalidInput, Problem
from federation.identity.instance import UnusableInstanceError
from federation.identity.saml_metadata import (
    MetadataError,
    ServiceProviderMetadata,
    foreign_reply_urls,
    parse_service_provider_metadata,
)
from federation.update.desired_state import DesiredState, NotReviewedError, desired_state
from federation.update.phases import PhaseBackError
from federation.update.plan import Facts, Plan, UpdateStoppedError, make_plan
from federation.update.settings import NAMESPACE, Settings, check_token_is_secret, load_settings
from program.checkpoint import read_checkpoint
from program.placeholders import Placeholders
from program.repairs import repair

# Whatever stops an update before it changes anything; each message is a sentence for a person.
REFUSALS: Final = (
    InvalidInput,
    UpdateStoppedError,
    PhaseBackError,
    NotReviewedError,
    UnusableInstanceError,
    AwsError,
    EntraError,
    ScimError,
)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything decided and read; no resource has been registered, nothing was changed.

    `metadata` is None in phase app.
    """

    placeholders: Placeholders
    settings: Settings
    access: Access
    facts: Facts
    plan: Plan
    desired_state: DesiredState
    metadata: ServiceProviderMetadata | None
    directory: Directory
    graph: Graph
    aws: Aws
    region: str
    caller_account_id: str

    @property
    def accounts(self) -> dict[str, str]:
        """The path of each account by id."""
        return self.facts.organization.account_paths

    def principals(self) -> dict[PrincipalKey, str | NewGroup]:
        """An Entra object id for each principal, or the group to make."""
        found: dict[PrincipalKey, str | NewGroup] = {}
        for key, principal in self.directory.principals.items():
            group = self.access.groups[key.key] if key.type == "GROUP" else None
            if group and group.create:
                members = self.plan.memberships.members[key]
                found[key] = NewGroup(
                    display_name=principal.name,
                    owners=[self.directory.people[upn.lower()] for upn in group.owners],
                    members=list(members),
                    member_imports={one: known for one, known in members.items() if known},
                )
            else:
                found[key] = principal.object_id or ""
        return found

    def repaired(self) -> Inputs:
        """The inputs once everything is repaired that the plan names, or is tried (`up` only)."""
        makers: dict[str, Callable[[Any], None]] = {
            "group": partial(repair_group, self.graph),
            "job": partial(start_job, self.graph),
            "attributes": partial(repair_attributes, self.aws),
            "permissionSet": set_repairer(
                self.aws,
                self.facts.instance,
                self.facts.organization,
                access=self.settings.identity_center.management_access,
                management_sets=self.plan.management_sets,
            ),
        }
        return replace(self, plan=repair(self.plan, self.facts.checkpoint.repairs, makers))

    def arrival_wait(self) -> ArrivalWait:
        """The wait for the principals that are expected within this update."""
        provisioning, instance = self.settings.provisioning, self.facts.instance
        return ArrivalWait(
            graph=self.graph,
            aws=self.aws,
            identity_store_id=instance.identity_store_id if instance else "",
            wanted={key: self.directory.principals[key] for key in self.plan.expected},
            labels=self.plan.labels,
            seconds=provisioning.wait_minutes * 60 if provisioning else 0,
            progress=pulumi.log.info,
        )


def read_inputs(root: Path) -> Inputs:
    """Load, validate, look up and decide; paths are relative to `root`.

    Raises one of the program's errors, each a sentence for a person, before anything is changed.
    """
    # First: the engine answers from the checkpoint only before something is registered.
    checkpoint, placeholders = read_checkpoint()
    settings = _settings()
    access = usable_access(settings.access, root)
    metadata, files = _service_provider_metadata(settings, root)
    graph = Graph.connect(configuration("azuread"))
    aws = Aws.connect(configuration("aws"))
    region = aws.region_name
    _check_region(settings, metadata, region)
    _check_reply_urls(settings, metadata, region)
    site = read_site(aws, tags=access.uses_tags)
    if settings.identity_center.service_provider_metadata and site.instance is None:
        raise UpdateStoppedError(
            f"IAM Identity Center is not enabled in {region}: enable it in the management account "
            f"{site.organization.management_account_id} (step 1), or correct aws:region"
        )
    facts, directory = read_facts(site, access, checkpoint, graph=graph, aws=aws)
    plan = make_plan(settings, access, facts, preview=pulumi.runtime.is_dry_run())
    inputs = Inputs(
        placeholders=placeholders,
        settings=settings,
        access=access,
        facts=facts,
        plan=plan,
        desired_state=desired_state(
            settings,
            access,
            facts,
            plan,
            people=directory.people,
            metadata=metadata,
            files={**configuration_digest(), **files},
        ),
        metadata=metadata,
        directory=directory,
        graph=graph,
        aws=aws,
        region=region,
        caller_account_id=aws.caller_account_id(),
    )
    _check_management_access(inputs)
    _try_new_token(inputs)
    return inputs


def usable_access(files: Sequence[str], root: Path) -> Access:
    """The access files of a stack. Raises InvalidInput with everything that is wrong with them:
    what they name and the organization lacks stands beside the errors of the files themselves, as
    far as AWS answers.
    """
    access, problems = read_access(files, root=root)
    if not problems:
        return access
    aws = Aws.connect(configuration("aws"))
    try:
        organization = aws.organization(tags=access.uses_tags)
    except AwsError:
        raise InvalidInput(problems) from None
    targets = target_problems(access, organization, today=datetime.now(UTC).date())
    raise InvalidInput([*problems, *targets])


def _settings() -> Settings:
    file, content = configuration_file()
    settings = load_settings(configuration(NAMESPACE), file=file, content=content)
    if settings.provisioning:
        secret = is_config_secret(f"{NAMESPACE}:provisioning")
        check_token_is_secret(secret=secret, file=file, content=content)
    return settings


def configuration_file() -> tuple[str, bytes]:
    """Name and text of the stack's configuration file, for messages only."""
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    path = Path(pulumi.get_root_directory()) / file
    return file, path.read_bytes() if path.is_file() else b""


def configuration_digest() -> dict[str, str]:
    """SHA-256 of the stack's configuration file by its name; secrets are ciphertext in it."""
    file, content = configuration_file()
    return {file: digest(content)}


def configuration(namespace: str) -> dict[str, Any]:
    """The stack configuration of one namespace, keys without it."""
    prefix = f"{namespace}:"
    return {
        key.removeprefix(prefix): _plain(value)
        for key, value in CONFIG.get().items()
        if key.startswith(prefix)
    }


def _plain(value: str) -> Any:
    """The engine hands mappings and lists over as JSON, everything else as text."""
    return json.loads(value) if value.startswith(("{", "[")) else value


def _service_provider_metadata(
    settings: Settings, root: Path
) -> tuple[ServiceProviderMetadata | None, dict[str, str]]:
    """The SP metadata, and the digest of its file by name."""
    name = settings.identity_center.service_provider_metadata
    if name is None:
        return None, {}
    path = (root / name).resolve()
    place = f"{NAMESPACE}:identityCenter.serviceProviderMetadata"
    folders = (root.resolve(), Path(pulumi.get_root_directory()).resolve())
    if not any(path.is_relative_to(folder) for folder in folders):
        raise InvalidInput([Problem(path=place, message=f"{name} lies outside of the project.")])
    try:
        content = path.read_bytes()
        return parse_service_provider_metadata(content), {name: digest(content)}
    except OSError as error:
        reason = error.strerror or "can't be read"
        raise InvalidInput(
            [
                Problem(
                    path=place,
                    message=f"the SP metadata file {name} can't be read ({reason}); download it in "
                    "the Identity Center console (step 3) and save it there.",
                )
            ]
        ) from None
    except MetadataError as error:
        raise InvalidInput([Problem(file=name, message=f"{error}.")]) from None


def _check_region(
    settings: Settings, metadata: ServiceProviderMetadata | None, region: str
) -> None:
    provisioning = settings.provisioning
    named = {
        "identityCenter.serviceProviderMetadata": metadata.region if metadata else None,
        "provisioning.endpoint": provisioning.region if provisioning else None,
    }
    problems = [
        Problem(
            path=f"{NAMESPACE}:{key}",
            message=f"it belongs to an instance in {other}, but aws:region is {region}.",
        )
        for key, other in named.items()
        if other and other != region
    ]
    if problems:
        raise InvalidInput(problems)


def _check_reply_urls(
    settings: Settings, metadata: ServiceProviderMetadata | None, region: str
) -> None:
    urls = metadata.acs_urls if metadata else ()
    foreign = foreign_reply_urls(urls, region, emulated=is_emulated())
    if foreign:
        raise InvalidInput(
            [
                Problem(
                    file=settings.identity_center.service_provider_metadata or "",
                    message=f"the assertion consumer service URL {url} is no sign-in host of AWS "
                    f"in the partition of {region}: whoever answers there gets what people sign in "
                    "to AWS with; download the SP metadata again (step 3).",
                )
                for url in foreign
            ]
        )


def _check_management_access(inputs: Inputs) -> None:
    check_management_access(
        inputs.plan,
        management=inputs.facts.organization.management_account_id,
        caller=inputs.caller_account_id,
        configured=inputs.settings.identity_center.management_access is not None,
    )


def check_management_access(plan: Plan, *, management: str, caller: str, configured: bool) -> None:
    """Raise UpdateStoppedError when nobody could write the management account's assignments."""
    touches = any(a.assignment.account == management for a in plan.resolution.explained)
    if touches and caller != management and not configured:
        raise UpdateStoppedError(
            f"the access file grants access to the management account {management}, which only its "
            "own credentials may do (AWS: a delegated administrator can't); the stack runs from "
            f"{caller}: set identityCenter.managementAccess"
        )


def _try_new_token(inputs: Inputs) -> None:
    """Try SCIM credentials before they are first written to Entra.

    Those that are already in use are not tried again: an expired token must not keep an urgent
    revocation from being applied.
    """
    provisioning = inputs.settings.provisioning
    if provisioning is None or pulumi.runtime.is_dry_run():
        return
    token = provisioning.access_token.get_secret_value()
    if not inputs.facts.checkpoint.has_credentials(provisioning.endpoint, token):
        try_token(provisioning.endpoint, token)
