"""The application gallery: templates and their instantiation."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from entra_aws_sandbox.entra.errors import bad_request, not_found
from entra_aws_sandbox.entra.graph.applications import new_application
from entra_aws_sandbox.entra.graph.service_principals import new_service_principal
from entra_aws_sandbox.entra.odata import page
from entra_aws_sandbox.entra.routing import Call, Reply, Routes
from entra_aws_sandbox.entra.values import Json

route = Routes()

USER_ROLE = "8774f594-1d59-4279-b9d9-59ef09a23530"
MSIAM_ACCESS_ROLE = "e7f1a7f3-9eda-48e0-9963-bd67bf531afd"
"""The two app roles every SAML template app is born with: constants of the gallery."""

INTEGRATED_APP = "WindowsAzureActiveDirectoryIntegratedApp"
"""The tag that lists a service principal under "Enterprise applications" in the portal."""


@route("GET", "/applicationTemplates")
def list_templates(call: Call) -> Json:
    """The gallery, filtered."""
    return page(call, [_public(t) for t in call.tenant.templates.values()], "applicationTemplates")


@route("GET", "/applicationTemplates/<template>")
def get_template(call: Call, template: str) -> Json:
    """One template of the gallery."""
    return _public(_template(call, template))


@route("POST", "/applicationTemplates/<template>/instantiate")
def instantiate(call: Call, template: str) -> Reply:
    """Make an application and its service principal; the caller owns both.

    Source: Graph tutorial "Configure SAML-based single sign-on", its sample answer.
    """
    tenant, source = call.tenant, _template(call, template)
    display_name = call.body().get("displayName")
    if not isinstance(display_name, str) or not display_name:
        raise bad_request("A value is required for property 'displayName' of resource.")
    application = new_application(
        tenant,
        {
            "displayName": display_name,
            "applicationTemplateId": template,
            "appRoles": [
                _role("User", USER_ROLE),
                _role("msiam_access", MSIAM_ACCESS_ROLE),
            ],
            "api": {"oauth2PermissionScopes": [_user_impersonation(display_name)]},
            "web": {"homePageUrl": source["webHomePageUrl"]},
        },
    )
    service_principal = new_service_principal(
        tenant,
        application,
        {
            "appRoleAssignmentRequired": True,
            "homepage": source["webHomePageUrl"],
            "tags": [INTEGRATED_APP],
        },
    )
    for created in (application, service_principal):
        tenant.owners.setdefault(created["id"], {})[call.caller.object_id] = None
    body = {
        "@odata.context": call.context("microsoft.graph.applicationServicePrincipal"),
        "application": application,
        "servicePrincipal": service_principal,
    }
    return Reply(body, HTTPStatus.CREATED)


def _template(call: Call, template: str) -> Json:
    found = call.tenant.templates.get(template)
    if found is None:
        raise not_found(template)
    return found


def _public(template: Json) -> Json:
    private = {"webHomePageUrl", "synchronizationTemplate"}
    return {k: v for k, v in template.items() if k not in private}


def _role(name: str, role_id: str) -> Json:
    return {
        "allowedMemberTypes": ["User"],
        "description": name,
        "displayName": name,
        "id": role_id,
        "isEnabled": True,
        "origin": "Application",
        "value": None,
    }


def _user_impersonation(display_name: str) -> Json:
    sentence = f"Allow the application to access {display_name} on behalf of the signed-in user."
    return {
        "adminConsentDescription": sentence,
        "adminConsentDisplayName": f"Access {display_name}",
        "id": str(uuid.uuid4()),
        "isEnabled": True,
        "type": "User",
        "userConsentDescription": sentence,
        "userConsentDisplayName": f"Access {display_name}",
        "value": "user_impersonation",
    }
