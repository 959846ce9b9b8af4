"""AWS's deviations from the SCIM protocol, as steps of scim2-server's service and handler."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Any

from scim2_models import (
    Context,
    InvalidSyntaxException,
    InvalidValueException,
    NotFoundException,
    PatchOp,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
)
from scim2_server.conditions import Conditions
from scim2_server.errors import MethodNotAllowedException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target
from scim2_server.service import ScimService

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.paging import page_of
from entra_aws_sandbox.aws.scim.groups import patch_group
from entra_aws_sandbox.aws.scim.rules import (
    CORE_GROUP,
    require_group,
    require_user,
    require_user_patch,
    with_manager_as_object,
)
from entra_aws_sandbox.aws.scim.storage import IdentityStoreStorage, document_of
from entra_aws_sandbox.clock import Clock

# SCIM developer guide, ListUsers and ListGroups: `count` from 1 to 100, 100 by default.
PAGE = 100

_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
# What a gate refuses with, as SCIM status.
_STATUS_OF = {"ThrottlingException": 429, "ConflictException": 409, "AccessDeniedException": 403}
_DETAILS = {
    400: "Request is unparsable, syntactically incorrect, or violates schema.",
    401: "User is not authorized to perform this operation. The access token is not valid.",
    404: "Resource not found.",
    405: "The operation is not supported.",
    409: "Refused to create a new, duplicate resource.",
    429: "Request throttled. Please try again later.",
}


class AwsScimService(ScimService):
    """What AWS reads, refuses and answers differently."""

    def __init__(self, provider: Any, clock: Clock) -> None:
        super().__init__(provider)
        self._clock = clock

    @staticmethod
    def match(request: ScimRequest) -> Target:
        """No /Me, no /Bulk, no /.search, no search at the root, no PUT on groups."""
        target = ScimService.match(request)
        rootless = target.operation is Operation.search and target.endpoint is None
        if (
            target.me
            or rootless
            or target.operation
            in (
                Operation.bulk,
                Operation.search_with_body,
            )
        ):
            raise NotFoundException(detail="The endpoint is not supported")
        if target.operation is Operation.replace and target.endpoint == "Groups":
            raise MethodNotAllowedException(allowed=["GET", "PATCH", "DELETE"])
        return target

    def read_creation(
        self, resource_type: ResourceType, body: bytes, content_type: str | None
    ) -> Resource[Any]:
        """See ScimService; AWS's limits come first."""
        document = self._document(body, content_type)
        if resource_type.name == "User":
            require_user(document)
        else:
            require_group(document)
            document["schemas"] = [CORE_GROUP]
        return super().read_creation(resource_type, json.dumps(document).encode(), content_type)

    def read_replacement(
        self, resource_type: ResourceType, body: bytes, content_type: str | None
    ) -> Resource[Any]:
        """See ScimService; PutUser wants everything that CreateUser wants."""
        require_user(self._document(body, content_type))
        return super().read_replacement(resource_type, body, content_type)

    def read_patch(
        self, resource_type: ResourceType, body: bytes, content_type: str | None
    ) -> PatchOp[Any]:
        """See ScimService; only people come here, groups are patched by `patch_group`."""
        document = self._document(body, content_type)
        operations = self.operations(body, content_type)
        require_user_patch(operations)
        document["Operations"] = [with_manager_as_object(each) for each in operations]
        return super().read_patch(resource_type, json.dumps(document).encode(), content_type)

    def apply_patch(
        self, current: Resource[Any], patch_op: PatchOp[Any], conditions: Conditions
    ) -> Resource[Any] | None:
        """See ScimService; what comes out must be a person that AWS would keep."""
        patched = super().apply_patch(current, patch_op, conditions)
        if patched is not None:
            require_user(patched.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))
        return patched

    def patch_response(
        self,
        base_url: str,
        resource: Resource[Any],
        response_parameters: ResponseParameters[Any],
    ) -> ScimResponse:
        """PatchUser answers 200 with the person."""
        return self.replacement_response(base_url, resource, response_parameters)

    def operations(self, body: bytes, content_type: str | None) -> list[dict[str, Any]]:
        """The operations of a PATCH request, as they came."""
        operations = self._document(body, content_type).get("Operations")
        if not isinstance(operations, list) or not all(isinstance(o, dict) for o in operations):
            raise InvalidSyntaxException(detail="Operations must be a list of objects")
        return operations

    def _document(self, body: bytes, content_type: str | None) -> dict[str, Any]:
        document = self.decode_body(body, content_type)
        if not isinstance(document, dict):
            raise InvalidSyntaxException(detail="The body must be an object")
        return document

    def read_response_parameters(
        self,
        resource_type: ResourceType,
        query: Any,  # noqa: ARG002
    ) -> ResponseParameters[Any]:
        """`attributes` and `excludedAttributes` have no effect at AWS."""
        return super().read_response_parameters(resource_type, {})

    @staticmethod
    def resource_response(
        resource: Resource[Any],
        scim_ctx: Context,
        response_parameters: ResponseParameters[Any] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> ScimResponse:
        """A resource in AWS's shape: no meta.location, no version, an empty list of members."""
        response = ScimService.resource_response(resource, scim_ctx, response_parameters, status)
        meta = response.body.get("meta", {})
        meta.pop("location", None)
        meta.pop("version", None)
        if meta.get("resourceType") == "Group":
            response.body["members"] = []
        return response

    def error_response(self, exception: Exception) -> ScimResponse:
        """An error in AWS's shape."""
        response = super().error_response(exception)
        status = int(response.status)
        if isinstance(exception, AwsError):
            status = _STATUS_OF.get(exception.code, exception.status)
        if status in (405, 412, 415, 501):
            status = 405 if status == 405 else 400
        reason = exception.detail if isinstance(exception, SCIMException) else None
        detail = _DETAILS.get(status, "An internal error occurred.")
        if status == 400 and reason and "\n" not in reason:
            detail = f"{detail} {reason}"
        now: datetime = self._clock.now()
        response.status = HTTPStatus(status)
        response.body = {
            "schema": [_ERROR],
            "schemas": [_ERROR],
            "detail": detail,
            "status": str(status),
            "exceptionRequestId": str(uuid.uuid4()),
            "timeStamp": now.strftime("%Y-%m-%d %H:%M:%S.") + f"{now.microsecond // 1000:03d}",
        }
        return response


class AwsScimHandler(ScimHandler):
    """Lists and group patches as AWS has them; everything else as scim2-server."""

    service: AwsScimService
    storage: IdentityStoreStorage

    def search(self, request: ScimRequest) -> ScimResponse:
        """ListUsers and ListGroups: with `cursor` (even empty) by cursor, else one page."""
        target = self.service.route(request, Operation.search)
        resource_type = self.service.resource_type_at(str(target.endpoint))
        found = self.storage.matching(resource_type, request.query.get("filter") or None)
        cursor = request.query.get("cursor")
        try:
            page, following = page_of(found, cursor, _count(request.query.get("count")))
        except AwsError:
            raise InvalidValueException(detail="The cursor is not valid") from None
        body: dict[str, Any] = {"itemsPerPage": len(page), "schemas": [_LIST]}
        if cursor is None:
            body |= {"totalResults": len(found), "startIndex": 1}
        elif following:
            body["nextCursor"] = following
        body["Resources"] = [document_of(each) for each in page]
        return ScimResponse(HTTPStatus.OK, body)

    def patch(self, request: ScimRequest) -> ScimResponse:
        """PatchGroup answers 204 and costs as much as its changes, however large the group."""
        target = self.service.route(request, Operation.patch)
        if target.endpoint != "Groups":
            return super().patch(request)
        operations = self.service.operations(request.body, request.header("Content-Type"))
        with self.storage.operation():
            patch_group(
                self.storage,
                self.service.resource_type_at("Groups"),
                str(target.resource_id),
                operations,
            )
        return ScimResponse(HTTPStatus.NO_CONTENT)


def _count(text: str | None) -> int:
    if text is None:
        return PAGE
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise InvalidValueException(detail=f"count must be between 1 and {PAGE}")
    return min(int(text), PAGE)
