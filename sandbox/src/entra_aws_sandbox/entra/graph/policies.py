"""Claims-mapping policies: extra attributes in the assertion, at most one policy an app."""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import Any

from entra_aws_sandbox.entra.errors import bad_request, not_found
from entra_aws_sandbox.entra.graph.merge import merge
from entra_aws_sandbox.entra.graph.references import reference
from entra_aws_sandbox.entra.odata import page
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

_POLICIES = "/policies/claimsMappingPolicies"
_LINKS = "/servicePrincipals/<service_principal>/claimsMappingPolicies"


@route("GET", "/policies/defaultAppManagementPolicy")
def get_app_management_policy(call: Call) -> Json:
    """What the tenant forbids for its applications (tenantAppManagementPolicy)."""
    restricted = call.tenant.switches.restrict_identifier_uris
    addition = {
        "state": "enabled" if restricted else "disabled",
        "restrictForAppsCreatedAfterDateTime": None,
        "excludeAppsReceivingV2Tokens": True,
        "excludeSaml": False,
    }
    return {
        "@odata.context": call.context("policies/defaultAppManagementPolicy"),
        "id": "00000000-0000-0000-0000-000000000000",
        "displayName": "Default app management tenant policy",
        "isEnabled": restricted,
        "applicationRestrictions": {"identifierUris": {"nonDefaultUriAddition": addition}},
    }


@route("GET", _POLICIES)
def list_policies(call: Call) -> Json:
    """All claims-mapping policies."""
    return page(call, call.tenant.policies.values(), "policies/claimsMappingPolicies")


@route("POST", _POLICIES)
def create_policy(call: Call) -> Reply:
    """A new policy; its definition is a list with one JSON string."""
    policy: Json = {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "definition": [],
        "description": None,
        "displayName": None,
        "isOrganizationDefault": False,
    }
    body = call.body()
    _check_definition(body.get("definition"))
    merge(policy, body, read_only={"id"})
    call.tenant.policies[policy["id"]] = policy
    return Reply(policy, HTTPStatus.CREATED)


@route("GET", f"{_POLICIES}/<policy>")
def get_policy(call: Call, policy: str) -> Json:
    """One policy."""
    return _policy(call.tenant, policy)


@route("PATCH", f"{_POLICIES}/<policy>")
def update_policy(call: Call, policy: str) -> None:
    """Change a policy."""
    found, body = _policy(call.tenant, policy), call.body()
    if "definition" in body:
        _check_definition(body["definition"])
    merge(found, body, read_only={"id"})


@route("DELETE", f"{_POLICIES}/<policy>")
def delete_policy(call: Call, policy: str) -> None:
    """Delete a policy and its links."""
    _policy(call.tenant, policy)
    del call.tenant.policies[policy]
    for links in call.tenant.policy_links.values():
        links.pop(policy, None)


@route("GET", _LINKS)
def list_links(call: Call, service_principal: str) -> Json:
    """The policies of a service principal."""
    call.tenant.get("servicePrincipal", service_principal)
    links = call.tenant.policy_links.get(service_principal, {})
    return page(call, [call.tenant.policies[p] for p in links], "policies")


@route("POST", f"{_LINKS}/$ref")
def link_policy(call: Call, service_principal: str) -> None:
    """Assign a policy to a service principal, which can have only one."""
    call.tenant.get("servicePrincipal", service_principal)
    policy = _policy(call.tenant, reference(call))
    links = call.tenant.policy_links.setdefault(service_principal, {})
    if links:
        raise bad_request(
            "A conflicting object with one or more of the specified property values is present "
            "in the directory."
        )
    links[policy["id"]] = None


@route("DELETE", f"{_LINKS}/<policy>/$ref")
def unlink_policy(call: Call, service_principal: str, policy: str) -> None:
    """Take a policy away from a service principal."""
    call.tenant.get("servicePrincipal", service_principal)
    links = call.tenant.policy_links.get(service_principal, {})
    if policy not in links:
        raise not_found(policy)
    del links[policy]


def mapped_claims(tenant: Tenant, service_principal: str) -> list[Json]:
    """The ClaimsSchema entries of the policy that applies to a service principal."""
    claims: list[Json] = []
    for policy in tenant.policy_links.get(service_principal, {}):
        definition = json.loads(tenant.policies[policy]["definition"][0])
        claims += definition["ClaimsMappingPolicy"].get("ClaimsSchema", [])
    return claims


def _policy(tenant: Tenant, policy: str) -> Json:
    found = tenant.policies.get(policy)
    if found is None:
        raise not_found(policy)
    return found


def _check_definition(definition: Any) -> None:
    try:
        (text,) = definition
        policy = json.loads(text)["ClaimsMappingPolicy"]
        valid = policy["Version"] == 1 and isinstance(policy.get("ClaimsSchema", []), list)
    except (TypeError, ValueError, KeyError):
        valid = False
    if not valid:
        raise bad_request("Property definition has an invalid value.")
