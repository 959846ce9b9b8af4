"""Members of groups, one by one, on Graph's beta.

Calls and messages as in hashicorp/terraform-provider-azuread `group_member_resource.go` and
`groups.go` (`groupGetMember`).
"""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

from typing import ClassVar

from entra_aws_sandbox.providers.azuread.base import (
    NOT_FOUND,
    GraphResource,
    doing,
    locked,
    must_be_imported,
)
from entra_aws_sandbox.providers.azuread.graph import GraphError, consistently
from entra_aws_sandbox.providers.azuread.groups import COLLECTION
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties


class GroupMember(GraphResource):
    """One direct member of a group."""

    schema: ClassVar = Schema(
        token="azuread:index/groupMember:GroupMember",
        required=frozenset({"groupObjectId", "memberObjectId"}),
        replaces=frozenset({"groupObjectId", "memberObjectId"}),
    )

    def create(self, inputs: Properties) -> str:
        """Add the member; refused where the group has it already."""
        group, member = inputs["groupObjectId"], inputs["memberObjectId"]
        group_path = f"{COLLECTION}/{group}"
        with locked(group):
            with doing(f'Retrieving Group (Group: "{group}")'):
                if self.graph.find(group_path) is None:
                    raise ProviderError(f'Group (Group: "{group}") was not found')
            with doing(f'Listing existing members for Group (Group: "{group}")'):
                present = [entry["id"] for entry in self.graph.pages(f"{group_path}/members")]
            identity = f"{group}/member/{member}"
            if member.lower() in (one.lower() for one in present):
                raise must_be_imported(
                    "azuread_group_member", f'A resource with the ID "{identity}" already exists'
                )
            with doing(f"Adding {_member_name(group, member)}"):
                link = f"{self.graph.base}/beta/directoryObjects/{member}"
                self.graph.call("POST", f"{group_path}/members/$ref", body={"@odata.id": link})
        return identity

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Whether the group has the member; None, too, where there is no such group."""
        group, member = _group_and_member(identity)
        with doing(f'Retrieving member "{member}" for group with object ID: "{group}"'):
            if not self._has(group, member):
                return None
        return {"groupObjectId": group, "memberObjectId": member}

    def delete(self, identity: str, state: Properties) -> None:
        """Remove the member and wait until it is gone; the 404 of one that is not there fails."""
        group, member = _group_and_member(identity)
        name = _member_name(group, member)
        with locked(group):
            with doing(f"Removing {name}"):
                self.graph.call("DELETE", f"{COLLECTION}/{group}/members/{member}/$ref")
            consistently(
                lambda: not self._has(group, member), failure=f"Waiting for removal of {name}"
            )

    def _has(self, group: str, member: str) -> bool:
        query = {"$filter": f"id eq '{member}'"}
        try:
            found = list(self.graph.pages(f"{COLLECTION}/{group}/members", query))
        except GraphError as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return any(entry["id"] == member for entry in found)


def _group_and_member(identity: str) -> tuple[str, str]:
    match identity.split("/"):
        case [group, "member", member]:
            return group, member
    raise ProviderError(f'Parsing Group Member ID "{identity}"')


def _member_name(group: str, member: str) -> str:
    return f'Group Id Member (Group: "{group}"\nDirectory Object: "{member}")'
