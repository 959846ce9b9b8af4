"""Repairs as a reviewer meets them: in the access diff, with what AWS really has before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from federation.changes import Context, access_diff
from federation.repairs import (
    Difference,
    JobRepair,
    PermissionSetRepair,
    Repair,
    RepairLog,
    from_dict,
    to_dict,
)
from ops.diff.text import as_text
from tests.federation.steps import preview, step

SET = "aws:ssoadmin/permissionSet:PermissionSet"
ATTACHED = "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def shown(*repairs: Repair) -> str:
    """The diff of an update that repairs and changes nothing else."""
    same: Mapping[str, Any] = {"sessionDuration": "PT1H"}
    policy = {"managedPolicyArn": READ}
    log = RepairLog().following(repairs).to_dict()
    given = preview(
        step("same", SET, "Look", before=dict(same), after=dict(same)),
        step("same", ATTACHED, "Look/ReadOnlyAccess", before=policy, after=policy),
        step("create", "federation:index:Repairs", "repairs", after=log),
    )
    return as_text(access_diff(given, Context(), today=date(2026, 11, 24)))


def repaired(*differences: Difference, accounts: tuple[str, ...] = ()) -> PermissionSetRepair:
    return PermissionSetRepair(
        permission_set="Look", arn="arn:set", differences=differences, accounts=accounts
    )


def test_a_policy_that_was_attached_by_hand_is_a_narrowing() -> None:
    one = Difference(aspect="managedPolicy", name=ADMIN, live=ADMIN, declared=None)
    text = shown(repaired(one))
    assert "AdministratorAccess" in text
    assert "detached" in text


def test_a_boundary_that_was_taken_off_is_put_back() -> None:
    one = Difference(aspect="managedPolicy", name=READ, live=None, declared=READ)
    assert "ReadOnlyAccess attached" in shown(repaired(one))


def test_an_older_version_in_effect_is_danger_and_names_the_accounts() -> None:
    text = shown(repaired(accounts=("611111111111",)))
    assert "⚠ Look: an older version is still in effect on account 611111111111" in text


def test_a_job_that_was_switched_off_is_said() -> None:
    assert "the provisioning job, switched off in Entra, is started" in shown(
        JobRepair(job="/servicePrincipals/1/synchronization/jobs/2")
    )


@pytest.mark.parametrize(
    "repair",
    [
        JobRepair(job="/a/b"),
        repaired(
            Difference(aspect="tag", name="team", live=None, declared="a"), accounts=("6" * 12,)
        ),
    ],
)
def test_a_repair_travels_as_data(repair: Repair) -> None:
    assert from_dict(to_dict(repair)) == repair
