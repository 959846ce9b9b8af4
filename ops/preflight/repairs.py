"""What the clouds lack although the last update said that it was done, and what nobody declared."""

from __future__ import annotations

from clouds.facts import read_facts
from federation.core.errors import InvalidInput
from federation.engine.phase import Phase
from federation.engine.unmanaged import REMEDY, sentences
from federation.update.diagnosis import Findings
from federation.update.phases import PhaseBackError
from federation.update.plan import Facts, Plan, UpdateStoppedError, make_plan, plan_access
from federation.update.repair_sentences import repair_sentences
from federation.update.settings import Settings
from ops.look import Look, granted_by_hand
from ops.session import Session

CHECK = "repairs"
BY_HAND = "unmanaged"


def check_repairs(session: Session, findings: Findings, look: Look) -> None:
    """Say what the next `up` repairs first, and what was granted by hand.

    Raises AwsError and EntraError.
    """
    plan, facts = _check_repairs(session, findings)
    grants = granted_by_hand(session, plan, facts, look)
    for one in sentences(grants):
        findings.problem(BY_HAND, f"{one}: {REMEDY}")
    if not grants:
        where = "anywhere" if look.full else "that a preview would see"
        findings.fine(BY_HAND, f"nothing is granted by hand {where}")


def _check_repairs(session: Session, findings: Findings) -> tuple[Plan | None, Facts | None]:
    facts = None
    try:
        facts, _ = read_facts(
            session.site,
            session.access,
            session.stack.checkpoint,
            graph=session.graph,
            aws=session.aws,
        )
        plan = _plan(session, facts)
    except (InvalidInput, UpdateStoppedError, PhaseBackError) as error:
        findings.note(CHECK, f"repairs can't be told, since the next update is stopped: {error}")
        return None, facts
    for sentence in repair_sentences(plan.repairs, facts.organization):
        findings.problem(CHECK, f"{sentence}: run pulumi up")
    if not plan.repairs:
        findings.fine(CHECK, "the clouds have what the last update left")
    return plan, facts


def _plan(session: Session, facts: Facts) -> Plan:
    settings, access = session.stack.any_settings, session.access
    if isinstance(settings, Settings):
        return make_plan(settings, access, facts, preview=True)
    return plan_access(settings, access, facts, phase=Phase.ACCESS, preview=True)
