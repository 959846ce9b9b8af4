"""Reads a live instance for an adoption: all sets, all assignments, and whom Entra knows of them.

Only reads. Calls: seven a permission set, one for each set in each account where it is provisioned
(the deep look), a page of groups and people, and a batch for those whom Entra may know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from clouds.assignments import Memory, Pace, Progress, look_deep, read_assignments
from clouds.aws import CONCURRENCY, Aws
from clouds.existing import Existing
from clouds.graph import Graph
from clouds.permission_sets import read_permission_sets
from federation.access.organization import Organization
from federation.engine.unmanaged import Holder, Pair
from federation.identity.application import Application
from federation.identity.instance import Instance
from federation.update.adoption import Live, external_group_ids


def read_live(
    aws: Aws,
    graph: Graph,
    organization: Organization,
    instance: Instance,
    application: Application,
    *,
    memory: Memory | None = None,
    progress: Progress | None = None,
    pace: Pace | None = None,
) -> Live:
    """Everything that access consists of. Raises AwsError and EntraError.

    The deep look goes on where an earlier one was cut short (`memory`), and tells `progress`.
    """
    # A list shows an assignment only once AWS has made it.
    Existing(graph=graph, aws=aws).wait_for_assignments(instance.arn)
    arns = {name: arn for arn, name in aws.permission_sets(instance.arn, ())}
    sets = read_permission_sets(aws, instance.arn, sorted(arns.values()))
    holders = look_deep(
        _pairs(aws, instance.arn, arns),
        read_assignments(aws, instance.arn, arns),
        memory=memory,
        progress=progress,
        pace=pace,
    )
    store = aws.principals(instance.identity_store_id)
    used = {holder for some in holders.values() for holder in some}
    known = [one for one in store if Holder(one.type, one.id) in used]
    groups = {
        one["id"]: str(one["displayName"])
        for one in graph.groups_by_id(sorted({*external_group_ids(known), *application.assigned}))
    }
    names = {one.name for one in known if one.type == "USER"}
    people = [*graph.users_by_name(sorted(names)), *graph.users_by_id(sorted(application.assigned))]
    return Live(
        organization=organization,
        # One that somebody deletes meanwhile is no longer there to adopt.
        sets={name: live.content for name, arn in arns.items() if (live := sets[arn]) is not None},
        holders=holders,
        identity_store=store,
        groups=groups,
        people={one["id"]: str(one["userPrincipalName"]) for one in people},
        namesakes=_namesakes(graph, groups.values()),
        assigned=application.assigned,
    )


def _pairs(aws: Aws, instance_arn: str, arns: dict[str, str]) -> list[Pair]:
    client = aws.client("sso-admin")

    def accounts(arn: str) -> list[str]:
        return aws.pages(
            client,
            "list_accounts_for_provisioned_permission_set",
            "AccountIds",
            InstanceArn=instance_arn,
            PermissionSetArn=arn,
        )

    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="sso-admin") as pool:
        listed = zip(arns, pool.map(accounts, arns.values()), strict=True)
        return sorted(Pair(name, str(account)) for name, found in listed for account in found)


def _namesakes(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Names, case-folded, that several groups of Entra bear."""
    listed = graph.groups_by_name(sorted(set(names)))
    counted = Counter(str(one["displayName"]).casefold() for one in listed)
    return frozenset(name for name, number in counted.items() if number > 1)
