"""The control surface under `/_sandbox/`: what tests and the sandbox's commands need."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from entra_aws_sandbox.entra.permissions import used
from entra_aws_sandbox.entra.seed import add_crowd
from entra_aws_sandbox.surface import ActionError, Surface

if TYPE_CHECKING:
    from entra_aws_sandbox.entra.faults import Faults
    from entra_aws_sandbox.entra.login import TokenIssuer
    from entra_aws_sandbox.entra.synchronization.engine import Engine
    from entra_aws_sandbox.entra.tenant import Tenant
    from entra_aws_sandbox.entra.values import Json

ADMIN_ROLES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Group.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Synchronization.ReadWrite.All",
    "User.ReadWrite.All",
)


class Control(Surface):
    """What tests and the sandbox's commands need of the tenant."""

    def __init__(
        self, tenant: Tenant, engine: Engine, issuer: TokenIssuer, client_id: str, faults: Faults
    ) -> None:
        self._tenant = tenant
        self._engine = engine
        self._issuer = issuer
        self._client_id = client_id
        self._faults = faults
        super().__init__(
            {
                "state": self._state,
                "app-roles": self._app_roles,
                "admin-token": self._admin_token,
                "synchronize": self._synchronize,
                "switches": self._switches,
                "faults": self._set_faults,
                "permissions": self._permissions,
                "crowd": self._crowd,
            }
        )

    def _state(self, _: Json) -> Json:
        tenant = self._tenant
        with tenant.lock:
            return {
                "counts": {
                    "applications": len(tenant.applications),
                    "servicePrincipals": len(tenant.service_principals),
                    "users": len(tenant.users),
                    "groups": len(tenant.groups),
                    "appRoleAssignments": len(tenant.assignments),
                    "synchronizationJobs": len(tenant.jobs),
                    "synchronizationSecrets": sum(len(s) for s in tenant.secrets.values()),
                    "signingCertificates": sum(
                        len(tenant.signing_keys.get(s, {})) for s in tenant.service_principals
                    ),
                    "claimsMappingPolicies": len(tenant.policies),
                },
                "applications": [a["displayName"] for a in tenant.applications.values()],
                "groups": [g["displayName"] for g in tenant.groups.values()],
                "escrows": {
                    object_id: {"code": escrow.code, "message": escrow.message}
                    for job in tenant.jobs.values()
                    for object_id, escrow in job.escrows.items()
                },
            }

    def _app_roles(self, body: Json) -> Json:
        """`{roles: […]}` sets the deployment's Graph app roles; without it they are told."""
        with self._tenant.lock:
            if "roles" in body:
                self._tenant.app_roles[self._client_id] = set(_strings(body["roles"]))
            return {"roles": sorted(self._tenant.app_roles[self._client_id])}

    def _permissions(self, body: Json) -> Json:
        """Operations used so far, and app roles that allow them; `{forget: true}` begins anew."""
        with self._tenant.lock:
            answer = {"operations": used(self._tenant)}
            if body.get("forget"):
                self._tenant.operations.clear()
                self._tenant.foreign.clear()
        return answer

    def _admin_token(self, body: Json) -> Json:
        """A token for Graph with all app roles, or with `{roles: […]}`.

        It is the deployment's own application that holds it, or another one: `{appId: …}`.
        """
        roles = _strings(body.get("roles", list(ADMIN_ROLES)))
        app_id = str(body.get("appId", self._client_id))
        with self._tenant.lock:
            return {"accessToken": self._issuer.token(self._tenant, app_id, roles)}

    def _synchronize(self, _: Json) -> Json:
        """Run a cycle of every enabled job now; answers when it is over."""
        return {"cycles": self._engine.synchronize()}

    def _switches(self, body: Json) -> Json:
        """Turn behaviours of Entra on and off; see Switches."""
        known = {field.name for field in dataclasses.fields(self._tenant.switches)}
        unknown = sorted(set(body) - known)
        if unknown:
            raise ActionError(
                f"There is no switch '{unknown[0]}'. Switches: {', '.join(sorted(known))}."
            )
        with self._tenant.lock:
            for name, value in body.items():
                setattr(self._tenant.switches, name, value)
            return dataclasses.asdict(self._tenant.switches)

    def _set_faults(self, body: Json) -> Json:
        """`{faults: [{kind: "throttle", operation: "POST /groups"}]}`; without faults: told."""
        if "faults" in body:
            self._faults.replace(body["faults"])
        return {"faults": self._faults.shown()}

    def _crowd(self, body: Json) -> Json:
        """Add many people and groups at once: `{people: n, groups: m}`, spread evenly."""
        with self._tenant.lock:
            ids = add_crowd(self._tenant, int(body["people"]), int(body["groups"]))
        return {"groups": ids}


def _strings(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ActionError("roles must be a list of strings.")
    return value
