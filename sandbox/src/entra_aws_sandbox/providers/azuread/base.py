"""What the azuread resources share: the client, locks by object, error contexts."""

from __future__ import annotations

import threading
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from entra_aws_sandbox.providers.azuread.graph import CallError, Graph
from entra_aws_sandbox.providers.resource import ProviderError, Resource

BAD_REQUEST = 400
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
    except CallError as error:
        raise ProviderError(f"{what}: {error}") from error


def last(identity: str) -> str:
    """The last segment of a resource id."""
    return identity.rpartition("/")[2]


def must_be_imported(resource_type: str, what: str) -> ProviderError:
    """The refusal to take over what exists (helpers/tf: ImportAsExistsDiag, …DuplicateDiag)."""
    return ProviderError(
        f"[id] {what}: To be managed via Terraform, this resource needs to be imported into the"
        f' State. Please see the resource documentation for "{resource_type}" for more information.'
    )


def already_exists(resource_type: str, identity: str) -> ProviderError:
    """The same of the typed resources (helpers/tf: ImportAsExistsError)."""
    return ProviderError(
        f'a resource with the ID "{identity}" already exists - to be managed via Terraform this'
        " resource needs to be imported into the State. Please see the resource documentation"
        f' for "{resource_type}" for more information'
    )


def hash_order(values: Iterable[str], *, by_value: bool = True) -> list[str]:
    """The strings of a set in the order that the real plugin sends them.

    terraform-plugin-sdk sorts a set by the text of its members' CRC-32 (`schema.HashString`,
    `by_value`), or of the CRC-32 of their serialized form, which ends with a semicolon.
    """
    ending = "" if by_value else ";"
    return sorted(set(values), key=lambda value: str(zlib.crc32((value + ending).encode())))


def plain(value: object) -> object:
    """A string attribute as Terraform keeps it: null is the empty string."""
    return "" if value is None else value
