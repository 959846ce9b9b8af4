"""Steps in, access out: what the recorded previews of tests/ops/diff do not reach."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Access
from federation.access.labels import Identity
from federation.access.targets import resolve
from federation.core.errors import InvalidInput
from federation.core.urn import DESIRED_STATE, HOLDS
from federation.core.urn import SYNCHRONIZATION_JOB as JOB
from federation.core.wording import plain
from federation.diff.changes import (
    POLICY,
    UNRECORDED,
    AccessDiff,
    AccountChange,
    AccountLabel,
    Context,
    access_diff,
)
from federation.diff.rendering.access_lines import access_lines
from federation.engine.phase import Phase
from federation.engine.preview import Preview, parse_preview
from federation.identity.holds import Hold
from federation.update.review_record import review_record
from federation.update.settings import load_settings
from tests.federation.diff.steps import (
    ASSIGNMENT,
    CERTIFICATE,
    INLINE,
    MANAGED,
    SERVICE_PRINCIPAL,
    SET,
    UNKNOWN,
    assignment,
    preview,
    step,
)
from tests.federation.loading import company
from tests.federation.update.values import FILE, config

TODAY = date(2026, 11, 24)
PLATFORM = PrincipalKey("GROUP", "platform")
CONTEXT = Context(
    accounts={
        "711111111111": AccountLabel(name="billing-prod", unit="Workloads/Prod", protected=True),
        "611111111111": AccountLabel(name="billing-dev", unit="Workloads/Dev"),
    },
    principals={PLATFORM: Identity(name="AWS-Platform")},
)


def _diff(given: Preview, context: Context = CONTEXT) -> AccessDiff:
    return access_diff(given, context, today=TODAY)


def _changes(diff: AccessDiff) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.what, one.permission_set, one.accounts) for one in diff.access]


def _trust(diff: AccessDiff) -> list[tuple[str, str]]:
    return [(one.effect, plain(one.sentence)) for one in diff.trust]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (assignment("create", "Look/group/platform/611111111111"), "gained"),
        (assignment("delete", "Look/group/platform/611111111111"), "lost"),
        (assignment("import", "Look/group/platform/611111111111"), "adopted"),
        (
            assignment(
                "replace",
                "Look/group/platform/611111111111",
                old="g-0",
                replaceReasons=["principalId"],
            ),
            "moved",
        ),
        (
            assignment(
                "replace", "Look/group/platform/611111111111", replaceReasons=["permissionSetArn"]
            ),
            "again",
        ),
        (
            assignment(
                "same",
                "Look/group/platform/611111111111",
                old_name="Look/group/old/611111111111",
            ),
            "renamed",
        ),
    ],
)
def test_every_operation_on_an_assignment_has_its_meaning(given: dict[str, Any], what: str) -> None:
    assert _changes(_diff(preview(given))) == [(what, "Look", ("611111111111",))]


def test_an_assignment_that_stays_is_no_change_and_counts() -> None:
    diff = _diff(preview(assignment("same", "Look/group/platform/611111111111")))
    assert not diff.changed
    assert diff.assignments == (Assignment("Look", PLATFORM, "611111111111"),)


def test_the_engine_has_the_last_word_on_an_assignments_account() -> None:
    given = assignment("create", "Look/group/platform/611111111111")
    given["newState"]["inputs"]["targetId"] = "711111111111"
    assert _changes(_diff(preview(given))) == [("gained", "Look", ("711111111111",))]


def test_a_renamed_assignment_of_another_set_is_a_loss_and_a_gain() -> None:
    given = assignment(
        "update", "Look/group/platform/611111111111", old_name="Act/group/platform/611111111111"
    )
    assert _changes(_diff(preview(given))) == [
        ("gained", "Look", ("611111111111",)),
        ("lost", "Act", ("611111111111",)),
    ]


def test_what_an_interrupted_replacement_left_is_no_loss() -> None:
    name = "Look/group/platform/611111111111"
    diff = _diff(preview(assignment("same", name), assignment("delete", name)))
    assert _changes(diff) == [("leftover", "Look", ("611111111111",))]
    assert diff.assignments == (Assignment.parse(name),)


@pytest.mark.parametrize(("order", "gap"), [((0, 1), True), ((1, 0), False)])
def test_an_assignment_is_missing_for_a_moment_where_it_is_deleted_first(
    order: tuple[int, int], gap: bool
) -> None:
    name = "Look/group/platform/611111111111"
    halves = [
        step("delete-replaced", ASSIGNMENT, name, before={}),
        step("create-replacement", ASSIGNMENT, name, before={}, after={}),
    ]
    replaced = assignment("replace", name, replaceReasons=["permissionSetArn"])
    (change,) = _diff(preview(*(halves[at] for at in order), replaced)).access
    assert (change.what, change.gap) == ("again", gap)


def test_admin_on_protected_accounts_comes_first_and_losses_last() -> None:
    admin = step(
        "same",
        MANAGED,
        "Admin/AdministratorAccess",
        before={"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        after={"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    )
    diff = _diff(
        preview(
            assignment("delete", "Admin/group/data/711111111111"),
            assignment("create", "Look/group/platform/611111111111"),
            assignment("create", "Look/group/data/711111111111"),
            assignment("create", "Admin/group/data/611111111111"),
            assignment("create", "Admin/group/platform/711111111111", principal=UNKNOWN),
            admin,
        )
    )
    assert [(one.what, one.permission_set, str(one.principal)) for one in diff.access] == [
        ("gained", "Admin", "group platform"),
        ("gained", "Admin", "group data"),
        ("gained", "Look", "group data"),
        ("gained", "Look", "group platform"),
        ("lost", "Admin", "group data"),
    ]
    assert [one.late for one in diff.access] == [True, False, False, False, False]


def test_what_was_protected_until_now_is_still_marked_and_named() -> None:
    """A change that lifts the protection of an account and uses that is not a harmless one."""
    paths = {"611111111111": "Dev/billing-dev", "733333333333": "Workloads/Prod/core-prod"}
    state = step(
        "update",
        DESIRED_STATE,
        "desired-state",
        before={"record": _record(["711111111111", "733333333333"])},
        after={"record": _record([])},
    )
    state["oldState"]["outputs"] = {"accounts": paths}
    context = Context(accounts={"611111111111": AccountLabel(name="billing", unit="Workloads")})
    diff = _diff(preview(state, assignment("create", "Look/group/platform/733333333333")), context)
    assert diff.context.accounts == {
        "611111111111": AccountLabel(name="billing", unit="Workloads"),
        "733333333333": AccountLabel(name="core-prod", unit="Workloads/Prod", protected=True),
    }
    moved = AccountChange(
        account="611111111111", before="Dev/billing-dev", after="Workloads/billing"
    )
    assert diff.accounts == (moved,)
    (guard,) = diff.guards
    assert (guard.loosened, guard.accounts) == (True, ("711111111111", "733333333333"))


def _record(protected: list[str]) -> dict[str, Any]:
    access = Access()
    organization = company()
    found = review_record(
        load_settings(config(), file=FILE),
        access,
        organization,
        resolve(access, organization, today=TODAY),
    )
    guards = {**found["guards"], "protectedAccounts": {"accounts": protected, "selectors": []}}
    return {**found, "guards": guards}


def test_without_a_record_of_the_last_update_the_diff_says_so() -> None:
    state = step(
        "update", DESIRED_STATE, "desired-state", before={"hash": "1"}, after={"hash": "2"}
    )
    job = step("same", JOB, "job", before={}, after={})
    assert UNRECORDED in _diff(preview(job, state)).notes


def test_an_inline_policy_makes_an_admin_set() -> None:
    everything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
    diff = _diff(
        preview(
            step("same", SET, "Look", before={"name": "Look"}, after={"name": "Look"}),
            step("create", INLINE, "Look", after={"inlinePolicy": json.dumps(everything)}),
            assignment("create", "Look/group/platform/711111111111"),
        )
    )
    (change,) = diff.sets
    assert (change.admin_before, change.admin_after, change.direction) == (False, True, "wider")
    assert diff.access[0].admin


def test_opening_sign_in_to_everybody_comes_first() -> None:
    before = {"appRoleAssignmentRequired": True, "accountEnabled": True, "loginUrl": "https://a"}
    after = {"appRoleAssignmentRequired": False, "accountEnabled": False, "loginUrl": "https://b"}
    given = step("update", SERVICE_PRINCIPAL, "enterprise-app", before=before, after=after)
    assert _trust(_diff(preview(given))) == [
        ("opens", "everybody in the tenant may sign in: assignment is no longer required"),
        ("interrupts", "sign-in is switched off for everybody"),
        ("changes", "login URL https://b instead of https://a"),
    ]


def test_a_reply_url_of_somebody_else_is_told_apart_from_aws_s() -> None:
    kind = "azuread:index/applicationRedirectUris:ApplicationRedirectUris"
    aws, evil = "https://eu-west-1.signin.aws/acs", "https://eu-west-1.signin.aws.example.com/acs"
    given = step("update", kind, "x", before={"redirectUris": []}, after={"redirectUris": [evil]})
    both = step("create", kind, "y", after={"redirectUris": [aws, evil]})
    foreign = (
        ", which is no sign-in host of AWS: whoever answers there gets what people sign in to AWS "
        "with"
    )
    opened = ("opens", f"reply URL added: {evil}{foreign}")
    assert _trust(_diff(preview(given))) == [opened]
    assert _trust(_diff(preview(both))) == [opened, ("changes", f"reply URL added: {aws}")]


REPLY_URLS = "azuread:index/applicationRedirectUris:ApplicationRedirectUris"
AWS, CHINA = "https://eu-west-1.signin.aws/acs", "https://cn-north-1.signin.amazonaws.cn/acs"


@pytest.mark.parametrize(
    ("configured", "foreign"),
    [("eu-west-1", [CHINA]), ("cn-north-1", [AWS]), (None, [])],
)
def test_a_reply_url_of_another_partition_is_no_less_foreign(
    configured: str | None, foreign: list[str]
) -> None:
    given = step("create", REPLY_URLS, "x", after={"redirectUris": [AWS, CHINA]})
    config = {"aws:region": configured} if configured else {}
    told = _trust(_diff(preview(given, config=config)))
    opened = [sentence for effect, sentence in told if effect == "opens"]
    assert [sentence.split(",")[0] for sentence in opened] == [
        f"reply URL added: {url}" for url in foreign
    ]
    assert len(told) == 2 if foreign else len(told) == 1


@pytest.mark.parametrize("op", ["update", "replace"])
def test_a_foreign_reply_url_that_stays_is_told_with_every_change_of_them(op: str) -> None:
    evil = "https://evil.example.com/acs"
    before, after = {"redirectUris": [evil]}, {"redirectUris": [evil, AWS]}
    told = _trust(_diff(preview(step(op, REPLY_URLS, "x", before=before, after=after))))
    assert told[0][0] == "opens"
    assert told[0][1].startswith(f"reply URL kept: {evil}, which is no sign-in host of AWS")
    assert ("changes", f"reply URL added: {AWS}") in told
    unchanged = step("same", REPLY_URLS, "x", before=before, after=before)
    assert _trust(_diff(preview(unchanged))) == []


def test_an_application_that_is_made_open_to_everybody_is_told() -> None:
    made = {"accountEnabled": True}
    told = ("opens", "everybody in the tenant may sign in: assignment is not required")
    assert _trust(_diff(preview(step("create", SERVICE_PRINCIPAL, "x", after=made)))) == [told]
    closed = {**made, "appRoleAssignmentRequired": True}
    assert _trust(_diff(preview(step("create", SERVICE_PRINCIPAL, "x", after=closed)))) == []
    anew = step("replace", SERVICE_PRINCIPAL, "x", before=closed, after=made)
    assert [effect for effect, _ in _trust(_diff(preview(anew)))] == ["opens", "interrupts"]


def _sessions(before: str, after: str, *admin: str) -> list[tuple[str, str]]:
    """The marks and sentences of a set that only gets other sessions."""
    old, new = {"sessionDuration": before}, {"sessionDuration": after}
    given = step("update", SET, "Rescue", before=old, after=new)
    context = replace(CONTEXT, admin_sets=frozenset(admin))
    return [(one.mark, plain(one.sentence)) for one in access_lines(_diff(preview(given), context))]


def test_longer_sessions_of_a_set_for_administration_are_marked() -> None:
    longer = "Rescue: longer sessions: 12 h instead of 1 h · held by nobody"
    assert _sessions("PT1H", "PT12H") == [("wider", longer)]
    assert _sessions("PT1H", "PT12H", "Rescue") == [("danger", longer)]
    assert [mark for mark, _ in _sessions("PT12H", "PT1H", "Rescue")] == ["narrower"]


def test_longer_sessions_stand_out_among_other_changes_of_an_admin_set() -> None:
    policy = {"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    old = {"sessionDuration": "PT1H", "description": "a"}
    new = {"sessionDuration": "PT12H", "description": "b"}
    found = preview(
        step("update", SET, "Rescue", before=old, after=new),
        step("same", MANAGED, "Rescue/AdministratorAccess", before=policy, after=policy),
    )
    (line,) = access_lines(_diff(found))
    assert line.mark == "danger"
    assert [(mark, plain(sentence)) for mark, sentence in line.below] == [
        ("danger", "longer sessions: 12 h instead of 1 h"),
        ("other", "description b instead of a"),
    ]
    # One that becomes administrative in the same change.
    becoming = preview(
        step("update", SET, "Rescue", before=old, after=new),
        step("create", MANAGED, "Rescue/AdministratorAccess", after=policy),
    )
    (line,) = access_lines(_diff(becoming))
    assert ("danger", "longer sessions: 12 h instead of 1 h") in [
        (mark, plain(sentence)) for mark, sentence in line.below
    ]


@pytest.mark.parametrize(
    ("op", "kind", "before", "after", "told"),
    [
        (
            "replace",
            "azuread:index/applicationFromTemplate:ApplicationFromTemplate",
            {},
            {},
            (
                "interrupts",
                "the enterprise application is deleted and made anew: nobody can sign in",
            ),
        ),
        (
            "replace",
            "azuread:index/synchronizationJob:SynchronizationJob",
            {},
            {},
            ("interrupts", "the provisioning job is made anew and starts over"),
        ),
        (
            "update",
            "azuread:index/synchronizationJob:SynchronizationJob",
            {"enabled": True},
            {"enabled": False},
            ("interrupts", "the provisioning job is switched off"),
        ),
        (
            "replace",
            "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri",
            {"identifierUri": "https://a"},
            {"identifierUri": "https://b"},
            ("interrupts", "SAML identifier https://b instead of https://a"),
        ),
        (
            "replace",
            CERTIFICATE,
            {},
            {},
            (
                "interrupts",
                (
                    "signing certificate x is made anew: nobody can sign in once Entra uses it, "
                    "until AWS has the new federation metadata (step 8)"
                ),
            ),
        ),
        (
            "update",
            SERVICE_PRINCIPAL,
            {"tags": []},
            {"tags": ["HideApp"]},
            ("changes", "update of ServicePrincipal x (tags)"),
        ),
        ("update", "aws:s3/bucket:Bucket", {}, {}, ("changes", "update of Bucket x (tags)")),
        ("replace", "aws:s3/bucket:Bucket", {}, {}, ("interrupts", "replace of Bucket x (tags)")),
    ],
)
def test_what_is_interrupted_is_said_and_nothing_is_left_out(
    op: str, kind: str, before: dict[str, Any], after: dict[str, Any], told: tuple[str, str]
) -> None:
    given = step(op, kind, "x", before=before, after=after, diffReasons=["tags"])
    assert _trust(_diff(preview(given))) == [told]


def test_an_assignment_that_another_program_named_is_not_left_out() -> None:
    given = step("create", ASSIGNMENT, "theirs", after={"targetId": "611111111111"})
    assert _trust(_diff(preview(given))) == [("changes", "create of AccountAssignment theirs")]


def test_secrets_are_not_told_even_where_a_preview_shows_them() -> None:
    def credentials(token: str, address: str) -> dict[str, Any]:
        values = {"BaseAddress": address, "SecretToken": token}
        return {"credentials": [{"key": key, "value": value} for key, value in values.items()]}

    given = preview(
        step(
            "update",
            "azuread:index/synchronizationSecret:SynchronizationSecret",
            "secret",
            before=credentials("token-before", "https://a"),
            after=credentials("token-after", "https://b"),
        ),
        config={"entra-identity-center:provisioning": '{"accessToken": "token-after"}'},
    )
    diff = _diff(given)
    assert len(diff.trust) == 1
    assert "token-" not in repr(diff)


def test_a_failed_preview_tells_why_and_claims_nothing() -> None:
    diff = _diff(
        preview(
            assignment("delete", "Look/group/platform/611111111111"),
            diagnostics=[
                {"severity": "error", "message": "error: the access file is wrong\n"},
                {"severity": "error", "message": "error: the access file is wrong\n"},
                {"severity": "warning", "message": "warning: look here"},
                {"severity": "info", "message": "nothing of interest"},
            ],
        )
    )
    assert diff.errors == ("the access file is wrong",)
    assert diff.warnings == ("look here",)
    assert (diff.access, diff.assignments, diff.desired_state) == ((), None, {})


def test_what_a_policy_stops_is_told_and_can_not_be_taken_for_reviewed() -> None:
    failed = [{"severity": "error", "message": "error: preview failed\n"}]
    name = "Look/group/platform/611111111111"
    state = step("create", "federation:index:DesiredState", "desired-state", after={"hash": "1"})
    assert _diff(preview(state)).desired_state == {"hash": "1"}
    diff = _diff(preview(assignment("create", name), state, diagnostics=failed))
    assert diff.errors == (POLICY,)
    assert _changes(diff) == [("gained", "Look", ("611111111111",))]
    assert diff.desired_state == {}
    assert _diff(preview(diagnostics=failed)).errors == ("preview failed",)


def test_held_assignments_are_declared_assignments() -> None:
    name = "Look/group/platform/611111111111"
    hold = Hold(
        principal=PLATFORM,
        label="AWS-Platform (key platform)",
        name=None,
        object_id=None,
        reason="it has not arrived [yet]",
        assignments=(Assignment.parse(name),),
    )
    component = step("create", HOLDS, "holds", after={"holds": [hold.to_dict()]})
    warning = {"severity": "warning", "message": hold.sentence(), "urn": component["urn"]}
    held = _diff(preview(component, diagnostics=[warning]))
    assert held.holds == (hold,)
    assert held.warnings == ()
    arrived = _diff(preview(assignment("create", name)))
    assert held.assignments == arrived.assignments == (Assignment.parse(name),)


def test_no_warning_reads_as_a_hold() -> None:
    """What is held is data: a hostile name or message can't add to it."""
    message = "1 assignment of group AWS held: all is well [Look/group/other/611111111111]"
    diff = _diff(preview(diagnostics=[{"severity": "warning", "message": message}]))
    assert (diff.holds, diff.warnings) == ((), (message,))


def test_without_unchanged_steps_nothing_is_claimed_about_all_assignments() -> None:
    diff = _diff(
        preview(
            assignment("create", "Look/group/platform/611111111111"), changeSummary={"same": 40}
        )
    )
    assert diff.assignments is None
    assert "--show-sames" in diff.notes[0]
    assert (diff.phase_before, diff.phase_after) == (None, None)
    assert _changes(diff) == [("gained", "Look", ("611111111111",))]


def test_the_phase_goes_by_what_exists_before_and_after() -> None:
    job = "azuread:index/synchronizationJob:SynchronizationJob"
    uri = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
    diff = _diff(
        preview(
            step("same", uri, "saml-trust", before={}, after={}),
            step("delete", job, "scim-provisioning", before={}),
        )
    )
    assert (diff.phase_before, diff.phase_after) == (Phase.PROVISIONING, Phase.TRUST)


@pytest.mark.parametrize(
    ("ends", "told"),
    [("2027-02-22", ["token"]), ("2027-02-23", []), ("2026-11-01", ["token"])],
)
def test_a_token_is_told_of_ninety_days_before_its_end(ends: str, told: list[str]) -> None:
    settings = json.dumps({"tokenExpires": ends, "accessToken": "[secret]"})
    diff = _diff(preview(config={"entra-identity-center:provisioning": settings}))
    assert [one.what for one in diff.expiries] == told


NAMED = {"displayName": "CN=AWS IAM Identity Center initial"}


def test_a_certificate_ends_with_its_own_date() -> None:
    given = step("same", CERTIFICATE, "saml-trust/initial", before=NAMED, after=NAMED)
    given["oldState"]["outputs"] = {"endDate": "2026-12-24T07:37:19Z"}
    (ending,) = _diff(preview(given)).expiries
    assert (ending.what, ending.days_left(TODAY)) == ("certificate initial", 30)


@pytest.mark.parametrize(
    "data",
    [
        [],
        "text",
        {"steps": "text"},
        {"steps": [{}]},
        {"steps": [{"op": "same"}]},
        {"steps": [{"op": "explode", "urn": "urn:pulumi:a::b::c:d:E::f"}]},
        {"steps": [{"op": "same", "urn": "no urn"}]},
        {"steps": [1]},
        {"diagnostics": [1]},
        {},
        {"steps": None, "diagnostics": None},
    ],
)
def test_anything_else_than_a_preview_is_refused_in_a_sentence(data: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        _diff(parse_preview(data, file="preview.json"))
    assert str(refused.value).startswith("preview.json\n  this ")
