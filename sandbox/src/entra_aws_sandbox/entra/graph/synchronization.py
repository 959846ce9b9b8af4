"""Synchronization of a service principal: templates, secrets, jobs, provision on demand."""

from __future__ import annotations

from http import HTTPStatus

from entra_aws_sandbox.entra.errors import GraphError, bad_request
from entra_aws_sandbox.entra.job import RULE_ID, Job
from entra_aws_sandbox.entra.odata import page
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.synchronization import on_demand, settings
from entra_aws_sandbox.entra.synchronization.provisioner import Provisioner
from entra_aws_sandbox.entra.synchronization.scim_client import (
    ScimError,
    StoppedError,
    UnreachableError,
)
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

RESET_SCOPES = {
    "None",
    "ConnectorDataStore",
    "Escrows",
    "Watermark",
    "QuarantineState",
    "Full",
    "ForceDeletes",
}

_SYNC = "/servicePrincipals/<service_principal>/synchronization"
_JOB = f"{_SYNC}/jobs/<job>"


@route("GET", f"{_SYNC}/templates")
def list_templates(call: Call, service_principal: str) -> Json:
    """The synchronization templates that the gallery app offers."""
    factory = _template_id(call.tenant, service_principal)
    offered = [
        {
            "id": factory,
            "applicationId": call.tenant.service_principals[service_principal]["appId"],
            "factoryTag": factory,
            "default": True,
            "discoverable": True,
            "metadata": [{"key": "supportsProvisionOnDemand", "value": "true"}],
            "schema": {"synchronizationRules": [{"id": RULE_ID}]},
        }
    ]
    return page(call, offered if factory else [], "synchronizationTemplates")


@route("GET", f"{_SYNC}/secrets")
def get_secrets(call: Call, service_principal: str) -> Json:
    """The secrets, secret values as `*`."""
    tenant = call.tenant
    tenant.get("servicePrincipal", service_principal)
    shown = settings.shown(tenant.secrets.get(service_principal, {}))
    if tenant.switches.reverse_secrets:
        shown.reverse()
    if tenant.switches.extra_secret and shown:
        shown.append({"key": "ConnectionString", "value": ""})
    return {
        "@odata.context": call.context("synchronizationSecretKeyStringValuePair"),
        "value": shown,
    }


@route("PUT", f"{_SYNC}/secrets")
def put_secrets(call: Call, service_principal: str) -> None:
    """Replace the whole set; empty values delete their keys."""
    call.tenant.get("servicePrincipal", service_principal)
    call.tenant.secrets[service_principal] = settings.parsed(call.body().get("value"))


@route("GET", f"{_SYNC}/jobs")
def list_jobs(call: Call, service_principal: str) -> Json:
    """The jobs of a service principal."""
    call.tenant.get("servicePrincipal", service_principal)
    jobs = [j for j in call.tenant.jobs.values() if j.service_principal == service_principal]
    return page(call, [job.shown() for job in jobs], "synchronizationJobs")


@route("POST", f"{_SYNC}/jobs")
def create_job(call: Call, service_principal: str) -> Reply:
    """A new job, disabled; its id follows from template, tenant and application."""
    tenant = call.tenant
    factory = _template_id(tenant, service_principal)
    template = call.body().get("templateId")
    if not factory or template != factory:
        raise bad_request(
            f"The synchronization template '{template}' was not found.", "InvalidTemplateId"
        )
    app_id = tenant.service_principals[service_principal]["appId"]
    job = Job(f"{factory}.{tenant.id.replace('-', '')}.{app_id}", service_principal, factory)
    if job.id in tenant.jobs:
        raise GraphError(
            HTTPStatus.CONFLICT,
            "JobAlreadyExists",
            f"A synchronization job of template '{factory}' exists already.",
        )
    tenant.jobs[job.id] = job
    return Reply(
        {"@odata.context": call.context("synchronizationJobs/$entity"), **job.shown()},
        HTTPStatus.CREATED,
    )


@route("GET", _JOB)
def get_job(call: Call, service_principal: str, job: str) -> Json:
    """One job with its status."""
    shown = _job(call.tenant, service_principal, job).shown()
    return {"@odata.context": call.context("synchronizationJobs/$entity"), **shown}


@route("DELETE", _JOB)
def delete_job(call: Call, service_principal: str, job: str) -> None:
    """Delete a job with all it remembers; what it wrote stays in the target."""
    found = _job(call.tenant, service_principal, job)
    found.pause()
    del call.tenant.jobs[job]


@route("POST", f"{_JOB}/start")
def start_job(call: Call, service_principal: str, job: str) -> None:
    """Enable the job; a quarantine is cleared, the first cycle begins at once."""
    _job(call.tenant, service_principal, job).start(call.tenant.clock.now())


@route("POST", f"{_JOB}/pause")
def pause_job(call: Call, service_principal: str, job: str) -> None:
    """Disable the job; it keeps its place."""
    _job(call.tenant, service_principal, job).pause()


@route("POST", f"{_JOB}/restart")
def restart_job(call: Call, service_principal: str, job: str) -> None:
    """Process everything again; `criteria.resetScope` says what is forgotten before."""
    found = _job(call.tenant, service_principal, job)
    criteria = call.body().get("criteria") or {}
    scopes = {s.strip() for s in str(criteria.get("resetScope") or "None").split(",")}
    if not scopes <= RESET_SCOPES:
        raise bad_request(f"The resetScope '{criteria.get('resetScope')}' is not known.")
    found.restart(scopes, call.tenant.clock.now())


@route("POST", f"{_SYNC}/jobs/validateCredentials", unlocked=True)
def validate_new_credentials(call: Call, service_principal: str) -> None:
    """Try credentials against the target before a job exists."""
    _validate(call, service_principal)


@route("POST", f"{_JOB}/validateCredentials", unlocked=True)
def validate_credentials(call: Call, service_principal: str, job: str) -> None:
    """Try credentials against the target."""
    with call.tenant.lock:
        _job(call.tenant, service_principal, job)
    _validate(call, service_principal)


@route("POST", f"{_JOB}/provisionOnDemand", unlocked=True)
def provision_on_demand(call: Call, service_principal: str, job: str) -> Json:
    """Provision one person or group now; waits while a cycle runs."""
    subject = on_demand.subject_in(call.body())
    with call.tenant.lock:
        found = _job(call.tenant, service_principal, job)
        on_demand.admit(found, call.tenant)
    configured = call.engine.settings(found)
    if not configured.base_address:
        # The code is what the acceptance test of azuread_synchronization_job_provision_on_demand
        # expects of Graph.
        told = "The synchronization credentials are not configured."
        raise bad_request(told, "CredentialsMissing")
    client = call.engine.client(configured)
    try:
        with found.running:
            provisioner = Provisioner(call.tenant, found, client)
            request = on_demand.OnDemand(call.tenant, found, provisioner, subject)
            answer = request.run(sync_all=configured.sync_all)
    finally:
        client.close()
    return {"@odata.context": call.context("microsoft.graph.stringKeyStringValuePair"), **answer}


def _validate(call: Call, service_principal: str) -> None:
    body = call.body()
    with call.tenant.lock:
        call.tenant.get("servicePrincipal", service_principal)
        saved = call.tenant.secrets.get(service_principal, {})
    secrets = saved if body.get("useSavedCredentials") else settings.parsed(body.get("credentials"))
    client = call.engine.client(settings.settings_of(secrets))
    try:
        client.find("Users", "userName", "00000000-0000-0000-0000-000000000000")
    except (ScimError, UnreachableError, StoppedError) as error:
        raise bad_request(
            f"We received this unexpected response from your application: {error}",
            "CredentialValidationUnavailable",
        ) from None
    finally:
        client.close()


def _template_id(tenant: Tenant, service_principal: str) -> str | None:
    found = tenant.get("servicePrincipal", service_principal)
    template = tenant.templates.get(found["applicationTemplateId"] or "")
    return template["synchronizationTemplate"] if template else None


def _job(tenant: Tenant, service_principal: str, job: str) -> Job:
    tenant.get("servicePrincipal", service_principal)
    found = tenant.jobs.get(job)
    if found is None or found.service_principal != service_principal:
        raise GraphError(
            HTTPStatus.NOT_FOUND, "ItemNotFound", f"The synchronization job '{job}' was not found."
        )
    return found
