"""SCIM resources as a view of the identity store: nothing is kept here."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from scim2_models import (
    Context,
    InvalidFilterException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimProvider,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.identitystore.attributes import API_ONLY, ENTERPRISE
from entra_aws_sandbox.aws.identitystore.store import Group, IdentityStore, Principal, User
from entra_aws_sandbox.aws.scim.filters import GROUP_FILTERS, USER_FILTERS, read_filter
from entra_aws_sandbox.aws.scim.rules import CORE_GROUP, CORE_USER, refused
from entra_aws_sandbox.clock import iso

_OWN = frozenset({"id", "externalId", "meta", "schemas"})


class IdentityStoreStorage(ScimStorage):
    """Reads and writes people and groups where the identitystore API does."""

    def __init__(self, store: IdentityStore, provider: ScimProvider) -> None:
        self.store = store
        self._provider = provider

    @contextmanager
    def operation(self) -> Generator[None]:
        """One request sees and changes the store alone."""
        with self.store.lock:
            yield

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,  # noqa: ARG002
    ) -> Resource[Any]:
        """See ScimStorage."""
        return self._resource(resource_type, self.principal(resource_type, resource_id))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ARG002
    ) -> SearchPage:
        """See ScimStorage; the endpoint itself pages with `matching`."""
        if len(resource_types) != 1:
            raise InvalidFilterException(detail="Search one resource type at a time")
        text = str(search_request.filter) if search_request.filter else None
        found = self.matching(resource_types[0], text)
        start = search_request.start_index_0 or 0
        end = None if search_request.count is None else start + search_request.count
        page = [self._resource(resource_types[0], each) for each in found[start:end]]
        return SearchPage(len(found), page)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """See ScimStorage."""
        body = _dumped(resource)
        try:
            with self.store.lock:
                if resource_type.name == "User":
                    return self._resource(resource_type, self._create_user(body))
                return self._resource(resource_type, self._create_group(body))
        except AwsError as error:
            raise _as_scim(error) from None

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        """See ScimStorage; of a group only the name and the externalId change here."""
        with self.store.lock:
            principal = self.principal(resource_type, str(resource.id))
            _require_version(principal, expected_version)
            body = _dumped(resource)
            try:
                if isinstance(principal, User):
                    changed: Principal = self.store.change_user(
                        principal, _attributes(body), body.get("externalId")
                    )
                else:
                    changed = self.rename_group(
                        resource.id, body.get("displayName"), body.get("externalId")
                    )
            except AwsError as error:
                raise _as_scim(error) from None
            return self._resource(resource_type, changed)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        """See ScimStorage."""
        with self.store.lock:
            principal = self.principal(resource_type, resource_id)
            _require_version(principal, expected_version)
            if isinstance(principal, User):
                self.store.remove_user(resource_id)
            else:
                self.store.remove_group(resource_id)

    def principal(self, resource_type: ResourceType, resource_id: str) -> User | Group:
        """The person or group with an id. Raises NotFoundException."""
        kept: dict[str, Any] = (
            self.store.users if resource_type.name == "User" else self.store.groups
        )
        found: User | Group | None = kept.get(resource_id)
        if found is None:
            raise NotFoundException(detail=f"{resource_type.name} {resource_id} not found")
        return found

    def matching(self, resource_type: ResourceType, text: str | None) -> Sequence[User | Group]:
        """The people or groups a filter matches, in the order they were made."""
        with self.store.lock:
            if resource_type.name == "User":
                if text is None:
                    return list(self.store.users.values())
                return self._users(read_filter(text, USER_FILTERS))
            if text is None:
                return list(self.store.groups.values())
            return self._groups(read_filter(text, GROUP_FILTERS))

    def _users(self, wanted: dict[str, str]) -> list[User]:
        if "username" in wanted:
            return self.store.users_named(wanted["username"])
        if "externalid" in wanted:
            return self.store.users_with_external_id(wanted["externalid"])
        if "groups" in wanted:
            return [self.store.users[m.user_id] for m in self.store.members(wanted["groups"])]
        user = self.store.users.get(wanted["id"])
        manager = (user.attributes.get(ENTERPRISE) or {}).get("manager") if user else None
        managed = isinstance(manager, dict) and manager.get("value") == wanted["manager"]
        return [user] if user and managed else []

    def _groups(self, wanted: dict[str, str]) -> list[Group]:
        if "displayname" in wanted:
            return self.store.groups_named(wanted["displayname"])
        if "externalid" in wanted:
            return self.store.groups_with_external_id(wanted["externalid"])
        memberships = list(self.store.groups_of(wanted["members"]))
        groups = [self.store.groups[each.group_id] for each in memberships]
        return [group for group in groups if wanted.get("id", group.id) == group.id]

    def rename_group(
        self, group_id: str | None, display_name: str | None, external_id: str | None
    ) -> Group:
        """Give a group its name and externalId. Raises AwsError for a name that is taken."""
        group = self.store.group(str(group_id))
        return self.store.change_group(
            group,
            display_name=display_name,
            description=group.description,
            external_id=external_id,
        )

    def _create_user(self, body: dict[str, Any]) -> User:
        return self.store.add_user(_attributes(body), body.get("externalId"))

    def _create_group(self, body: dict[str, Any]) -> Group:
        members = list(dict.fromkeys(str(each["value"]) for each in body.get("members") or ()))
        for user_id in members:
            self.require_member(user_id)
        group = self.store.add_group(body["displayName"], external_id=body.get("externalId"))
        for user_id in members:
            self.store.add_membership(group.id, user_id)
        return group

    def require_member(self, user_id: str) -> None:
        """Only people can be members. Raises NotFoundException or InvalidValueException."""
        if user_id in self.store.groups:
            raise refused("groups cannot be members of groups")
        if user_id not in self.store.users:
            raise NotFoundException(detail=f"User {user_id} not found")

    def _resource(self, resource_type: ResourceType, principal: Principal) -> Resource[Any]:
        with self._provider:
            model = self._provider.model_for(resource_type)
            document = document_of(principal)
            document["meta"]["version"] = _version(principal)
            resource: Resource[Any] = model.model_validate(document)
            return resource


def document_of(principal: Principal) -> dict[str, Any]:
    """A person or group as AWS's SCIM endpoint shows it; members are never shown."""
    document: dict[str, Any] = {"id": principal.id}
    if principal.external_id:
        document["externalId"] = principal.external_id
    document["meta"] = {
        "resourceType": "User" if isinstance(principal, User) else "Group",
        "created": iso(principal.created),
        "lastModified": iso(principal.updated),
    }
    if isinstance(principal, User):
        shown = {k: v for k, v in principal.attributes.items() if k not in API_ONLY}
        document["schemas"] = [CORE_USER, ENTERPRISE]
        return {**document, "active": principal.active, **shown}
    assert isinstance(principal, Group)  # noqa: S101  (there are two kinds)
    document["schemas"] = [CORE_GROUP]
    return {**document, "displayName": principal.display_name, "members": []}


def _dumped(resource: Resource[Any]) -> dict[str, Any]:
    body: dict[str, Any] = resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return body


def _attributes(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _OWN}


def _version(principal: Principal) -> str:
    return f'W/"{principal.revision}"'


def _require_version(principal: Principal, expected: str | None) -> None:
    if expected is not None and expected != _version(principal):
        raise PreconditionFailedException


def _as_scim(error: AwsError) -> Exception:
    if error.code == "ConflictException":
        return UniquenessException(detail=error.message)
    return NotFoundException(detail=error.message)
