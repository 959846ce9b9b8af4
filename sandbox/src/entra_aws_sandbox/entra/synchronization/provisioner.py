"""Bring one object of the directory to the target: match, create, change, take away."""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_aws_sandbox.entra.job import Job, Link
from entra_aws_sandbox.entra.synchronization.mapping import (
    changes,
    group_resource,
    known_attributes,
    member_changes,
    user_resource,
)
from entra_aws_sandbox.entra.synchronization.scim_client import (
    ScimClient,
    ScimError,
    UnreachableError,
)
from entra_aws_sandbox.entra.synchronization.scope import GroupInScope
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

MEMBERS_PER_PATCH = 100
"""Membership changes of one request that Identity Center accepts (AWS SCIM guide)."""
RESOURCE_TYPES = {"User": "Users", "Group": "Groups"}
MATCHING = {"User": "userName", "Group": "displayName"}


@dataclass
class Outcome:
    """What was done with an object: `Create`, `Update`, `Delete`, `Disable` or `Other`."""

    action: str
    target_id: str | None = None
    matched: bool = False
    changed: list[Json] = field(default_factory=list)


class AmbiguousMatchError(ScimError):
    """Several resources in the target match one object."""


class Provisioner:
    """Writes to the target and remembers what it wrote in the job's links."""

    def __init__(self, tenant: Tenant, job: Job, client: ScimClient) -> None:
        self._tenant = tenant
        self._job = job
        self._client = client

    def person(self, object_id: str, attributes: Json) -> Outcome:
        """Create or change a person."""
        return self._object("User", object_id, attributes)

    def group(self, object_id: str, group: GroupInScope) -> Outcome:
        """Create or change a group and its members, as far as they are in the target."""
        try:
            return self._group(object_id, group)
        except ScimError as error:
            if error.status != 404:
                raise
            # The group, or a member, is gone from the target: match afresh, once.
            self._forget(object_id)
            return self._group(object_id, group)

    def _group(self, object_id: str, group: GroupInScope) -> Outcome:
        outcome = self._object("Group", object_id, group.attributes)
        link = self._job.links[object_id]
        wanted = {
            person: self._job.links[person].target_id
            for person in group.people
            if person in self._job.links
        }
        outcome.changed += self._members("Add", link, _missing(wanted, link.members))
        outcome.changed += self._members("Remove", link, _missing(link.members, wanted))
        link.members = wanted
        if outcome.action == "Other" and outcome.changed:
            outcome.action = "Update"
        return outcome

    def group_with(self, object_id: str, attributes: Json, people: list[str]) -> Outcome:
        """Create or change a group and add these people; other members stay (on demand)."""
        outcome = self._object("Group", object_id, attributes)
        link = self._job.links[object_id]
        wanted = {p: self._job.links[p].target_id for p in people if p in self._job.links}
        outcome.changed += self._members("Add", link, _missing(wanted, link.members))
        if outcome.action == "Other" and outcome.changed:
            outcome.action = "Update"
        return outcome

    def disable(self, object_id: str) -> Outcome:
        """Set a person who left the scope inactive."""
        link = self._job.links[object_id]
        changed = changes(link.pushed, {**link.pushed, "active": False})
        try:
            self._client.patch("Users", link.target_id, changed)
        except ScimError as error:
            if error.status != 404:
                raise
            self._forget(object_id)
            return Outcome("Other", link.target_id)
        link.pushed = {**link.pushed, "active": False}
        return Outcome("Disable", link.target_id, changed=changed)

    def delete(self, object_id: str) -> Outcome:
        """Delete a group that left the scope, or a person who was deleted for good."""
        link = self._job.links[object_id]
        self._client.delete(RESOURCE_TYPES[link.kind], link.target_id)
        self._forget(object_id)
        return Outcome("Delete", link.target_id)

    def _object(self, kind: str, object_id: str, attributes: Json) -> Outcome:
        link = self._job.links.get(object_id)
        if link is None:
            return self._join_or_create(kind, object_id, attributes)
        changed = changes(link.pushed, attributes)
        if not changed:
            return Outcome("Other", link.target_id, matched=True)
        try:
            self._client.patch(RESOURCE_TYPES[kind], link.target_id, changed)
        except ScimError as error:
            if error.status != 404:
                raise
            self._forget(object_id)
            return self._join_or_create(kind, object_id, attributes)
        link.pushed = {**link.pushed, **attributes}
        return Outcome("Update", link.target_id, matched=True, changed=changed)

    def _join_or_create(self, kind: str, object_id: str, attributes: Json) -> Outcome:
        found = self._match(kind, attributes)
        if found is None:
            try:
                return self._create(kind, object_id, attributes)
            except (ScimError, UnreachableError) as error:
                if isinstance(error, ScimError) and error.status != 409:
                    raise
                # The answer to an earlier attempt was lost, or somebody was faster: look again.
                found = self._match(kind, attributes)
                if found is None:
                    return self._create(kind, object_id, attributes)
        known = known_attributes(found, attributes)
        changed = changes(known, attributes)
        if changed:
            self._client.patch(RESOURCE_TYPES[kind], found["id"], changed)
        self._remember(object_id, Link(kind, found["id"], dict(attributes)))
        action = "Update" if changed else "Other"
        return Outcome(action, found["id"], matched=True, changed=changed)

    def _match(self, kind: str, attributes: Json) -> Json | None:
        attribute = MATCHING[kind]
        found = self._client.find(RESOURCE_TYPES[kind], attribute, attributes[attribute])
        if len(found) > 1:
            raise AmbiguousMatchError(
                409, f"{len(found)} resources have {attribute} '{attributes[attribute]}'."
            )
        return found[0] if found else None

    def _create(self, kind: str, object_id: str, attributes: Json) -> Outcome:
        body = user_resource(attributes) if kind == "User" else group_resource(attributes)
        created = self._client.create(RESOURCE_TYPES[kind], body)
        self._remember(object_id, Link(kind, created["id"], dict(attributes)))
        return Outcome("Create", created["id"], changed=changes({}, attributes))

    def _members(self, operation: str, link: Link, members: dict[str, str]) -> list[Json]:
        done: list[Json] = []
        entries = list(members.items())
        for start in range(0, len(entries), MEMBERS_PER_PATCH):
            batch = entries[start : start + MEMBERS_PER_PATCH]
            operations = member_changes(operation, [target_id for _, target_id in batch])
            self._client.patch("Groups", link.target_id, operations)
            done += operations
            if operation == "Add":
                link.members.update(batch)
            else:
                for person, _ in batch:
                    del link.members[person]
        return done

    def _remember(self, object_id: str, link: Link) -> None:
        with self._tenant.lock:
            self._job.remember(object_id, link)

    def _forget(self, object_id: str) -> None:
        with self._tenant.lock:
            self._job.forget(object_id)


def _missing(wanted: dict[str, str], present: dict[str, str]) -> dict[str, str]:
    """By target id: a person made again in Entra may have the predecessor's account."""
    targets = set(present.values())
    return {k: v for k, v in wanted.items() if v not in targets}
