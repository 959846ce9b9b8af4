"""What the stack's last checkpoint says about access: rows, assigned principals, phase.

The checkpoint is the only memory that survives a killed update; outputs of the stack are not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from federation.phases import phase_reached
from federation.principals import PinnedRow
from federation.rows import PrincipalKey, Row
from federation.settings import Phase

_ROW: Final = "aws:ssoadmin/accountAssignment:AccountAssignment"
_ASSIGNED: Final = "azuread:index/appRoleAssignment:AppRoleAssignment"
_PERMISSION_SET: Final = "aws:ssoadmin/permissionSet:PermissionSet"
_CREDENTIALS: Final = "azuread:index/synchronizationSecret:SynchronizationSecret"
_JOB: Final = "azuread:index/synchronizationJob:SynchronizationJob"
_ROWS: Final = "federation:aws:AccountAssignments"
# The output of the component AccountAssignments that keeps `holders`.
HOLDERS: Final = "holders"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """`object_ids` are the Entra object ids that were assigned to the application, by key.

    `permission_sets` are the ARNs of the stack's own ones. `holders` are the Entra object ids that
    the stack's rows were last made for, by key: unlike an app-role assignment, which Entra deletes
    with its principal, no refresh loses them.
    """

    phase: Phase | None = None
    rows: tuple[PinnedRow, ...] = ()
    object_ids: Mapping[PrincipalKey, str] = field(default_factory=dict)
    holders: Mapping[PrincipalKey, str] = field(default_factory=dict)
    provisioning: bool = False
    permission_sets: frozenset[str] = frozenset()
    credentials_hash: str = field(default="", repr=False)

    def previous_keys(self, moved: Mapping[str, str]) -> dict[PrincipalKey, PrincipalKey]:
        """Principals that `moved: {old: new}` renames in this update, new key to old."""
        known = {*self.object_ids, *self.holders}
        return {
            PrincipalKey(key.type, moved[key.key]): key for key in sorted(known) if key.key in moved
        }

    def remembered(self, *keys: PrincipalKey) -> frozenset[str]:
        """The Entra object ids, in lower case, that keys stood for in the last update."""
        ids = (memory.get(key) for key in keys for memory in (self.object_ids, self.holders))
        return frozenset(ident.lower() for ident in ids if ident)

    def has_credentials(self, endpoint: str, access_token: str) -> bool:
        """Whether this SCIM endpoint and token are the ones last written to Entra."""
        return self.credentials_hash == credentials_hash(endpoint, access_token)


def credentials_hash(endpoint: str, access_token: str) -> str:
    """A fingerprint of SCIM credentials; a token is long and random, so a hash hides it."""
    return hashlib.sha256(f"{endpoint}\n{access_token}".encode()).hexdigest()


def read(resources: Mapping[str, Mapping[str, Any]]) -> Checkpoint:
    """Keep what concerns access of all resources' outputs by URN; secrets are dropped here."""
    types: set[str] = set()
    rows: list[PinnedRow] = []
    object_ids: dict[PrincipalKey, str] = {}
    permission_sets: set[str] = set()
    holders: dict[PrincipalKey, str] = {}
    fingerprint = ""
    for urn, outputs in resources.items():
        kind = urn.split("::")[2].rpartition("$")[2]
        name = urn.split("::", 3)[3]
        types.add(kind)
        if kind == _ROW:
            rows.append(_pin(name, outputs))
        elif kind == _ASSIGNED:
            object_ids |= _by_key({name: outputs.get("principalObjectId")})
        elif kind == _ROWS:
            holders = _by_key(outputs.get(HOLDERS) or {})
        elif kind == _PERMISSION_SET:
            permission_sets.add(str(outputs.get("arn")))
        elif kind == _CREDENTIALS:
            values = {c["key"]: c["value"] for c in outputs.get("credentials") or ()}
            fingerprint = credentials_hash(
                values.get("BaseAddress", ""), values.get("SecretToken", "")
            )
    return Checkpoint(
        phase=phase_reached(types),
        rows=tuple(sorted(rows, key=lambda pin: pin.row)),
        object_ids=object_ids,
        holders=holders,
        provisioning=_JOB in types,
        permission_sets=frozenset(permission_sets),
        credentials_hash=fingerprint,
    )


def _by_key(ids: Mapping[str, Any]) -> dict[PrincipalKey, str]:
    """Object ids by key, of those by logical name."""
    found: dict[PrincipalKey, str] = {}
    for name, object_id in ids.items():
        key = PrincipalKey.parse(name)
        if key and object_id:
            found[key] = str(object_id)
    return found


def _pin(name: str, outputs: Mapping[str, Any]) -> PinnedRow:
    return PinnedRow(
        row=Row.parse(name),
        principal_id=outputs["principalId"],
        permission_set_arn=outputs["permissionSetArn"],
    )
