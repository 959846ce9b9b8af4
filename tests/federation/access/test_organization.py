"""The organization file, whole and broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from federation.access.organization import Organization
from federation.core.errors import InvalidInput
from tests.federation.loading import COMPANY, company


def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(COMPANY.read_bytes())
    return found


def sentences(broken: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        Organization.from_dict(broken, file="organization.json")
    return [f"{problem.path}: {problem.message}" for problem in refused.value.problems]


def test_the_tree_is_known() -> None:
    organization = company()
    workloads = next(unit for unit in organization.organizational_units if unit.name == "Workloads")
    assert {account.name for account in organization.below(workloads.id)} == {
        *("billing-dev", "web-dev", "billing-prod", "core-prod", "web-prod"),
    }
    paths = {"/".join(path) for path in organization.unit_paths.values()}
    assert paths == {
        *("Security", "Infrastructure", "Infrastructure/Prod", "Workloads", "Workloads/Dev"),
        *("Workloads/Prod", "Sandbox", "Suspended"),
    }
    assert str(organization.by_id["611111111111"]) == "billing-dev (611111111111)"


def test_a_part_that_is_missing_is_noticed() -> None:
    broken = data()
    lost = broken["organizationalUnits"].pop(2)
    children = {u["id"] for u in broken["organizationalUnits"] if u["parentId"] == lost["id"]}
    found = sentences(broken)
    assert len(found) == len(children) + 5
    assert all("does not hang below a root; a part of the snapshot is missing." in f for f in found)


def test_a_circle_is_noticed() -> None:
    broken = data()
    units = broken["organizationalUnits"]
    units[0]["parentId"], units[1]["parentId"] = units[1]["id"], units[0]["id"]
    assert any(
        f"{units[0]['id']} (Security) does not hang below" in text for text in sentences(broken)
    )


def _change(path: str, value: Any) -> dict[str, Any]:
    changed = data()
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    here: Any = changed
    for step in steps:
        here = here[step]
    here[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("partition", "azure", 'partition: "azure" is not a partition, as aws or aws-us-gov.'),
        (
            "managementAccountId",
            "000000000000",
            'managementAccountId: no account has the id "000000000000".',
        ),
        ("roots", [], "roots: an organization has a root."),
        ("accounts", None, "accounts: accounts is a list here, even an empty one."),
        ("accounts.0", "web", "accounts[0]: a mapping is needed here."),
        ("accounts.1.id", 222233334444, "accounts[1].id: id is a text here."),
        ("accounts.1.id", "2222", 'accounts[1].id: "2222" is not an account id of 12 digits.'),
        (
            "accounts.1.state",
            "Active",
            (
                'accounts[1].state: "Active" is not a state; there are PENDING_ACTIVATION, ACTIVE, '
                "SUSPENDED, PENDING_CLOSURE, CLOSED."
            ),
        ),
        ("accounts.1.tags", {"env": 1}, "accounts[1].tags: tags are a mapping of texts to texts."),
        (
            "accounts.1.id",
            "333344445555",
            ': the id "333344445555" stands twice; ids are unique.',
        ),
        ("organizationalUnits.0.name", "", "organizationalUnits[0].name: name is a text here."),
    ],
)
def test_values_that_no_organization_has(path: str, value: Any, sentence: str) -> None:
    assert sentence in sentences(_change(path, value))


@pytest.mark.parametrize("broken", [None, [], "organization", 3])
def test_something_else_altogether(broken: Any) -> None:
    first = ": an organization file is a mapping; `python -m ops snapshot` writes one."
    assert first in sentences(broken)
