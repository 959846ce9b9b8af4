"""Service principals: what the tenant decides about an application, and its signing keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Any

from entra_aws_sandbox.entra.certificates import (
    DEFAULT_NAME,
    MAX_VALIDITY,
    SigningKey,
    credentials,
    new_signing_key,
)
from entra_aws_sandbox.entra.errors import GraphError, bad_request
from entra_aws_sandbox.entra.graph.merge import merge
from entra_aws_sandbox.entra.graph.references import bound, link, linked_page, reference, unlink
from entra_aws_sandbox.entra.odata import page, selected
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.tenant import Deleted, Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

READ_ONLY = {"id", "appId", "createdDateTime", "deletedDateTime", "appDisplayName"}
SINGLE_SIGN_ON_MODES = (None, "", "notSupported", "password", "saml", "oidc")


def new_service_principal(tenant: Tenant, application: Json, given: Json) -> Json:
    """Store a service principal with every property a read of Graph shows."""
    service_principal: Json = {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeNames": [],
        "appDescription": None,
        "appDisplayName": application["displayName"],
        "appId": application["appId"],
        "applicationTemplateId": application["applicationTemplateId"],
        "appOwnerOrganizationId": tenant.id,
        "appRoleAssignmentRequired": False,
        "createdDateTime": tenant.timestamp(),
        "description": None,
        "disabledByMicrosoftStatus": None,
        "displayName": application["displayName"],
        "homepage": application["web"]["homePageUrl"],
        "loginUrl": None,
        "logoutUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None,
        "preferredTokenSigningKeyEndDateTime": None,
        "replyUrls": list(application["web"]["redirectUris"]),
        "samlMetadataUrl": None,
        "servicePrincipalNames": [*application["identifierUris"], application["appId"]],
        "servicePrincipalType": "Application",
        "signInAudience": application["signInAudience"],
        "tags": [],
        "tokenEncryptionKeyId": None,
        "samlSingleSignOnSettings": None,
        "addIns": [],
        "appRoles": application["appRoles"],
        "info": application["info"],
        "keyCredentials": [],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
        "verifiedPublisher": application["verifiedPublisher"],
    }
    merge(service_principal, given, read_only=set())
    return tenant.add("servicePrincipal", service_principal)


def delete_service_principal(tenant: Tenant, service_principal: str) -> None:
    """Soft-delete it; its jobs, secrets and app role assignments die with it."""
    found = tenant.service_principals.pop(service_principal)
    found["deletedDateTime"] = tenant.timestamp()
    tenant.deleted[service_principal] = Deleted("servicePrincipal", found, tenant.clock.now())
    tenant.secrets.pop(service_principal, None)
    for job in [j for j in tenant.jobs.values() if j.service_principal == service_principal]:
        del tenant.jobs[job.id]
    for assignment in list(tenant.assignments.values()):
        if service_principal in {assignment["resourceId"], assignment["principalId"]}:
            del tenant.assignments[assignment["id"]]


@route("GET", "/servicePrincipals")
def list_service_principals(call: Call) -> Json:
    """All service principals, filtered."""
    return page(
        call, [_public(s) for s in call.tenant.listed("servicePrincipal")], "servicePrincipals"
    )


@route("POST", "/servicePrincipals")
def create_service_principal(call: Call) -> Reply:
    """The service principal of a registration of this tenant."""
    tenant, body = call.tenant, call.body()
    application = tenant.application_of(str(body.pop("appId", "")))
    if application is None:
        raise bad_request(
            "When using this permission, the backing application of the service principal being "
            "created must in the local tenant"
        )
    check_alone(tenant, application["appId"])
    given = {k: v for k, v in body.items() if k not in READ_ONLY}
    created = new_service_principal(tenant, application, given)
    for owner in {*bound(body, "owners"), call.caller.object_id}:
        link(tenant, tenant.owners, created["id"], owner)
    return Reply(
        {"@odata.context": call.context("servicePrincipals/$entity"), **_public(created)},
        HTTPStatus.CREATED,
    )


@route("GET", "/servicePrincipals/<service_principal>")
def get_service_principal(call: Call, service_principal: str) -> Json:
    """One service principal; certificates' keys only with `$select=keyCredentials`."""
    found = call.tenant.get("servicePrincipal", service_principal)
    shown = found if "keyCredentials" in call.request.args.get("$select", "") else _public(found)
    return selected(call, {"@odata.context": call.context("servicePrincipals/$entity"), **shown})


@route("PATCH", "/servicePrincipals/<service_principal>")
def update_service_principal(call: Call, service_principal: str) -> None:
    """Change properties; credential lists replace the whole list, by key id."""
    tenant, body = call.tenant, call.body()
    found = tenant.get("servicePrincipal", service_principal)
    if body.get("preferredSingleSignOnMode") not in SINGLE_SIGN_ON_MODES:
        raise bad_request(
            "Invalid value specified for property 'preferredSingleSignOnMode' of resource "
            "'ServicePrincipal'."
        )
    keys = tenant.signing_keys.get(service_principal, {})
    _check_thumbprint(keys, body.get("preferredTokenSigningKeyThumbprint"))
    for name in ("keyCredentials", "passwordCredentials"):
        if name in body:
            body[name] = _kept_credentials(name, found[name], body[name] or [])
    merge(found, body, read_only=READ_ONLY)
    used = {c["customKeyIdentifier"] for c in found["keyCredentials"]}
    for identifier in keys.keys() - used:
        del keys[identifier]


@route("DELETE", "/servicePrincipals/<service_principal>")
def remove_service_principal(call: Call, service_principal: str) -> None:
    """Soft-delete the service principal alone."""
    call.tenant.get("servicePrincipal", service_principal)
    delete_service_principal(call.tenant, service_principal)


@route("GET", "/servicePrincipals/<service_principal>/owners")
def list_owners(call: Call, service_principal: str) -> Json:
    """Who owns the service principal."""
    call.tenant.get("servicePrincipal", service_principal)
    return linked_page(call, list(call.tenant.owners.get(service_principal, {})))


@route("POST", "/servicePrincipals/<service_principal>/owners/$ref")
def add_owner(call: Call, service_principal: str) -> None:
    """Add an owner."""
    call.tenant.get("servicePrincipal", service_principal)
    link(call.tenant, call.tenant.owners, service_principal, reference(call))


@route("DELETE", "/servicePrincipals/<service_principal>/owners/<owner>/$ref")
def remove_owner(call: Call, service_principal: str, owner: str) -> None:
    """Remove an owner."""
    call.tenant.get("servicePrincipal", service_principal)
    unlink(call.tenant.owners, service_principal, owner)


@route("POST", "/servicePrincipals/<service_principal>/addTokenSigningCertificate", unlocked=True)
def add_token_signing_certificate(call: Call, service_principal: str) -> Json:
    """A new certificate: two key credentials and a password credential with one identifier."""
    tenant, body = call.tenant, call.body()
    display_name = body.get("displayName") or DEFAULT_NAME
    if not isinstance(display_name, str) or not display_name.startswith("CN="):
        raise bad_request("The display name of a token signing certificate must start with 'CN='.")
    starts = tenant.clock.now()
    ends = _end_date(body.get("endDateTime"), starts)
    with tenant.lock:
        tenant.get("servicePrincipal", service_principal)
    key = new_signing_key(display_name, starts, ends)
    with tenant.lock:
        found = tenant.get("servicePrincipal", service_principal)
        made, password = credentials(key)
        found["keyCredentials"] = [*found["keyCredentials"], *made]
        found["passwordCredentials"] = [*found["passwordCredentials"], password]
        tenant.signing_keys.setdefault(service_principal, {})[key.key_identifier] = key
    return {
        "@odata.context": call.context("microsoft.graph.selfSignedCertificate"),
        **{k: v for k, v in made[1].items() if k != "keyId"},
        "keyId": made[0]["keyId"],
        "thumbprint": key.thumbprint,
    }


def check_alone(tenant: Tenant, app_id: str) -> None:
    """Raise the 409 of Graph when an application has a service principal already."""
    if tenant.service_principal_of(app_id) is not None:
        raise GraphError(
            HTTPStatus.CONFLICT,
            "Request_MultipleObjectsWithSameKeyValue",
            "The service principal cannot be created, updated, or restored because the service "
            f"principal name {app_id} is already in use.",
        )


def _end_date(text: object, starts: datetime) -> datetime:
    if not text:
        return starts.replace(year=starts.year + 3) if starts.day < 29 else starts + MAX_VALIDITY
    try:
        ends = datetime.fromisoformat(str(text))
    except ValueError:
        raise bad_request(f"Cannot convert the literal '{text}' to 'Edm.DateTimeOffset'.") from None
    if ends.tzinfo is None or not starts < ends <= starts + MAX_VALIDITY:
        raise bad_request(
            "The end date of a token signing certificate must be in the future and at most three "
            "years from now."
        )
    return ends


def _check_thumbprint(keys: dict[str, SigningKey], thumbprint: str | None) -> None:
    if thumbprint and thumbprint not in [key.thumbprint for key in keys.values()]:
        raise bad_request(
            "The value of preferredTokenSigningKeyThumbprint must be the thumbprint of a token "
            "signing certificate of this service principal."
        )


def _kept_credentials(name: str, existing: list[Json], wanted: Any) -> list[Json]:
    """Credentials can be dropped by a PATCH; a new one can't be smuggled in without its key."""
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        raise bad_request(f"Invalid value specified for property '{name}' of resource.")
    known = {credential["keyId"]: credential for credential in existing}
    unknown = [c.get("keyId") for c in wanted if str(c.get("keyId")) not in known]
    if unknown:
        raise bad_request(
            f"Update to existing credential with KeyId '{unknown[0]}' is not allowed.",
            "CredentialInvalidUpdate",
        )
    return [known[c["keyId"]] for c in wanted]


def _public(service_principal: Json) -> Json:
    hidden = [{**c, "key": None} for c in service_principal["keyCredentials"]]
    return {**service_principal, "keyCredentials": hidden}
