"""What the azuread resources share: the client, locks by object, error contexts."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.providers.azuread.graph import Graph, GraphError
from sandbox.providers.resource import ProviderError, Resource

NOT_FOUND = 404
# Synchronization calls, reads too, are retried on both: a missing permission looks like a hang.
SYNCHRONIZATION_RETRIED = frozenset({403, 409})

_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class GraphResource(Resource):
    """A resource of Graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph


@contextmanager
def locked(object_id: str) -> Iterator[None]:
    """Serialize read-modify-write calls on one object, as the real plugin does by name."""
    with _locks[object_id]:
        yield


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Put what was being done before the error of the call."""
    try:
        yield
    except GraphError as error:
        raise ProviderError(f"{what}: {error}") from error


def last(identity: str) -> str:
    """The last segment of a resource id."""
    return identity.rpartition("/")[2]


def already_exists(resource_type: str, identity: str) -> ProviderError:
    """The refusal to take over what exists (helpers/tf: ImportAsExistsError)."""
    return ProviderError(
        f'A resource with the ID "{identity}" already exists - to be managed via Terraform this'
        " resource needs to be imported into the State. Please see the resource documentation"
        f' for "{resource_type}" for more information.'
    )


def plain(value: object) -> object:
    """A string attribute as Terraform keeps it: null is the empty string."""
    return "" if value is None else value
