"""The enterprise application of a federation that this program did not make, as Entra has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A token-signing certificate: its display name and `keyId`, and the day on which it ends."""

    name: str
    key_id: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class Application:
    """The application, its service principal, and what hangs on them.

    `jobs` are ids of synchronization jobs by template id. `assigned` are the object ids of groups
    and people; `in_role` are the ids of the assignments to the role User, which is the one that the
    program gives, by object id; `in_other_roles` are the names of those who have another.
    """

    name: str
    object_id: str
    service_principal_id: str
    sign_on_mode: str
    sign_on_url: str
    assignment_required: bool
    notification_emails: tuple[str, ...]
    identifier_uris: tuple[str, ...]
    reply_urls: tuple[str, ...]
    certificates: tuple[Certificate, ...]
    jobs: Mapping[str, str]
    assigned: frozenset[str]
    in_role: Mapping[str, str]
    in_other_roles: tuple[str, ...]
