"""Which accounts a selector means, in one organization."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from federation.access.declared import Selector
from federation.access.organization import Account, Organization
from federation.core.errors import suggestion


@dataclass(frozen=True, slots=True)
class Match:
    """Accounts in any state that a selector means; `wrong` is a sentence if it names nothing.

    `ambiguous` says that it names several things where one is meant, `untagged` that its tag keys
    exist and no account has these values.
    """

    accounts: tuple[Account, ...] = ()
    wrong: str | None = None
    ambiguous: bool = False
    untagged: bool = False


class Selection:
    """Answers what selectors match. Names compare exactly; nothing has a special meaning."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._known: dict[Selector, Match] = {}

    def match(self, selector: Selector) -> Match:
        """The accounts of a selector, the management account included."""
        found = self._known.get(selector)
        if found is None:
            found = self._known[selector] = self._find(selector)
        return found

    def ids(self, selectors: Iterable[Selector]) -> frozenset[str]:
        """Ids of every account that any of the selectors means."""
        return frozenset(
            account.id for selector in selectors for account in self.match(selector).accounts
        )

    def _find(self, selector: Selector) -> Match:
        value = selector.value
        if not isinstance(value, str):
            return self._by_tags(value)
        if selector.kind == "ou":
            return self._by_path(value, children=selector.children is not False)
        find = {
            "account": self._by_id,
            "accountName": self._by_name,
            "accountNameGlob": self._by_glob,
        }.get(selector.kind)
        return (
            find(value) if find else self._by_unit(value, children=selector.children is not False)
        )

    def _by_id(self, ident: str) -> Match:
        account = self._organization.by_id.get(ident)
        if account:
            return Match((account,))
        hint = suggestion(ident, self._organization.by_id, intro="There are")
        return Match(wrong=f'no account has the id "{ident}" in this organization.{hint}')

    def _by_name(self, name: str) -> Match:
        found = self._organization.by_name.get(name, ())
        if len(found) > 1:
            listed = ", ".join(f"{account.id} ({account.state})" for account in found)
            what = f'{len(found)} accounts are called "{name}"'
            return Match(wrong=f"{what}: {listed}; name one by id.", ambiguous=True)
        if found:
            return Match(found)
        hint = suggestion(name, self._organization.by_name, intro="There are")
        return Match(wrong=f'no account is called "{name}".{hint}')

    def _by_glob(self, glob: str) -> Match:
        matches = re.compile(translate(glob)).match
        found = [
            account
            for name, accounts in self._organization.by_name.items()
            if matches(name)
            for account in accounts
        ]
        if found:
            return Match(tuple(sorted(found, key=lambda account: account.id)))
        return Match(wrong=f'no account has a name like "{glob}".')

    def _by_tags(self, wanted: tuple[tuple[str, str], ...]) -> Match:
        nobody: frozenset[str] = frozenset()
        found: set[str] | None = None
        for key, value in wanted:
            values = self._tags.get(key)
            if values is None:
                hint = suggestion(key, self._tags, intro="There are")
                return Match(wrong=f'no account has a tag "{key}".{hint}')
            having = values.get(value, nobody)
            found = set(having) if found is None else found & having
        by_id = self._organization.by_id
        return Match(tuple(by_id[ident] for ident in sorted(found or ())), untagged=not found)

    def _by_path(self, path: str, *, children: bool) -> Match:
        if path == "/":
            parents = tuple(root.id for root in self._organization.roots)
        else:
            parents = self._paths.get(path, ())
        if not parents:
            hint = suggestion(path, self._paths, intro="There are")
            slashed = [
                ident
                for ident, names in self._organization.unit_paths.items()
                if "/".join(names) == path
            ]
            if slashed:
                hint = (
                    f" A name with a slash in it is reached by ouId: {', '.join(sorted(slashed))}."
                )
            return Match(wrong=f'no organizational unit "{path}".{hint}')
        if len(parents) > 1 and path != "/":
            listed = ", ".join(sorted(parents))
            what = f'{len(parents)} organizational units are "{path}"'
            return Match(wrong=f"{what}: {listed}; name one by ouId.", ambiguous=True)
        return self._under(parents, children=children)

    def _by_unit(self, ident: str, *, children: bool) -> Match:
        if ident in self._organization.unit_paths:
            return self._under((ident,), children=children)
        hint = suggestion(ident, self._organization.unit_paths, intro="There are")
        return Match(wrong=f'no organizational unit has the id "{ident}".{hint}')

    def _under(self, parents: tuple[str, ...], *, children: bool) -> Match:
        organization = self._organization
        if children:
            found = [account for parent in parents for account in organization.below(parent)]
        else:
            found = [a for parent in parents for a in organization.own_accounts.get(parent, ())]
        return Match(tuple(sorted(found, key=lambda account: account.id)))

    @cached_property
    def _paths(self) -> Mapping[str, tuple[str, ...]]:
        """OU ids by path; more than one where siblings share a name, none through a slash."""
        found: dict[str, list[str]] = defaultdict(list)
        for ident, names in self._organization.unit_paths.items():
            if not any("/" in name for name in names):
                found["/".join(names)].append(ident)
        return {path: tuple(idents) for path, idents in found.items()}

    @cached_property
    def _tags(self) -> Mapping[str, Mapping[str, set[str]]]:
        found: dict[str, dict[str, set[str]]] = {}
        for account in self._organization.accounts:
            for key, value in account.tags.items():
                found.setdefault(key, {}).setdefault(value, set()).add(account.id)
        return found
