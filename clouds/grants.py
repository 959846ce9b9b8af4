"""The bounded look for grants made by hand: a call for each own permission set, and one for the
application's assignments.

Source: sso-admin, ListAccountsForProvisionedPermissionSet; Microsoft Graph v1.0, "List
appRoleAssignedTo" (pages of up to 999).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from clouds.aws import CONCURRENCY, Aws, AwsError
from clouds.entra import EntraError
from clouds.graph import Graph
from federation.engine.checkpoint import Checkpoint
from federation.engine.unmanaged import AppGrant, Grants
from federation.identity.instance import Instance

_PAGE: Final = 999
_NOT_FOUND: Final = 404
_GONE: Final = "ResourceNotFoundException"


def read_grants(
    aws: Aws, graph: Graph, instance: Instance | None, checkpoint: Checkpoint
) -> Grants:
    """Where the checkpoint's permission sets are provisioned, and who is assigned to its
    application. Raises AwsError and EntraError.
    """
    return Grants(
        provisioned=_provisioned(aws, instance.arn, checkpoint) if instance else {},
        assigned=_assigned(graph, checkpoint.application) if checkpoint.application else (),
    )


def _provisioned(aws: Aws, instance_arn: str, checkpoint: Checkpoint) -> dict[str, tuple[str, ...]]:
    """Accounts by name of the set; those of a set that AWS no longer has are none."""
    if not checkpoint.sets:
        return {}
    listed = partial(
        aws.pages,
        aws.client("sso-admin"),
        "list_accounts_for_provisioned_permission_set",
        "AccountIds",
        InstanceArn=instance_arn,
    )

    def accounts(arn: str) -> tuple[str, ...]:
        try:
            return tuple(map(str, listed(PermissionSetArn=arn)))
        except AwsError as error:
            if error.code == _GONE:
                return ()
            raise

    arns = {name: one.arn for name, one in sorted(checkpoint.sets.items())}
    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="sso-admin") as pool:
        return dict(zip(arns, pool.map(accounts, arns.values()), strict=True))


def _assigned(graph: Graph, service_principal: str) -> tuple[AppGrant, ...]:
    """Everybody assigned, each once; nobody to an application that Entra no longer has."""
    path = f"/servicePrincipals/{service_principal}/appRoleAssignedTo?$top={_PAGE}"
    try:
        return tuple(
            {
                one["principalId"]: AppGrant(
                    principal_type=one["principalType"],
                    object_id=one["principalId"],
                    name=str(one.get("principalDisplayName") or ""),
                )
                for one in graph.entries(path)
            }.values()
        )
    except EntraError as error:
        if error.status == _NOT_FOUND:
            return ()
        raise
