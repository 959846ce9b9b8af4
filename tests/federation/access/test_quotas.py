"""What AWS allows in number, in which partition, and how long an update takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from federation.access.quotas import check_quotas, estimated_duration, spoken_duration
from federation.access.targets import resolve
from tests.federation.loading import company, load


def sentences(partition: str = "aws", **sections: Any) -> list[str]:
    access = load(
        {
            "groups": {"one": {"displayName": "AWS-One"}, "two": {"displayName": "AWS-Two"}},
            "permissionSets": {
                "ReadOnly": {"managedPolicies": ["ReadOnlyAccess"]},
                "Audit": {
                    "managedPolicies": ["arn:aws:iam::aws:policy/SecurityAudit"],
                    "permissionsBoundary": {"managedPolicy": "PowerUserAccess"},
                },
            },
            "rules": [
                {
                    "group": "one",
                    "permissionSets": ["ReadOnly", "Audit"],
                    "targets": [{"ou": "Workloads/Dev"}],
                }
            ],
            **sections,
        }
    )
    organization = replace(company(), partition=partition)
    resolution = resolve(access, organization, today=date(2027, 1, 15))
    return [finding.message for finding in check_quotas(access, resolution, organization)]


def test_documented_quotas_are_far_away() -> None:
    assert sentences() == []


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        (
            {"permissionSets": 1},
            ["2 permission sets; at most 1. Ask AWS for more, then set quotas.permissionSets."],
        ),
        ({"groups": 1}, ["2 groups; at most 1. Ask AWS for more, then set quotas.groups."]),
        (
            {"assignments": 3},
            ["4 assignments; at most 3. Ask AWS for more, then set quotas.assignments."],
        ),
        (
            {"permissionSetsPerAccount": 1},
            [
                f"2 permission sets in {account}; at most 1. Ask AWS for more, then set "
                "quotas.permissionSetsPerAccount."
                for account in ("billing-dev (611111111111)", "web-dev (622222222222)")
            ],
        ),
        ({"permissionSets": 2, "groups": 2, "assignments": 4, "permissionSetsPerAccount": 2}, []),
    ],
)
def test_counts_above_a_quota(quotas: dict[str, int], expected: list[str]) -> None:
    assert sentences(quotas=quotas) == expected


def test_an_arn_of_another_partition_is_refused() -> None:
    assert sentences("aws-us-gov") == [
        (
            "permission set Audit names arn:aws:iam::aws:policy/SecurityAudit, but the "
            "organization is in aws-us-gov; write the policy's name alone."
        )
    ]


@pytest.mark.parametrize(
    ("added", "removed", "seconds"),
    [(0, 0, 0), (1, 0, 15), (10, 0, 15), (6, 5, 30), (200, 0, 300), (1000, 200, 1800)],
)
def test_ten_assignments_take_fifteen_seconds(added: int, removed: int, seconds: int) -> None:
    assert estimated_duration(added=added, removed=removed) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (15, "about 1 min"),
        (300, "about 5 min"),
        (3600, "about 1 h 0 min"),
        (12000, "about 3 h 20 min"),
    ],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert spoken_duration(timedelta(seconds=seconds)) == words
