"""Assignments of access: one principal, one permission set, one account, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

PrincipalType = Literal["GROUP", "USER"]
_WORDS: dict[PrincipalType, Literal["group", "user"]] = {"GROUP": "group", "USER": "user"}
_TYPES: dict[str, PrincipalType] = {"group": "GROUP", "user": "USER"}


class PrincipalKey(NamedTuple):
    """A group or user by the key that the access file gives it; keys never change."""

    type: PrincipalType
    key: str

    def __str__(self) -> str:
        """`group platform`."""
        return f"{self.word} {self.key}"

    @property
    def word(self) -> Literal["group", "user"]:
        """What the access file calls it."""
        return _WORDS[self.type]

    @property
    def graph_type(self) -> Literal["Group", "User"]:
        """What Microsoft Graph calls it."""
        return "Group" if self.type == "GROUP" else "User"

    @property
    def logical_name(self) -> str:
        """`group/platform`."""
        return f"{self.word}/{self.key}"

    def under(self, moved: Mapping[str, str]) -> PrincipalKey:
        """The principal under its key of today (`moved: {old: new}` of the access file)."""
        return self._replace(key=moved.get(self.key, self.key))

    @classmethod
    def parse(cls, logical_name: str) -> PrincipalKey | None:
        """The principal that has this logical name, None for any other text."""
        word, _, key = logical_name.partition("/")
        return cls(_TYPES[word], key) if word in _TYPES and key else None


class Assignment(NamedTuple):
    """Principal x permission set x account; they sort by permission set, principal, account id."""

    permission_set: str
    principal: PrincipalKey
    account: str

    @property
    def logical_name(self) -> str:
        """`<permission set>/<group or user>/<key>/<account>`: injective, no part holds a slash."""
        return f"{self.permission_set}/{self.principal.logical_name}/{self.account}"

    @classmethod
    def parse(cls, logical_name: str) -> Assignment:
        """The assignment that has this logical name. Raises ValueError for any other text."""
        parts = logical_name.split("/")
        if len(parts) != 4 or parts[1] not in _TYPES or not all(parts):
            raise ValueError(
                f'"{logical_name}" is not the name of an assignment: '
                "<permission set>/<group or user>/<key>/<account>"
            )
        permission_set, kind, key, account = parts
        return cls(permission_set, PrincipalKey(_TYPES[kind], key), account)


class Reason(NamedTuple):
    """What gives an assignment: rule (its id, or `rules[n]`) and selector, with their place."""

    file: str
    line: int
    rule: str
    selector: str


class ExplainedAssignment(NamedTuple):
    """An assignment with every rule and selector that gives it."""

    assignment: Assignment
    reasons: tuple[Reason, ...]
