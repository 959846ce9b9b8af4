"""The status: two lines when all is well, a sentence for everything that needs a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from federation.access.assignments import Assignment, PrincipalKey
from federation.engine.phase import Phase
from federation.identity.holds import Hold
from federation.identity.provisioning import Cycle, JobStatus
from federation.identity.scope import Census, Missing
from federation.update.phases import NextStep
from federation.update.status import Expiry, Status, lines

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CYCLE = Cycle(kind="incremental", ended=NOW - timedelta(minutes=12), succeeded=True, failures=0)
JOB = JobStatus(state="Active", enabled=True, last=CYCLE)
CENSUS = Census(groups={"g": "1"}, people={"p": "2"}, missing=(), kept_out=())
HOLD = Hold(
    principal=PrincipalKey("GROUP", "data"),
    label="AWS-Data (key data)",
    name="AWS-Data",
    object_id="O-1",
    reason="why",
    assignments=tuple(
        Assignment("ReadOnly", PrincipalKey("GROUP", "data"), account)
        for account in ("611111111111", "622222222222")
    ),
)
EXPIRIES = (
    Expiry(what="token", on=date(2027, 11, 20)),
    Expiry(what="certificate", on=date(2029, 11, 23)),
)


def status(**changes: Any) -> Status:
    return Status(
        **{
            "stack": "dev",
            "now": NOW,
            "reached": Phase.ACCESS,
            "configured": Phase.ACCESS,
            "job": JOB,
            "census": CENSUS,
            "expiries": EXPIRIES,
            **changes,
        }
    )


def test_all_is_well_in_two_lines() -> None:
    assert lines(status()) == [
        (
            "phase access · job Active, last cycle 12 min ago (incremental, 0 failures) · "
            "1 of 1 groups, 1 of 1 people"
        ),
        (
            "token expires 2027-11-20 (361 days) · certificate expires 2029-11-23 (1095 days) · "
            "no holds · nothing to do"
        ),
    ]
    assert status().problems(require_all=True) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"job": JobStatus(state="Quarantine", enabled=True, quarantine="bad token")},
            "is in quarantine: bad token; heal the cause, then run python -m ops sync --resume",
        ),
        ({"job": JobStatus(state="Paused", enabled=False)}, "is not active (Paused)"),
        ({"job": None, "job_missing": True}, "no longer exists in Entra"),
        (
            {"expiries": [Expiry(what="token", on=NOW.date() + timedelta(days=29))]},
            "token expires 2026-12-23 (29 days)",
        ),
        (
            {"expiries": [Expiry(what="token", on=NOW.date() - timedelta(days=1))]},
            "token expired 2026-11-23 (1 day ago)",
        ),
        ({"stopped": "somebody was re-created"}, "the next update is stopped: somebody"),
        ({"pending": 2}, "left 2 unfinished operations: run python -m ops recover"),
    ],
)
def test_what_needs_a_person_says_what_to_do(changes: dict[str, Any], sentence: str) -> None:
    (problem,) = status(**changes).problems()
    assert sentence in problem
    assert f"! {problem}" in lines(status(**changes))


def test_thirty_days_are_enough_and_an_inactive_certificate_may_end() -> None:
    thirty = Expiry(what="token", on=NOW.date() + timedelta(days=30))
    unused = Expiry(what="certificate old", on=NOW.date(), active=False)
    assert status(expiries=[thirty, unused]).problems() == []


def test_holds_need_a_person_only_when_all_are_required() -> None:
    held = status(held=[HOLD], unapplied=3)
    assert held.problems() == []
    assert held.problems(require_all=True) == [
        "2 assignments of 1 principal are held",
        "3 assignments declared but not made: run pulumi up",
    ]
    assert "  held: group AWS-Data (key data), 2 assignments: why" in lines(held)


def test_who_is_missing_and_who_is_kept_out_is_named() -> None:
    census = Census(
        groups={},
        people={},
        missing=(Missing(kind="Group", object_id="g", name="AWS-Data"),),
        kept_out=(Missing(kind="User", object_id="u", name="m@example.com", reason="disabled"),),
    )
    told = lines(status(census=census))
    assert "  not there: group AWS-Data" in told
    assert "  kept out: m@example.com: disabled" in told
    assert "0 of 1 groups, 0 of 0 people" in told[0]


def test_a_phase_that_was_not_deployed_yet_is_said() -> None:
    ahead = status(reached=Phase.TRUST)
    assert "phase trust, configured for access: run pulumi up" in lines(ahead)[0]
    assert "nothing deployed yet" in lines(status(reached=None))[0]


def test_next_steps_come_with_link_and_commands() -> None:
    step = NextStep(step=9, do="Enable.", link="https://example.com", run=("pulumi up",))
    told = lines(status(next_steps=[step]))
    assert told[-3:] == ["→ step 9: Enable.", "    https://example.com", "    pulumi up"]


def test_machines_get_the_same() -> None:
    data = status(held=[HOLD]).to_dict(require_all=True)
    assert data["job"]["lastCycle"]["kind"] == "incremental"
    assert data["expiries"][0] == {
        "what": "token",
        "on": "2027-11-20",
        "daysLeft": 361,
        "active": True,
    }
    assert data["problems"] == ["2 assignments of 1 principal are held"]
