"""What a reviewed hash binds: everything that decides what an update makes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from federation.access.access import load_access
from federation.access.organization import Organization
from federation.engine.checkpoint import Checkpoint
from federation.identity.principals import EntraPrincipal, IdentityStorePrincipal
from federation.identity.saml_metadata import ServiceProviderMetadata
from federation.update.desired_state import (
    DesiredState,
    NotReviewedError,
    check_reviewed,
    desired_state,
)
from federation.update.memberships import MembershipFacts
from federation.update.plan import Facts, make_plan
from federation.update.settings import load_settings
from tests.federation.update.values import FILE, INSTANCE, ORGANIZATION, READY, TODAY, config

ACCESS: dict[str, Any] = {
    "groups": {
        "platform": {"displayName": "AWS-Platform"},
        "team": {
            "displayName": "AWS-Team",
            "create": True,
            "owners": ["ada@example.com"],
            "members": ["ada@example.com"],
        },
    },
    "permissionSets": {
        "Deploy": {
            "sessionDuration": "PT8H",
            "managedPolicies": ["ReadOnlyAccess"],
            "inlinePolicy": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
            },
            "permissionsBoundary": {"managedPolicy": "PowerUserAccess"},
        }
    },
    "rules": [
        {
            "id": "all",
            "group": "platform",
            "permissionSets": ["Deploy"],
            "targets": [{"ou": "/"}],
            "until": "2027-03-31",
        }
    ],
    "guards": {
        "maxRemovals": 5,
        "protectedAccounts": [{"accountName": "one"}],
        "severity": {"adminOnProtected": "warn"},
    },
}
CONFIG = READY | {"enterpriseApp": {"name": "AWS (dev)"}}
PEOPLE = {"ada@example.com": "u-ada", "eve@example.com": "u-eve"}
METADATA = ServiceProviderMetadata(entity_id="https://sp", acs_urls=("https://acs",))
World = dict[str, Any]


def world() -> World:
    """Everything that an update is decided on."""
    return {
        "access": copy.deepcopy(ACCESS),
        "config": copy.deepcopy(CONFIG),
        "ids": {"platform": "g-platform"},
        "people": dict(PEOPLE),
        "organization": copy.deepcopy(ORGANIZATION),
        "metadata": METADATA,
        "files": {"Pulumi.dev.yaml": "1" * 64},
        "arrived": True,
    }


def state_of(one: World, folder: Path) -> DesiredState:
    """The desired state of a world, decided as a preview decides it."""
    file = folder / "access.yaml"
    file.write_text(yaml.safe_dump(one["access"]))
    access = load_access([file.name], root=folder)
    settings = load_settings(config(**one["config"]), file=FILE)
    facts = Facts(
        organization=Organization.from_dict(one["organization"]),
        instance=INSTANCE,
        principals={
            group.principal: EntraPrincipal(
                key=group.principal,
                name=group.display_name or "",
                object_id=one["ids"].get(key),
            )
            for key, group in access.groups.items()
        },
        identity_store=[
            IdentityStorePrincipal(
                type="GROUP", id="p-1", name="AWS-Platform", external_ids=(one["ids"]["platform"],)
            )
        ]
        if one["arrived"]
        else [],
        checkpoint=Checkpoint(),
        today=TODAY,
        memberships=MembershipFacts(people=one["people"]),
    )
    plan = make_plan(settings, access, facts, preview=True)
    return desired_state(
        settings,
        access,
        facts,
        plan,
        people=one["people"],
        metadata=one["metadata"],
        files=one["files"],
    )


def edited(*path: str | int, value: Any) -> Callable[[World], None]:
    """A change of one value of the world."""

    def edit(one: World) -> None:
        place: Any = one
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


SET = ("access", "permissionSets", "Deploy")
CHANGES = {
    "a policy more": (edited(*SET, "managedPolicies", value=["ReadOnlyAccess", "IAMFullAccess"])),
    "an inline statement": edited(*SET, "inlinePolicy", "Statement", 0, "Action", value="*"),
    "another boundary": edited(
        *SET, "permissionsBoundary", value={"managedPolicy": "AdministratorAccess"}
    ),
    "a longer session": edited(*SET, "sessionDuration", value="PT12H"),
    "a member": edited("access", "groups", "team", "members", value=["eve@example.com"]),
    "an owner": edited("access", "groups", "team", "owners", value=["eve@example.com"]),
    "another person of the name": edited("people", "ada@example.com", value="u-eve"),
    "another group of the name": edited("ids", "platform", value="g-other"),
    "until": edited("access", "rules", 0, "until", value="2099-03-31"),
    "a guard": edited("access", "guards", "protectedAccounts", value=[{"accountName": "two"}]),
    "a guard's number": edited("access", "guards", "maxRemovals", value=500),
    "an account that moves": edited("organization", "accounts", 1, "state", value="SUSPENDED"),
    "the threshold": edited("config", "provisioning", "deleteThreshold", value=100_000),
    "the endpoint": edited(
        "config",
        "provisioning",
        "endpoint",
        value="https://scim.eu-west-1.amazonaws.com/other/scim/v2",
    ),
    "the application": edited("config", "enterpriseApp", "name", value="AWS (prod)"),
    "a reply URL": edited(
        "metadata",
        value=ServiceProviderMetadata(entity_id="https://sp", acs_urls=("https://evil",)),
    ),
    "the ciphertext of a secret": edited("files", "Pulumi.dev.yaml", value="2" * 64),
    "what is accepted": edited("config", "acceptRecreated", value={"platform": "g-other"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_what_is_made_changes_the_hash(change: str, tmp_path: Path) -> None:
    before, after = world(), world()
    CHANGES[change](after)
    assert state_of(before, tmp_path).hash != state_of(after, tmp_path).hash


def test_an_arrival_is_no_other_update(tmp_path: Path) -> None:
    held, arrived = world() | {"arrived": False}, world()
    assert state_of(held, tmp_path) == state_of(arrived, tmp_path)


def test_a_group_that_the_stack_makes_is_the_same_before_and_after(tmp_path: Path) -> None:
    before, after = world(), world()
    after["ids"]["team"] = "g-team"
    assert state_of(before, tmp_path) == state_of(after, tmp_path)


def test_the_same_world_has_the_same_hash_and_no_secret(tmp_path: Path) -> None:
    state = state_of(world(), tmp_path)
    assert state == state_of(world(), tmp_path)
    assert state.hash.startswith("sha256:")
    other = world()
    other["config"]["provisioning"]["accessToken"] = "another"
    assert state == state_of(other, tmp_path), "the token itself must not be hashed into a preview"


@pytest.mark.parametrize(
    ("reviewed", "required", "refused"),
    [
        ("", False, None),
        ("", True, "this stack applies only what was reviewed"),
        ("sha256:0", False, "this is not the reviewed update"),
        ("sha256:0", True, "this is not the reviewed update"),
    ],
)
def test_only_the_reviewed_update_is_applied(
    reviewed: str, *, required: bool, refused: str | None
) -> None:
    state = DesiredState(parts={"access": "1"})
    check_reviewed(state, reviewed=state.hash, required=required)
    if refused is None:
        check_reviewed(state, reviewed=reviewed, required=required)
        return
    with pytest.raises(NotReviewedError, match=refused):
        check_reviewed(state, reviewed=reviewed, required=required)
