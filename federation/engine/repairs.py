"""Repairs: what the state takes for done and the clouds do not have. Pure data.

A provider that fails in the middle of an update keeps the planned values in the state
(terraform-plugin-sdk without partial mode): the next update finds nothing to do. So the clouds are
asked in every preview and `up`, and what differs becomes a repair. A preview names it; `up` makes
it before anything is registered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Relation = Literal["members", "owners"]
Action = Literal["add", "remove"]
Aspect = Literal[
    "description",
    "sessionDuration",
    "relayState",
    "tag",
    "managedPolicy",
    "customerManagedPolicy",
    "inlinePolicy",
    "permissionsBoundary",
]


@dataclass(frozen=True, kw_only=True)
class GroupRepair:
    """A member or owner of a group that the stack makes, to be added or removed in Entra.

    `group` is the key in the access file, `group_name` Entra's display name, `group_id` and
    `object_id` are Entra object ids; `name` is the user principal name or display name of the
    member or owner.
    """

    group: str
    group_name: str
    group_id: str
    relation: Relation
    action: Action
    object_id: str
    name: str
    kind: Literal["group"] = "group"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One aspect of a permission set: what AWS has (`live`) and what is declared (`declared`).

    `name` tells several of a kind apart: a tag's key, a policy's ARN, or path and name of a
    customer-managed one. None means that there is none.
    """

    aspect: Aspect
    name: str = ""
    live: str | None = None
    declared: str | None = None


@dataclass(frozen=True, kw_only=True)
class PermissionSetRepair:
    """A permission set of the stack whose content or whose accounts are not as declared.

    `accounts` are the ids of those where the role is of an older version
    (`LATEST_PERMISSION_SET_NOT_PROVISIONED`). `missing` says that AWS no longer has the set: only
    an update with a refresh can make it anew.
    """

    permission_set: str
    arn: str
    differences: tuple[Difference, ...] = ()
    accounts: tuple[str, ...] = ()
    missing: bool = False
    kind: Literal["permissionSet"] = "permissionSet"


@dataclass(frozen=True, kw_only=True)
class JobRepair:
    """The provisioning job, which the state has started and Entra has not; `job` is its path."""

    job: str
    kind: Literal["job"] = "job"


@dataclass(frozen=True, kw_only=True)
class AttributesRepair:
    """The attributes for access control of an instance, which are not as declared.

    `live` (None: AWS has no configuration) and `declared` are the source by key, as
    `${path:enterprise.department}`; AWS takes the whole configuration at once.
    """

    instance: str
    live: Mapping[str, str] | None
    declared: Mapping[str, str]
    kind: Literal["attributes"] = "attributes"


Repair = GroupRepair | PermissionSetRepair | JobRepair | AttributesRepair
_PLAIN: Final[Mapping[str, type[Any]]] = {
    "group": GroupRepair,
    "job": JobRepair,
    "attributes": AttributesRepair,
}


def to_dict(repair: Repair) -> dict[str, Any]:
    """Plain data, as the component Repairs keeps it."""
    return asdict(repair)


def from_dict(data: Mapping[str, Any]) -> Repair:
    """The repair that `to_dict` wrote. Raises KeyError or TypeError for other data."""
    if data["kind"] in _PLAIN:
        repair: Repair = _PLAIN[data["kind"]](**data)
        return repair
    differences = tuple(Difference(**one) for one in data["differences"])
    return PermissionSetRepair(
        **{**data, "differences": differences, "accounts": tuple(data["accounts"])}
    )


@dataclass(frozen=True, kw_only=True)
class RepairLog:
    """The last update's repairs, as the checkpoint remembers them; `number` counts the updates
    that made some. The same repair twice is two entries: a preview must show each.
    """

    number: int = 0
    repairs: tuple[Repair, ...] = ()

    def following(self, repairs: Sequence[Repair]) -> RepairLog:
        """The log after an update that makes these; unchanged when there are none."""
        return RepairLog(number=self.number + 1, repairs=tuple(repairs)) if repairs else self

    def to_dict(self) -> dict[str, Any]:
        """Inputs and outputs of the component Repairs."""
        return {"number": self.number, "repairs": [to_dict(one) for one in self.repairs]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RepairLog:
        """The log that `to_dict` wrote. Raises KeyError or TypeError for other data."""
        return cls(
            number=int(data["number"]),
            repairs=tuple(from_dict(one) for one in data["repairs"]),
        )
