"""The desired state of one update and its fingerprint: what a reviewer approves. Pure.

Everything that decides what an update makes is in it, as far as people declare it or the clouds
name it: nothing can be applied under a reviewed hash that was not there to be reviewed. What is
left out: whether a principal has arrived (held assignments are declared, so they are in), and the
content of AWS-managed policies, which AWS changes by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import to_jsonable_python

from federation.access.declared import Access, canonical_json
from federation.identity.saml_metadata import ServiceProviderMetadata
from federation.update.access_stack import AccessStackSettings
from federation.update.plan import Facts, Plan
from federation.update.review_record import review_record
from federation.update.settings import NAMESPACE, Settings

# How `up` is given the hash of the access diff that was reviewed.
REVIEWED_VARIABLE: Final = "ENTRA_IDENTITY_CENTER_REVIEWED"


class NotReviewedError(ValueError):
    """The update is not the reviewed one; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """SHA-256 digests of the parts of a desired state by the part's name.

    `principals` are Entra object ids by logical name (lower case), `own:<key>` for a group that the
    stack makes: whoever shows the update looks their names up by these. `record` is for the next
    review (federation/update/review_record.py).
    """

    parts: Mapping[str, str]
    principals: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """The fingerprint of everything, `sha256:` and 64 hexadecimal digits."""
        return f"sha256:{_digest(self.parts)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as the component DesiredState keeps it."""
        return {
            "hash": self.hash,
            "parts": dict(self.parts),
            "principals": dict(self.principals),
            "record": dict(self.record),
        }


def desired_state(
    settings: Settings | AccessStackSettings,
    access: Access,
    facts: Facts,
    plan: Plan,
    *,
    people: Mapping[str, str],
    metadata: ServiceProviderMetadata | None = None,
    files: Mapping[str, str],
) -> DesiredState:
    """The desired state of a decided update.

    `people` are Entra object ids by lower-cased user principal name, `files` the SHA-256 digests by
    name of the files read besides the access files: the stack's configuration file, where a secret
    is ciphertext, and the SP metadata.
    """
    assignments = [one.assignment.logical_name for one in plan.resolution.explained]
    frozen = [assignment.logical_name for assignment in plan.resolution.frozen]
    instance = facts.instance
    principals = _principals(access, facts)
    record = review_record(settings, access, facts.organization, plan.resolution)
    return DesiredState(
        principals=principals,
        record=record,
        parts={
            part: _digest(value)
            for part, value in {
                "assignments": sorted([*assignments, *frozen]),
                "principals": principals,
                "people": dict(people),
                "access": access,
                "guards": record["guards"],
                "settings": settings,
                "trust": metadata,
                "instance": instance.arn if instance else None,
                "organization": facts.organization.management_account_id,
                "phase": plan.phase,
                "files": {**access.files, **files},
            }.items()
        },
    )


def check_reviewed(state: DesiredState, *, reviewed: str, required: bool) -> None:
    """Raise NotReviewedError unless `reviewed` is the state's hash, or is "" and not required."""
    if reviewed == state.hash or not (reviewed or required):
        return
    again = (
        "review the access diff again (python -m ops diff) and give its hash with python -m ops up "
        f"--reviewed HASH, or in {REVIEWED_VARIABLE}"
    )
    if not reviewed:
        raise NotReviewedError(
            f"this stack applies only what was reviewed ({NAMESPACE}:requireReviewed): {again}"
        )
    raise NotReviewedError(
        f"this is not the reviewed update (reviewed {reviewed}, now {state.hash}): a file, an "
        f"account, an OU, a tag, a principal or a date has changed since; {again}"
    )


def _principals(access: Access, facts: Facts) -> dict[str, str]:
    """The Entra object id by principal; `own:<key>` for a group that the stack makes."""
    made = {group.principal for group in access.groups.values() if group.create}
    return {
        key.logical_name: f"own:{key.key}" if key in made else one.object_id or ""
        for key, one in facts.principals.items()
    }


def _digest(value: Any) -> str:
    """SHA-256 of dataclasses, models and plain values; a secret counts as stars, since its
    ciphertext is in the digest of the configuration file.
    """
    return hashlib.sha256(canonical_json(to_jsonable_python(value)).encode()).hexdigest()
