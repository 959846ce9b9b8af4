"""What changes no resource is told: ends, owners, exceptions, thresholds."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.targets import resolve
from federation.core.wording import plain
from federation.diff.record_changes import RecordChange, record_changes
from federation.update.review_record import review_record
from federation.update.settings import (
    IdentityCenterSettings,
    ProvisioningSettings,
    Settings,
    load_settings,
)
from tests.federation.loading import company, load
from tests.federation.update.values import CENTER, FILE, PROVISIONING, config

TODAY = date(2026, 11, 24)
DEV = ("611111111111", "622222222222")
TEAM = PrincipalKey("GROUP", "team")
RULE: dict[str, Any] = {
    "id": "dev",
    "group": "team",
    "permissionSets": ["Deploy"],
    "targets": [{"ou": "Workloads/Dev"}],
    "owner": "ann",
    "until": "2027-01-01",
}

NOTHING: dict[str, Any] = {
    "ends": {},
    "rules": {},
    "frozen": [],
    "optional": [],
    "adopt": [],
    "moved": {},
    "quotas": {},
}


def changed(
    rule: dict[str, Any] | None = None,
    *,
    before: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **file: Any,
) -> list[tuple[bool, str]]:
    """What two updates have recorded, the second one with some changes."""
    found = _changes(before or RULE, {**RULE, **(rule or {})}, settings or {}, file)
    return [(one.weakens, plain(one.sentence)) for one in found]


def _changes(
    before: dict[str, Any], after: dict[str, Any], settings: dict[str, Any], file: dict[str, Any]
) -> tuple[RecordChange, ...]:
    records, assignments = [], []
    for rule, more, chosen in ((before, {}, {}), (after, file, settings)):
        data = {
            "groups": {"team": {"displayName": "AWS-Team"}},
            "permissionSets": {"Deploy": {}},
            "rules": [{key: value for key, value in rule.items() if value is not None}],
        }
        access = load({**data, **more})
        found = resolve(access, company(), today=TODAY)
        values = config(**chosen)
        loaded = load_settings(values, file="Pulumi.dev.yaml")
        records.append(review_record(loaded, access, company(), found))
        assignments.append(found.assignments)
    return record_changes(*records, was=assignments[0], now=assignments[1])


def test_the_same_record_is_no_change() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("rule", "weakens", "sentence"),
    [
        ({"until": "2099-01-01"}, True, "has Deploy until 2099-01-01 instead of until 2027-01-01"),
        ({"until": None}, True, "has Deploy without an end instead of until 2027-01-01"),
        ({"until": "2026-12-01"}, False, "has Deploy until 2026-12-01 instead of until 2027-01-01"),
        (
            {"protected": "acknowledged"},
            True,
            "rule dev may give admin sets in protected accounts (protected: acknowledged)",
        ),
        ({"owner": None}, True, "rule dev has the owner nobody instead of ann"),
        ({"owner": "bob"}, False, "rule dev has the owner bob instead of ann"),
        (
            {"targets": [{"ou": "Workloads/Dev", "optional": True}]},
            True,
            "targets of dev: ou: Workloads/Dev may match nothing without an error (optional)",
        ),
    ],
)
def test_a_rule_that_gives_the_same(rule: dict[str, Any], weakens: bool, sentence: str) -> None:
    assert changed(rule) == [(weakens, sentence)]


def test_an_end_is_of_access_not_of_a_rule() -> None:
    """A rule under another name, with another target, can't hide that access lasts longer."""
    hidden = {
        "id": "other",
        "until": "2099-01-01",
        "targets": [{"ou": "Workloads/Dev"}, {"accountName": "billing-prod"}],
    }
    (change,) = _changes(RULE, {**RULE, **hidden}, {}, {})
    assert (change.principal, change.weakens) == (TEAM, True)
    assert set(DEV) <= set(change.accounts)
    assert "711111111111" not in change.accounts


def test_access_that_is_new_or_ends_is_told_as_such() -> None:
    assert changed(before={**RULE, "targets": [{"accountName": "billing-prod"}]}) == []


def test_an_end_that_comes_is_no_weaker() -> None:
    assert changed(before={**RULE, "until": None}) == [
        (False, "has Deploy until 2027-01-01 instead of without an end")
    ]


@pytest.mark.parametrize(
    ("file", "weakens", "sentence"),
    [
        (
            {"groups": {"team": {"displayName": "AWS-Team", "adopt": True}}},
            True,
            "team may join a group made by hand in Identity Center (adopt)",
        ),
        (
            {"quotas": {"assignments": 5000}},
            True,
            "quotas.assignments: 5,000 instead of the default",
        ),
        ({"moved": {"crew": "team"}}, False, "the key crew is now team (moved)"),
    ],
)
def test_the_rest_of_the_file(file: dict[str, Any], weakens: bool, sentence: str) -> None:
    assert changed(**file) == [(weakens, sentence)]


@pytest.mark.parametrize(
    ("settings", "weakens", "sentence"),
    [
        (
            {"acceptRecreated": {"team": "o-2"}},
            True,
            "the key team may mean another object, o-2 (acceptRecreated)",
        ),
        ({"allowPhaseBack": "trust"}, True, "setting allowPhaseBack: trust instead of nothing"),
        ({"requireReviewed": True}, False, "setting requireReviewed: true instead of false"),
        ({"unmanaged": "fail"}, False, "setting unmanaged: fail instead of report"),
        ({"protect": True}, False, "setting protect: true instead of false"),
    ],
)
def test_settings(settings: dict[str, Any], weakens: bool, sentence: str) -> None:
    assert changed(settings=settings) == [(weakens, sentence)]


def test_a_higher_delete_threshold_is_told_as_what_it_is() -> None:
    before, after = ({"settings": {"provisioning.deleteThreshold": one}} for one in (50, 100_000))
    (change,) = record_changes({**NOTHING, **before}, {**NOTHING, **after}, was=(), now=())
    assert change.weakens
    assert plain(change.sentence) == "setting provisioning.deleteThreshold: 100000 instead of 50"


def test_the_end_of_a_new_token_is_no_prolongation() -> None:
    days = ("2027-01-01", "2099-01-01")
    before, after = ({**NOTHING, "settings": {"provisioning.tokenExpires": day}} for day in days)
    (change,) = record_changes(before, after, was=(), now=())
    assert change.weakens
    assert record_changes(before, after, was=(), now=(), new_token=True) == ()


def test_frozen_access_has_the_end_that_it_had() -> None:
    one = Assignment("Deploy", TEAM, DEV[0])
    ends = {"2027-01-01": {"Deploy/group/team": [DEV[0]]}}
    before = {**NOTHING, "settings": {}, "ends": ends}
    frozen = {**NOTHING, "settings": {}, "frozen": [one.logical_name]}
    assert record_changes(before, frozen, was=[one], now=[one]) == ()


# What the stack's resources show by themselves; of access files, all that they declare is compared.
SHOWN = {
    "access",
    *("enterpriseApp", "identityCenter.accessPortalUrl", "identityCenter.serviceProviderMetadata"),
    *("identityCenter.accessControlAttributes", "provisioning.endpoint"),
    "provisioning.accessToken",
}


def test_no_setting_is_forgotten() -> None:
    """A new one is either recorded for the next review, or a resource shows it."""
    access = load({})
    settings = load_settings(config(), file=FILE)
    recorded = review_record(settings, access, company(), resolve(access, company(), today=TODAY))
    named: set[str] = set()
    for name, one in Settings.model_fields.items():
        section: dict[str, type[BaseModel]] = {
            "identity_center": IdentityCenterSettings,
            "provisioning": ProvisioningSettings,
        }
        key = one.alias or name
        inner = section[name].model_fields.items() if name in section else ()
        named |= {f"{key}.{part.alias or field}" for field, part in inner} or {key}
    assert named == recorded["settings"].keys() | SHOWN


def test_a_record_is_plain_data_without_secrets() -> None:
    access = load({"groups": {"team": {"displayName": "AWS-Team"}}})
    settings = load_settings(
        config(identityCenter=CENTER, provisioning=PROVISIONING), file="Pulumi.dev.yaml"
    )
    record = review_record(settings, access, company(), resolve(access, company(), today=TODAY))
    text = json.dumps(record)
    assert settings.provisioning is not None
    assert settings.provisioning.access_token.get_secret_value() not in text
    assert json.loads(text) == record
