"""The SCIM endpoint as a WSGI application, mounted below the provisioning tenant's id."""

from __future__ import annotations

import uuid
from functools import cache
from http import HTTPStatus
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    External,
    Reference,
    ScimPolicy,
    ScimProvider,
    UnauthorizedException,
)
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.identitystore.attributes import ENTERPRISE
from entra_aws_sandbox.aws.identitystore.store import IdentityStore
from entra_aws_sandbox.aws.scim.rules import CORE_GROUP, CORE_USER, UNSUPPORTED
from entra_aws_sandbox.aws.scim.service import AwsScimHandler, AwsScimService
from entra_aws_sandbox.aws.scim.storage import IdentityStoreStorage
from entra_aws_sandbox.aws.scim.tokens import Tenant
from entra_aws_sandbox.aws.wire import Call, Gate
from entra_aws_sandbox.clock import Clock


class ScimApplication(WSGIApplication):
    """Serves one provisioning tenant; every request must show one of its tokens."""

    def __init__(
        self, store: IdentityStore, tenant: Tenant, clock: Clock, gates: list[Gate]
    ) -> None:
        provider = scim_provider()
        service = AwsScimService(provider, clock)
        storage = IdentityStoreStorage(store, provider)
        super().__init__(storage, provider, service)
        self.handler = AwsScimHandler(service, storage)
        self._tenant = tenant
        self._gates = gates

    @staticmethod
    def split_path(path: str) -> str:
        """The path below the mount; AWS has no version prefix and no suffix."""
        return path

    def needs_auth(self, request: ScimRequest) -> bool:  # noqa: ARG002
        """AWS asks for the token everywhere."""
        return True

    def check_auth(self, request: ScimRequest) -> None:
        """Raises UnauthorizedException without a valid token."""
        scheme, _, secret = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not self._tenant.accepts(secret.strip()):
            raise UnauthorizedException

    def dispatch_request(self, request: ScimRequest) -> ScimResponse:
        """Every call passes the gates, under the name of AWS's operation."""
        self.check_auth(request)
        operation = _operation(request)
        for gate in self._gates:
            gate(Call(service="scim", operation=operation, region="", account_id="", access_key=""))
        response: ScimResponse = super().dispatch_request(request)
        return response

    def handle_exception(self, request: ScimRequest, exception: Exception) -> ScimResponse:
        """What a gate refuses is an answer, not a bug to be logged."""
        if isinstance(exception, AwsError):
            return self.service.error_response(exception)
        return super().handle_exception(request, exception)

    def finalize_response(self, request: ScimRequest, response: ScimResponse) -> ScimResponse:
        """AWS answers `application/json` and names each request."""
        response = super().finalize_response(request, response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            # The library puts the request's address there, line breaks included.
            response.headers.pop("Location", None)
        if response.body is not None:
            response.headers["Content-Type"] = "application/json"
        body: Any = response.body or {}
        response.headers["x-amzn-RequestId"] = body.get("exceptionRequestId", str(uuid.uuid4()))
        return response


# What AWS asks for, by attribute; the standard's schema leaves all but userName open.
_REQUIRED: dict[str, Any] = {
    "userName": {},
    "displayName": {},
    "name": {"givenName": {}, "familyName": {}},
}


_UNSUPPORTED_BELOW = {
    "manager": ("displayName",),
    "emails": ("display",),
    "addresses": ("display",),
    "phoneNumbers": ("display",),
    "roles": ("display",),
}


_VERBS = {"POST": "Create", "PUT": "Put", "PATCH": "Patch", "DELETE": "Delete"}


def _operation(request: ScimRequest) -> str:
    """AWS's name of an operation, such as `ListUsers` or `PatchGroup`."""
    name, _, identifier = request.path.strip("/").partition("/")
    if request.method == "GET":
        return f"Get{name.removesuffix('s')}" if identifier else f"List{name}"
    return f"{_VERBS.get(request.method, request.method)}{name.removesuffix('s')}"


@cache
def scim_provider() -> ScimProvider:
    """The schemas AWS publishes and the PATCH shapes it takes from Entra."""
    config = load_default_service_provider_config()
    for capability in (config.bulk, config.sort, config.etag, config.change_password):
        capability.supported = False
    config.filter.max_results = 50
    config.pagination = None
    config.authentication_schemes = [
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="OAuth Bearer Token",
            description="Authentication scheme using the OAuth Bearer Token Standard",
            spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
            primary=True,
        )
    ]
    schemas = list(load_default_schemas().values())
    for schema in schemas:
        if schema.id in (CORE_USER, CORE_GROUP, ENTERPRISE):
            schema.attributes = _published(schema.attributes or [], _REQUIRED)
    policy = ScimPolicy(
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    )
    return ScimProvider.from_discovery(
        schemas, load_default_resource_types().values(), config=config, policy=policy
    )


def _published(attributes: list[Any], required: dict[str, Any]) -> list[Any]:
    """A schema's attributes without those that AWS refuses, the required ones marked as such."""
    kept = [each for each in attributes if each.name not in UNSUPPORTED]
    for attribute in kept:
        attribute.required = attribute.required or attribute.name in required
        if attribute.sub_attributes:
            below = [
                each
                for each in attribute.sub_attributes
                if each.name not in _UNSUPPORTED_BELOW.get(attribute.name, ())
            ]
            attribute.sub_attributes = _published(below, required.get(attribute.name, {}))
    return kept
