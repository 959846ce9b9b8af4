"""The provisioning job's switch in Entra.

Source: Microsoft Graph v1.0, synchronizationJob: "Get" and "Start".
"""

from __future__ import annotations

from typing import Final

from clouds.entra import EntraError
from clouds.graph import Graph
from federation.engine.repairs import JobRepair
from federation.identity.provisioning import JobStatus, job_status

_NOT_FOUND: Final = 404


def read_job(graph: Graph, job: str) -> JobStatus | None:
    """The status of the job at a path, None when Entra has no such job. Raises EntraError."""
    try:
        return job_status(graph.call("GET", job))
    except EntraError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def job_runs(graph: Graph, job: str) -> bool:
    """Whether the job at a path is switched on; also for no path, and for a job that is gone.

    Raises EntraError.
    """
    found = read_job(graph, job) if job else None
    return found is None or found.enabled


def start_job(graph: Graph, repair: JobRepair) -> None:
    """Start it. Raises EntraError with a sentence that names it."""
    try:
        graph.call("POST", f"{repair.job}/start")
    except EntraError as error:
        raise EntraError(
            f"the provisioning job can't be started: {error}; the next pulumi up tries again",
            code=error.code,
            status=error.status,
        ) from None
