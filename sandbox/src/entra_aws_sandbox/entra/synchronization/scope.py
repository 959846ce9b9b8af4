"""Who is in scope of a job: assigned people, assigned groups and their direct members."""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_aws_sandbox.entra.job import Job
from entra_aws_sandbox.entra.synchronization.mapping import group_attributes, user_attributes
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json


@dataclass(frozen=True)
class GroupInScope:
    """An assigned group: its attributes and the object ids of the people directly in it."""

    attributes: Json
    people: list[str]


@dataclass(frozen=True)
class Scope:
    """What the target should hold; taken at one moment, under the tenant's lock."""

    people: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, GroupInScope] = field(default_factory=dict)


def scope_of(tenant: Tenant, job: Job, *, sync_all: bool) -> Scope:
    """The scope now. Nested groups give their members nothing (Entra documentation)."""
    if sync_all:
        assigned = [*tenant.users, *tenant.groups]
    else:
        assigned = [a["principalId"] for a in tenant.assignments_of(job.service_principal)]
    scope = Scope()
    for principal in assigned:
        if principal in tenant.users:
            scope.people[principal] = user_attributes(tenant.users[principal])
        elif principal in tenant.groups:
            members = tenant.members.get(principal, {})
            people = [m for m in members if m in tenant.users]
            attributes = group_attributes(tenant.groups[principal])
            scope.groups[principal] = GroupInScope(attributes, people)
            scope.people.update({p: user_attributes(tenant.users[p]) for p in people})
    return scope
