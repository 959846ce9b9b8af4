"""The tenant as it is before anything is federated, read from seed.yaml."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from entra_aws_sandbox.entra.graph.applications import new_application
from entra_aws_sandbox.entra.graph.groups import new_group
from entra_aws_sandbox.entra.graph.service_principals import new_service_principal
from entra_aws_sandbox.entra.graph.users import new_user
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

if TYPE_CHECKING:
    from entra_aws_sandbox.clock import Clock

SEED = Path(__file__).with_name("seed.yaml")


def read_seed() -> Json:
    """The parsed seed."""
    seed: Json = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    return seed


def seeded_tenant(
    seed: Json, *, clock: Clock, base_url: str, client_id: str, client_secret: str
) -> Tenant:
    """A fresh tenant; every object id is the same each time."""
    about = seed["tenant"]
    tenant = Tenant(
        id=about["id"],
        display_name=about["displayName"],
        verified_domains=list(about["verifiedDomains"]),
        base_url=base_url,
        clock=clock,
        sign_in_password=about["signInPassword"],
    )
    tenant.templates = {t["id"]: dict(t) for t in seed["applicationTemplates"]}
    _add_people(tenant, seed)
    _add_groups(tenant, seed)
    _add_deployment(tenant, seed["deployment"], client_id, client_secret)
    return tenant


def _add_people(tenant: Tenant, seed: Json) -> None:
    for number, (first, (family, department, title)) in enumerate(seed["people"].items(), 1):
        address = f"{first}@{tenant.verified_domains[0]}"
        new_user(
            tenant,
            {
                "id": seed_id(tenant, first),
                "accountEnabled": first not in seed["disabled"],
                "displayName": f"{first.title()} {family}",
                "givenName": first.title(),
                "surname": family,
                "department": department,
                "jobTitle": title,
                "employeeId": f"{1000 + number}",
                "mail": address,
                "mailNickname": first,
                "preferredLanguage": "en-GB",
                "userPrincipalName": address,
            },
        )


def _add_groups(tenant: Tenant, seed: Json) -> None:
    for name, members in seed["groups"].items():
        group = new_group(
            tenant,
            {
                "id": seed_id(tenant, name),
                "displayName": name,
                "mailNickname": name,
                "description": f"{name}, managed outside the federation",
            },
        )
        inside = [*members.get("people", []), *members.get("groups", [])]
        tenant.members[group["id"]] = dict.fromkeys(seed_id(tenant, m) for m in inside)


def _add_deployment(tenant: Tenant, about: Json, client_id: str, client_secret: str) -> None:
    application = new_application(
        tenant,
        {
            "id": about["applicationObjectId"],
            "appId": client_id,
            "displayName": about["displayName"],
        },
    )
    new_service_principal(tenant, application, {"id": about["servicePrincipalObjectId"]})
    tenant.client_secrets[client_id] = client_secret
    tenant.app_roles[client_id] = set(about["appRoles"])


def seed_id(tenant: Tenant, name: str) -> str:
    """The object id of a seeded person or group: always the same for a name."""
    return str(uuid.uuid5(uuid.UUID(tenant.id), name))


def add_crowd(tenant: Tenant, people: int, groups: int) -> list[str]:
    """Fill the tenant for measurements: people spread evenly over groups; ids of the groups."""
    group_ids = []
    for number in range(groups):
        name = f"Crowd-{number:05}"
        group = new_group(tenant, {"displayName": name, "mailNickname": name})
        group_ids.append(group["id"])
        tenant.members[group["id"]] = {}
    for number in range(people):
        name = f"person{number:05}"
        address = f"{name}@{tenant.verified_domains[0]}"
        person = new_user(
            tenant,
            {
                "displayName": f"Person {number:05}",
                "givenName": "Person",
                "surname": f"{number:05}",
                "mail": address,
                "mailNickname": name,
                "userPrincipalName": address,
            },
        )
        tenant.members[group_ids[number % groups]][person["id"]] = None
    return group_ids
