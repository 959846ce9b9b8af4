"""Applications: the registration's identifiers, reply URLs and owners."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from entra_aws_sandbox.entra.errors import bad_request
from entra_aws_sandbox.entra.graph.merge import merge
from entra_aws_sandbox.entra.graph.references import bound, link, linked_page, reference, unlink
from entra_aws_sandbox.entra.graph.service_principals import delete_service_principal
from entra_aws_sandbox.entra.odata import page, selected
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.tenant import Deleted, Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

READ_ONLY = {"id", "appId", "createdDateTime", "deletedDateTime", "publisherDomain"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def new_application(tenant: Tenant, given: Json) -> Json:
    """Store an application with every property a read of Graph shows."""
    application: Json = {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "appId": str(uuid.uuid4()),
        "applicationTemplateId": None,
        "disabledByMicrosoftStatus": None,
        "createdDateTime": tenant.timestamp(),
        "displayName": None,
        "description": None,
        "groupMembershipClaims": None,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None,
        "nativeAuthenticationApisEnabled": None,
        "notes": None,
        "authenticationBehaviors": None,
        "isDisabled": None,
        "uniqueName": None,
        "oauth2RequirePostResponse": False,
        "optionalClaims": None,
        "publisherDomain": tenant.verified_domains[0],
        "serviceManagementReference": None,
        "signInAudience": "AzureADMyOrg",
        "samlMetadataUrl": None,
        "tags": [],
        "tokenEncryptionKeyId": None,
        "defaultRedirectUri": None,
        "certification": None,
        "servicePrincipalLockConfiguration": None,
        "requestSignatureVerification": None,
        "verifiedPublisher": {
            "displayName": None,
            "verifiedPublisherId": None,
            "addedDateTime": None,
        },
        "addIns": [],
        "api": {
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "requestedAccessTokenVersion": None,
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "appRoles": [],
        "info": {
            "logoUrl": None,
            "marketingUrl": None,
            "privacyStatementUrl": None,
            "supportUrl": None,
            "termsOfServiceUrl": None,
        },
        "keyCredentials": [],
        "passwordCredentials": [],
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "spa": {"redirectUris": []},
        "web": {
            "homePageUrl": None,
            "logoutUrl": None,
            "redirectUris": [],
            "redirectUriSettings": [],
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": False,
                "enableIdTokenIssuance": False,
            },
        },
    }
    merge(application, given, read_only=set())
    return tenant.add("application", application)


@route("GET", "/applications")
def list_applications(call: Call) -> Json:
    """All applications, filtered."""
    return page(call, call.tenant.listed("application"), "applications")


@route("POST", "/applications")
def create_application(call: Call) -> Reply:
    """A new registration; the calling application becomes its owner."""
    body = call.body()
    if not body.get("displayName"):
        raise bad_request("A value is required for property 'displayName' of resource.")
    _check_identifier_uris(call.tenant, None, body.get("identifierUris") or [])
    _check_redirect_uris(body)
    application = new_application(
        call.tenant, {k: v for k, v in body.items() if k not in READ_ONLY}
    )
    for owner in {*bound(body, "owners"), call.caller.object_id}:
        link(call.tenant, call.tenant.owners, application["id"], owner)
    return Reply(
        {"@odata.context": call.context("applications/$entity"), **application},
        HTTPStatus.CREATED,
    )


@route("GET", "/applications/<application>")
def get_application(call: Call, application: str) -> Json:
    """One application."""
    found = call.tenant.get("application", application)
    shown = {"@odata.context": call.context("applications/$entity"), **found}
    return selected(call, shown)


@route("PATCH", "/applications/<application>")
def update_application(call: Call, application: str) -> None:
    """Change properties; identifier and reply URLs are checked, the service principal follows."""
    tenant, body = call.tenant, call.body()
    found = tenant.get("application", application)
    if "identifierUris" in body:
        _check_identifier_uris(tenant, found, body["identifierUris"])
    _check_redirect_uris(body)
    merge(found, body, read_only=READ_ONLY)
    service_principal = tenant.service_principal_of(found["appId"])
    if service_principal is not None:
        service_principal["replyUrls"] = list(found["web"]["redirectUris"])
        service_principal["servicePrincipalNames"] = [*found["identifierUris"], found["appId"]]
        service_principal["appDisplayName"] = found["displayName"]
        service_principal["displayName"] = found["displayName"]
        service_principal["appRoles"] = found["appRoles"]


@route("DELETE", "/applications/<application>")
def delete_application(call: Call, application: str) -> None:
    """Soft-delete the application; its service principal goes with it."""
    tenant = call.tenant
    found = tenant.get("application", application)
    del tenant.applications[application]
    found["deletedDateTime"] = tenant.timestamp()
    tenant.deleted[application] = Deleted("application", found, tenant.clock.now())
    service_principal = tenant.service_principal_of(found["appId"])
    if service_principal is not None:
        delete_service_principal(tenant, service_principal["id"])


@route("GET", "/applications/<application>/owners")
def list_owners(call: Call, application: str) -> Json:
    """Who owns the application."""
    call.tenant.get("application", application)
    return linked_page(call, list(call.tenant.owners.get(application, {})))


@route("POST", "/applications/<application>/owners/$ref")
def add_owner(call: Call, application: str) -> None:
    """Add an owner."""
    call.tenant.get("application", application)
    link(call.tenant, call.tenant.owners, application, reference(call))


@route("DELETE", "/applications/<application>/owners/<owner>/$ref")
def remove_owner(call: Call, application: str, owner: str) -> None:
    """Remove an owner."""
    call.tenant.get("application", application)
    unlink(call.tenant.owners, application, owner)


def check_unique(tenant: Tenant, own_id: str | None, uris: list[str]) -> None:
    """Raise the 400 of Graph for an identifier URI that another application has."""
    taken = {
        uri
        for other in tenant.applications.values()
        if other["id"] != own_id
        for uri in other["identifierUris"]
    }
    if not taken.isdisjoint(uris):
        raise bad_request(
            "Another object with the same value for property identifierUris already exists."
        )


def _check_identifier_uris(tenant: Tenant, application: Json | None, uris: Any) -> None:
    if not isinstance(uris, list) or not all(isinstance(u, str) and u for u in uris):
        raise bad_request("Invalid value specified for property 'identifierUris' of resource.")
    own_id = application["id"] if application else None
    kept = set(application["identifierUris"]) if application else set()
    check_unique(tenant, own_id, uris)
    for uri in uris:
        if uri in kept:
            continue
        if tenant.switches.restrict_identifier_uris:
            # Entra, "Restrict identifier URIs"; the switch leaves out the exemption of SAML.
            raise bad_request(
                f"Failed to add identifier URI {uri}. All newly added URIs must contain a tenant "
                "verified domain, tenant ID, or app ID, as per the default tenant policy of your "
                "organization. See https://aka.ms/identifier-uri-addition-error for more "
                "information on this error.",
                "InvalidUniqueTenantIdentifierAsPerAppPolicy",
            )
        if not _host_is_verified(tenant, application, uri):
            raise bad_request(
                "Values of identifierUris property must use a verified domain of the "
                f"organization or its subdomain: '{uri}'",
                "HostNameNotOnVerifiedDomain",
            )


def _host_is_verified(tenant: Tenant, application: Json | None, uri: str) -> bool:
    """SAML mode of the service principal lifts the rule; so do non-http schemes."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"}:
        return bool(parts.scheme)
    host = parts.hostname or ""
    if any(host == d or host.endswith(f".{d}") for d in tenant.verified_domains):
        return True
    service_principal = tenant.service_principal_of(application["appId"]) if application else None
    return (
        service_principal is not None and service_principal["preferredSingleSignOnMode"] == "saml"
    )


def _check_redirect_uris(body: Json) -> None:
    """Reply URLs are https, or http on loopback (Entra documentation, reply URL restrictions)."""
    web = body.get("web")
    uris = web.get("redirectUris") if isinstance(web, dict) else None
    if not isinstance(uris, list):
        return
    for uri in uris:
        parts = urlsplit(uri) if isinstance(uri, str) else urlsplit("")
        secure = parts.scheme == "https" and parts.hostname
        if not secure and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise bad_request(
                f"Invalid value specified for property 'redirectUris' of resource 'Application': "
                f"'{uri}' must start with 'https' or 'http://localhost'."
            )
    if len(set(uris)) != len(uris):
        raise bad_request("Redirect URIs must have distinct values.")
