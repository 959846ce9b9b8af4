"""One update decided: what is made, what waits, what stops it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.access.access import load_access
from federation.access.assignments import Assignment, PrincipalKey
from federation.access.duties import People
from federation.access.organization import Organization
from federation.core.errors import InvalidInput
from federation.engine.checkpoint import Checkpoint, credentials_hash, read
from federation.engine.phase import Phase
from federation.identity.instance import (
    Instance,
    UnusableInstanceError,
    choose_instance,
    settings_link,
)
from federation.identity.principals import EntraPrincipal, IdentityStorePrincipal
from federation.update.phases import PhaseBackError
from federation.update.plan import Facts, Plan, UpdateStoppedError, make_plan
from federation.update.settings import load_settings
from tests.federation.update.values import (
    CENTER,
    FILE,
    INSTANCE,
    OLD,
    ONE,
    ORGANIZATION,
    READY,
    TWO,
    config,
)

PLATFORM = PrincipalKey("GROUP", "platform")
ACCESS = """
groups:
  platform: {displayName: AWS-Platform}
permissionSets:
  ReadOnly: {managedPolicies: [ReadOnlyAccess]}
rules:
  - {id: all, group: platform, permissionSets: [ReadOnly], targets: [{ou: /}]}
"""


def assignment(account: str, key: str = "platform", permission_set: str = "ReadOnly") -> Assignment:
    return Assignment(permission_set, PrincipalKey("GROUP", key), account)


def checkpoint(
    *assignments: Assignment,
    assigned: Mapping[str, str] | None = None,
    held_by: Mapping[str, str] | None = None,
    job: bool = True,
) -> Checkpoint:
    """A checkpoint as the engine would hand it over."""
    prefix = "urn:pulumi:dev::entra-identity-center::"
    parent = "federation:aws:AccountAssignments$"
    resources: dict[str, dict[str, Any]] = {
        f"{prefix}{parent}aws:ssoadmin/accountAssignment:AccountAssignment::{r.logical_name}": {
            "principalId": "g-1",
            "permissionSetArn": "arn:ps",
        }
        for r in assignments
    }
    for key, object_id in (assigned or {}).items():
        kind = "azuread:index/appRoleAssignment:AppRoleAssignment"
        resources[f"{prefix}federation:entra:EnterpriseApp${kind}::group/{key}"] = {
            "principalObjectId": object_id
        }
    if held_by:
        resources[f"{prefix}federation:aws:AccountAssignments::assignments"] = {
            "holders": {f"group/{key}": object_id for key, object_id in held_by.items()}
        }
    if job:
        kind = "azuread:index/synchronizationJob:SynchronizationJob"
        resources[f"{prefix}federation:entra:ScimProvisioning${kind}::job"] = {}
    return read(resources)


def plan(
    tmp_path: Path,
    *,
    access: str = ACCESS,
    before: Checkpoint | None = None,
    store: tuple[IdentityStorePrincipal, ...] = (),
    preview: bool = False,
    parts: dict[str, Any] | None = None,
    object_ids: Mapping[str, str | None] | None = None,
    obstacle: str = "",
    rescuers: Mapping[PrincipalKey, int] | None = None,
    people: People | None = None,
) -> Plan:
    (tmp_path / "access.yaml").write_text(access)
    loaded = load_access(["access.yaml"], root=tmp_path)
    ids = object_ids or {"platform": "o-1"}
    facts = Facts(
        organization=Organization.from_dict(ORGANIZATION),
        instance=INSTANCE,
        principals={
            PrincipalKey("GROUP", key): EntraPrincipal(
                key=PrincipalKey("GROUP", key),
                name="AWS-Platform",
                object_id=object_id,
                obstacle=obstacle,
            )
            for key, object_id in ids.items()
        },
        identity_store=store,
        checkpoint=(before or Checkpoint()).under(loaded.moved),
        today=date(2026, 11, 24),
        rescuers=rescuers,
        people=people,
    )
    chosen = READY if parts is None else parts
    return make_plan(load_settings(config(**chosen), file=FILE), loaded, facts, preview=preview)


ARRIVED = (
    IdentityStorePrincipal(type="GROUP", id="g-1", name="AWS-Platform", external_ids=("o-1",)),
)


def test_assignments_of_arrived_principals_are_ready(tmp_path: Path) -> None:
    made = plan(tmp_path, store=ARRIVED)
    assert made.phase is Phase.ACCESS
    assert made.assignments.ready == {assignment(ONE): "g-1", assignment(TWO): "g-1"}
    assert (made.assignments.late, made.assignments.held, made.expected) == ((), (), frozenset())


def test_before_provisioning_no_assignments_are_planned_but_the_access_file_is_checked(
    tmp_path: Path,
) -> None:
    made = plan(tmp_path, parts={"identityCenter": CENTER})
    assert made.phase is Phase.TRUST
    assert not made.assignments.ready
    assert not made.sets.models
    with pytest.raises(InvalidInput, match="Worklods"):
        plan(tmp_path, access=ACCESS.replace("ou: /", "ou: Worklods"), parts={})


def test_the_first_preview_shows_late_assignments_an_unchanged_one_holds_them(
    tmp_path: Path,
) -> None:
    first = plan(tmp_path, preview=True)
    assert first.assignments.late == (assignment(ONE), assignment(TWO))
    later = checkpoint(assigned={"platform": "o-1"})
    again = plan(tmp_path, preview=True, before=later)
    assert again.assignments.late == ()
    assert again.assignments.held == (assignment(ONE), assignment(TWO))
    assert plan(tmp_path, before=later).assignments.late == (assignment(ONE), assignment(TWO))


def test_nobody_waits_for_a_principal_that_can_not_come(tmp_path: Path) -> None:
    made = plan(tmp_path, obstacle="the person is disabled in Entra")
    assert made.expected == frozenset()
    assert made.assignments.held == (assignment(ONE), assignment(TWO))
    assert made.reasons[PLATFORM] == "the person is disabled in Entra"


def test_existing_assignments_of_a_missing_principal_keep_their_id(tmp_path: Path) -> None:
    before = checkpoint(assignment(ONE), assigned={"platform": "o-1"})
    for preview in (True, False):
        made = plan(tmp_path, before=before, preview=preview)
        assert made.assignments.ready == {assignment(ONE): "g-1"}
        # Who arrives now is another one: a new assignment must not slip in before a person has
        # looked.
        assert made.assignments.held == (assignment(TWO),)
        assert made.expected == frozenset()
        assert "gone from Identity Center" in made.reasons[PLATFORM]


def test_a_recreated_principal_stops_the_update_until_it_is_accepted(tmp_path: Path) -> None:
    before = checkpoint(assignment(ONE), assigned={"platform": "o-1"})
    store = (
        IdentityStorePrincipal(type="GROUP", id="g-2", name="AWS-Platform", external_ids=("o-1",)),
    )
    with pytest.raises(UpdateStoppedError, match=r"acceptRecreated: \{platform: g-2\}"):
        plan(tmp_path, before=before, store=store)
    accepted = plan(
        tmp_path,
        before=before,
        store=store,
        parts={**READY, "acceptRecreated": {"platform": "g-2"}},
    )
    assert accepted.assignments.ready == {assignment(ONE): "g-2", assignment(TWO): "g-2"}


def test_another_object_behind_a_key_stops_the_update_until_it_is_accepted(
    tmp_path: Path,
) -> None:
    before = checkpoint(assignment(ONE), assigned={"platform": "o-1"})
    ids = {"platform": "o-2"}
    with pytest.raises(UpdateStoppedError, match=r"acceptRecreated: \{platform: o-2\}"):
        plan(tmp_path, before=before, object_ids=ids)
    parts = {**READY, "acceptRecreated": {"platform": "o-2"}}
    accepted = plan(tmp_path, before=before, object_ids=ids, parts=parts, preview=True)
    assert accepted.assignments.late == (assignment(ONE), assignment(TWO))
    with pytest.raises(UpdateStoppedError, match="still has the old object's group AWS-Platform "):
        plan(tmp_path, before=before, object_ids=ids, parts=parts, store=ARRIVED)


def test_a_refresh_that_loses_the_assignment_does_not_lose_whose_assignments_they_are(
    tmp_path: Path,
) -> None:
    """Entra deletes an app-role assignment with its group, and joins the next one to the
    assignments.
    """
    joined = (
        IdentityStorePrincipal(type="GROUP", id="g-1", name="AWS-Platform", external_ids=("o-2",)),
    )
    made = plan(
        tmp_path, before=checkpoint(assignment(ONE), assigned={"platform": "o-1"}), store=ARRIVED
    )
    assert made.holders == {PLATFORM: "o-1"}
    refreshed = checkpoint(assignment(ONE), held_by={"platform": "o-1"})
    ids = {"platform": "o-2"}
    with pytest.raises(UpdateStoppedError, match=r"acceptRecreated: \{platform: o-2\}"):
        plan(tmp_path, before=refreshed, store=joined, object_ids=ids)
    parts = {**READY, "acceptRecreated": {"platform": "o-2"}}
    accepted = plan(tmp_path, before=refreshed, store=joined, object_ids=ids, parts=parts)
    assert accepted.holders == {PLATFORM: "o-2"}
    assert accepted.assignments.ready == {assignment(ONE): "g-1", assignment(TWO): "g-1"}


def test_whose_assignments_they_are_is_remembered_while_the_group_is_away(tmp_path: Path) -> None:
    before = checkpoint(assignment(ONE), held_by={"platform": "o-1"})
    away = plan(tmp_path, before=before, object_ids={"platform": None})
    assert away.holders == {PLATFORM: "o-1"}
    moved = plan(
        tmp_path,
        access=RENAMED + "moved: {platform: core}\n",
        before=checkpoint(
            assignment(ONE), assigned={"platform": "o-1"}, held_by={"platform": "o-1"}
        ),
        object_ids={"core": None},
    )
    assert moved.holders == {PrincipalKey("GROUP", "core"): "o-1"}


@pytest.mark.parametrize("memory", ["assigned", "held_by"])
@pytest.mark.parametrize("key", ["platform", "core"])
def test_another_object_behind_a_key_whose_assignments_are_all_held_stops_the_update(
    tmp_path: Path, memory: str, key: str
) -> None:
    """What was reviewed and has not arrived yet was meant for the old object as well."""
    before = checkpoint(**{memory: {"platform": "o-1"}})  # type: ignore[arg-type]
    access = ACCESS if key == "platform" else RENAMED + "moved: {platform: core}\n"
    with pytest.raises(UpdateStoppedError, match=rf"acceptRecreated: \{{{key}: o-2\}}") as caught:
        plan(tmp_path, access=access, before=before, object_ids={key: "o-2"})
    assert "o-1 was deleted and re-created" in str(caught.value)
    assert " 0 " not in str(caught.value)
    parts = {**READY, "acceptRecreated": {key: "o-2"}}
    accepted = plan(tmp_path, access=access, before=before, object_ids={key: "o-2"}, parts=parts)
    assert accepted.assignments.late == (assignment(ONE, key), assignment(TWO, key))


def test_another_object_stops_an_update_before_there_is_access_too(tmp_path: Path) -> None:
    """Once assigned to the application, the new object would be the one that is remembered."""
    before = checkpoint(assigned={"platform": "o-1"}, job=False)
    with pytest.raises(UpdateStoppedError, match=r"acceptRecreated: \{platform: o-2\}"):
        plan(tmp_path, before=before, object_ids={"platform": "o-2"}, parts={})


def test_a_group_that_this_update_creates_is_expected(tmp_path: Path) -> None:
    made = plan(tmp_path, before=checkpoint(), object_ids={"platform": None}, preview=True)
    assert made.assignments.late == (assignment(ONE), assignment(TWO))


def test_a_group_made_by_hand_stops_the_update(tmp_path: Path) -> None:
    store = (IdentityStorePrincipal(type="GROUP", id="g-9", name="AWS-Platform"),)
    with pytest.raises(UpdateStoppedError, match="did not make"):
        plan(tmp_path, store=store)


RENAMED = ACCESS.replace("platform:", "core:").replace("group: platform", "group: core")


def test_a_renamed_key_is_refused_unless_moved_says_so(tmp_path: Path) -> None:
    before = checkpoint(assignment(ONE), assigned={"platform": "o-1"})
    with pytest.raises(UpdateStoppedError, match=r"moved: \{platform: core\}"):
        plan(tmp_path, access=RENAMED, before=before, object_ids={"core": "o-1"})
    made = plan(
        tmp_path,
        access=RENAMED + "moved: {platform: core}\n",
        before=before,
        object_ids={"core": "o-1"},
        store=ARRIVED,
    )
    assert made.previous_keys == {PrincipalKey("GROUP", "core"): PLATFORM}
    assert made.old_names == {assignment(ONE, "core"): assignment(ONE).logical_name}
    assert made.assignments.ready == {
        assignment(ONE, "core"): "g-1",
        assignment(TWO, "core"): "g-1",
    }


def test_assignments_in_a_suspended_account_are_frozen_and_keep_their_set(tmp_path: Path) -> None:
    before = checkpoint(assignment(ONE), assignment(OLD), assigned={"platform": "o-1"})
    made = plan(tmp_path, before=before, store=ARRIVED)
    assert made.resolution.frozen == (assignment(OLD),)
    assert made.assignments.ready[assignment(OLD)] == "g-1"
    other = ACCESS.replace("ReadOnly", "Look").replace("LookAccess", "ReadOnlyAccess")
    with pytest.raises(InvalidInput, match="ReadOnly is gone from the access files"):
        plan(tmp_path, access=other, before=before, store=ARRIVED)


def test_the_time_that_aws_takes_is_estimated_from_the_assignments_that_change(
    tmp_path: Path,
) -> None:
    assert plan(tmp_path, store=ARRIVED).duration == timedelta(seconds=15)
    unchanged = checkpoint(assignment(ONE), assignment(TWO), assigned={"platform": "o-1"})
    assert plan(tmp_path, before=unchanged, store=ARRIVED).duration == timedelta()


def test_a_lost_setting_does_not_revoke_everything(tmp_path: Path) -> None:
    before = checkpoint(assignment(ONE), assigned={"platform": "o-1"})
    with pytest.raises(PhaseBackError, match="provisioning is not set"):
        plan(tmp_path, before=before, parts={"identityCenter": CENTER})


def test_a_guard_at_error_stops_the_update_with_place_and_assignments(tmp_path: Path) -> None:
    guarded = ACCESS + "guards: {maxRemovals: 0}\n"
    removed = guarded.replace("{ou: /}", f'{{account: "{TWO}"}}')
    with pytest.raises(InvalidInput, match="maxRemovals") as caught:
        plan(tmp_path, access=removed, before=checkpoint(assignment(ONE)), store=ARRIVED)
    assert assignment(ONE).logical_name in str(caught.value)


@pytest.mark.parametrize(
    ("parent", "name"),
    [
        ("federation:aws:AccountAssignments$", "imported"),
        ("federation:aws:AccountAssignments$", "a/b/c/d"),
        ("", "imported"),
        # Under a name of ours, but beside our component: the engine would end it and make another.
        ("", assignment(ONE).logical_name),
        ("other:component:AccountAssignments$", assignment(ONE).logical_name),
    ],
)
def test_an_assignment_under_a_foreign_name_stops_the_update_in_a_sentence(
    tmp_path: Path, parent: str, name: str
) -> None:
    kind = "aws:ssoadmin/accountAssignment:AccountAssignment"
    urn = f"urn:pulumi:dev::entra-identity-center::{parent}{kind}::{name}"
    before = read({urn: {"principalId": "g-1", "permissionSetArn": "arn:ps"}})
    assert before.assignments == ()
    with pytest.raises(UpdateStoppedError, match="leaves them in AWS") as caught:
        plan(tmp_path, before=before, store=ARRIVED)
    assert f"pulumi state delete --force {shlex.quote(urn)}" in str(caught.value)


RESCUED = ACCESS.replace("managedPolicies: [ReadOnlyAccess]", "managedPolicies: [IAMFullAccess]")
RESCUED += f"""
guards:
  breakGlass: [platform]
  protectedAccounts: [{{account: "{ONE}"}}]
  severity: {{adminOnProtected: warn}}
"""


def test_break_glass_that_is_gone_from_identity_center_stops_the_update(tmp_path: Path) -> None:
    """One that has not arrived yet does not: it could never be made then."""
    people = {PLATFORM: 1}
    arriving = plan(tmp_path, access=RESCUED, rescuers=people)
    assert arriving.assignments.late
    there = checkpoint(assignment(ONE), assigned={"platform": "o-1"})
    assert plan(
        tmp_path, access=RESCUED, before=there, store=ARRIVED, rescuers=people
    ).assignments.ready
    with pytest.raises(InvalidInput, match="is gone from Identity Center, so that it gets nobody"):
        plan(tmp_path, access=RESCUED, before=there, rescuers=people)
    accepted = plan(
        tmp_path,
        access=RESCUED,
        before=there,
        rescuers=people,
        object_ids={"platform": "o-2"},
        parts={**READY, "acceptRecreated": {"platform": "o-2"}},
    )
    assert accepted.assignments.late


def test_a_plan_says_when_it_does_not_know_the_people_of_break_glass(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no direct member who can sign in"):
        plan(tmp_path, access=RESCUED, store=ARRIVED, rescuers={})
    unknown = plan(tmp_path, access=RESCUED, store=ARRIVED)
    assert "unverified" in {finding.guard for finding in unknown.warnings}


def test_scim_credentials_are_recognised_without_keeping_them() -> None:
    kind = "azuread:index/synchronizationSecret:SynchronizationSecret"
    found = read(
        {
            f"urn:pulumi:dev::p::federation:entra:ScimProvisioning${kind}::secret": {
                "credentials": [
                    {"key": "BaseAddress", "value": "https://scim.example.com"},
                    {"key": "SecretToken", "value": "very-secret"},
                ]
            }
        }
    )
    assert found.has_credentials("https://scim.example.com", "very-secret")
    assert not found.has_credentials("https://scim.example.com", "other")
    assert "very-secret" not in repr(found)
    assert credentials_hash("a", "b") != credentials_hash("a\nb", "")


def instance(**changes: Any) -> Instance:
    values = {**{f: getattr(INSTANCE, f) for f in INSTANCE.__dataclass_fields__}, **changes}
    return Instance(**values)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (instance(owner_account_id=ONE), "account instance"),
        (instance(status="CREATE_IN_PROGRESS"), "CREATE_IN_PROGRESS"),
        (instance(permission_sets_enabled=False), "permission sets are disabled"),
    ],
)
def test_an_instance_that_can_not_carry_the_federation_is_refused(
    found: Instance, sentence: str
) -> None:
    with pytest.raises(UnusableInstanceError, match=sentence):
        choose_instance([found], management_account_id="111122223333", region="eu-west-1")


def test_the_organization_instance_is_chosen_and_linked() -> None:
    found = choose_instance(
        [instance(owner_account_id=ONE), INSTANCE],
        management_account_id="111122223333",
        region="eu-west-1",
    )
    assert found == INSTANCE
    assert choose_instance([], management_account_id="1", region="eu-west-1") is None
    assert settings_link(None, region="us-gov-west-1", partition="aws-us-gov").startswith(
        "https://us-gov-west-1.console.amazonaws-us-gov.com/"
    )


APART = (
    ACCESS.replace("rules:", "  Audit: {}\nrules:").replace(
        "permissionSets:", "  auditors: {displayName: AWS-Auditors}\npermissionSets:", 1
    )
    + """
  - {id: audit, group: auditors, permissionSets: [Audit], targets: [{ou: /}]}
guards: {separationOfDuties: [[ReadOnly, Audit]]}
"""
)


def test_a_person_in_two_groups_that_are_kept_apart_stops_the_update(tmp_path: Path) -> None:
    ids = {"platform": "o-1", "auditors": "o-2"}
    auditors = PrincipalKey("GROUP", "auditors")
    eve = {"e-1": "eve@example.com"}
    people = {PLATFORM: eve, auditors: {"a-1": "ada@example.com"}}
    assert plan(tmp_path, access=APART, object_ids=ids, people=people).warnings == ()
    with pytest.raises(InvalidInput, match=r"eve@example\.com would hold more than one of"):
        plan(tmp_path, access=APART, object_ids=ids, people={**people, auditors: eve})
    lenient = APART.replace("guards: {", "guards: {severity: {separationOfDuties: warn}, ")
    let_through = plan(tmp_path, access=lenient, object_ids=ids, people={**people, auditors: eve})
    assert [one.guard for one in let_through.warnings] == ["separationOfDuties"]
