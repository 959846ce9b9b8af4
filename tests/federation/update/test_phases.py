"""Phases follow from the configuration, never go back unasked, and say what a person does next."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.engine.phase import Phase, phase_reached
from federation.update.phases import PhaseBackError, Situation, check_not_back, next_steps, phase_of
from federation.update.settings import Settings, load_settings
from tests.federation.update.values import CENTER, FILE, INSTANCE, PROVISIONING, TODAY, config

# The length after which the CLI cuts a string of an output, unless --show-full-output is given.
CUT = 150


def settings(**parts: Any) -> Settings:
    return load_settings(config(**parts), file=FILE)


@pytest.mark.parametrize(
    ("parts", "declares_access", "phase"),
    [
        ({}, True, Phase.APP),
        ({"identityCenter": {"accessPortalUrl": CENTER["accessPortalUrl"]}}, True, Phase.APP),
        ({"identityCenter": CENTER}, True, Phase.TRUST),
        ({"identityCenter": CENTER, "provisioning": PROVISIONING}, False, Phase.PROVISIONING),
        ({"identityCenter": CENTER, "provisioning": PROVISIONING}, True, Phase.ACCESS),
    ],
)
def test_the_phase_follows_from_what_is_configured(
    parts: dict[str, Any], declares_access: bool, phase: Phase
) -> None:
    assert phase_of(settings(**parts), declares_access=declares_access) is phase


@pytest.mark.parametrize(
    ("types", "phase"),
    [
        ([], None),
        (["azuread:index/applicationFromTemplate:ApplicationFromTemplate"], Phase.APP),
        (
            [
                "azuread:index/applicationFromTemplate:ApplicationFromTemplate",
                "azuread:index/synchronizationJob:SynchronizationJob",
            ],
            Phase.PROVISIONING,
        ),
        (["aws:ssoadmin/permissionSet:PermissionSet"], Phase.ACCESS),
    ],
)
def test_a_checkpoint_proves_its_phase(types: list[str], phase: Phase | None) -> None:
    assert phase_reached(types) is phase


def test_going_back_needs_a_word() -> None:
    check_not_back(None, Phase.APP, None)
    check_not_back(Phase.TRUST, Phase.ACCESS, None)
    check_not_back(Phase.ACCESS, Phase.TRUST, Phase.TRUST)
    with pytest.raises(PhaseBackError, match="allowPhaseBack to trust"):
        check_not_back(Phase.ACCESS, Phase.TRUST, None)
    with pytest.raises(PhaseBackError):
        check_not_back(Phase.ACCESS, Phase.APP, Phase.TRUST)


@pytest.mark.parametrize("reached", [Phase.TRUST, Phase.ACCESS])
def test_the_permission_to_go_back_does_not_stay(reached: Phase) -> None:
    check_not_back(Phase.TRUST, Phase.TRUST, Phase.TRUST)
    with pytest.raises(PhaseBackError, match=r"allowPhaseBack names trust.*remove it"):
        check_not_back(reached, Phase.ACCESS, Phase.TRUST)


def steps(**parts: Any) -> list[dict[str, Any]]:
    chosen = settings(**{k: v for k, v in parts.items() if k not in {"instance", "stack", "today"}})
    situation = Situation(
        phase=phase_of(chosen, declares_access=True),
        settings=chosen,
        region="eu-west-1",
        partition="aws",
        instance=parts.get("instance", INSTANCE),
        stack=parts.get("stack", "dev"),
        today=parts.get("today", TODAY),
    )
    return [step.to_dict() for step in next_steps(situation)]


def test_phase_app_hands_off_steps_1_to_3() -> None:
    assert [step["step"] for step in steps(instance=None)] == [1, 2, 3]
    later = steps()
    assert [step["step"] for step in later] == [2, 3]
    assert later[0]["link"].endswith("#!/instances/1234567890abcdef/settings")
    assert later[1]["saveAs"] == "environments/dev/service-provider.xml"
    assert later[1]["saveAs"] in later[1]["run"][0]


def test_phase_trust_hands_off_steps_8_and_9_and_warns() -> None:
    eight, nine = steps(identityCenter=CENTER)
    assert (eight["step"], nine["step"]) == (8, 9)
    assert "removes the existing assignments" in eight["warning"]
    assert any("--secret" in command for command in nine["run"])


@pytest.mark.parametrize(
    "parts",
    [
        {"instance": None},
        {"identityCenter": CENTER},
        {"identityCenter": CENTER, "provisioning": PROVISIONING, "today": date(2027, 9, 1)},
    ],
)
def test_pulumi_up_shows_next_steps_uncut(parts: dict[str, Any]) -> None:
    told = steps(stack="production-of-example-2", **parts)
    assert told
    for step in told:
        for text in [*step.pop("run"), *step.values()] if "run" in step else step.values():
            assert len(str(text)) <= CUT, text


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 11, 24), None),
        (date(2027, 9, 1), "expires in 80 days"),
        (date(2027, 11, 21), "expired 1 day ago"),
    ],
)
def test_an_expiring_token_asks_for_its_rotation(today: date, words: str | None) -> None:
    found = steps(identityCenter=CENTER, provisioning=PROVISIONING, today=today)
    assert [words in step["do"] for step in found if words] == ([True] if words else [])
    assert bool(found) is bool(words)
