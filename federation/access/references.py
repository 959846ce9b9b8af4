"""What only shows when all access files lie side by side: names, duplicates, renames.

Works on the plain data, so that an entry that is wrong in itself does not hide what is wrong
elsewhere: a person gets every problem in one run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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


def check_references(documents: Sequence[Document]) -> list[Problem]:
    """Every problem between the entries of all files together."""
    return _References(documents).check()


class _References:
    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        self.problems: list[Problem] = []
        self.declared: dict[str, dict[str, Location]] = {kind: {} for kind in _NAMED}

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
        for document in self.documents:
            for name in _mapping(document.data, kind):
                if name in known:
                    first = known[name]
                    where = f"{first.file}:{first.line}"
                    text = f'the {_WORDS[kind]} "{name}" is already declared in {where}.'
                    self._say(document, (kind, name), text, key=True)
                else:
                    known[name] = document.locate((kind, name), key=True)

    def _one_principal_per_key(self) -> None:
        for document in self.documents:
            for name in _mapping(document.data, "users"):
                if name in self.declared["groups"]:
                    first = self.declared["groups"][name]
                    where = f"{first.file}:{first.line}"
                    text = f'"{name}" is the key of a group already ({where}); choose another.'
                    self._say(document, ("users", name), text, key=True)

    def _one_key_per_principal(self) -> None:
        for kind, fields in (
            ("groups", ("displayName", "objectId")),
            ("users", ("userPrincipalName",)),
        ):
            seen: dict[tuple[str, str], str] = {}
            for document in self.documents:
                for name, entry in _mapping(document.data, kind).items():
                    for field in fields:
                        value = _mapping(entry).get(field)
                        if not isinstance(value, str):
                            continue
                        # Entra compares names and object ids without regard to case.
                        first = seen.setdefault((field, value.casefold()), name)
                        if first != name:
                            owner = f'{_WORDS[kind]} "{first}"'
                            text = f'"{value}" is the {owner} already; one Entra object, one key.'
                            self._say(document, (kind, name, field), text)

    def _central(self, section: str) -> Document | None:
        having = [document for document in self.documents if section in _mapping(document.data)]
        for document in having[1:]:
            text = f"{section} stand in {having[0].file} already; they belong in one central file."
            self._say(document, (section,), text, key=True)
        return having[0] if having else None

    def _rules(self) -> None:
        ids: dict[str, Location] = {}
        for document in self.documents:
            for index, rule in enumerate(_list(_mapping(document.data).get("rules"))):
                path: Path = ("rules", index)
                fields = _mapping(rule)
                self._unique_id(document, path, fields.get("id"), ids)
                for field, kind in (("group", "groups"), ("user", "users")):
                    self._principal(document, (*path, field), fields.get(field), kind)
                here = (*path, "permissionSets")
                self._sets(document, here, fields.get("permissionSets"))
                self._no_duplicates(document, here, fields.get("permissionSets"))

    def _unique_id(
        self, document: Document, path: Path, ident: Any, ids: dict[str, Location]
    ) -> None:
        if not isinstance(ident, str):
            return
        here = document.locate((*path, "id"))
        first = ids.setdefault(ident, here)
        if first != here:
            text = f'the rule id "{ident}" is taken by {first.file}:{first.line}; ids are unique.'
            self.problems.append(Problem.at(here, text))

    def _principal(self, document: Document, path: Path, key: Any, kind: str) -> None:
        if not isinstance(key, str) or key in self.declared[kind]:
            return
        word, other = ("group", "users") if kind == "groups" else ("user", "groups")
        if key in self.declared[other]:
            text = f'"{key}" is a {_WORDS[other]}; write {_WORDS[other]}: {key}.'
        else:
            text = f'{word} "{key}" is not declared.{suggestion(key, self.declared[kind])}'
        self._say(document, path, text)

    def _sets(self, document: Document, path: Path, names: Any) -> None:
        known = self.declared["permissionSets"]
        for index, name in enumerate(_list(names)):
            if isinstance(name, str) and name not in known:
                text = f'permission set "{name}" is not declared.{suggestion(name, known)}'
                self._say(document, (*path, index), text)

    def _no_duplicates(self, document: Document, path: Path, values: Any) -> None:
        seen: set[str] = set()
        for index, value in enumerate(_list(values)):
            if isinstance(value, str):
                if value.casefold() in seen:
                    self._say(
                        document, (*path, index), f'"{value}" stands twice in this list; keep one.'
                    )
                seen.add(value.casefold())

    def _permission_sets(self) -> None:
        limit = self._managed_limit()
        for document in self.documents:
            for key, group in _mapping(document.data, "groups").items():
                for field in ("owners", "members"):
                    self._no_duplicates(
                        document, ("groups", key, field), _mapping(group).get(field)
                    )
            for name, entry in _mapping(document.data, "permissionSets").items():
                self._policies(document, ("permissionSets", name), _mapping(entry), limit)

    def _policies(self, document: Document, path: Path, entry: dict[str, Any], limit: int) -> None:
        managed = _list(entry.get("managedPolicies"))
        customer = _list(entry.get("customerManagedPolicies"))
        seen: set[Any] = set()
        for field, index, identity in (
            *(("managedPolicies", i, p) for i, p in enumerate(managed)),
            *(
                ("customerManagedPolicies", i, _mapping(p).get("name"))
                for i, p in enumerate(customer)
            ),
        ):
            if not isinstance(identity, str):
                continue
            # A role holds one customer-managed policy of a name, whatever its path.
            key = (field, managed_policy_path(identity) if field == "managedPolicies" else identity)
            if key in seen:
                self._say(
                    document,
                    (*path, field, index),
                    f'the policy "{identity}" stands twice; keep one.',
                )
            seen.add(key)
        count = len(managed) + len(customer)
        if count > limit:
            text = (
                f"{count} managed policies in one permission set; a role takes at most {limit}. "
                "Merge some into the inline policy, or raise the IAM quota and "
                "quotas.managedPoliciesPerRole."
            )
            self._say(document, path, text, key=True)

    def _managed_limit(self) -> int:
        for document in self.documents:
            limit = _mapping(document.data, "quotas").get("managedPoliciesPerRole")
            if isinstance(limit, int) and limit > 0:
                return limit
        return MANAGED_POLICIES_PER_ROLE

    def _moved(self) -> None:
        principals = {**self.declared["groups"], **self.declared["users"]}
        moved = self.declared["moved"]
        for document in self.documents:
            for old, new in _mapping(document.data, "moved").items():
                path: Path = ("moved", old)
                if old in principals:
                    self._say(
                        document,
                        path,
                        f'"{old}" is still declared; moved names keys that are gone.',
                    )
                if isinstance(new, str) and new not in principals:
                    hint = (
                        " It was moved on itself: name the last key."
                        if new in moved
                        else suggestion(new, principals)
                    )
                    self._say(document, path, f'"{new}" is not a group or user.{hint}')

    def _guards(self, document: Document) -> None:
        guards = _mapping(document.data, "guards")
        principals = {**self.declared["groups"], **self.declared["users"]}
        for index, key in enumerate(_list(guards.get("breakGlass"))):
            if isinstance(key, str) and key not in principals:
                text = f'"{key}" is not a group or user.{suggestion(key, principals)}'
                self._say(document, ("guards", "breakGlass", index), text)
        self._no_duplicates(document, ("guards", "breakGlass"), guards.get("breakGlass"))
        admin: Path = ("guards", "adminPermissionSets")
        self._sets(document, admin, guards.get("adminPermissionSets"))
        for index, sets in enumerate(_list(guards.get("separationOfDuties"))):
            here: Path = ("guards", "separationOfDuties", index)
            self._sets(document, here, sets)
            self._no_duplicates(document, here, sets)
        for problem in self._scopes(document, _mapping(guards.get("scopes"))):
            self.problems.append(problem)

    def _scopes(self, central: Document, scopes: dict[str, Any]) -> Iterator[Problem]:
        files = {document.file for document in self.documents}
        known = [scope_name(central.file, file) for file in files if file != central.file]
        for scope in scopes:
            if scope not in known:
                place = central.locate(("guards", "scopes", scope), key=True)
                hint = suggestion(scope, known, intro="There are")
                yield Problem.at(place, f'"{scope}" is none of the access files.{hint}')


def scope_name(central: str, file: str) -> str:
    """A file's path relative to the folder of the central file: how `guards.scopes` names it."""
    here, there = central.split("/")[:-1], file.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


def _mapping(value: Any, key: str | None = None) -> dict[str, Any]:
    if key is not None:
        value = _mapping(value).get(key)
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
