"""The seed of the AWS side: what it holds, and how it is planted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from entra_aws_sandbox.aws.organizations.directory import AccountSeed, Organization

_FILE = Path(__file__).with_name("seed.yaml")
_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}],
    }
)


@dataclass(frozen=True, kw_only=True)
class Seed:
    """What is fixed about the sandbox's AWS, from `seed.yaml`."""

    region: str
    management_account_id: str
    instance_id: str
    identity_store_id: str
    document: dict[str, Any]


@cache
def load_seed() -> Seed:
    """Read the seed, once a process."""
    document = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return Seed(
        region=document["region"],
        management_account_id=document["managementAccount"]["id"],
        instance_id=document["identityCenter"]["instanceId"],
        identity_store_id=document["identityCenter"]["identityStoreId"],
        document=document,
    )


def plant(seed: Seed) -> Organization:
    """The organization of the seed, in moto's memory, which must be empty."""
    document = seed.document
    management = document["managementAccount"]
    organization = Organization(management["id"])
    organization.found(
        document["organization"]["id"],
        document["organization"]["root"],
        management["name"],
        management["email"],
    )
    for path, unit_id in document["units"].items():
        organization.add_unit(path, unit_id)
    for account in document["accounts"]:
        organization.add_account(_account(account))
        if _is_below(account["ou"], document["customerPolicies"]["below"]):
            for policy in document["customerPolicies"]["policies"]:
                organization.add_policy(account["id"], policy["path"], policy["name"], _POLICY)
    return organization


def _account(entry: dict[str, Any]) -> AccountSeed:
    return AccountSeed(
        id=entry["id"],
        name=entry["name"],
        email=f"aws+{entry['name']}@example.com",
        ou=entry["ou"],
        state=entry.get("state", "ACTIVE"),
        tags=entry["tags"],
    )


def _is_below(path: str, units: list[str]) -> bool:
    return any(path == unit or path.startswith(f"{unit}/") for unit in units)
