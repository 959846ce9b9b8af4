"""From assignments to the rules that a person would write for them; the reverse of `targets`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import Rule, Selector
from federation.access.keys import Names
from federation.access.organization import Organization
from federation.access.selection import Selection
from federation.core.domain import OU_PATH


def infer_rules(
    assignments: Iterable[Assignment], organization: Organization, *, literal: bool = False
) -> tuple[Rule, ...]:
    """Rules that resolve, in this organization, to exactly these assignments; sorted.

    A principal's permission sets that reach the same accounts make one rule. An OU whose ACTIVE
    accounts are all reached is named as OU, with all below it or by itself; `literal` names each
    account by its id. The management account stands in rules of its own, by id, since no OU reaches
    it. Raises ValueError for an account that the organization has not as ACTIVE: no rule gives
    access there.
    """
    reached: dict[tuple[PrincipalKey, str], set[str]] = defaultdict(set)
    for permission_set, principal, account in assignments:
        found = organization.by_id.get(account)
        if found is None or not found.active:
            raise ValueError(f"no rule gives access in account {account}: it is not ACTIVE")
        reached[principal, permission_set].add(account)
    alike: dict[tuple[PrincipalKey, tuple[str, ...]], list[str]] = defaultdict(list)
    for (principal, permission_set), accounts in sorted(reached.items()):
        for part in _apart(accounts, organization.management_account_id):
            alike[principal, part].append(permission_set)
    selectors, names = _Selectors(organization, literal=literal), Names()
    return tuple(
        Rule(
            id=names.key("-".join((principal.key, *sets)), otherwise="rule"),
            group=principal.key if principal.type == "GROUP" else None,
            user=principal.key if principal.type == "USER" else None,
            permission_sets=tuple(sets),
            targets=selectors.naming(accounts),
        )
        for (principal, accounts), sets in sorted(
            alike.items(), key=lambda one: (one[0][0], one[1], one[0][1])
        )
    )


def _apart(accounts: set[str], management: str) -> Iterator[tuple[str, ...]]:
    for part in (accounts - {management}, accounts & {management}):
        if part:
            yield tuple(sorted(part))


class _Node(NamedTuple):
    """A place of the tree: a selector for it without `children`, and the accounts it reaches."""

    selector: Selector
    own: frozenset[str]
    whole: frozenset[str]
    below: tuple[_Node, ...]


class _Selectors:
    def __init__(self, organization: Organization, *, literal: bool) -> None:
        self._organization = organization
        self._selection = Selection(organization)
        roots = tuple(root.id for root in organization.roots)
        self._tree = None if literal else self._node(Selector(ou="/"), roots)

    def naming(self, accounts: Collection[str]) -> tuple[Selector, ...]:
        """Selectors that reach exactly these ACTIVE accounts: OUs from the root down, then ids."""
        wanted = frozenset(accounts)
        units = list(_cover(self._tree, wanted)) if self._tree else []
        rest = wanted.difference(*(reached for _, reached in units))
        return (
            *(selector for selector, _ in units),
            *(Selector(account=ident) for ident in sorted(rest)),
        )

    def _node(self, selector: Selector, places: tuple[str, ...]) -> _Node:
        organization = self._organization
        below = tuple(
            self._node(self._unit(ident), (ident,))
            for place in places
            for ident in sorted(
                organization.unit_children.get(place, ()),
                key=lambda ident: (organization.unit_paths[ident], ident),
            )
        )
        own = frozenset(
            account.id
            for place in places
            for account in organization.own_accounts.get(place, ())
            if account.active and account.id != organization.management_account_id
        )
        return _Node(selector, own, own.union(*(one.whole for one in below)), below)

    def _unit(self, ident: str) -> Selector:
        """By path where a file can hold it and it names this unit alone, by id otherwise."""
        names = self._organization.unit_paths[ident]
        path = "/".join(names)
        clear = (
            not any("/" in name for name in names)
            and OU_PATH.problem_with(path) is None
            and self._selection.match(Selector(ou=path)).wrong is None
        )
        return Selector(ou=path) if clear else Selector(ou_id=ident)


def _cover(node: _Node, wanted: frozenset[str]) -> Iterator[tuple[Selector, frozenset[str]]]:
    """The highest places of the tree that reach wanted accounts only."""
    if node.whole and node.whole <= wanted:
        yield node.selector, node.whole
        return
    if node.own and node.own <= wanted:
        ou, ou_id = node.selector.ou, node.selector.ou_id
        yield Selector(ou=ou, ou_id=ou_id, children=False), node.own
    for one in node.below:
        if one.whole & wanted:
            yield from _cover(one, wanted)
