"""What a group or person is called before people: by Entra's name, never by the author's key alone.

Whoever writes the access file chooses its keys. So Entra's own name stands first (the display name
of a group, the user principal name of a person), the key beside it where it is another text, and
the object id where the name does not settle who is meant. Two principals never have one label.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from federation.access.assignments import PrincipalKey
from federation.access.declared import Access
from federation.core.errors import printable, skeleton

# Longer names are cut, so that a label's end is never what a comment leaves out.
_LONGEST: Final = 100
_UNREAD: Final = "its name in Entra was not read"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a principal is in Entra. `name` is the display name, or a person's user principal name.

    `name` is "" where nobody has read it, `object_id` where it is not known or not made yet.
    `by_id` says that the access file names the object by its id: then nothing in the file has its
    name.
    """

    name: str = ""
    object_id: str = ""
    by_id: bool = False


class Labels(dict[PrincipalKey, str]):
    """A label for each principal; one that nobody has looked up goes by its key, and says so."""

    def __missing__(self, key: PrincipalKey) -> str:
        return _label(key, Identity())

    def spoken(self, key: PrincipalKey) -> str:
        """`group AWS-Platform (key platform)`."""
        return f"{key.word} {self[key]}"


def labels(identities: Mapping[PrincipalKey, Identity]) -> Labels:
    """The label of each principal, one line of printable text; all that are shown together."""
    keys: Counter[str] = Counter()
    objects: dict[str, set[str]] = defaultdict(set)
    for key, one in identities.items():
        keys[_likeness(one)] += 1
        objects[_likeness(one)].add(one.object_id or key.logical_name)
    return Labels(
        {
            key: _label(
                key,
                one,
                twins=keys[_likeness(one)] > 1,
                namesakes=len(objects[_likeness(one)]) > 1,
            )
            for key, one in identities.items()
        }
    )


def declared(access: Access) -> dict[PrincipalKey, Identity]:
    """Who is declared, as the access file names them: without a look-up nothing more is known."""
    found = {
        user.principal: Identity(name=user.user_principal_name) for user in access.users.values()
    }
    for group in access.groups.values():
        found[group.principal] = Identity(
            name=group.display_name or "",
            object_id=group.object_id or "",
            by_id=group.object_id is not None,
        )
    return found


def beside(key: PrincipalKey, label: str | None) -> str:
    """The label in brackets for where the key stands already, "" where it says nothing more."""
    return "" if label in (None, key.key) else f" [{label}]"


def _label(
    key: PrincipalKey, one: Identity, *, twins: bool = False, namesakes: bool = False
) -> str:
    """`twins`: another key has a name like it; `namesakes`: and that is another object."""
    name, word = shown(one.name), key.word
    if not name:
        if one.object_id:
            return f"{one.object_id} ({word} key {key.key}, {_UNREAD})"
        return f"{key.key} (a {word}'s key; {_UNREAD})"
    details = []
    if twins:
        details.append(f"{word} key {key.key}")
    elif not (one.name.isascii() and one.name.casefold() == key.key.casefold()):
        details.append(f"key {key.key}")
    if one.object_id and (namesakes or one.by_id):
        details.append(f"id {one.object_id}")
    return f"{name} ({', '.join(details)})" if details else name


def shown(name: str) -> str:
    """One printable line, cut to a length; blanks count once, as a browser shows them."""
    line = " ".join(printable(name).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _likeness(one: Identity) -> str:
    """What two names have in common that look the same."""
    return skeleton(shown(one.name))
