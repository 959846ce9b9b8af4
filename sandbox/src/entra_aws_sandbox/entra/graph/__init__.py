"""Microsoft Graph v1.0 and beta, as far as the federation uses them: one module an area."""

from __future__ import annotations

from entra_aws_sandbox.entra.graph import (
    applications,
    assignments,
    directory,
    groups,
    policies,
    service_principals,
    synchronization,
    templates,
    users,
)
from entra_aws_sandbox.routes import Route

ROUTES: list[Route] = [
    *templates.route.all,
    *applications.route.all,
    *service_principals.route.all,
    *assignments.route.all,
    *policies.route.all,
    *synchronization.route.all,
    *groups.route.all,
    *users.route.all,
    *directory.route.all,
]
