"""The state of one Entra tenant: plain data behind one lock."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from entra_aws_sandbox.clock import iso
from entra_aws_sandbox.entra.errors import not_found
from entra_aws_sandbox.entra.values import Json

if TYPE_CHECKING:
    from entra_aws_sandbox.clock import Clock
    from entra_aws_sandbox.entra.certificates import SigningKey
    from entra_aws_sandbox.entra.job import Job

RECYCLE_BIN = timedelta(days=30)
"""How long a soft-deleted object can be restored (Entra documentation)."""


@dataclass
class Deleted:
    """A soft-deleted directory object; it can be restored for 30 days (Entra documentation)."""

    kind: str
    resource: Json
    at: datetime
    groups: list[str] = field(default_factory=list)
    """Of a person: the groups that a restore puts them back into."""


@dataclass
class Switches:
    """Behaviours of Entra that tests turn on: each has been seen, none happens every time."""

    replication_seconds: float = 0
    """New objects answer 404 for so long (eventual consistency)."""
    reverse_secrets: bool = False
    """Synchronization secrets come back in another order than they were written."""
    extra_secret: bool = False
    """Synchronization secrets come back with a key nobody wrote."""
    group_licence: bool = True
    """The P1 licence, without which groups can't be assigned to applications."""
    restrict_identifier_uris: bool = False
    """The tenant's app management policy forbids identifier URIs of unverified domains."""


@dataclass
class Tenant:
    """Everything Entra knows about one organization. Take `lock` around every use."""

    id: str
    display_name: str
    verified_domains: list[str]
    base_url: str
    clock: Clock
    sign_in_password: str
    templates: dict[str, Json] = field(default_factory=dict)
    applications: dict[str, Json] = field(default_factory=dict)
    service_principals: dict[str, Json] = field(default_factory=dict)
    users: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    owners: dict[str, dict[str, None]] = field(default_factory=dict)
    policy_links: dict[str, dict[str, None]] = field(default_factory=dict)
    assignments: dict[str, Json] = field(default_factory=dict)
    deleted: dict[str, Deleted] = field(default_factory=dict)
    signing_keys: dict[str, dict[str, SigningKey]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    born: dict[str, datetime] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    """How often each operation of Graph was allowed: what least privilege is read from."""
    foreign: set[str] = field(default_factory=set)
    """Those of these operations that were done on what the caller does not own."""
    app_roles: dict[str, set[str]] = field(default_factory=dict)
    """Graph app roles by client id: what the next token of that client carries."""
    client_secrets: dict[str, str] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    lock: threading.RLock = field(default_factory=threading.RLock)

    COLLECTIONS: ClassVar[dict[str, str]] = {
        "application": "applications",
        "servicePrincipal": "service_principals",
        "user": "users",
        "group": "groups",
    }

    def collection(self, kind: str) -> dict[str, Json]:
        """The live objects of an OData type such as `servicePrincipal`."""
        objects: dict[str, Json] = getattr(self, self.COLLECTIONS[kind])
        return objects

    def add(self, kind: str, resource: Json) -> Json:
        """Store a new directory object; a missing id is given."""
        resource.setdefault("id", str(uuid.uuid4()))
        self.collection(kind)[resource["id"]] = resource
        self.born[resource["id"]] = self.clock.now()
        return resource

    def get(self, kind: str, object_id: str) -> Json:
        """The live object with this id; raises the 404 of Graph."""
        resource = self.collection(kind).get(object_id)
        if resource is None or not self.replicated(object_id):
            raise not_found(object_id)
        return resource

    def listed(self, kind: str) -> list[Json]:
        """The live objects of a kind that a list shows: new ones only once they have replicated."""
        return [one for one in self.collection(kind).values() if self.replicated(one["id"])]

    def replicated(self, object_id: str) -> bool:
        """False while a new object has not reached the replica that answers."""
        lag, born = self.switches.replication_seconds, self.born.get(object_id)
        return not lag or born is None or self.clock.now() >= born + timedelta(seconds=lag)

    def find(self, object_id: str) -> tuple[str, Json] | None:
        """The kind and the object with this id, whatever its kind."""
        for kind in self.COLLECTIONS:
            resource = self.collection(kind).get(object_id)
            if resource is not None:
                return kind, resource
        return None

    def application_of(self, app_id: str) -> Json | None:
        """The application with this client id (appId)."""
        return next((a for a in self.applications.values() if a["appId"] == app_id), None)

    def service_principal_of(self, app_id: str) -> Json | None:
        """The service principal with this client id (appId)."""
        return next((s for s in self.service_principals.values() if s["appId"] == app_id), None)

    def assignments_of(self, service_principal: str) -> list[Json]:
        """The app role assignments granted on a service principal."""
        return [a for a in self.assignments.values() if a["resourceId"] == service_principal]

    def purge(self) -> None:
        """Delete for good what has been in the recycle bin for 30 days."""
        limit = self.clock.now() - RECYCLE_BIN
        for object_id in [i for i, d in self.deleted.items() if d.at <= limit]:
            del self.deleted[object_id]

    def timestamp(self) -> str:
        """Now, in the form Graph writes times."""
        return iso(self.clock.now())
