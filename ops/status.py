"""`python -m ops status`: how the federation is doing, and what a person has to do.

Exit code 0: nobody is needed, 1: somebody is, 2: nothing can be said.
"""

from __future__ import annotations

import base64
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from clouds.entra import EntraError
from clouds.facts import read_facts
from federation.access.assignments import PrincipalKey
from federation.core.errors import InvalidInput
from federation.engine.phase import Phase
from federation.identity.holds import Hold, holds
from federation.identity.principals import IdentityStorePrincipal
from federation.identity.provisioning import JobStatus
from federation.identity.scope import Census, Scope, take_census
from federation.identity.signing_certificate import label_of
from federation.update.phases import PhaseBackError, Situation, next_steps, phase_of
from federation.update.plan import Facts, Plan, UpdateStoppedError, make_plan
from federation.update.repair_sentences import repair_sentences
from federation.update.status import Expiry, Status, lines
from ops.arguments import add_stack_arguments, command
from ops.look import BOUNDED, Look, add_look_arguments, granted_by_hand
from ops.preflight.entra import secret_quirk
from ops.session import Session
from ops.stack import Resource, open_stack
from ops.terminal import show, working

HELP: Final = """\
Say how the federation is doing: phase, provisioning job, held assignments, expiries, what was
granted by hand, and what a person has to do.

It only reads. With --full it asks as well who has each own set in each account: one call each, 10 a
second, with progress; a look that was cut short goes on where it stopped.

example:
  python -m ops status --stack prod --json

exit codes:
  0  all is well
  1  a person has to do something: the last lines say what
  2  the configuration can't be used, or a cloud refuses
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--require-all",
        action="store_true",
        help="exit with 1 as well while a declared assignment does not exist",
    )
    add_look_arguments(parser)


@command
def run(arguments: Namespace) -> int:
    """Print the status. Raises InvalidInput for configuration that can't be used."""
    with working("asking Pulumi and both clouds"):
        session, now = Session(open_stack(arguments)), datetime.now(UTC)
        status = read_status(session, now, Look.wanted(arguments))
    if arguments.json:
        text = json.dumps(status.to_dict(require_all=arguments.require_all), indent=2)
        sys.stdout.write(f"{text}\n")
    else:
        show("\n".join(lines(status, require_all=arguments.require_all)) + "\n")
    return 1 if status.problems(require_all=arguments.require_all) else 0


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What the clouds show of provisioning."""

    job: JobStatus | None
    scope: Scope
    listed: tuple[IdentityStorePrincipal, ...]


def read_status(session: Session, now: datetime, look: Look = BOUNDED) -> Status:
    """Look at everything once. Raises the errors of the clouds, and InvalidInput."""
    stack, settings = session.stack, session.stack.settings
    configured = phase_of(settings, declares_access=bool(session.access.rules))
    instance = session.site.instance
    listed = tuple(session.aws.principals(instance.identity_store_id)) if instance else ()
    seen = _Seen(job=session.job(), scope=session.scope(), listed=listed)
    census = take_census(seen.scope, listed) if session.job_path else None
    plan, facts, stopped = _plan(session)
    made = {pin.assignment for pin in stack.checkpoint.assignments}
    steps = (
        next_steps(
            Situation(
                phase=configured,
                settings=settings,
                region=session.aws.region_name,
                partition=session.site.organization.partition,
                instance=instance,
                stack=stack.name,
                today=now.date(),
            )
        )
        if configured is stack.checkpoint.phase
        else []
    )
    return Status(
        stack=stack.name,
        now=now,
        reached=stack.checkpoint.phase,
        configured=configured,
        job=seen.job,
        job_missing=bool(session.job_path) and seen.job is None,
        census=census,
        held=_held(session, plan, seen),
        unapplied=len(plan.assignments.ready.keys() - made) if plan else 0,
        stopped=stopped,
        repairs=tuple(repair_sentences(plan.repairs, session.site.organization)) if plan else (),
        unmanaged=granted_by_hand(session, plan, facts, look),
        full=look.full,
        expiries=expiries(session),
        next_steps=steps,
        pending=stack.pending,
        notes=[*_nested(seen.scope, census), *_secrets(session)],
    )


def _plan(session: Session) -> tuple[Plan | None, Facts | None, str]:
    """What the next preview decides and on what, or the sentence that stops it."""
    checkpoint, facts = session.stack.checkpoint, None
    try:
        facts, _ = read_facts(
            session.site, session.access, checkpoint, graph=session.graph, aws=session.aws
        )
        plan = make_plan(session.stack.settings, session.access, facts, preview=True)
    except (InvalidInput, UpdateStoppedError, PhaseBackError) as error:
        return None, facts, str(error)
    return plan, facts, ""


def _held(session: Session, plan: Plan | None, seen: _Seen) -> Sequence[Hold]:
    if plan is None or plan.phase is not Phase.ACCESS:
        return ()
    assignments = [*plan.assignments.held, *plan.assignments.late]
    assigned = session.stack.checkpoint.object_ids
    reasons = {
        assignment.principal: plan.reasons.get(assignment.principal)
        or _reason(assignment.principal, assigned, seen)
        for assignment in assignments
    }
    return holds(assignments, reasons, plan.principals, plan.labels)


def _reason(key: PrincipalKey, assigned: Mapping[PrincipalKey, str], seen: _Seen) -> str:
    object_id = assigned.get(key)
    if object_id is None:
        return "it is not assigned to the application yet: run pulumi up"
    if object_id not in seen.scope.groups and object_id not in seen.scope.people:
        return (
            "it is not in scope: its assignment to the application is gone in Entra, run pulumi up "
            "--refresh"
        )
    if seen.job is None:
        return "there is no provisioning job: run pulumi up --refresh"
    if seen.job.quarantine:
        return f"the provisioning job is in quarantine: {seen.job.quarantine}"
    if not seen.job.enabled:
        return "the provisioning job is switched off: run python -m ops sync --resume"
    return (
        "it has not arrived in Identity Center yet: run python -m ops sync, or wait for the next "
        "cycle"
    )


def _nested(scope: Scope, census: Census | None) -> list[str]:
    """Entra, "How provisioning works": members of nested groups are not provisioned."""
    if census is None:
        return []
    return [
        f"group {group.name} contains groups ({', '.join(group.nested)}), whose members Entra does "
        "not provision"
        for group in sorted(scope.groups.values(), key=lambda group: group.name)
        if group.nested
    ]


def _secrets(session: Session) -> list[str]:
    """What it means when Graph does not return the synchronization secrets as written."""
    if not (session.service_principal_id and session.stack.one("SynchronizationSecret")):
        return []
    path = f"/servicePrincipals/{session.service_principal_id}/synchronization/secrets"
    try:
        quirk = secret_quirk([entry["key"] for entry in session.graph.call("GET", path)["value"]])
    except EntraError:
        return []
    return [quirk] if quirk else []


def expiries(session: Session) -> list[Expiry]:
    """When the SCIM token and the signing certificates end."""
    provisioning = session.stack.settings.provisioning
    token = [Expiry(what="token", on=provisioning.token_expires)] if provisioning else []
    active = active_thumbprint(session)
    made = sorted(
        session.stack.of_type("ServicePrincipalTokenSigningCertificate"), key=lambda one: one.name
    )
    certificates = [
        Expiry(
            what=_certificate_name(one, len(made)),
            on=_date(one.outputs["endDate"]),
            active=not active or active == str(one.outputs.get("thumbprint")).upper(),
        )
        for one in made
    ]
    return token + certificates


def _certificate_name(made: Resource, count: int) -> str:
    label = label_of(made.outputs.get("displayName"), otherwise=made.name)
    return "certificate" if count == 1 else f"certificate {label}"


def _date(text: str) -> date:
    return datetime.fromisoformat(text).date()


def active_thumbprint(session: Session) -> str:
    """SHA-1 thumbprint of the certificate that signs now, "" when Entra names none.

    Graph, servicePrincipal: preferredTokenSigningKeyThumbprint; a single certificate is active
    without being named there.
    """
    if not session.service_principal_id:
        return ""
    path = f"/servicePrincipals/{session.service_principal_id}"
    fields = "preferredTokenSigningKeyThumbprint,keyCredentials"
    try:
        principal: Mapping[str, Any] = session.graph.call("GET", f"{path}?$select={fields}")
    except EntraError as error:
        if error.status == 404:
            return ""
        raise
    named = principal.get("preferredTokenSigningKeyThumbprint")
    if named:
        return str(named).upper()
    identifiers = {
        credential["customKeyIdentifier"]
        for credential in principal.get("keyCredentials") or ()
        if credential.get("customKeyIdentifier")
    }
    if len(identifiers) != 1:
        return ""
    return base64.b64decode(identifiers.pop()).hex().upper()
