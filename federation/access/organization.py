"""The organization as a tree: roots, organizational units and accounts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from federation.core.errors import InvalidInput, Problem

# AWS Organizations API reference, Account: State. Only ACTIVE accounts can be given access.
STATES: Final = ("PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_PARTITION: Final = re.compile(r"aws(-[a-z]{1,5}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Root:
    """The root of an organization; there is one."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """An OU below a root or another OU."""

    id: str
    name: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Account:
    """A member account, or the management account."""

    id: str
    name: str
    parent_id: str
    state: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """True if AWS accepts changes of access in it."""
        return self.state == "ACTIVE"

    def __str__(self) -> str:
        """`billing-prod (711111111111)`."""
        return f"{self.name} ({self.id})"


@dataclass(frozen=True)
class Organization:
    """A snapshot of an organization; knows its tree, nothing about access."""

    management_account_id: str
    partition: str
    roots: tuple[Root, ...]
    organizational_units: tuple[OrganizationalUnit, ...]
    accounts: tuple[Account, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Account]:
        """Accounts by id, sorted."""
        return {account.id: account for account in sorted(self.accounts, key=lambda a: a.id)}

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Account, ...]]:
        """Accounts by exact name; names are not unique in AWS."""
        found: dict[str, list[Account]] = defaultdict(list)
        for account in self.by_id.values():
            found[account.name].append(account)
        return {name: tuple(accounts) for name, accounts in found.items()}

    @cached_property
    def own_accounts(self) -> Mapping[str, tuple[Account, ...]]:
        """Accounts directly below each root or OU, by its id."""
        found: dict[str, list[Account]] = defaultdict(list)
        for account in self.by_id.values():
            found[account.parent_id].append(account)
        return {parent: tuple(accounts) for parent, accounts in found.items()}

    @cached_property
    def unit_children(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the OUs directly below each root or OU, by its id."""
        found: dict[str, list[str]] = defaultdict(list)
        for unit in self.organizational_units:
            found[unit.parent_id].append(unit.id)
        return {parent: tuple(children) for parent, children in found.items()}

    @cached_property
    def unit_paths(self) -> Mapping[str, tuple[str, ...]]:
        """Names from the root down, by OU id."""
        paths: dict[str, tuple[str, ...]] = {}
        names = {unit.id: unit.name for unit in self.organizational_units}
        waiting: list[tuple[str, tuple[str, ...]]] = [(root.id, ()) for root in self.roots]
        while waiting:
            parent, path = waiting.pop()
            for child in self.unit_children.get(parent, ()):
                paths[child] = (*path, names[child])
                waiting.append((child, paths[child]))
        return paths

    @property
    def account_paths(self) -> dict[str, str]:
        """`Workloads/Dev/web-dev` by account id, in the order of `by_id`."""
        return {
            account.id: "/".join((*self.unit_paths.get(account.parent_id, ()), account.name))
            for account in self.by_id.values()
        }

    def below(self, parent: str) -> Iterator[Account]:
        """Accounts anywhere below a root or OU."""
        waiting = [parent]
        while waiting:
            here = waiting.pop()
            yield from self.own_accounts.get(here, ())
            waiting += self.unit_children.get(here, ())

    @classmethod
    def from_dict(cls, data: Any, *, file: str = "") -> Organization:
        """An organization from the snapshot format. Raises InvalidInput with every problem."""
        reader = _Reader(file)
        made = reader.organization(data)
        if reader.problems:
            raise InvalidInput(reader.problems)
        return made

    def to_dict(self) -> dict[str, Any]:
        """The snapshot format, sorted by id."""
        return {
            "managementAccountId": self.management_account_id,
            "partition": self.partition,
            "roots": [{"id": root.id, "name": root.name} for root in sorted(self.roots, key=_id)],
            "organizationalUnits": [
                {"id": unit.id, "name": unit.name, "parentId": unit.parent_id}
                for unit in sorted(self.organizational_units, key=_id)
            ],
            "accounts": [
                {
                    "id": account.id,
                    "name": account.name,
                    "parentId": account.parent_id,
                    "state": account.state,
                    "tags": dict(sorted(account.tags.items())),
                }
                for account in sorted(self.accounts, key=_id)
            ],
        }


def parents_in(paths: Iterable[str]) -> set[str]:
    """The root or OU that holds an account, of each of its paths (one, unless AWS changes that).

    Organizations API reference, Account: Paths, as `o-example/r-abcd/ou-abcd-11111111/
    123456789012/`.
    """
    found: set[str] = set()
    for path in paths:
        steps = [step for step in path.split("/") if step and not _ACCOUNT.fullmatch(step)]
        found.update(steps[-1:])
    return found


def _id(entry: Root | OrganizationalUnit | Account) -> str:
    return entry.id


class _Reader:
    """Reads the snapshot format and collects what is wrong with it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def organization(self, data: Any) -> Organization:
        if not isinstance(data, Mapping):
            self._say("", "an organization file is a mapping; `python -m ops snapshot` writes one.")
            data = {}
        roots = tuple(
            Root(self._text(item, "id", path), self._text(item, "name", path))
            for item, path in self._items(data, "roots")
        )
        units = tuple(
            OrganizationalUnit(*(self._text(item, key, path) for key in ("id", "name", "parentId")))
            for item, path in self._items(data, "organizationalUnits")
        )
        accounts = tuple(self._account(*entry) for entry in self._items(data, "accounts"))
        management = self._text(data, "managementAccountId", "")
        partition = self._text(data, "partition", "")
        if not self.problems:
            self._tree(roots, units, accounts)
            if not _PARTITION.fullmatch(partition):
                self._say("partition", f'"{partition}" is not a partition, as aws or aws-us-gov.')
            if management not in {account.id for account in accounts}:
                self._say("managementAccountId", f'no account has the id "{management}".')
        return Organization(management, partition, roots, units, accounts)

    def _account(self, item: Mapping[str, Any], path: str) -> Account:
        ident, name, parent, state = (
            self._text(item, key, path) for key in ("id", "name", "parentId", "state")
        )
        tags = item.get("tags", {})
        if not isinstance(tags, Mapping) or not all(
            isinstance(part, str) for pair in tags.items() for part in pair
        ):
            self._say(f"{path}.tags", "tags are a mapping of texts to texts.")
            tags = {}
        if not _ACCOUNT.fullmatch(ident):
            self._say(f"{path}.id", f'"{ident}" is not an account id of 12 digits.')
        if state not in STATES:
            self._say(f"{path}.state", f'"{state}" is not a state; there are {", ".join(STATES)}.')
        return Account(ident, name, parent, state, dict(tags))

    def _tree(
        self,
        roots: tuple[Root, ...],
        units: tuple[OrganizationalUnit, ...],
        accounts: tuple[Account, ...],
    ) -> None:
        seen: set[str] = set()
        idents = [*map(_id, roots), *map(_id, units), *map(_id, accounts)]
        for ident in idents:
            if ident in seen:
                self._say("", f'the id "{ident}" stands twice; ids are unique.')
            seen.add(ident)
        if not roots:
            self._say("roots", "an organization has a root.")
        reached = {root.id for root in roots}
        children: dict[str, list[str]] = defaultdict(list)
        for unit in units:
            children[unit.parent_id].append(unit.id)
        waiting = list(reached)
        while waiting:
            below = [child for child in children[waiting.pop()] if child not in reached]
            reached.update(below)
            waiting += below
        lost = [("organizationalUnits", u.id, u.name) for u in units if u.id not in reached]
        lost += [("accounts", a.id, a.name) for a in accounts if a.parent_id not in reached]
        for kind, ident, name in lost:
            text = (
                f"{ident} ({name}) does not hang below a root; a part of the snapshot is missing."
            )
            self._say(kind, text)

    def _items(self, data: Mapping[str, Any], key: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        items = data.get(key)
        if not isinstance(items, list):
            self._say(key, f"{key} is a list here, even an empty one.")
            return
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                yield item, f"{key}[{index}]"
            else:
                self._say(f"{key}[{index}]", "a mapping is needed here.")

    def _text(self, item: Mapping[str, Any], key: str, path: str) -> str:
        value = item.get(key)
        if isinstance(value, str) and value:
            return value
        self._say(f"{path}.{key}".lstrip("."), f"{key} is a text here.")
        return ""

    def _say(self, path: str, message: str) -> None:
        self.problems.append(Problem(file=self.file, path=path, message=message))
