"""One look at both clouds: what an update and an operator's command decide on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from clouds.aws import Aws
from clouds.directory import Directory, read_directory
from clouds.graph import Graph
from federation.checkpoint import Checkpoint
from federation.declared import Access
from federation.instance import Instance, choose_instance
from federation.organization import Organization
from federation.plan import Facts


@dataclass(frozen=True, kw_only=True)
class Site:
    """The AWS side before anything is looked up in Entra; `instance` is None before step 1."""

    organization: Organization
    instance: Instance | None


def read_site(aws: Aws, *, tags: bool) -> Site:
    """Organization and instance. Raises AwsError or UnusableInstanceError."""
    organization = aws.organization(tags=tags)
    instance = choose_instance(
        aws.instances(),
        management_account_id=organization.management_account_id,
        region=aws.region_name,
    )
    return Site(organization=organization, instance=instance)


def read_facts(
    site: Site, access: Access, checkpoint: Checkpoint, *, graph: Graph, aws: Aws
) -> tuple[Facts, Directory]:
    """Look the access file's principals up in Entra and in Identity Center.

    Raises InvalidInput for names that Entra lacks, AwsError and EntraError for refusals.
    """
    directory = read_directory(graph, access, checkpoint)
    instance = site.instance
    facts = Facts(
        organization=site.organization,
        instance=instance,
        principals=directory.principals,
        identity_store=aws.principals(instance.identity_store_id) if instance else (),
        checkpoint=checkpoint,
        today=datetime.now(UTC).date(),
        warnings=directory.warnings,
    )
    return facts, directory
