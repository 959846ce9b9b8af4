"""Declared assignments that can't exist yet, since their principal has not arrived. Pure.

A hold is named in every preview and update; it neither ends access nor keeps other access from
changing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from federation.access.assignments import Assignment, PrincipalKey
from federation.core.errors import printable
from federation.core.wording import count
from federation.identity.principals import EntraPrincipal

_ON_THE_WAY: Final = "it has not arrived in Identity Center yet"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The declared assignments of one principal that wait, sorted, and why.

    `label` is what to call the principal before people (federation/access/labels.py); `name` and
    `object_id` are Entra's, None where there is none yet.
    """

    principal: PrincipalKey
    label: str
    name: str | None
    object_id: str | None
    reason: str
    assignments: tuple[Assignment, ...]

    def sentence(self) -> str:
        """What waits and why, in one line; foreign names can't move the cursor."""
        names = ", ".join(one.logical_name for one in self.assignments)
        text = (
            f"{count(len(self.assignments), 'assignment')} of {self.principal.word} "
            f'"{self.label}" held: {self.reason} [{names}]'
        )
        return printable(text).replace("\n", "\\n")

    def to_dict(self) -> dict[str, Any]:
        """An entry of the stack output `held`; `principal` is the key."""
        return {
            "principal": self.principal.key,
            "principalType": self.principal.type,
            "label": self.label,
            "name": self.name,
            "objectId": self.object_id,
            "reason": self.reason,
            "assignments": [one.logical_name for one in self.assignments],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Hold:
        """The hold that `to_dict` wrote. Raises KeyError or ValueError for other data.

        The engine leaves out what is None.
        """
        return cls(
            principal=PrincipalKey(data["principalType"], data["principal"]),
            label=data["label"],
            name=data.get("name"),
            object_id=data.get("objectId"),
            reason=data["reason"],
            assignments=tuple(map(Assignment.parse, data["assignments"])),
        )


def holds(
    assignments: Iterable[Assignment],
    reasons: Mapping[PrincipalKey, str],
    principals: Mapping[PrincipalKey, EntraPrincipal],
    labels: Mapping[PrincipalKey, str],
) -> tuple[Hold, ...]:
    """A hold for each principal of the assignments, sorted by principal."""
    by_key: dict[PrincipalKey, list[Assignment]] = defaultdict(list)
    for assignment in assignments:
        by_key[assignment.principal].append(assignment)
    return tuple(
        Hold(
            principal=key,
            label=labels[key],
            name=principals[key].name if key in principals else None,
            object_id=principals[key].object_id if key in principals else None,
            reason=reasons.get(key, _ON_THE_WAY),
            assignments=tuple(sorted(found)),
        )
        for key, found in sorted(by_key.items())
    )
