"""An access stack's configuration and what it takes from its federation stack."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Access, Group, PermissionSet
from federation.access.organization import Organization
from federation.core.errors import InvalidInput
from federation.engine.checkpoint import Checkpoint
from federation.engine.phase import Phase
from federation.identity.principals import EntraPrincipal, IdentityStorePrincipal, PinnedAssignment
from federation.update.access_stack import (
    FederationStack,
    check_access,
    check_own_checkpoint,
    check_sets,
    load_access_stack,
    seen_through,
)
from federation.update.plan import Facts, UpdateStoppedError

ARN = "arn:aws:sso:::instance/ssoins-1111222233334444"
SET = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-"
PLATFORM = PrincipalKey("GROUP", "platform")
OUTPUTS: dict[str, Any] = {
    "phase": "access",
    "jobPath": "/servicePrincipals/x/synchronization/jobs/y",
    "federation": {"instanceArn": ARN, "assigned": ["0A-platform"]},
}
FEDERATION = FederationStack.read("o/p/prod", OUTPUTS)


def settings(**more: Any) -> Any:
    values = {"federationStack": "prod", "access": "access.yaml", **more}
    return load_access_stack(values, file="Pulumi.team.yaml")


def test_the_federation_stack_by_its_short_and_its_full_name() -> None:
    def name(written: str) -> str:
        found: str = settings(federationStack=written).reference(organization="o", project="p")
        return found

    assert name("prod") == "o/p/prod"
    assert name("other/project/prod") == "other/project/prod"
    for wrong in ("", "a/b", "a/b/c/d", "a b"):
        with pytest.raises(InvalidInput, match="federationStack"):
            name(wrong)


@pytest.mark.parametrize("key", ["enterpriseApp", "provisioning", "protect", "allowPhaseBack"])
def test_what_a_federation_is_made_of_has_no_place(key: str) -> None:
    with pytest.raises(InvalidInput, match=f"{key}\n.*no such key"):
        settings(**{key: {}})


@pytest.mark.parametrize(
    ("outputs", "part"),
    [
        ({}, "is no federation stack"),
        ({"phase": "trust"}, "is in phase trust"),
        # An access stack has a phase, but nothing to build upon.
        ({"phase": "access"}, "is in phase access"),
    ],
)
def test_stacks_that_are_nothing_to_build_upon(outputs: dict[str, Any], part: str) -> None:
    with pytest.raises(UpdateStoppedError, match=part):
        FederationStack.read("o/p/prod", outputs)


def test_groups_are_made_by_the_federation_stack() -> None:
    check_access(Access(groups={"a": Group(key="a", display_name="A")}), "prod")
    with pytest.raises(InvalidInput, match="let prod create a"):
        check_access(Access(groups={"a": Group(key="a", display_name="A", create=True)}), "prod")


def test_a_federation_is_not_turned_into_an_access_stack() -> None:
    check_own_checkpoint(Checkpoint())
    check_own_checkpoint(Checkpoint(phase=Phase.ACCESS))
    for own in (
        Checkpoint(phase=Phase.APP),
        Checkpoint(phase=Phase.PROVISIONING, provisioning=True),
        Checkpoint(phase=Phase.ACCESS, object_ids={PLATFORM: "0a"}),
    ):
        with pytest.raises(UpdateStoppedError, match="would delete"):
            check_own_checkpoint(own)


def test_sets_of_others_are_refused() -> None:
    access = Access(permission_sets={name: PermissionSet(name=name) for name in ("Mine", "Theirs")})
    existing = [(f"{SET}1", "Mine"), (f"{SET}2", "Elsewhere")]
    check_sets(access, {f"{SET}1"}, existing, ARN)
    with pytest.raises(InvalidInput, match="permission set Theirs belongs to another stack"):
        check_sets(access, {f"{SET}1"}, [*existing, (f"{SET}3", "Theirs")], ARN)


def facts(*principals: EntraPrincipal, assignments: tuple[PinnedAssignment, ...] = ()) -> Facts:
    organization = Organization.from_dict(
        {
            "managementAccountId": "111122223333",
            "partition": "aws",
            "roots": [{"id": "r-abcd", "name": "Root"}],
            "organizationalUnits": [],
            "accounts": [
                {
                    "id": "111122223333",
                    "name": "management",
                    "parentId": "r-abcd",
                    "state": "ACTIVE",
                    "tags": {},
                }
            ],
        }
    )
    return Facts(
        organization=organization,
        instance=None,
        principals={one.key: one for one in principals},
        identity_store=[
            IdentityStorePrincipal(
                type="GROUP", id="g-1", name="AWS-Platform", external_ids=("0a-platform",)
            )
        ],
        checkpoint=Checkpoint(assignments=assignments),
        today=date(2026, 1, 1),
    )


def group(key: str, object_id: str) -> EntraPrincipal:
    return EntraPrincipal(key=PrincipalKey("GROUP", key), name=key, object_id=object_id)


def test_only_whom_the_federation_stack_assigns_can_arrive() -> None:
    seen = seen_through(FEDERATION, facts(group("platform", "0a-platform"), group("b", "0b")))
    assert seen.principals[PLATFORM].obstacle == ""
    assert "access file of o/p/prod" in seen.principals[PrincipalKey("GROUP", "b")].obstacle
    assert seen.checkpoint.object_ids == {PLATFORM: "0a-platform"}
    assert seen.checkpoint.provisioning


def test_assignments_remember_what_their_keys_meant() -> None:
    old = PrincipalKey("GROUP", "old")
    pin = PinnedAssignment(
        assignment=Assignment("Look", old, "611111111111"),
        principal_id="g-1",
        permission_set_arn=f"{SET}1",
    )
    seen = seen_through(FEDERATION, facts(group("platform", "0a-platform"), assignments=(pin,)))
    assert seen.checkpoint.object_ids == {PLATFORM: "0a-platform", old: "0a-platform"}
