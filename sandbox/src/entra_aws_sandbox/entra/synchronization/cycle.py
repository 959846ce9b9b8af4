"""One cycle of a job: everything in scope is pushed, everything that left is taken away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from entra_aws_sandbox.entra.job import INTERVAL, Escrow, Execution, Failure, Job
from entra_aws_sandbox.entra.synchronization.provisioner import Outcome, Provisioner
from entra_aws_sandbox.entra.synchronization.scim_client import (
    CONNECTIONS,
    CredentialsRefusedError,
    ScimClient,
    ScimError,
    StoppedError,
    UnreachableError,
)
from entra_aws_sandbox.entra.synchronization.scope import Scope, scope_of
from entra_aws_sandbox.entra.synchronization.settings import Settings
from entra_aws_sandbox.entra.tenant import Tenant

COMPLETE_FAILURES_ALLOWED = 2
"""Cycles in a row in which nothing works before the job goes into quarantine."""
UNREACHABLE_ALLOWED = 10
"""Broken connections in one cycle before it gives up as a whole."""
MAX_ESCROW_DELAY = timedelta(days=1)
INVALID_CREDENTIALS = Failure(
    "SystemForCrossDomainIdentityManagementInvalidCredentials",
    "The credentials entered are invalid. Please correct the credentials and retry.",
)


@dataclass
class Departures:
    """Linked objects that left the scope, by what is to be done about them."""

    disable: list[str]
    delete_people: list[str]
    delete_groups: list[str]

    def __len__(self) -> int:
        return len(self.disable) + len(self.delete_people) + len(self.delete_groups)


class TooManyDeletesError(Exception):
    """More deletions are due than the accidental-deletion threshold allows."""


class Cycle:
    """A cycle; `run` does the work and writes the outcome into the job's status."""

    def __init__(
        self,
        tenant: Tenant,
        job: Job,
        settings: Settings,
        client: ScimClient,
        stopped: Callable[[], bool],
    ) -> None:
        self._tenant = tenant
        self._job = job
        self._settings = settings
        self._client = client
        self._stopped = stopped
        self._provisioner = Provisioner(tenant, job, client)
        self._unreachable = 0
        self._execution = Execution(str(uuid.uuid4()), tenant.clock.now())

    def run(self) -> None:
        """Push. Whatever goes wrong ends in the job's status, never in an exception."""
        failure: Failure | None = None
        reason = ""
        try:
            self._push()
        except StoppedError:
            return
        except CredentialsRefusedError:
            failure, reason = INVALID_CREDENTIALS, "EncounteredQuarantineException"
        except TooManyDeletesError as error:
            failure, reason = Failure("TooManyDeletes", str(error)), "TooManyDeletes"
        except (UnreachableError, ScimError) as error:
            failure = Failure(error_code(error), str(error))
        with self._tenant.lock:
            self._finish(failure, reason)

    def _push(self) -> None:
        self._client.find("Users", "userName", str(uuid.uuid4()))
        with self._tenant.lock:
            scope = scope_of(self._tenant, self._job, sync_all=self._settings.sync_all)
            departures = self._departures(scope)
        execution = self._execution
        execution.entitled = len(scope.people) + len(scope.groups)
        execution.imported = execution.entitled + len(departures)
        # Departures come first: a name that is used again must not find its predecessor.
        too_many = self._too_many(departures)
        if not too_many:
            self._take_away(departures)
        self._each("User", self._due(self._arriving(scope)), self._push_person(scope))
        self._each(
            "Group",
            self._due(scope.groups),
            lambda i: self._provisioner.group(i, scope.groups[i]),
        )
        if too_many:
            raise TooManyDeletesError(
                f"{len(departures)} deletions are pending, more than the threshold of "
                f"{self._settings.delete_threshold}."
            )

    def _push_person(self, scope: Scope) -> Callable[[str], Outcome]:
        return lambda i: self._provisioner.person(i, scope.people[i])

    def _arriving(self, scope: Scope) -> list[str]:
        """People to write: disabled people are never created (Entra documentation)."""
        return [i for i, a in scope.people.items() if a["active"] or i in self._job.links]

    def _due(self, object_ids: Iterable[str]) -> list[str]:
        now = self._tenant.clock.now()
        escrows = self._job.escrows
        return [i for i in object_ids if i not in escrows or escrows[i].retry_at <= now]

    def _departures(self, scope: Scope) -> Departures:
        tenant, links = self._tenant, self._job.links
        gone = [i for i, link in links.items() if link.kind == "User" and i not in scope.people]
        for_good = [i for i in gone if i not in tenant.users and i not in tenant.deleted]
        leaving = [i for i in gone if i not in for_good and links[i].pushed["active"]]
        groups = [i for i, link in links.items() if link.kind == "Group" and i not in scope.groups]
        if self._settings.skip_out_of_scope_deletions:
            leaving = [i for i in leaving if i not in tenant.users]
            groups = [i for i in groups if i not in tenant.groups]
        return Departures(leaving, for_good, groups)

    def _too_many(self, departures: Departures) -> bool:
        threshold = self._settings.delete_threshold
        if threshold is None or self._job.force_deletes:
            return False
        return len(departures) > threshold

    def _take_away(self, departures: Departures) -> None:
        self._each("Group", departures.delete_groups, self._provisioner.delete)
        self._each("User", departures.disable, self._provisioner.disable)
        self._each("User", departures.delete_people, self._provisioner.delete)
        self._job.force_deletes = False

    def _each(self, kind: str, object_ids: list[str], work: Callable[[str], Outcome]) -> None:
        """Do the work for all, a few at once; an object that fails goes into escrow."""
        if not object_ids:
            return
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="scim") as pool:
            futures = [pool.submit(self._one, kind, i, work) for i in object_ids]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _one(self, kind: str, object_id: str, work: Callable[[str], Outcome]) -> None:
        if self._stopped():
            raise StoppedError
        try:
            outcome = work(object_id)
        except CredentialsRefusedError:
            raise
        except (ScimError, UnreachableError) as error:
            self._escrow(kind, object_id, error)
            return
        with self._tenant.lock:
            self._job.escrows.pop(object_id, None)
            self._execution.exported += outcome.action != "Other"

    def _escrow(self, kind: str, object_id: str, error: ScimError | UnreachableError) -> None:
        with self._tenant.lock:
            self._unreachable += isinstance(error, UnreachableError)
            if self._unreachable > UNREACHABLE_ALLOWED:
                raise error
            known = self._job.escrows.get(object_id)
            attempts = known.attempts + 1 if known else 1
            delay = min(INTERVAL * 2 ** (attempts - 1), MAX_ESCROW_DELAY)
            retry_at = self._tenant.clock.now() + delay
            code = error_code(error)
            self._job.escrows[object_id] = Escrow(kind, code, str(error), attempts, retry_at)
            self._execution.escrowed += 1

    def _finish(self, failure: Failure | None, reason: str) -> None:
        job, execution, now = self._job, self._execution, self._tenant.clock.now()
        execution.ended = now
        execution.error = failure
        job.last = execution
        nothing_worked = execution.escrowed and not execution.exported and not job.links
        if failure is None and nothing_worked:
            worst = next(iter(job.escrows.values()))
            failure = Failure(worst.code, worst.message)
        if failure is not None:
            self._failed(failure, reason)
            return
        job.clear_quarantine()
        execution.state = "EntryLevelErrors" if execution.escrowed else "Succeeded"
        job.last_success = execution
        if execution.exported:
            job.last_with_exports = execution
        if not execution.escrowed:
            job.steady_first = job.steady_first or now
            job.steady_last = now

    def _failed(self, failure: Failure, reason: str) -> None:
        job, now = self._job, self._tenant.clock.now()
        self._execution.state = "Failed"
        self._execution.error = failure
        job.successive_failures += 1
        if reason or job.quarantine:
            job.quarantined(reason or "EncounteredQuarantineException", failure, now)
        elif job.successive_failures > COMPLETE_FAILURES_ALLOWED:
            job.quarantined("EncounteredEscrowProportionThreshold", failure, now)


def error_code(error: ScimError | UnreachableError) -> str:
    """Entra's name for a refusal of the target."""
    if isinstance(error, UnreachableError):
        return "SystemForCrossDomainIdentityManagementServiceUnavailable"
    names = {400: "BadRequest", 404: "NotFound", 409: "DuplicateTargetEntries"}
    return f"SystemForCrossDomainIdentityManagement{names.get(error.status, 'BadResponse')}"
