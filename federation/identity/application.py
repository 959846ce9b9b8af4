"""The enterprise application: what it is made from, and one that others have made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Microsoft Graph, "Configure SAML-based single sign-on": AWS IAM Identity Center in the gallery.
# The id is pinned, since the template's display name has changed once.
GALLERY_TEMPLATE: Final = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"
# The synchronization template of that application.
SYNCHRONIZATION_TEMPLATE: Final = "aWSSingleSignon"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A token-signing certificate: its display name and `keyId`, and the day on which it ends."""

    name: str
    key_id: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class Application:
    """One that exists, as Entra has it: application, service principal, and what hangs on them.

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
