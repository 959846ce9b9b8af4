"""Whose an object is: made by an attacker, or left by an update that lost an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.engine.provenance import Found, Identity, choose

SINCE = datetime(2026, 11, 24, 10, tzinfo=UTC)
AFTER = SINCE + timedelta(minutes=30)
DEPLOYER = Identity.of({"oid": "deployer", "appid": "our-app", "idtyp": "app", "roles": []})
PERSON = Identity.of({"oid": "person", "appid": "azure-cli", "scp": "Group.ReadWrite.All"})
DECLARED = {"displayName": "AWS-Migration", "owners": ["ada"]}
GROUP = Found(
    id="/groups/g-1",
    name="AWS-Migration",
    created=AFTER,
    created_by="our-app",
    owners=frozenset({"ada"}),
)
APPLICATION = Found(id="/a", name="AWS", created=AFTER, owners=frozenset({"deployer"}))
CERTIFICATE = Found(id="s/tokenSigningCertificate/k", name="CN=x", created=AFTER)


def refusal(
    *candidates: Found,
    kind: str = "Group",
    inputs: dict[str, Any] = DECLARED,
    identity: Identity = DEPLOYER,
    since: datetime | None = SINCE,
) -> str:
    """Why nothing is taken in, "" when the first candidate is."""
    verdict = choose(kind, inputs, candidates, identity=identity, since=since)
    if verdict.taken:
        assert verdict.taken == candidates[0]
        assert not verdict.refused
        return ""
    return "; ".join(why for _, why in verdict.refused) or "nothing"


def test_what_this_stack_made_is_taken_in() -> None:
    assert refusal(GROUP) == ""
    # The provider makes the caller the owner where none is declared.
    bare = replace(GROUP, owners=frozenset({"deployer"}))
    assert refusal(bare, inputs={"displayName": "AWS-Migration"}) == ""
    assert refusal(APPLICATION, kind="ApplicationFromTemplate", inputs={}) == ""
    assert refusal(CERTIFICATE, kind="ServicePrincipalTokenSigningCertificate", inputs={}) == ""
    assert refusal(Found(id="ps", created=AFTER), kind="PermissionSet", inputs={}) == ""
    # A part of what is this stack's already is nobody else's.
    assert refusal(Found(id="assignment"), kind="AccountAssignment", inputs={}) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        # Somebody makes a group of that name, and gives it to the declared owner.
        ({"created_by": "azure-portal"}, "another application made it (azure-portal)"),
        ({"created_by": ""}, "Entra does not tell which application made it"),
        # Somebody got into what this stack made.
        ({"owners": frozenset({"ada", "mallory"})}, "it has an undeclared owner: mallory"),
        ({"members": frozenset({"mallory"})}, "it has an undeclared member: mallory"),
        ({"owners": frozenset()}, "nobody owns it"),
        ({"oddities": ("its members follow from a rule",)}, "its members follow from a rule"),
        # It was there before anything got lost.
        ({"created": SINCE - timedelta(days=1)}, "it was made at 2026-11-23 10:00:00 UTC, before"),
        ({"created": None}, "nothing tells when it was made"),
    ],
)
def test_a_group_that_may_be_somebody_elses_is_named_and_left(
    changes: dict[str, Any], why: str
) -> None:
    assert why in refusal(replace(GROUP, **changes))


def test_clocks_that_differ_a_little_are_no_doubt() -> None:
    assert refusal(replace(GROUP, created=SINCE - timedelta(minutes=4))) == ""
    assert refusal(replace(GROUP, created=SINCE - timedelta(minutes=6)))
    assert "nothing tells when this stack began" in refusal(GROUP, since=None)


def test_everybody_signs_in_with_the_azure_cli() -> None:
    made = replace(GROUP, created_by="azure-cli")
    assert "a person is signed in, who does not own it" in refusal(made, identity=PERSON)
    assert refusal(replace(made, owners=frozenset({"ada", "person"})), identity=PERSON) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"owners": frozenset({"mallory"})}, "this sign-in does not own it"),
        ({"owners": frozenset({"deployer", "mallory"})}, "undeclared owner: mallory"),
        ({"members": frozenset({"mallory"})}, "undeclared assigned principal: mallory"),
        ({"oddities": ("it has credentials already",)}, "it has credentials already"),
    ],
)
def test_an_application_that_may_be_somebody_elses(changes: dict[str, Any], why: str) -> None:
    found = replace(APPLICATION, **changes)
    assert why in refusal(found, kind="ApplicationFromTemplate", inputs={})


def test_of_two_none_is_taken() -> None:
    assert refusal(GROUP, replace(GROUP, id="/groups/g-2")).count("2 may be the one") == 2


def test_a_group_in_the_middle_of_its_creation_is_found_under_its_temporary_name() -> None:
    halfway = replace(GROUP, name="TERRAFORM_UPDATE_1")
    assert refusal(halfway) == ""
    # Another stack's, in the middle of something: no matter, and nothing to be told.
    other = replace(halfway, id="/groups/g-2", created_by="another")
    assert refusal(halfway, other) == ""
    assert refusal(other) == "nothing"
    # With the declared name there, it is the temporary one that is another's.
    assert refusal(GROUP, replace(halfway, id="/groups/g-3")) == ""
