"""The repair of a job as a reviewer meets it, and repairs as data."""

from __future__ import annotations

from datetime import date

import pytest

from federation.diff.changes import Context, access_diff
from federation.diff.rendering.text import as_text
from federation.engine.access_attributes import attribute_repairs
from federation.engine.repairs import (
    AttributesRepair,
    Difference,
    JobRepair,
    PermissionSetRepair,
    Repair,
    RepairLog,
    from_dict,
    to_dict,
)
from tests.federation.diff.steps import preview, step


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
        AttributesRepair(instance="arn:i", live=None, declared={"team": "${path:department}"}),
        repaired(
            Difference(aspect="tag", name="team", live=None, declared="a"), accounts=("6" * 12,)
        ),
    ],
)
def test_a_repair_travels_as_data(repair: Repair) -> None:
    assert from_dict(to_dict(repair)) == repair


OLD, NEW = {"team": "${path:department}"}, {"team": "${path:userName}"}


@pytest.mark.parametrize(
    ("stored", "live", "repaired"),
    [
        (NEW, NEW, False),
        (NEW, OLD, True),
        (NEW, {}, True),
        (NEW, None, True),
        # The provider writes it, or makes it.
        (OLD, OLD, False),
        (None, None, False),
        # The provider's Update would meet no configuration.
        (OLD, None, True),
    ],
)
def test_attributes_are_repaired_where_the_provider_would_not_write_them(
    stored: dict[str, str] | None, live: dict[str, str] | None, repaired: bool
) -> None:
    found = attribute_repairs(stored, NEW, live, "arn:i")
    assert found == ((AttributesRepair(instance="arn:i", live=live, declared=NEW),) * repaired)


def test_attributes_that_no_file_declares_are_left_to_the_provider() -> None:
    assert attribute_repairs(OLD, {}, OLD, "arn:i") == ()


def test_a_repaired_attribute_is_said_as_if_the_provider_wrote_it() -> None:
    repair = AttributesRepair(instance="arn:i", live=OLD, declared={**NEW, "cost": "${path:title}"})
    said = shown(repair)
    assert "attribute team for access control ${path:userName} instead of" in said
    assert "attribute cost for access control set" in said
