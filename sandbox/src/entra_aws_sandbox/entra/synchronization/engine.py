"""The provisioning service of a tenant: a thread that runs cycles when they are due."""

from __future__ import annotations

import threading

from entra_aws_sandbox.entra.job import Job
from entra_aws_sandbox.entra.synchronization.cycle import Cycle
from entra_aws_sandbox.entra.synchronization.scim_client import ScimClient
from entra_aws_sandbox.entra.synchronization.settings import Settings, settings_of
from entra_aws_sandbox.entra.tenant import Tenant

TICK_SECONDS = 0.1
"""Real time after which a moved sandbox clock is noticed at the latest."""


class Engine:
    """Runs the cycles of one tenant's jobs; `close` ends its thread within a moment."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="entra-provisioning", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the request that is being sent now."""
        self._stopped.set()
        self._thread.join(timeout=35)

    def synchronize(self) -> int:
        """Run a cycle of every enabled job now and wait for it; returns how many ran."""
        with self._tenant.lock:
            jobs = [job for job in self._tenant.jobs.values() if job.enabled]
        for job in jobs:
            self._cycle(job)
        return len(jobs)

    def client(self, settings: Settings) -> ScimClient:
        """A SCIM client that stops when the engine does."""
        return ScimClient(settings, self._stopped)

    def settings(self, job: Job) -> Settings:
        """The job's settings as they are now."""
        with self._tenant.lock:
            return settings_of(self._tenant.secrets.get(job.service_principal, {}))

    def _loop(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            for job in self._due_jobs():
                self._cycle(job)

    def _due_jobs(self) -> list[Job]:
        now = self._tenant.clock.now()
        with self._tenant.lock:
            return [j for j in self._tenant.jobs.values() if j.enabled and j.due and j.due <= now]

    def _cycle(self, job: Job) -> None:
        with job.running:
            with self._tenant.lock:
                self._tenant.purge()
                settings = settings_of(self._tenant.secrets.get(job.service_principal, {}))
                if self._gone(job):
                    return
                job.begin(self._tenant.clock.now())
            client = self.client(settings)
            try:
                Cycle(self._tenant, job, settings, client, lambda: self._gone(job)).run()
            finally:
                client.close()

    def _gone(self, job: Job) -> bool:
        return self._stopped.is_set() or not job.enabled or job.id not in self._tenant.jobs
