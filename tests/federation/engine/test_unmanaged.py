"""What was granted by hand: exactly what neither the declaration nor the checkpoint has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from federation.access.assignments import Assignment, PrincipalKey, PrincipalType
from federation.access.organization import Organization
from federation.diff.changes import AccountLabel, Context, access_diff
from federation.diff.rendering.data import as_dict
from federation.diff.rendering.markdown import as_markdown
from federation.diff.rendering.text import as_text
from federation.engine.checkpoint import Checkpoint
from federation.engine.unmanaged import (
    AccountGrant,
    AppGrant,
    AssignmentGrant,
    Grant,
    Grants,
    Holder,
    Pair,
    Report,
    deepened,
    pairs,
    sentence,
    unmanaged,
    unmanaged_assignments,
)
from federation.identity.principals import IdentityStorePrincipal, PinnedAssignment
from tests.federation.diff.steps import preview, step, urn

ACTIVE = ("100000000001", "100000000002", "100000000003")
SUSPENDED, STRANGE = "100000000004", "999999999999"
ORGANIZATION = Organization.from_dict(
    {
        "managementAccountId": ACTIVE[0],
        "partition": "aws",
        "roots": [{"id": "r-abcd", "name": "Root"}],
        "organizationalUnits": [],
        "accounts": [
            {
                "id": ident,
                "name": f"account-{ident[-1]}",
                "parentId": "r-abcd",
                "state": "SUSPENDED" if ident == SUSPENDED else "ACTIVE",
                "tags": {},
            }
            for ident in (*ACTIVE, SUSPENDED)
        ],
    }
)
SETS, KEYS = ("Look", "Deploy"), ("platform", "data", "ada")
types: st.SearchStrategy[PrincipalType] = st.sampled_from(["GROUP", "USER"])
assignments = st.builds(
    Assignment,
    st.sampled_from(SETS),
    st.builds(PrincipalKey, types, st.sampled_from(KEYS)),
    st.sampled_from(ACTIVE),
)


def ident(assignment: Assignment) -> str:
    """The identity store id of an assignment's principal."""
    return f"id-{assignment.principal.logical_name}"


def live(some: Iterable[Assignment]) -> dict[Pair, set[Holder]]:
    """What AWS lists when these assignments are there."""
    found: dict[Pair, set[Holder]] = {
        Pair(name, account): set() for name in SETS for account in ACTIVE
    }
    for assignment in some:
        found[Pair(assignment.permission_set, assignment.account)].add(
            Holder(assignment.principal.type, ident(assignment))
        )
    return found


def checkpoint(some: Iterable[Assignment], assigned: Collection[str] = ()) -> Checkpoint:
    """A checkpoint that made these assignments, and assigned these Entra objects."""
    return Checkpoint(
        assignments=tuple(
            PinnedAssignment(assignment=assignment, principal_id=ident(assignment))
            for assignment in some
        ),
        object_ids={PrincipalKey("USER", one): one for one in assigned},
    )


@given(st.frozensets(assignments), st.frozensets(assignments), st.frozensets(assignments))
def test_the_deep_look_reports_what_is_there_and_neither_made_nor_declared(
    there: frozenset[Assignment], made: frozenset[Assignment], declared: frozenset[Assignment]
) -> None:
    found = unmanaged_assignments(
        live(there),
        checkpoint(made),
        ORGANIZATION,
        (),
        assignments={assignment: ident(assignment) for assignment in declared},
    )
    told = {
        (one.permission_set, one.account, one.principal_type, one.principal_id) for one in found
    }
    assert told == {
        (
            assignment.permission_set,
            assignment.account,
            assignment.principal.type,
            ident(assignment),
        )
        for assignment in there - made - declared
    }
    assert len(told) == len(found)


@given(st.frozensets(assignments), st.frozensets(assignments), st.frozensets(assignments))
def test_the_bounded_look_reports_accounts_where_nothing_of_a_set_is_managed(
    there: frozenset[Assignment], made: frozenset[Assignment], declared: frozenset[Assignment]
) -> None:
    grants = Grants(
        provisioned={
            name: tuple(
                sorted(
                    {
                        assignment.account
                        for assignment in there
                        if assignment.permission_set == name
                    }
                )
            )
            for name in SETS
        }
    )
    found = unmanaged(grants, checkpoint(made), ORGANIZATION, assignments=declared)
    told = {(one.permission_set, one.account) for one in found if isinstance(one, AccountGrant)}
    managed = {(assignment.permission_set, assignment.account) for assignment in made | declared}
    assert (
        told == {(assignment.permission_set, assignment.account) for assignment in there} - managed
    )
    # And nothing that the bounded look reports is lost in the deep one.
    named = unmanaged_assignments(
        live(there),
        checkpoint(made),
        ORGANIZATION,
        (),
        assignments={assignment: ident(assignment) for assignment in declared},
    )
    deep = deepened(found, pairs(grants, ORGANIZATION), named)
    assert told <= {(one.permission_set, one.account) for one in named}
    assert set(deep) == set(named)


people = st.frozensets(st.sampled_from(["o-1", "o-2", "o-3", "o-4"]))


@given(people, people, people)
def test_the_application_reports_whom_nobody_declared_and_no_update_assigned(
    there: frozenset[str], made: frozenset[str], declared: frozenset[str]
) -> None:
    assigned = tuple(AppGrant(principal_type="User", object_id=one, name=one) for one in there)
    found = unmanaged(
        Grants(assigned=assigned),
        checkpoint((), made),
        ORGANIZATION,
        object_ids=declared,
    )
    told = {one.object_id for one in found if isinstance(one, AppGrant)}
    assert told == there - made - declared


def test_accounts_that_are_not_active_or_not_known_are_left_out() -> None:
    grants = Grants(provisioned={"Look": (SUSPENDED, STRANGE, ACTIVE[0])})
    assert pairs(grants, ORGANIZATION) == [Pair("Look", ACTIVE[0])]
    (found,) = unmanaged(grants, Checkpoint(), ORGANIZATION)
    assert isinstance(found, AccountGrant)
    assert found.account == ACTIVE[0]


def test_principals_are_named_by_the_identity_store_and_by_their_id() -> None:
    there = {Pair("Look", ACTIVE[0]): [Holder("GROUP", "g-1"), Holder("USER", "gone")]}
    store = [IdentityStorePrincipal(type="GROUP", id="g-1", name="Ops\n\x1b[2J")]
    found = unmanaged_assignments(there, Checkpoint(), ORGANIZATION, store, assignments={})
    told = sorted(map(sentence, found))
    assert told[0].startswith('group "Ops\\n\\x1b[2J" (g-1) has Look on account-1 (100000000001)')
    assert told[1].startswith("user gone has Look on account-1")


APP = AppGrant(principal_type="User", object_id="o-9", name="<b>Mallory</b> @all")
THERE = AccountGrant(permission_set="Look", account=ACTIVE[0], account_name="account-1")
WHO = AssignmentGrant(
    permission_set="Look",
    account=ACTIVE[1],
    account_name="account-2",
    principal_type="GROUP",
    principal_id="g-1",
    name="AWS-Data",
)
KIND = "federation:index:Unmanaged"


def reviewed(*grants: Grant, policy: str = "report", op: str = "create") -> tuple[str, str, object]:
    """Terminal, Markdown and data of a diff that changes nothing else."""
    inputs = Report(policy="fail" if policy == "fail" else "report", grants=grants).to_dict()
    warning = {
        "severity": "warning",
        "message": "warning: as the program says it",
        "urn": urn(KIND, "unmanaged"),
    }
    given_preview = preview(
        step(op, KIND, "unmanaged", before=inputs if op == "same" else None, after=inputs),
        diagnostics=[warning],
    )
    context = Context(
        accounts={
            ACTIVE[0]: AccountLabel(name="account-1", unit="Prod", protected=True),
            ACTIVE[1]: AccountLabel(name="account-2"),
        }
    )
    diff = access_diff(given_preview, context, today=date(2026, 11, 24))
    return as_text(diff), as_markdown(diff), as_dict(diff)["unmanaged"]


def test_a_reviewer_meets_each_grant_once_and_quoted() -> None:
    text, comment, data = reviewed(APP, THERE, WHO)
    assert text.splitlines()[0] == "Access: no changes, 3 grants by hand   (stack prod)"
    assert "⚠ Look is assigned by hand on the protected account account-1 (Prod)" in text
    assert '? group "AWS-Data" (g-1) has Look on account-2' in text
    assert '? user "<b>Mallory</b> @all" (o-9) is assigned to the application by hand' in text
    assert "as the program says it" not in text + comment
    # In Markdown, a name is code: neither a tag nor a mention.
    assert '`user "<b>Mallory</b> @all" (o-9)`' in comment
    assert isinstance(data, dict)
    assert [one["kind"] for one in data["grants"]] == ["application", "account", "assignment"]
    assert data["fails"] is False


def test_a_grant_that_was_told_before_is_told_again() -> None:
    assert "grants by hand" in reviewed(APP, THERE, op="same")[0]


def test_with_fail_every_grant_is_a_danger() -> None:
    text, _, data = reviewed(WHO, policy="fail")
    assert '⚠ group "AWS-Data" (g-1) has Look on account-2' in text
    assert "fails the update after all its work (unmanaged: fail)" in text
    assert isinstance(data, dict)
    assert data["fails"] is True


def test_a_component_that_ends_tells_nothing() -> None:
    inputs = Report(grants=(APP,)).to_dict()
    ended = preview(step("delete", KIND, "unmanaged", before=inputs))
    assert not ended.unmanaged.grants


@given(st.permutations([APP, THERE, WHO]))
def test_grants_travel_as_data(some: list[Grant]) -> None:
    report = Report(policy="fail", grants=tuple(some))
    assert Report.from_dict(report.to_dict()) == report


@given(st.integers(0, 120))
def test_an_update_says_fifty_and_counts_the_rest(number: int) -> None:
    some = tuple(
        AppGrant(principal_type="User", object_id=f"o-{one}", name="") for one in range(number)
    )
    told = Report(grants=some).warnings()
    assert len(told) == min(number, 51)
    if number > 50:
        assert told[-1].startswith(f"{number - 50} more grant")
