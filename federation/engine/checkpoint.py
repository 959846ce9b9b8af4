"""What the stack's last checkpoint says about access: assignments, assigned principals, phase.

The checkpoint is the only memory that survives a killed update; outputs of the stack are not.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from federation.access.assignments import Assignment, PrincipalKey
from federation.core.domain import one_spelling
from federation.core.urn import (
    ACCESS_ATTRIBUTES,
    APP_ROLE_ASSIGNMENT,
    ASSIGNMENT,
    ASSIGNMENTS,
    GROUP,
    GROUP_MEMBER,
    REPAIRS,
    SERVICE_PRINCIPAL,
    SYNCHRONIZATION_JOB,
    SYNCHRONIZATION_SECRET,
    Urn,
)
from federation.engine.access_attributes import sources
from federation.engine.phase import Phase, phase_reached
from federation.engine.repairs import RepairLog
from federation.engine.set_content import StoredSet, stored_sets
from federation.identity.principals import PinnedAssignment

# The output of the component AccountAssignments that keeps `holders`.
HOLDERS: Final = "holders"
_Memory = TypeVar("_Memory")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """`object_ids` are the Entra object ids that were assigned to the application, by key.

    `sets` are the stack's own permission sets by logical name. `holders` are the Entra object ids
    that the stack's assignments were last made for, by key: unlike an app-role assignment, which
    Entra deletes with its principal, no refresh loses them. `groups` are the Entra object ids of
    the groups that the stack made, `owners` and `members` those of theirs. `repairs` are those of
    the last update that made some. `attributes` are the sources of the attributes for access
    control by key, None when the state has no configuration of them. `job` is the path of the
    provisioning job that the state has started, `application` the object id of the service
    principal, "" for none. `foreign` are the URNs of assignments that came into the state under a
    name or parent that this program does not give. `old_keys` are the keys in the checkpoint of
    principals whose key was renamed since, by the key of today.
    """

    phase: Phase | None = None
    assignments: tuple[PinnedAssignment, ...] = ()
    object_ids: Mapping[PrincipalKey, str] = field(default_factory=dict)
    holders: Mapping[PrincipalKey, str] = field(default_factory=dict)
    provisioning: bool = False
    job: str = ""
    application: str = ""
    groups: Mapping[PrincipalKey, str] = field(default_factory=dict)
    owners: Mapping[PrincipalKey, frozenset[str]] = field(default_factory=dict)
    members: Mapping[PrincipalKey, frozenset[str]] = field(default_factory=dict)
    sets: Mapping[str, StoredSet] = field(default_factory=dict)
    attributes: Mapping[str, str] | None = None
    repairs: RepairLog = field(default_factory=RepairLog)
    foreign: tuple[str, ...] = ()
    old_keys: Mapping[PrincipalKey, PrincipalKey] = field(default_factory=dict)
    credentials_hash: str = field(default="", repr=False)

    @property
    def permission_sets(self) -> frozenset[str]:
        """The ARNs of the stack's own permission sets."""
        return frozenset(one.arn for one in self.sets.values())

    def under(self, moved: Mapping[str, str]) -> Checkpoint:
        """The same memory under the keys of today (`moved: {old: new}` of the access file).

        Where both keys are remembered, the old one's memory is the one that moves.
        """

        def today(by_key: Mapping[PrincipalKey, _Memory]) -> dict[PrincipalKey, _Memory]:
            moved_last = sorted(by_key, key=lambda key: key.key in moved)
            return {key.under(moved): by_key[key] for key in moved_last}

        known = {*self.groups, *self.object_ids, *self.holders}
        return replace(
            self,
            assignments=tuple(pin.under(moved) for pin in self.assignments),
            object_ids=today(self.object_ids),
            holders=today(self.holders),
            groups=today(self.groups),
            owners=today(self.owners),
            members=today(self.members),
            old_keys={key.under(moved): key for key in sorted(known) if key.key in moved},
        )

    def remembered(self, key: PrincipalKey) -> frozenset[str]:
        """The Entra object ids that a key stood for in the last update."""
        ids = (memory.get(key) for memory in (self.object_ids, self.holders))
        return frozenset(ident for ident in ids if ident)

    def has_credentials(self, endpoint: str, access_token: str) -> bool:
        """Whether this SCIM endpoint and token are the ones last written to Entra."""
        return self.credentials_hash == credentials_hash(endpoint, access_token)


def credentials_hash(endpoint: str, access_token: str) -> str:
    """A fingerprint of SCIM credentials; a token is long and random, so a hash hides it."""
    return hashlib.sha256(f"{endpoint}\n{access_token}".encode()).hexdigest()


def read(resources: Mapping[str, Mapping[str, Any]]) -> Checkpoint:
    """Keep what concerns access of all resources' outputs by URN; secrets are dropped here."""
    types: set[str] = set()
    assignments: list[PinnedAssignment] = []
    object_ids: dict[PrincipalKey, str] = {}
    holders: dict[PrincipalKey, str] = {}
    repairs = RepairLog()
    job = ""
    foreign: list[str] = []
    fingerprint = ""
    attributes = None
    for urn, outputs in resources.items():
        resource = Urn.parse(urn)
        kind = resource.type
        types.add(kind)
        if kind == ASSIGNMENT:
            assignment = _own_assignment(resource)
            if assignment is None:
                foreign.append(urn)
            else:
                assignments.append(_pin(assignment, outputs))
        elif kind == APP_ROLE_ASSIGNMENT:
            object_ids |= _by_key({resource.name: outputs.get("principalObjectId")})
        elif kind == ASSIGNMENTS:
            holders = _by_key(outputs.get(HOLDERS) or {})
        elif kind == SYNCHRONIZATION_JOB and outputs.get("enabled"):
            job = str(outputs.get("id") or "")
        elif kind == ACCESS_ATTRIBUTES:
            attributes = sources(outputs.get("attributes"))
        elif kind == REPAIRS:
            repairs = RepairLog.from_dict(outputs)
        elif kind == SYNCHRONIZATION_SECRET:
            values = {c["key"]: c["value"] for c in outputs.get("credentials") or ()}
            fingerprint = credentials_hash(
                values.get("BaseAddress", ""), values.get("SecretToken", "")
            )
    return Checkpoint(
        phase=phase_reached(types),
        assignments=tuple(sorted(assignments, key=lambda pin: pin.assignment)),
        object_ids=object_ids,
        holders=holders,
        provisioning=SYNCHRONIZATION_JOB in types,
        job=job,
        application=_application(resources),
        sets=stored_sets(resources),
        attributes=attributes,
        **_own_groups(resources),
        repairs=repairs,
        foreign=tuple(sorted(foreign)),
        credentials_hash=fingerprint,
    )


def _application(resources: Mapping[str, Mapping[str, Any]]) -> str:
    """The object id of the service principal, "" for none."""
    found = (
        outputs.get("objectId")
        for urn, outputs in resources.items()
        if Urn.parse(urn).type == SERVICE_PRINCIPAL
    )
    return str(next(found, None) or "")


def _own_groups(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The fields about groups that the stack made."""
    groups: dict[str, Any] = {}
    owners: dict[str, Any] = {}
    members: dict[str, set[str]] = defaultdict(set)
    for urn, outputs in resources.items():
        resource = Urn.parse(urn)
        if resource.type == GROUP:
            groups[resource.name] = outputs.get("objectId")
            owners[resource.name] = frozenset(map(one_spelling, outputs.get("owners") or ()))
        elif resource.type == GROUP_MEMBER:
            group, _, member = resource.name.rpartition("/")
            members[group].add(member)
    return {
        "groups": _by_key(groups),
        "owners": {key: owners[key.logical_name] for key in _by_key(groups)},
        "members": {
            key: frozenset(members[key.logical_name]) for key in _by_key(dict.fromkeys(members, 1))
        },
    }


def _by_key(ids: Mapping[str, Any]) -> dict[PrincipalKey, str]:
    """Object ids by key, of those by logical name."""
    found: dict[PrincipalKey, str] = {}
    for name, object_id in ids.items():
        key = PrincipalKey.parse(name)
        if key and object_id:
            found[key] = one_spelling(str(object_id))
    return found


def _own_assignment(resource: Urn) -> Assignment | None:
    """The assignment of a resource below this program's component, None for any other."""
    if resource.types[-2:] != (ASSIGNMENTS, ASSIGNMENT):
        return None
    try:
        return Assignment.parse(resource.name)
    except ValueError:
        return None


def _pin(assignment: Assignment, outputs: Mapping[str, Any]) -> PinnedAssignment:
    return PinnedAssignment(
        assignment=assignment,
        principal_id=outputs["principalId"],
        permission_set_arn=outputs["permissionSetArn"],
    )
