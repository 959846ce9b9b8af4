"""What only shows when all access files lie side by side: names, duplicates, renames.

Works on typed entries. An entry that is wrong in itself is there as far as it is valid, and its
name counts as declared: each mistake is said once, and hides no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from federation.access.declared import Access, PermissionSet
from federation.core.domain import managed_policy_path
from federation.core.errors import Location, Problem, suggestion
from federation.core.source import Document, Path

# IAM quotas: managed policies attached to a role, by default.
MANAGED_POLICIES_PER_ROLE = 10
_NAMED = ("groups", "users", "permissionSets", "moved")
_WORDS = {
    "groups": "group",
    "users": "user",
    "permissionSets": "permission set",
    "moved": "renamed key",
}


class AccessPart(NamedTuple):
    """One access file: `entries` are what is valid of it, at the places of `valid`."""

    entries: Access
    valid: Document
    document: Document


def check_references(parts: Sequence[AccessPart], *, complete: bool) -> list[Problem]:
    """Every problem between the entries of all files together.

    Where a file can't be read (`complete` is False), nobody knows which names it declares.
    """
    return _References(parts, complete=complete).check()


class _References:
    def __init__(self, parts: Sequence[AccessPart], *, complete: bool) -> None:
        self.parts = parts
        self.problems: list[Problem] = []
        self.declared: dict[str, dict[str, Location]] = {kind: {} for kind in _NAMED}
        # Kinds of which every name is known.
        self.known = {
            kind
            for kind in _NAMED
            if complete
            and all(isinstance(part.document.data.get(kind, {}), dict) for part in parts)
        }

    def check(self) -> list[Problem]:
        for kind in _NAMED:
            self._collect(kind)
        self._one_principal_per_key()
        self._one_key_per_principal()
        central = self._central("guards")
        self._central("quotas")
        self._rules()
        self._permission_sets()
        self._moved()
        if central is not None:
            self._guards(central)
        return self.problems

    def _say(self, document: Document, path: Path, message: str, *, key: bool = False) -> None:
        self.problems.append(Problem.at(document.locate(path, key=key), message))

    def _collect(self, kind: str) -> None:
        known = self.declared[kind]
        for part in self.parts:
            for name in _names(part, kind):
                if name in known:
                    first = known[name]
                    where = f"{first.file}:{first.line}"
                    text = f'the {_WORDS[kind]} "{name}" is already declared in {where}.'
                    self._say(part.document, (kind, name), text, key=True)
                else:
                    known[name] = part.document.locate((kind, name), key=True)

    def _one_principal_per_key(self) -> None:
        for part in self.parts:
            for name in _names(part, "users"):
                if name in self.declared["groups"]:
                    first = self.declared["groups"][name]
                    where = f"{first.file}:{first.line}"
                    text = f'"{name}" is the key of a group already ({where}); choose another.'
                    self._say(part.document, ("users", name), text, key=True)

    def _one_key_per_principal(self) -> None:
        seen: dict[tuple[str, str], str] = {}
        for part in self.parts:
            for kind, name, field, value in _identities(part.entries):
                # Entra compares names without regard to case.
                first = seen.setdefault((field, value.casefold()), name) if value else name
                if first != name:
                    owner = f'{_WORDS[kind]} "{first}"'
                    text = f'"{value}" is the {owner} already; one Entra object, one key.'
                    self._say(part.valid, (kind, name, field), text)

    def _central(self, section: str) -> AccessPart | None:
        having = [part for part in self.parts if section in part.document.data]
        for part in having[1:]:
            first = having[0].document.file
            text = f"{section} stand in {first} already; they belong in one central file."
            self._say(part.document, (section,), text, key=True)
        return having[0] if having else None

    def _rules(self) -> None:
        ids: dict[str, Location] = {}
        for part in self.parts:
            for index, rule in enumerate(part.entries.rules):
                path: Path = ("rules", index)
                self._unique_id(part.valid.locate((*path, "id")), rule.id, ids)
                self._principal(part.valid, (*path, "group"), rule.group, "groups")
                self._principal(part.valid, (*path, "user"), rule.user, "users")
                here = (*path, "permissionSets")
                self._sets(part.valid, here, rule.permission_sets)
                self._no_duplicates(part.valid, here, rule.permission_sets)

    def _unique_id(self, here: Location, ident: str | None, ids: dict[str, Location]) -> None:
        if ident is None:
            return
        first = ids.setdefault(ident, here)
        if first != here:
            text = f'the rule id "{ident}" is taken by {first.file}:{first.line}; ids are unique.'
            self.problems.append(Problem.at(here, text))

    def _principal(self, document: Document, path: Path, key: str | None, kind: str) -> None:
        if key is None or key in self.declared[kind]:
            return
        word, other = ("group", "users") if kind == "groups" else ("user", "groups")
        if key in self.declared[other]:
            text = f'"{key}" is a {_WORDS[other]}; write {_WORDS[other]}: {key}.'
        elif kind not in self.known:
            return
        else:
            text = f'{word} "{key}" is not declared.{suggestion(key, self.declared[kind])}'
        self._say(document, path, text)

    def _sets(self, document: Document, path: Path, names: Iterable[str]) -> None:
        known = self.declared["permissionSets"]
        for index, name in enumerate(names if "permissionSets" in self.known else ()):
            if name not in known:
                text = f'permission set "{name}" is not declared.{suggestion(name, known)}'
                self._say(document, (*path, index), text)

    def _no_duplicates(self, document: Document, path: Path, values: Iterable[str]) -> None:
        seen: set[str] = set()
        for index, value in enumerate(values):
            if value.casefold() in seen:
                self._say(
                    document, (*path, index), f'"{value}" stands twice in this list; keep one.'
                )
            seen.add(value.casefold())

    def _permission_sets(self) -> None:
        limits = (part.entries.quotas.managed_policies_per_role for part in self.parts)
        limit = next(filter(None, limits), MANAGED_POLICIES_PER_ROLE)
        for part in self.parts:
            for key, group in part.entries.groups.items():
                self._no_duplicates(part.valid, ("groups", key, "owners"), group.owners)
                self._no_duplicates(part.valid, ("groups", key, "members"), group.members)
            for name, entry in part.entries.permission_sets.items():
                self._policies(part.valid, ("permissionSets", name), entry, limit)

    def _policies(self, document: Document, path: Path, entry: PermissionSet, limit: int) -> None:
        managed, customer = entry.managed_policies, entry.customer_managed_policies
        seen: set[tuple[str, str]] = set()
        for field, index, identity in (
            *(("managedPolicies", i, policy) for i, policy in enumerate(managed)),
            *(("customerManagedPolicies", i, policy.name) for i, policy in enumerate(customer)),
        ):
            # A role holds one customer-managed policy of a name, whatever its path.
            key = (field, managed_policy_path(identity) if field == "managedPolicies" else identity)
            if key in seen:
                text = f'the policy "{identity}" stands twice; keep one.'
                self._say(document, (*path, field, index), text)
            seen.add(key)
        count = len(managed) + len(customer)
        if count > limit:
            text = (
                f"{count} managed policies in one permission set; a role takes at most {limit}. "
                "Merge some into the inline policy, or raise the IAM quota and "
                "quotas.managedPoliciesPerRole."
            )
            self._say(document, path, text, key=True)

    def _moved(self) -> None:
        principals = {**self.declared["groups"], **self.declared["users"]}
        moved = self.declared["moved"]
        for part in self.parts:
            for old, new in part.entries.moved.items():
                path: Path = ("moved", old)
                if old in principals:
                    text = f'"{old}" is still declared; moved names keys that are gone.'
                    self._say(part.valid, path, text)
                if new not in principals and self.known >= {"groups", "users"}:
                    hint = (
                        " It was moved on itself: name the last key."
                        if new in moved
                        else suggestion(new, principals)
                    )
                    self._say(part.valid, path, f'"{new}" is not a group or user.{hint}')

    def _guards(self, part: AccessPart) -> None:
        guards, document = part.entries.guards, part.valid
        principals = {**self.declared["groups"], **self.declared["users"]}
        for index, key in enumerate(guards.break_glass):
            if key not in principals and self.known >= {"groups", "users"}:
                text = f'"{key}" is not a group or user.{suggestion(key, principals)}'
                self._say(document, ("guards", "breakGlass", index), text)
        self._no_duplicates(document, ("guards", "breakGlass"), guards.break_glass)
        admin: Path = ("guards", "adminPermissionSets")
        self._sets(document, admin, guards.admin_permission_sets)
        self._harmless(document, guards.harmless_policies)
        for index, sets in enumerate(guards.separation_of_duties):
            here: Path = ("guards", "separationOfDuties", index)
            self._sets(document, here, sets)
            self._no_duplicates(document, here, sets)
        self._scopes(document, guards.scopes)

    def _harmless(self, document: Document, policies: Sequence[str]) -> None:
        here: Path = ("guards", "harmlessPolicies")
        known = sorted(
            {
                policy.path_and_name
                for part in self.parts
                for entry in part.entries.permission_sets.values()
                for policy in entry.customer_managed_policies
            }
        )
        for index, policy in enumerate(policies if "permissionSets" in self.known else ()):
            if policy not in known:
                text = f'no permission set has the customer-managed policy "{policy}".'
                self._say(document, (*here, index), text + suggestion(policy, known))
        self._no_duplicates(document, here, policies)

    def _scopes(self, central: Document, scopes: Iterable[str]) -> None:
        files = {part.document.file for part in self.parts}
        known = [scope_name(central.file, file) for file in files if file != central.file]
        for scope in scopes:
            if scope not in known:
                hint = suggestion(scope, known, intro="There are")
                text = f'"{scope}" is none of the access files.{hint}'
                self._say(central, ("guards", "scopes", scope), text, key=True)


def _names(part: AccessPart, kind: str) -> Iterable[str]:
    """The names of a section as they are written, whatever is wrong with their entries."""
    section = part.document.data.get(kind)
    return section if isinstance(section, dict) else ()


def _identities(entries: Access) -> Iterator[tuple[str, str, str, str | None]]:
    """What names a principal in Entra: section, key, field and value."""
    for key, group in entries.groups.items():
        yield "groups", key, "displayName", group.display_name
        yield "groups", key, "objectId", group.object_id
    for key, user in entries.users.items():
        yield "users", key, "userPrincipalName", user.user_principal_name


def scope_name(central: str, file: str) -> str:
    """A file's path relative to the folder of the central file: how `guards.scopes` names it."""
    here, there = central.split("/")[:-1], file.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])
