"""What the clouds lack although the last update said that it was done."""

from __future__ import annotations

from clouds.facts import read_facts
from federation.diagnosis import Findings
from federation.errors import InvalidInput
from federation.phases import PhaseBackError
from federation.plan import Facts, Plan, UpdateStoppedError, make_plan, plan_access
from federation.repair_sentences import repair_sentences
from federation.settings import Phase, Settings
from ops.session import Session

CHECK = "repairs"


def check_repairs(session: Session, findings: Findings) -> None:
    """Say what the next `up` repairs first. Raises AwsError and EntraError."""
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
        return
    for sentence in repair_sentences(plan.repairs, facts.organization):
        findings.problem(CHECK, f"{sentence}: run pulumi up")
    if not plan.repairs:
        findings.fine(CHECK, "the clouds have what the last update left")


def _plan(session: Session, facts: Facts) -> Plan:
    settings, access = session.stack.any_settings, session.access
    if isinstance(settings, Settings):
        return make_plan(settings, access, facts, preview=True)
    return plan_access(settings, access, facts, phase=Phase.ACCESS, preview=True)
