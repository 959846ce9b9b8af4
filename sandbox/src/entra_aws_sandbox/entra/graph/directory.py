"""The directory across kinds: any object by id, deleted objects, the organization itself."""

from __future__ import annotations

from entra_aws_sandbox.entra.errors import bad_request, not_found
from entra_aws_sandbox.entra.graph.applications import check_unique
from entra_aws_sandbox.entra.graph.service_principals import check_alone
from entra_aws_sandbox.entra.graph.users import check_name
from entra_aws_sandbox.entra.odata import page, selected
from entra_aws_sandbox.entra.permissions import readable
from entra_aws_sandbox.entra.routing import Call, Routes
from entra_aws_sandbox.entra.tenant import Deleted, Tenant
from entra_aws_sandbox.entra.values import Json

route = Routes()

MAX_IDS = 1000
"""Ids of one getByIds call (Graph reference)."""


@route("GET", "/organization")
def get_organization(call: Call) -> Json:
    """The tenant."""
    domains = [_domain(call.tenant, d) for d in call.tenant.verified_domains]
    organization = {
        "id": call.tenant.id,
        "displayName": call.tenant.display_name,
        "verifiedDomains": [{"name": d["id"], "isDefault": d["isDefault"]} for d in domains],
    }
    return page(call, [organization], "organization")


@route("GET", "/subscribedSkus")
def list_licences(call: Call) -> Json:
    """What the tenant has subscribed to; AAD_PREMIUM is Entra ID P1."""
    premium = {
        "servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
        "servicePlanName": "AAD_PREMIUM",
        "provisioningStatus": "Success",
        "appliesTo": "User",
    }
    sku = {
        "skuPartNumber": "AAD_PREMIUM",
        "capabilityStatus": "Enabled",
        "appliesTo": "User",
        "servicePlans": [premium],
    }
    return page(call, [sku] if call.tenant.switches.group_licence else [], "subscribedSkus")


@route("GET", "/domains")
def list_domains(call: Call) -> Json:
    """The domains of the tenant."""
    return page(call, [_domain(call.tenant, d) for d in call.tenant.verified_domains], "domains")


@route("GET", "/directoryObjects/<object>")
def get_object(call: Call, **path: str) -> Json:
    """Any live object by its id."""
    object_id = path["object"]
    found = call.tenant.find(object_id)
    if found is None or not call.tenant.replicated(object_id):
        raise not_found(object_id)
    context = {"@odata.context": call.context("directoryObjects/$entity")}
    return selected(call, {**context, **readable(call.tenant, call.caller, *found)})


@route("POST", "/directoryObjects/getByIds")
def get_by_ids(call: Call) -> Json:
    """Objects of many ids at once; unknown ids are left out."""
    body = call.body()
    ids = body.get("ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_IDS:
        raise bad_request(f"ids must have between 1 and {MAX_IDS} values.")
    if not all(isinstance(each, str) for each in ids):
        raise bad_request("ids must be strings.")
    types = body.get("types")
    found = [call.tenant.find(i) for i in ids if call.tenant.replicated(i)]
    shown = [
        readable(call.tenant, call.caller, *hit)
        for hit in found
        if hit is not None and (not types or hit[0] in types)
    ]
    return {
        "@odata.context": call.context("directoryObjects"),
        "value": [selected(call, item) for item in shown],
    }


@route("GET", "/directory/deletedItems/microsoft.graph.<kind>")
def list_deleted(call: Call, kind: str) -> Json:
    """Soft-deleted objects of one kind."""
    call.tenant.purge()
    found = [d.resource for d in call.tenant.deleted.values() if d.kind == kind]
    return page(call, found, "directoryObjects")


@route("GET", "/directory/deletedItems/<object>")
def get_deleted(call: Call, **path: str) -> Json:
    """One soft-deleted object."""
    call.tenant.purge()
    found = call.tenant.deleted.get(path["object"])
    if found is None:
        raise not_found(path["object"])
    return {"@odata.type": f"#microsoft.graph.{found.kind}", **found.resource}


@route("POST", "/directory/deletedItems/<object>/restore")
def restore(call: Call, **path: str) -> Json:
    """Bring a soft-deleted object back; an application brings its service principal.

    Refused while somebody else has what must be unique.
    """
    tenant = call.tenant
    tenant.purge()
    found = tenant.deleted.get(path["object"])
    if found is None:
        raise not_found(path["object"])
    _check_unique(tenant, found)
    _bring_back(tenant, path["object"])
    if found.kind == "application":
        principals = [
            object_id
            for object_id, other in tenant.deleted.items()
            if other.kind == "servicePrincipal"
            and other.resource["appId"] == found.resource["appId"]
        ]
        # Earlier ones were deleted on their own and replaced.
        for object_id in principals[-1:]:
            _bring_back(tenant, object_id)
    return {"@odata.type": f"#microsoft.graph.{found.kind}", **found.resource}


@route("DELETE", "/directory/deletedItems/<object>")
def delete_for_good(call: Call, **path: str) -> None:
    """Delete a soft-deleted object permanently."""
    if call.tenant.deleted.pop(path["object"], None) is None:
        raise not_found(path["object"])


def _check_unique(tenant: Tenant, found: Deleted) -> None:
    resource = found.resource
    if found.kind == "application":
        check_unique(tenant, resource["id"], resource["identifierUris"])
    elif found.kind == "servicePrincipal":
        check_alone(tenant, resource["appId"])
    elif found.kind == "user":
        check_name(tenant, resource["userPrincipalName"], resource["id"])


def _bring_back(tenant: Tenant, object_id: str) -> None:
    found = tenant.deleted.pop(object_id)
    found.resource["deletedDateTime"] = None
    tenant.collection(found.kind)[object_id] = found.resource
    for group in found.groups:
        if group in tenant.groups:
            tenant.members.setdefault(group, {})[object_id] = None


def _domain(tenant: Tenant, name: str) -> Json:
    return {
        "id": name,
        "authenticationType": "Managed",
        "isAdminManaged": True,
        "isDefault": name == tenant.verified_domains[0],
        "isInitial": name == tenant.verified_domains[-1],
        "isRoot": True,
        "isVerified": True,
        "supportedServices": ["Email"],
    }
