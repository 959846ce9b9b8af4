"""What status, sync and handoff share: a stack, its clouds, its job and who is in scope."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from clouds.aws import Aws
from clouds.facts import Site, read_site
from clouds.graph import Graph
from clouds.job import read_job
from clouds.scope import read_scope
from federation.access.access import load_access
from federation.access.declared import Access
from federation.identity.provisioning import JobStatus
from federation.identity.scope import Scope
from ops.cli import REPOSITORY, StackError
from ops.stack import Stack


@dataclass(frozen=True)
class Session:
    """A stack with the credentials of its own providers; nothing is asked before it is used."""

    stack: Stack

    @cached_property
    def graph(self) -> Graph:
        """Microsoft Graph. Raises EntraError."""
        return Graph.connect(self.stack.section("azuread"))

    @cached_property
    def aws(self) -> Aws:
        """AWS in the stack's region."""
        return Aws.connect(self.stack.section("aws"))

    @cached_property
    def access(self) -> Access:
        """The access files, from the repository root. Raises InvalidInput."""
        return load_access(self.stack.any_settings.access, root=REPOSITORY)

    @cached_property
    def site(self) -> Site:
        """Organization and instance. Raises AwsError or UnusableInstanceError."""
        return read_site(self.aws, tags=self.access.uses_tags)

    @property
    def identity_store_id(self) -> str:
        """The identity store of the instance. Raises StackError before step 1."""
        if self.site.instance is None:
            raise StackError(
                f"IAM Identity Center is not enabled in {self.aws.region_name} (step 1)"
            )
        return self.site.instance.identity_store_id

    @property
    def job_path(self) -> str:
        """The job's path in Graph, "" while the stack has none."""
        job = self.stack.one("SynchronizationJob")
        return job.id if job else ""

    @property
    def service_principal_id(self) -> str:
        """Object id of the application's service principal, "" while the stack has none."""
        principal = self.stack.one("ServicePrincipal")
        return principal.id.rpartition("/")[2] if principal else ""

    def required_job(self) -> str:
        """The job's path. Raises StackError while the stack has none."""
        if not self.job_path:
            raise StackError(
                "this stack has no provisioning job yet: it comes with phase provisioning, see "
                "python -m ops handoff"
            )
        return self.job_path

    def job(self) -> JobStatus | None:
        """The job's status now, None when Entra has no such job. Raises EntraError."""
        return read_job(self.graph, self.job_path) if self.job_path else None

    def scope(self) -> Scope:
        """Who is in scope now, nobody without an application. Raises EntraError."""
        if not self.service_principal_id:
            return Scope()
        return read_scope(self.graph, self.service_principal_id)
