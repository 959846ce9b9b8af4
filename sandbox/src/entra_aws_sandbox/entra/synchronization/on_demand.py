"""Provision on demand: one person or group now, with the steps told in Graph's answer.

A failure is told inside an HTTP 200. Source: Graph reference, synchronizationJob:
provisionOnDemand, and Entra documentation, on-demand provisioning (limits).
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from entra_aws_sandbox.entra.errors import bad_request, not_found, too_many_requests
from entra_aws_sandbox.entra.job import RULE_ID, Job
from entra_aws_sandbox.entra.synchronization.cycle import INVALID_CREDENTIALS, error_code
from entra_aws_sandbox.entra.synchronization.provisioner import Outcome, Provisioner
from entra_aws_sandbox.entra.synchronization.scim_client import (
    CredentialsRefusedError,
    ScimError,
    UnreachableError,
)
from entra_aws_sandbox.entra.synchronization.scope import Scope, scope_of
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

REQUESTS, WINDOW = 5, timedelta(seconds=10)
"""The rate limit: 5 requests in 10 seconds."""
MAX_MEMBERS = 5
"""Members of a group that one request can name."""
TYPES = {"user": "User", "group": "Group"}


@dataclass(frozen=True)
class Subject:
    """What a request asks for: a person, or a group with some of its members."""

    object_id: str
    kind: str
    members: list[str] = field(default_factory=list)


def admit(job: Job, tenant: Tenant) -> None:
    """Count a request; raises the 429 of Graph beyond the rate limit."""
    now = tenant.clock.now()
    job.on_demand = [moment for moment in job.on_demand if now - moment < WINDOW]
    if len(job.on_demand) >= REQUESTS:
        wait = job.on_demand[0] + WINDOW - now
        raise too_many_requests(max(1, int(wait.total_seconds()) + 1))
    job.on_demand.append(now)


def subject_in(body: Json) -> Subject:
    """The one subject of a request body. Raises the 400 of Graph for any other shape."""
    try:
        (parameter,) = body["parameters"]
        (subject,) = parameter["subjects"]
        kind = TYPES[subject["objectTypeName"].casefold()]
        links = subject.get("links") or {}
        members = [str(member["objectId"]) for member in links.get("members") or []]
        object_id, rule = str(subject["objectId"]), parameter["ruleId"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise bad_request(
            "On-demand provisioning takes one parameter with a ruleId and one subject with "
            "objectId and objectTypeName User or Group.",
            "InvalidArgument",
        ) from None
    if rule != RULE_ID:
        raise bad_request(f"The rule '{rule}' was not found in the schema.", "InvalidArgument")
    if len(members) > MAX_MEMBERS:
        raise bad_request(
            f"At most {MAX_MEMBERS} members of a group can be provisioned on demand.",
            "InvalidArgument",
        )
    return Subject(object_id, kind, members)


class OnDemand:
    """One request, carried out step by step."""

    def __init__(
        self, tenant: Tenant, job: Job, provisioner: Provisioner, subject: Subject
    ) -> None:
        self._tenant = tenant
        self._job = job
        self._provisioner = provisioner
        self._subject = subject
        self._steps: list[Json] = []
        self._began = tenant.timestamp()

    def run(self, *, sync_all: bool) -> Json:
        """Provision and answer as Graph does: two JSON strings, `key` and `value`."""
        with self._tenant.lock:
            scope = scope_of(self._tenant, self._job, sync_all=sync_all)
            name = self._import()
        skip = self._skip_reason(scope)
        self._scoping(skip)
        if skip:
            message = f"The {self._subject.kind} '{name}' will be skipped: {skip}."
            return self._answer("Skipped", name, Outcome("Other"), skip, message)
        try:
            outcome = self._push(scope)
        except CredentialsRefusedError:
            failure = INVALID_CREDENTIALS
            return self._failed(name, failure.code, failure.message)
        except (ScimError, UnreachableError) as error:
            return self._failed(name, error_code(error), str(error))
        with self._tenant.lock:
            self._job.escrows.pop(self._subject.object_id, None)
        return self._succeeded(name, outcome)

    def _import(self) -> str:
        kind = self._subject.kind
        collection = self._tenant.users if kind == "User" else self._tenant.groups
        found = collection.get(self._subject.object_id)
        if found is None:
            raise not_found(self._subject.object_id)
        name = str(found["userPrincipalName"] if kind == "User" else found["displayName"])
        details = {"objectId": found["id"], "displayName": found["displayName"]}
        description = f"Retrieved {kind} '{name}' from Azure Active Directory"
        self._step("EntryImport", "Import", "Success", description, details)
        return name

    def _scoping(self, skip: str | None) -> None:
        status = "Skipped" if skip else "Success"
        description = (
            f"Determine if {self._subject.kind} in scope by evaluating against each scoping filter"
        )
        details = {"SkipReason": skip} if skip else {"Assigned": "True"}
        self._step("EntrySynchronizationScoping", "Scoping", status, description, details)

    def _skip_reason(self, scope: Scope) -> str | None:
        subject = self._subject
        if subject.kind == "Group":
            return None if subject.object_id in scope.groups else "NotEffectivelyEntitled"
        attributes = scope.people.get(subject.object_id)
        if attributes is None:
            return "NotEffectivelyEntitled"
        if not attributes["active"] and subject.object_id not in self._job.links:
            return "NotActiveInSource"
        return None

    def _push(self, scope: Scope) -> Outcome:
        subject = self._subject
        if subject.kind == "User":
            return self._provisioner.person(subject.object_id, scope.people[subject.object_id])
        group = scope.groups[subject.object_id]
        members = [m for m in subject.members if m in group.people]
        for member in members:
            if scope.people[member]["active"]:
                self._provisioner.person(member, scope.people[member])
        return self._provisioner.group_with(subject.object_id, group.attributes, members)

    def _succeeded(self, name: str, outcome: Outcome) -> Json:
        kind = self._subject.kind
        if outcome.matched:
            found = f"Retrieved '{name}' from AWSSingleSignon"
            self._step("EntryImport", "Matching", "Success", found, {"id": outcome.target_id})
        if outcome.action == "Other":
            code = "RedundantExport"
            message = (
                f"The state of the {kind.lower()} in both the source and target systems "
                "already match."
            )
            details = {"SkipReason": code}
            self._step("EntrySynchronizationSkip", "Export", "Skipped", message, details)
            return self._answer("Skipped", name, outcome, code, message)
        created = outcome.action == "Create"
        step = "EntryExportAdd" if created else "EntryExportUpdate"
        message = f"{kind} '{name}' was {'created' if created else 'updated'} in AWSSingleSignon"
        self._step(step, "Export", "Success", message, {"id": outcome.target_id})
        return self._answer("Success", name, outcome)

    def _failed(self, name: str, code: str, message: str) -> Json:
        self._step("EntryExport", "Export", "Failure", message, {"ErrorCode": code})
        return self._answer("Failure", name, Outcome("Other"), code, message)

    def _step(self, name: str, kind: str, status: str, description: str, details: Json) -> None:
        self._steps.append(
            {
                "name": name,
                "type": kind,
                "status": status,
                "description": description,
                "timestamp": self._tenant.timestamp(),
                "details": details,
            }
        )

    def _answer(
        self, result: str, name: str, outcome: Outcome, code: str = "", message: str = ""
    ) -> Json:
        details = {"errorCode": code, "errorMessage": message} if code else {}
        subject = self._subject
        value = {
            "action": outcome.action,
            "changeId": str(uuid.uuid4()),
            "startTime": self._began,
            "endTime": self._tenant.timestamp(),
            "modifiedProperties": [
                {"displayName": c["path"], "oldValue": None, "newValue": c["value"]}
                for c in outcome.changed
            ],
            "provisioningSteps": self._steps,
            "reportableIdentifier": name,
            "statusInfo": {
                "status": result,
                "errorCode": code or None,
                "reason": message or None,
                "additionalDetails": None,
                "errorCategory": "Failure" if result == "Failure" else None,
                "recommendedAction": None,
            },
            "sourceIdentity": {"id": subject.object_id, "type": subject.kind},
            "sourceSystem": {"id": None, "name": "Azure Active Directory", "details": None},
            "targetIdentity": {"id": outcome.target_id or "", "type": subject.kind},
            "targetSystem": {"id": None, "name": "AWSSingleSignon", "details": None},
        }
        key = {"result": result, "details": details}
        return {"key": json.dumps(key), "value": json.dumps(value)}
