"""The repair of a job as a reviewer meets it, and repairs as data."""

from __future__ import annotations

from datetime import date

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


def shown(*repairs: Repair) -> str:
    """The diff of an update that repairs and changes nothing else."""
    log = RepairLog().following(repairs).to_dict()
    given = preview(step("create", "federation:index:Repairs", "repairs", after=log))
    return as_text(access_diff(given, Context(), today=date(2026, 11, 24)))


def repaired(*differences: Difference, accounts: tuple[str, ...] = ()) -> PermissionSetRepair:
    return PermissionSetRepair(
        permission_set="Look", arn="arn:set", differences=differences, accounts=accounts
    )


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
