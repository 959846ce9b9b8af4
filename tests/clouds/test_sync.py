"""Syncing now: on demand for a few, a new cycle for many or for what goes, and a bounded wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from clouds.entra import EntraError
from clouds.sync import ON_DEMAND_AT_MOST, Sync
from federation.identity.principals import IdentityStorePrincipal
from federation.identity.provisioning import JobStatus
from federation.identity.scope import Group, Person, Scope

JOB = "/servicePrincipals/s/synchronization/jobs/j"


@dataclass
class Clouds:
    """Entra and Identity Center with one group; what is asked of the job is written down."""

    people: list[str]
    arrived: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    quarantine: bool = False
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    store_lists: int = 0
    slept: list[float] = field(default_factory=list)

    def scope(self) -> Scope:
        return Scope(
            groups={"o-g": Group(object_id="o-g", name="g", people=frozenset(self.people))},
            people={name: Person(object_id=name, name=name) for name in self.people},
        )

    def principals(self, identity_store_id: str) -> list[IdentityStorePrincipal]:
        assert identity_store_id == "d-1"
        self.store_lists += 1
        users = [
            IdentityStorePrincipal(type="USER", id=f"i-{name}", name=name, external_ids=(name,))
            for name in self.arrived - {"o-g"}
        ]
        group = IdentityStorePrincipal(type="GROUP", id="i-g", name="g", external_ids=("o-g",))
        return [*users, *([group] if "o-g" in self.arrived else [])]

    def memberships(self, _store: str, groups: list[str]) -> dict[str, list[str]]:
        return {group: [f"i-{name}" for name in self.arrived - {"o-g"}] for group in groups}

    def provision(self, path: str, ident: str, kind: str, members: tuple[str, ...] = ()) -> None:
        assert path == JOB
        self.calls.append((kind, ident, members))
        if ident in self.refused:
            raise EntraError("the target refused it")
        self.arrived |= {ident, *members}

    def restart(self, path: str, *scopes: str) -> None:
        assert path == JOB
        self.calls.append(("restart", *scopes))
        if not self.quarantine:
            self.arrived = {"o-g", *self.people}

    def start(self, path: str) -> None:
        assert path == JOB
        self.calls.append(("start",))

    def call(self, method: str, path: str) -> dict[str, Any]:
        assert (method, path) == ("GET", JOB)
        code = "Quarantine" if self.quarantine else "Active"
        return {"schedule": {"state": "Active"}, "status": {"code": code}}

    def sync(self) -> Sync:
        mine: Any = self
        return Sync(
            graph=mine,
            aws=mine,
            identity_store_id="d-1",
            job_path=JOB,
            scope=self.scope,
            progress=lambda _: None,
            sleep=self.slept.append,
        )


def test_nothing_is_asked_when_all_is_in_step() -> None:
    clouds = Clouds(["ada"], arrived={"o-g", "ada"})
    assert clouds.sync().run(seconds=0).how == "nothing"
    assert clouds.calls == []


def test_a_new_group_comes_on_demand_with_its_members_within_the_limits() -> None:
    clouds = Clouds([f"p{n:02}" for n in range(28)])
    outcome = clouds.sync().run(seconds=0)
    assert outcome.how == "on demand"
    assert [len(members) for _, _, members in clouds.calls] == [5, 5, 5, 5, 5, 3]
    # Graph takes five requests in ten seconds: the sixth waits.
    assert clouds.slept == [10.0]
    assert outcome.after.in_step


def test_many_come_with_a_new_cycle() -> None:
    clouds = Clouds([f"p{n:02}" for n in range(ON_DEMAND_AT_MOST)])
    outcome = clouds.sync().run(seconds=1)
    assert outcome.how == "cycle"
    assert clouds.calls == [("restart", "Watermark", "Escrows")]
    assert outcome.after.in_step


def test_who_left_goes_with_a_new_cycle() -> None:
    clouds = Clouds(["ada"], arrived={"o-g", "ada", "zoe"})
    outcome = clouds.sync().run(seconds=1)
    assert (outcome.how, outcome.before.removals) == ("cycle", 2)
    assert outcome.after.in_step


def test_a_refusal_is_kept_with_its_reason() -> None:
    clouds = Clouds(["ada"], refused={"o-g"})
    outcome = clouds.sync().run(seconds=0)
    assert outcome.failures == {"o-g": "the target refused it"}
    assert not outcome.after.in_step


@pytest.mark.parametrize("quarantine", [True, False])
def test_the_wait_ends(quarantine: bool) -> None:
    clouds = Clouds(["ada"], refused={"o-g"}, quarantine=quarantine)
    view = clouds.sync().wait(0 if not quarantine else 3600)
    assert not view.in_step
    assert clouds.store_lists == 1
    assert clouds.slept == []


def test_resuming_lifts_the_quarantine_and_deletes_only_when_told() -> None:
    clouds = Clouds(["ada"])
    clouds.sync().resume(accept_deletions=False)
    assert clouds.calls == [("restart", "Watermark", "Escrows", "QuarantineState"), ("start",)]
    clouds.calls.clear()
    clouds.sync().resume(accept_deletions=True)
    assert clouds.calls[0][-1] == "ForceDeletes"


def test_waiting_for_a_cycle_is_bounded() -> None:
    before = JobStatus(state="Active", enabled=True)
    assert Clouds(["ada"]).sync().wait_for_cycle(before, 0).last is None
