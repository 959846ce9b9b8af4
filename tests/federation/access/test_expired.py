"""Which access a passed `until` alone has ended."""

from __future__ import annotations

from datetime import date
from typing import Any

from federation.access.expired import expired_assignments
from tests.federation.access.values import MANAGEMENT, TODAY, access_file
from tests.federation.loading import company, load

LAST, EARLIER = date(2027, 1, 14), date(2026, 12, 31)
DEV_ACCOUNTS = ("611111111111", "622222222222")
DEV = {"targets": [{"ou": "Workloads/Dev"}]}


def ended(*rules: dict[str, Any], today: date = TODAY, **more: Any) -> dict[str, date]:
    found = expired_assignments(load(access_file(*rules, **more)), company(), today=today)
    return {assignment.logical_name: day for assignment, day in found.items()}


def named(*accounts: str) -> set[str]:
    return {f"ReadOnly/group/team/{account}" for account in accounts}


def test_everything_that_an_expired_rule_gave_has_ended() -> None:
    assert ended({**DEV, "until": LAST}) == dict.fromkeys(named(*DEV_ACCOUNTS), LAST)
    assert ended({**DEV, "until": LAST}, today=LAST) == {}
    assert ended(DEV) == {}


def test_what_another_rule_still_gives_has_not_ended() -> None:
    still = {"targets": [{"accountName": "web-dev"}]}
    assert ended({**DEV, "until": LAST}, still).keys() == named("611111111111")
    assert ended({**DEV, "until": LAST}, {**still, "until": TODAY}).keys() == named("611111111111")


def test_of_two_expired_rules_the_later_day_counts() -> None:
    for rules in (({"until": EARLIER}, {"until": LAST}), ({"until": LAST}, {"until": EARLIER})):
        assert ended(*({**DEV, **rule} for rule in rules)).keys() == named(*DEV_ACCOUNTS)
        assert set(ended(*({**DEV, **rule} for rule in rules)).values()) == {LAST}


def test_what_the_rule_would_not_give_today_has_another_cause() -> None:
    """An exclusion, a state or a place that changed is for a person to look at."""
    excluded = {**DEV, "until": LAST, "except": [{"accountName": "web-dev"}]}
    assert ended(excluded).keys() == named("611111111111")
    never = {"never": [{"accountName": "web-dev"}]}
    assert ended({**DEV, "until": LAST}, guards=never).keys() == named("611111111111")
    suspended = {"targets": [{"account": "911111111111"}], "until": LAST}
    assert ended(suspended) == {}
    assert MANAGEMENT not in str(ended({"targets": [{"ou": "/"}], "until": LAST}))
