"""One look at both clouds: what an update and an operator's command decide on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from clouds.access_attributes import read_attributes
from clouds.aws import Aws
from clouds.directory import Directory, read_directory
from clouds.grants import read_grants
from clouds.graph import Graph
from clouds.job import job_runs
from clouds.own_groups import read_memberships
from clouds.people import read_people
from clouds.permission_sets import read_permission_sets
from clouds.rescuers import read_rescuers
from federation.access.declared import Access
from federation.access.organization import Organization
from federation.engine.checkpoint import Checkpoint
from federation.engine.set_content import LiveSet
from federation.identity.instance import Instance, choose_instance
from federation.update.memberships import own_groups
from federation.update.plan import Facts


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
    """Look the access file's principals up in Entra and in Identity Center, and who is in the
    groups that the stack has made; and what the stack's own things are assigned to.

    Raises InvalidInput for names that Entra lacks, AwsError and EntraError for refusals.
    """
    checkpoint = checkpoint.under(access.moved)
    directory = read_directory(graph, access, checkpoint)
    instance = site.instance
    today = datetime.now(UTC).date()
    facts = Facts(
        organization=site.organization,
        instance=instance,
        principals=directory.principals,
        identity_store=aws.principals(instance.identity_store_id) if instance else (),
        checkpoint=checkpoint,
        today=today,
        memberships=read_memberships(graph, own_groups(access, checkpoint), directory.people),
        live_sets=read_own_sets(aws, instance, access, checkpoint),
        live_attributes=read_attributes(aws, instance.arn)
        if instance and checkpoint.attributes is not None
        else None,
        ignored_tags=aws.ignored_tags,
        grants=read_grants(aws, graph, instance, checkpoint),
        job_runs=job_runs(graph, checkpoint.job),
        rescuers=read_rescuers(graph, access, directory.principals),
        people=read_people(graph, access, site.organization, directory, today=today),
        warnings=directory.warnings,
    )
    return facts, directory


def read_own_sets(
    aws: Aws, instance: Instance | None, access: Access, checkpoint: Checkpoint
) -> dict[str, LiveSet | None]:
    """The stack's permission sets that stay, as AWS has them, by ARN. Raises AwsError.

    Nothing is asked about a set that the stack is about to delete.
    """
    stay = [one.arn for name, one in checkpoint.sets.items() if name in access.permission_sets]
    return read_permission_sets(aws, instance.arn, sorted(stay)) if instance else {}
