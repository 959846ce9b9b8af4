"""How far the federation has come, and what a person has to do next (the hand-offs)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from federation.engine.phase import Phase
from federation.identity.instance import Instance, settings_link
from federation.update.console import console_steps, set_token
from federation.update.settings import NAMESPACE, Settings

# AWS user guide, "Rotating an access token": reminders start 90 days before a token expires.
TOKEN_REMINDER_DAYS: Final = 90


class PhaseBackError(ValueError):
    """The configuration would take the federation back a phase; the message is one sentence."""


def phase_of(settings: Settings, *, declares_access: bool) -> Phase:
    """The phase that the configuration reaches; there is no flag for it."""
    if not settings.identity_center.service_provider_metadata:
        return Phase.APP
    if settings.provisioning is None:
        return Phase.TRUST
    return Phase.ACCESS if declares_access else Phase.PROVISIONING


def check_not_back(reached: Phase | None, now: Phase, allowed: Phase | None) -> None:
    """Raise PhaseBackError when `now` is before `reached`, unless `allowed` names that phase.

    A lost configuration key would otherwise revoke everybody's access in one update. For the same
    reason the permission must not stay behind once the stack is configured for a later phase.
    """
    if allowed is not None and allowed.step < now.step:
        raise PhaseBackError(
            f"{NAMESPACE}:allowPhaseBack names {allowed}, but the stack is configured for phase "
            f"{now}: remove it, or a lost setting would delete what came later; set it in the "
            "update that goes back"
        )
    if reached is None or now.step >= reached.step or allowed is now:
        return
    missing = {
        Phase.APP: "identityCenter.serviceProviderMetadata is not set",
        Phase.TRUST: "provisioning is not set",
        Phase.PROVISIONING: "the access file declares no rules any more",
        Phase.ACCESS: "",
    }[now]
    raise PhaseBackError(
        f"the stack is in phase {reached}, but {missing}, which would take it back to phase {now} "
        f"and delete what came later; restore the setting, or set {NAMESPACE}:allowPhaseBack to "
        f"{now}"
    )


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """One thing a person does now. `step` counts as the fourteen steps of the README do.

    `do` is what to choose in the console behind `link`, `save_as` where the file from there goes,
    `run` the commands to run afterwards. `pulumi up` cuts an output's strings after 150 characters.
    """

    step: int
    do: str
    link: str = ""
    save_as: str = ""
    run: tuple[str, ...] = ()
    warning: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the stack output, without the empty parts."""
        parts = {
            "step": self.step,
            "do": self.do,
            "link": self.link,
            "saveAs": self.save_as,
            "run": list(self.run),
            "warning": self.warning,
        }
        return {key: value for key, value in parts.items() if value}


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the next steps depend on."""

    phase: Phase
    settings: Settings
    region: str
    partition: str
    instance: Instance | None
    stack: str
    today: date


def next_steps(situation: Situation) -> list[NextStep]:
    """What a person has to do now, in order; empty when there is nothing."""
    link = settings_link(situation.instance, region=situation.region, partition=situation.partition)
    steps = {
        Phase.APP: _hand_off_trust,
        Phase.TRUST: _hand_off_provisioning,
        Phase.PROVISIONING: _declare_access,
        Phase.ACCESS: _nothing,
    }[situation.phase](situation, link)
    return steps + _rotate_token(situation, link)


def _step(situation: Situation, link: str, number: int) -> NextStep:
    step = console_steps(region=situation.region, stack=situation.stack)[number]
    return NextStep(
        step=number,
        do=step.do,
        link=link,
        save_as=step.save_as,
        run=step.run,
        warning=step.warning,
    )


def _hand_off_trust(situation: Situation, link: str) -> list[NextStep]:
    due = {
        1: situation.instance is None,
        2: not situation.settings.identity_center.access_portal_url,
        3: True,
    }
    return [_step(situation, link, number) for number, open_ in due.items() if open_]


def _hand_off_provisioning(situation: Situation, link: str) -> list[NextStep]:
    return [_step(situation, link, number) for number in (8, 9)]


def _declare_access(situation: Situation, _link: str) -> list[NextStep]:
    files = ", ".join(situation.settings.access)
    return [
        NextStep(step=13, do=f"Declare permission sets and rules in {files}.", run=("pulumi up",))
    ]


def _nothing(_situation: Situation, _link: str) -> list[NextStep]:
    return []


def _rotate_token(situation: Situation, link: str) -> list[NextStep]:
    provisioning = situation.settings.provisioning
    if provisioning is None:
        return []
    days = (provisioning.token_expires - situation.today).days
    if days > TOKEN_REMINDER_DAYS:
        return []
    span = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    when = f"expires in {span}" if days >= 0 else f"expired {span} ago"
    return [
        NextStep(
            step=9,
            link=link,
            do=f"The SCIM access token {when}: Settings > Automatic provisioning > Generate token; "
            "delete the old one after the update.",
            run=set_token(),
            warning="Provisioning stops silently when the token expires; at most two tokens exist.",
        )
    ]
