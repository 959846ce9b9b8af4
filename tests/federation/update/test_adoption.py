"""What a live instance is declared as: exactly what is there, and a reason for all that stays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.access.access import load_access
from federation.access.declared import Access
from federation.access.organization import Organization
from federation.engine.set_content import SetContent
from federation.engine.unmanaged import Holder, Pair
from federation.identity.principals import IdentityStorePrincipal
from federation.update.adoption import (
    ACCESS_FILE,
    CONTROL_TOWER,
    Adoption,
    Left,
    Live,
    adopt,
    differences,
)
from tests.federation.access.strategies import organizations
from tests.federation.loading import company

PLATFORM, AUDIT = "0f245a8c-e913-589a-8b08-a72ec9d8af3f", "1f245a8c-e913-589a-8b08-a72ec9d8af3f"
ADA = "2f245a8c-e913-589a-8b08-a72ec9d8af3f"
DEV = ("611111111111", "622222222222")
MANAGEMENT = "111122223333"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
}
DEPLOY = SetContent(
    description="Roll out",
    session="PT4H",
    relay_state="https://console.aws.amazon.com/",
    tags={"owner": "platform", "aws:cloudformation:stack-name": "sets"},
    managed=frozenset({"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}),
    customer=frozenset({"/platform/deploy", "/other"}),
    inline=json.dumps(POLICY),
    boundary="/platform/boundary",
)
READ = SetContent(managed=frozenset({"arn:aws:iam::aws:policy/ReadOnlyAccess"}))


def group(ident: str, name: str, *external: str) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(type="GROUP", id=ident, name=name, external_ids=external)


def user(ident: str, name: str, *external: str) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(type="USER", id=ident, name=name, external_ids=external)


LIVE = Live(
    organization=company(),
    sets={"Deploy": DEPLOY, "ReadOnly": READ},
    holders={
        **{Pair("Deploy", one): (Holder("GROUP", "g-1"),) for one in DEV},
        **{Pair("ReadOnly", one): (Holder("GROUP", "g-1"), Holder("USER", "u-1")) for one in DEV},
    },
    identity_store=(
        group("g-1", "AWS-Platform", PLATFORM),
        group("g-2", "AWS-Audit", AUDIT),
        user("u-1", "ada@example.com", "ada"),
    ),
    groups={PLATFORM: "AWS-Platform", AUDIT: "AWS-Audit"},
    people={ADA: "ada@example.com"},
    assigned=(PLATFORM, AUDIT),
)


def with_holders(*more: tuple[str, str, Holder]) -> dict[Pair, tuple[Holder, ...]]:
    found = {pair: tuple(holders) for pair, holders in LIVE.holders.items()}
    for name, account, holder in more:
        pair = Pair(name, account)
        found[pair] = (*found.get(pair, ()), holder)
    return found


def loaded(adoption: Adoption) -> Access:
    with TemporaryDirectory() as folder:
        for name, text in adoption.files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_access([ACCESS_FILE], root=Path(folder))


def test_the_files_read_as_a_person_would_have_written_them() -> None:
    made = adopt(LIVE)
    assert set(made.files) == {"access.yaml", "policies/deploy.json"}
    assert made.files["policies/deploy.json"] == json.dumps(POLICY, indent=2) + "\n"
    assert made.files["access.yaml"] == (
        "groups:\n"
        "  aws-audit: {displayName: AWS-Audit}\n"
        "  aws-platform: {displayName: AWS-Platform}\n"
        "\n"
        "users:\n"
        "  ada@example.com: {userPrincipalName: ada@example.com}\n"
        "\n"
        "permissionSets:\n"
        "  Deploy:\n"
        "    description: Roll out\n"
        "    sessionDuration: PT4H\n"
        "    managedPolicies: [job-function/ViewOnlyAccess]\n"
        "    customerManagedPolicies:\n"
        "      - {name: deploy, path: /platform/}\n"
        "      - {name: other}\n"
        "    inlinePolicy: policies/deploy.json\n"
        "    permissionsBoundary:\n"
        "      customerManagedPolicy: {name: boundary, path: /platform/}\n"
        "    relayState: https://console.aws.amazon.com/\n"
        "    tags: {owner: platform}\n"
        "  ReadOnly:\n"
        "    managedPolicies: [ReadOnlyAccess]\n"
        "\n"
        "rules:\n"
        "  - id: aws-platform-deploy-readonly\n"
        "    group: aws-platform\n"
        "    permissionSets: [Deploy, ReadOnly]\n"
        "    targets:\n"
        "      - {ou: Workloads/Dev}\n"
        "  - id: ada@example.com-readonly\n"
        "    user: ada@example.com\n"
        "    permissionSets: [ReadOnly]\n"
        "    targets:\n"
        "      - {ou: Workloads/Dev}\n"
        "\n"
        "guards: {maxRemovals: 20}\n"
    )
    assert not made.left
    assert not differences(loaded(made), made, LIVE.organization)


def one_left(live: Live) -> Left:
    made = adopt(live)
    assert not differences(loaded(made), made, live.organization)
    (left,) = made.left
    return left


@pytest.mark.parametrize(
    ("holder", "more", "cause"),
    [
        (Holder("GROUP", "g-9"), (), "deleted"),
        (Holder("GROUP", "g-3"), (group("g-3", "By hand"),), "local"),
        (Holder("GROUP", "g-3"), (group("g-3", "Other", "not-an-object"),), "local"),
        (Holder("USER", "u-3"), (user("u-3", "root"),), "local"),
        (Holder("USER", "u-3"), (user("u-3", "Ada@example.com", "x"),), "otherCase"),
    ],
)
def test_whoever_entra_does_not_provision_is_left_with_the_reason(
    holder: Holder, more: tuple[IdentityStorePrincipal, ...], cause: str
) -> None:
    live = replace(
        LIVE,
        holders=with_holders(("ReadOnly", DEV[0], holder)),
        identity_store=(*LIVE.identity_store, *more),
    )
    left = one_left(live)
    assert (left.kind, left.cause) == ("assignment", cause)
    assert left.name == f"ReadOnly / {more[0].name if more else holder.id} / {DEV[0]}"


def test_two_principals_for_one_entra_group_are_both_left() -> None:
    live = replace(LIVE, identity_store=(*LIVE.identity_store, group("g-3", "Twin", PLATFORM)))
    made = adopt(live)
    assert {one.cause for one in made.left} == {"twice"}
    assert len(made.left) == 4
    assert {one.principal.key for one in made.assignments} == {"ada@example.com"}


def test_local_principals_are_named_even_without_access() -> None:
    live = replace(LIVE, identity_store=(*LIVE.identity_store, user("u-3", "root")))
    assert one_left(live) == Left(kind="principal", name="root", cause="local", detail="u-3")


def test_accounts_in_which_aws_changes_nothing_are_left() -> None:
    suspended = next(one.id for one in LIVE.organization.accounts if not one.active)
    for account, detail in ((suspended, "SUSPENDED"), ("999999999999", "")):
        holder = Holder("GROUP", "g-1")
        left = one_left(replace(LIVE, holders=with_holders(("ReadOnly", account, holder))))
        assert (left.cause, left.detail) == ("account", detail)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        (min(CONTROL_TOWER), READ, "controlTower"),
        ("Odd", SetContent(description="a \u2014 dash"), "unwritable"),
        ("Odd", SetContent(inline="{"), "unwritable"),
        ("Odd", SetContent(inline='{"Version": "2012-10-17", "Statement": []}'), "unwritable"),
        (
            "Odd",
            SetContent(managed=frozenset(f"arn:aws:iam::aws:policy/P{n}" for n in range(11))),
            "unwritable",
        ),
    ],
)
def test_sets_that_no_file_can_hold_are_left_with_their_assignments(
    name: str, content: SetContent, cause: str
) -> None:
    live = replace(
        LIVE,
        sets={**LIVE.sets, name: content},
        holders=with_holders((name, DEV[0], Holder("GROUP", "g-1"))),
    )
    made = adopt(live)
    assert not differences(loaded(made), made, live.organization)
    assert [(one.kind, one.cause) for one in made.left] == [
        ("assignment", "setLeft"),
        ("permissionSet", cause),
    ]


def test_groups_of_a_name_that_others_have_or_no_file_may_hold_go_by_object_id() -> None:
    live = replace(
        LIVE,
        groups={PLATFORM: "AWS-Platform", AUDIT: "Audit; all"},
        namesakes=("aws-platform",),
    )
    access = loaded(adopt(live))
    assert {one.object_id for one in access.groups.values()} == {PLATFORM, AUDIT}
    assert set(access.groups) == {"aws-platform", "audit-all"}


def test_sets_in_the_management_account_and_others_are_named_and_do_not_stop_the_update() -> None:
    holder = Holder("GROUP", "g-1")
    live = replace(LIVE, holders=with_holders(("ReadOnly", MANAGEMENT, holder)))
    made = adopt(live)
    assert made.mixed == ("ReadOnly",)
    access = loaded(made)
    assert access.guards.severity == {"managementAssignments": "warn"}
    assert not differences(access, made, live.organization)


def test_the_proof_names_what_differs() -> None:
    made = adopt(LIVE)
    access = loaded(made)
    (gone, *_) = sorted(made.assignments)
    fewer = replace(made, assignments=made.assignments - {gone})
    assert differences(access, fewer, LIVE.organization) == [
        f"{gone.logical_name} is declared and does not exist"
    ]
    assert differences(access.but(rules=access.rules[1:]), made, LIVE.organization) == [
        f"{one.logical_name} exists and is not declared"
        for one in sorted(made.assignments)
        if one.principal.type == "GROUP"
    ]
    other = replace(made, contents={**made.contents, "ReadOnly": SetContent()})
    assert differences(access, other, LIVE.organization) == [
        "permission set ReadOnly is declared with other contents than it has"
    ]


_NAMES = ["AWS-Platform", "aws platform", "AWS-Platform", "日本", "a;b", " padded "]
_IDS = [f"{n}e245a8c-e913-589a-8b08-a72ec9d8af3f" for n in range(len(_NAMES))]
_CONTENTS = [SetContent(), READ, replace(DEPLOY, managed=frozenset()), SetContent(inline="{")]


@st.composite
def _lives(draw: st.DrawFn) -> Live:
    organization = Organization.from_dict({**draw(organizations()), "partition": "aws"})
    groups = dict(zip(_IDS, _NAMES, strict=True))
    store = [group(f"g-{ident}", name, ident) for ident, name in groups.items()]
    store += [group("g-local", "Local"), user("u-1", "ada@example.com"), user("u-2", "Bo")]
    holders = [*(Holder(one.type, one.id) for one in store), Holder("GROUP", "g-gone")]
    names = ["ReadOnly", "Read.Only", "-", min(CONTROL_TOWER)]
    accounts = [*(one.id for one in organization.accounts), "999999999999"]

    def some(values: Iterable[str]) -> set[str]:
        return draw(st.sampled_from([set(values), set()]) | st.sets(st.sampled_from(list(values))))

    found: dict[Pair, tuple[Holder, ...]] = {}
    for name in names:
        for holder in draw(st.lists(st.sampled_from(holders), max_size=4, unique=True)):
            for account in some(accounts):
                pair = Pair(name, account)
                found[pair] = (*found.get(pair, ()), holder)
    return Live(
        organization=organization,
        sets={name: draw(st.sampled_from(_CONTENTS)) for name in names},
        holders=found,
        identity_store=store,
        groups=groups,
        people={ADA: "ada@example.com"},
        namesakes=("aws-platform",),
        assigned=some(_IDS),
    )


@given(_lives(), st.booleans())
def test_every_assignment_is_declared_as_it_is_or_left_with_a_reason(
    live: Live, literal: bool
) -> None:
    made = adopt(live, literal=literal)
    assert not differences(loaded(made), made, live.organization)
    number = sum(map(len, live.holders.values()))
    left = [one for one in made.left if one.kind == "assignment"]
    assert len(made.assignments) + len(left) == number
    by_set = {one.permission_set for one in made.assignments}
    assert by_set <= made.contents.keys() <= live.sets.keys()
    assert adopt(live, literal=literal) == made
