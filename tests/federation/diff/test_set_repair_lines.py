"""What AWS has of a permission set otherwise than the last update left it, in the access diff."""

from __future__ import annotations

from datetime import date
from typing import Any

from federation.core.wording import plain
from federation.diff.changes import AccessDiff, Context, access_diff
from federation.diff.rendering.data import as_dict
from federation.diff.rendering.story import tell
from federation.engine.repairs import Difference, PermissionSetRepair, RepairLog
from tests.federation.diff.steps import MANAGED, SET, preview, step

REPAIRS = "federation:index:Repairs"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
FOREIGN = Difference(aspect="managedPolicy", name=ADMIN, live=ADMIN, declared=None)


def diff(repair: PermissionSetRepair, *steps: dict[str, Any]) -> AccessDiff:
    log = RepairLog(number=1, repairs=(repair,)).to_dict()
    return access_diff(
        preview(step("create", REPAIRS, "repairs", after=log), *steps),
        Context(),
        today=date(2026, 11, 24),
    )


def lines(found: AccessDiff) -> list[tuple[str, str]]:
    return [
        entry
        for line in tell(found).lines
        for entry in [
            (line.mark, plain(line.sentence)),
            *((mark, plain(sentence)) for mark, sentence in line.below),
        ]
    ]


def test_a_repair_says_what_aws_has_and_what_it_comes_to() -> None:
    repair = PermissionSetRepair(
        permission_set="Set",
        arn="arn:ps",
        differences=(
            FOREIGN,
            Difference(aspect="customerManagedPolicy", name="/x/p", live=None, declared="/x/p"),
            Difference(aspect="permissionsBoundary", live="/b", declared=None),
            Difference(aspect="sessionDuration", live="PT12H", declared="PT1H"),
            Difference(aspect="relayState", live="https://a.example", declared=None),
            Difference(aspect="description", live="theirs", declared="ours"),
            Difference(aspect="tag", name="owner", live=None, declared="platform"),
            Difference(aspect="inlinePolicy", live="{", declared=None),
        ),
    )
    assert lines(diff(repair)) == [
        ("wider", "Set is widened · held by nobody"),
        ("wider", "permissions boundary /b dropped"),
        ("wider", "customer-managed policy /x/p attached"),
        ("narrower", "AWS-managed policy AdministratorAccess detached"),
        ("narrower", "shorter sessions: 1 h instead of 12 h"),
        ("other", "relay state removed: https://a.example"),
        ("other", "description ours instead of theirs"),
        ("other", "tags: owner=platform"),
        ("other", "AWS had it otherwise than the last update left it"),
    ]


def test_an_older_version_in_effect_is_a_danger() -> None:
    found = diff(PermissionSetRepair(permission_set="Set", arn="arn:ps", accounts=("1", "2")))
    assert tell(found).title == "Access: 1 permission set to be provisioned anew"
    assert lines(found) == [
        (
            "danger",
            (
                "Set is still provisioned with an older version on 2 accounts (1 and 2), and is "
                "provisioned anew: what was taken out of it is in effect there"
            ),
        )
    ]
    (told,) = as_dict(found)["permissionSets"]
    assert told["outdatedOn"] == [{"id": "1"}, {"id": "2"}]


def test_a_set_that_is_gone_is_a_danger() -> None:
    found = diff(PermissionSetRepair(permission_set="Set", arn="arn:ps", missing=True))
    ((mark, sentence),) = lines(found)
    assert mark == "danger"
    assert "no longer exists in AWS" in sentence


def test_a_change_of_the_update_itself_is_told_with_it() -> None:
    """An old Administrator attached by hand and one declared come to nothing together."""
    inputs = {"name": "Set"}
    audit = {"managedPolicyArn": "arn:aws:iam::aws:policy/SecurityAudit"}
    found = diff(
        PermissionSetRepair(permission_set="Set", arn="arn:ps", differences=(FOREIGN,)),
        step("same", SET, "Set", before=inputs, after=inputs),
        step("create", MANAGED, "Set/SecurityAudit", after=audit),
    )
    assert [sentence for _, sentence in lines(found)] == [
        "Set is widened · held by nobody",
        "AWS-managed policy SecurityAudit attached",
        "AWS-managed policy AdministratorAccess detached",
        "AWS had it otherwise than the last update left it",
    ]
