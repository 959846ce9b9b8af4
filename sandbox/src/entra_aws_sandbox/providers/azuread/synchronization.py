"""Provisioning: its secrets and its job.

Calls as in hashicorp/terraform-provider-azuread `internal/services/synchronization`.
"""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

from typing import Any, ClassVar

from entra_aws_sandbox.providers.azuread.base import (
    SYNCHRONIZATION_RETRIED,
    GraphResource,
    doing,
    last,
    locked,
    plain,
)
from entra_aws_sandbox.providers.azuread.graph import consistently
from entra_aws_sandbox.providers.azuread.service_principals import path
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties

_JOB_TYPE = "#microsoft.graph.synchronizationJob"
HIDDEN = "*"  # what Graph answers for a value that it keeps secret


class SynchronizationSecret(GraphResource):
    """The settings and the token that provisioning uses. Their order is significant."""

    schema: ClassVar = Schema(
        token="azuread:index/synchronizationSecret:SynchronizationSecret",
        required=frozenset({"servicePrincipalId"}),
        inputs=frozenset({"credentials"}),
        replaces=frozenset({"servicePrincipalId"}),
        nested={"credentials": {}},
        secrets=frozenset({"credentials.value"}),
    )

    def create(self, inputs: Properties) -> str:
        """Write them all; the id is the service principal's own."""
        principal = last(inputs["servicePrincipalId"])
        self._write(principal, inputs.get("credentials", []))
        return f"/servicePrincipals/{principal}"

    def read(self, identity: str, known: Properties) -> Properties | None:
        """In Graph's order; a hidden value is taken from the state."""
        principal = last(identity)
        with doing(f"Retrieving synchronization secrets for service principal {principal}"):
            found = self._found(principal)
        if found is None:
            return None
        ours = {pair["key"]: pair["value"] for pair in known.get("credentials", ())}
        return {
            "servicePrincipalId": known.get("servicePrincipalId") or identity,
            "credentials": [
                {
                    "key": pair["key"],
                    "value": ours.get(pair["key"], HIDDEN)
                    if pair["value"] == HIDDEN
                    else plain(pair["value"]),
                }
                for pair in found["value"]
            ],
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """As create: the PUT replaces the whole set."""
        self._write(last(identity), new.get("credentials", []))

    def delete(self, identity: str, state: Properties) -> None:
        """Write an empty value for every key, and wait until the keys are gone."""
        principal = last(identity)
        keys = {pair["key"] for pair in state.get("credentials", ())}
        with locked(principal):
            with doing(f"Removing synchronization secrets for service principal {principal}"):
                self._put(principal, [{"key": key, "value": ""} for key in _ordered(state)])
            consistently(
                lambda: not keys & {pair["key"] for pair in self._present(principal)},
                failure=(
                    "Waiting for deletion of synchronization secrets from service principal with"
                    f' object ID "{principal}"'
                ),
            )

    def _write(self, principal: str, pairs: list[dict[str, str]]) -> None:
        with locked(principal):
            with doing(f"Creating synchronization secret for service principal {principal}"):
                self._put(principal, pairs)
            consistently(
                lambda: len(self._present(principal)) == len(pairs),
                failure=f'Waiting for synchronization secret "{principal}"',
            )

    def _put(self, principal: str, pairs: list[dict[str, str]]) -> None:
        body = {"value": pairs}
        self.graph.call("PUT", _secrets(principal), body=body, also_retried=SYNCHRONIZATION_RETRIED)

    def _present(self, principal: str) -> list[dict[str, str]]:
        return list((self._found(principal) or {"value": []})["value"])

    def _found(self, principal: str) -> Any:
        return self.graph.find(_secrets(principal), also_retried=SYNCHRONIZATION_RETRIED)


class SynchronizationJob(GraphResource):
    """The job that provisions."""

    schema: ClassVar = Schema(
        token="azuread:index/synchronizationJob:SynchronizationJob",
        required=frozenset({"servicePrincipalId", "templateId"}),
        inputs=frozenset({"enabled"}),
        outputs=frozenset({"schedules"}),
        replaces=frozenset({"servicePrincipalId", "templateId"}),
        defaults={"enabled": True},
    )

    def create(self, inputs: Properties) -> str:
        """Make it, paused."""
        principal = last(inputs["servicePrincipalId"])
        with locked(principal):
            with doing(f"Retrieving service principal with object ID {principal}"):
                if self.graph.find(path(principal)) is None:
                    raise ProviderError(
                        f'Service principal with object ID "{principal}" was not found'
                    )
            with doing(f"Creating synchronization job for service principal {principal}"):
                job = self.graph.call(
                    "POST",
                    f"{path(principal)}/synchronization/jobs",
                    body={"@odata.type": _JOB_TYPE, "templateId": inputs["templateId"]},
                    also_retried=SYNCHRONIZATION_RETRIED,
                )
            identity = f"/servicePrincipals/{principal}/synchronization/jobs/{job['id']}"
            consistently(
                lambda: self.graph.find(_job(identity)) is not None,
                failure=f"Waiting for synchronization job {job['id']}",
            )
        return identity

    def settle(self, identity: str, inputs: Properties) -> None:
        """Start it."""
        if inputs.get("enabled", True):
            self._switch(identity, on=True)

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Enabled is what the schedule says: a quarantined job that Entra stopped shows here."""
        with doing(f"Retrieving synchronization job {last(identity)}"):
            job = self.graph.find(_job(identity), also_retried=SYNCHRONIZATION_RETRIED)
        if job is None:
            return None
        schedule = job["schedule"]
        return {
            "servicePrincipalId": known.get("servicePrincipalId")
            or identity.partition("/synchronization")[0],
            "templateId": job["templateId"],
            "enabled": schedule["state"] == "Active",
            "schedules": [
                {name: plain(schedule.get(name)) for name in ("expiration", "interval", "state")}
            ],
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Start or pause it, where that changes."""
        if "enabled" not in self.changes(old, new):
            return
        self._switch(identity, on=new.get("enabled", True))

    def delete(self, identity: str, state: Properties) -> None:
        """Delete it; a job that is gone already is an error."""
        with locked(identity.split("/")[2]):
            with doing(f"Removing synchronization job {last(identity)}"):
                self.graph.call("DELETE", _job(identity), also_retried=SYNCHRONIZATION_RETRIED)
            consistently(
                lambda: self.graph.find(_job(identity)) is None,
                failure=f"Waiting for deletion of synchronization job {last(identity)}",
            )

    def _switch(self, identity: str, *, on: bool) -> None:
        what = "Starting" if on else "Pausing"
        with doing(f"{what} synchronization job {last(identity)}"):
            self.graph.call(
                "POST",
                f"{_job(identity)}/{'start' if on else 'pause'}",
                also_retried=SYNCHRONIZATION_RETRIED,
            )


def _secrets(principal: str) -> str:
    return f"{path(principal)}/synchronization/secrets"


def _job(identity: str) -> str:
    return f"/v1.0{identity}"


def _ordered(state: Properties) -> list[Any]:
    return [pair["key"] for pair in state.get("credentials", ())]
