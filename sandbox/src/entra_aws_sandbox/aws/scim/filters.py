"""AWS's filters: `attribute eq "value"`, joined by `and`, in the combinations AWS lists."""

from __future__ import annotations

import json
import re
from typing import Any

from scim2_models import InvalidFilterException

from entra_aws_sandbox.aws.identitystore.attributes import ENTERPRISE
from entra_aws_sandbox.aws.scim.rules import CORE_GROUP, CORE_USER

_TERM = re.compile(r'\s*(?P<path>[\w.:$-]+)\s+(?P<op>\w+)\s+(?P<value>"(?:[^"\\]|\\.)*"|\w+)\s*')
_AND = re.compile(r"and\b", re.IGNORECASE)

# SCIM developer guide, ListUsers and ListGroups: the combinations a filter may have.
USER_FILTERS = (
    {"username"},
    {"externalid"},
    {"groups"},
    {"id", "manager"},
)
GROUP_FILTERS = ({"displayname"}, {"externalid"}, {"members"}, {"id", "members"})

_ALIASES = {
    "members.value": "members",
    "member": "members",
    "groups.value": "groups",
    "manager.value": "manager",
}


def read_filter(text: str, combinations: tuple[set[str], ...]) -> dict[str, str]:
    """The values wanted, by attribute in lower case. Raises InvalidFilterException otherwise."""
    wanted: dict[str, str] = {}
    place = 0
    while True:
        found = _TERM.match(text, place)
        if found is None:
            raise InvalidFilterException(detail="The filter cannot be read")
        if found["op"].lower() != "eq":
            raise InvalidFilterException(detail="Filters support only the operator eq")
        wanted[_attribute(found["path"])] = _value(found["value"])
        place = found.end()
        if place == len(text):
            break
        joined = _AND.match(text, place)
        if joined is None:
            raise InvalidFilterException(detail="Filters can be joined only by and")
        place = joined.end()
    if set(wanted) not in combinations:
        raise InvalidFilterException(detail=f"Filtering by {' and '.join(wanted)} is unsupported")
    return wanted


def _attribute(path: str) -> str:
    lower = path.lower()
    for schema in (CORE_USER, CORE_GROUP, ENTERPRISE):
        lower = lower.removeprefix(f"{schema.lower()}:")
    return _ALIASES.get(lower, lower)


def _value(text: str) -> str:
    try:
        value: Any = json.loads(text)
    except ValueError:
        raise InvalidFilterException(detail="The value of a filter must be quoted") from None
    if not isinstance(value, str):
        raise InvalidFilterException(detail="The value of a filter must be a string")
    return value
