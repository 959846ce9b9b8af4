"""The operations of the identitystore API (target `AWSIdentityStore`)."""

from __future__ import annotations

from collections.abc import Callable

from entra_aws_sandbox.aws.identitystore.groups import group_handlers
from entra_aws_sandbox.aws.identitystore.memberships import membership_handlers
from entra_aws_sandbox.aws.identitystore.people import user_handlers
from entra_aws_sandbox.aws.identitystore.shared import Body, Handler, plain_id
from entra_aws_sandbox.aws.identitystore.store import IdentityStore, missing
from entra_aws_sandbox.aws.wire import Call

StoreOf = Callable[[Call], IdentityStore | None]


class IdentityStoreOperations:
    """Answers calls from the store that `store_of` finds for the caller, if there is one.

    An external identity provider and SCIM don't close this API: AWS's Identity Store API reference
    (welcome page) only recommends to use its Create, Update and Delete operations with caution
    then, since nothing is written back to the identity source. It is the console that refuses.
    """

    def __init__(self, store_of: StoreOf) -> None:
        self._store_of = store_of
        self._handlers: dict[str, Handler] = {
            **user_handlers(),
            **group_handlers(),
            **membership_handlers(),
            "DescribeIdentityStore": _describe_identity_store,
            "UpdateIdentityStore": _update_identity_store,
        }

    def handle(self, call: Call) -> Body:
        """See Operations."""
        store = self._store_of(call)
        if call.operation == "ListIdentityStores":
            return {"IdentityStores": [_store_identity(store)] if store else []}
        handler = self._handlers.get(call.operation)
        if handler is None:
            raise NotImplementedError(call.operation)
        if store is None or store.id != plain_id(call.body["IdentityStoreId"]):
            raise missing("IDENTITY_STORE")
        with store.lock:
            return handler(store, call.body)


def _store_identity(store: IdentityStore) -> Body:
    return {"IdentityStoreId": store.id, "IdentityStoreArn": store.arn}


def _describe_identity_store(store: IdentityStore, _body: Body) -> Body:
    shown = _store_identity(store)
    return {**shown, "NetworkConfiguration": store.network} if store.network else shown


def _update_identity_store(store: IdentityStore, body: Body) -> Body:
    store.network = body.get("NetworkConfiguration") or store.network
    return _store_identity(store)
