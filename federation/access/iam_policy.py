"""The structure of an IAM policy document, checked before any call.

Source: IAM user guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.core.errors import suggestion
from federation.core.source import Path

_TOP: Final = ("Version", "Id", "Statement")
_STATEMENT: Final = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_ACTION: Final = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+", re.ASCII)
_OPERATOR: Final = re.compile(r"(?:ForAllValues:|ForAnyValue:)?(\w+?)(?:IfExists)?", re.ASCII)
_COMPARISONS: Final = (
    "Equals",
    "NotEquals",
    "LessThan",
    "LessThanEquals",
    "GreaterThan",
    "GreaterThanEquals",
)
_OPERATORS: Final = frozenset(
    {
        *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        *(
            "StringLike",
            "StringNotLike",
            "Bool",
            "BinaryEquals",
            "IpAddress",
            "NotIpAddress",
            "Null",
        ),
        *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
        *(kind + comparison for kind in ("Numeric", "Date") for comparison in _COMPARISONS),
    }
)

Wrong = tuple[Path, str]


def problems_in(policy: Any) -> Iterator[Wrong]:
    """(path, sentence) of everything that AWS would refuse in a policy document."""
    if not isinstance(policy, Mapping):
        yield (), f"a policy is a mapping with Version and Statement, not {_kind(policy)}."
        return
    yield from _unknown_keys(policy, (), _TOP)
    if "Version" not in policy:
        yield (), 'the policy needs a Version: write "2012-10-17".'
    elif policy["Version"] not in _VERSIONS:
        yield (
            ("Version",),
            f'the Version is "2012-10-17" in quotes, not {_shown(policy["Version"])}.',
        )
    if not isinstance(policy.get("Id", ""), str):
        yield ("Id",), f"the Id is a text in quotes, not {_shown(policy['Id'])}."
    if "Statement" not in policy:
        yield (), "the policy needs a Statement."
        return
    yield from _statements(policy["Statement"])


def denies(policy: Mapping[str, Any]) -> bool:
    """True if a policy has a Deny statement, whatever it denies."""
    return any(one.get("Effect") == "Deny" for one in _each(policy))


def _each(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = policy.get("Statement", ())
    return [statements] if isinstance(statements, Mapping) else list(statements)


def _statements(statements: Any) -> Iterator[Wrong]:
    path: Path = ("Statement",)
    if isinstance(statements, Mapping):
        yield from _statement(statements, path)
        return
    if not isinstance(statements, list) or not statements:
        yield path, "Statement is a mapping, or a list with at least one."
        return
    seen: set[str] = set()
    for index, statement in enumerate(statements):
        here = (*path, index)
        if not isinstance(statement, Mapping):
            yield here, f"a statement is a mapping, not {_kind(statement)}."
            continue
        yield from _statement(statement, here)
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid and sid in seen:
            yield (*here, "Sid"), f'the Sid "{sid}" stands twice in this policy; Sids are unique.'
        seen.add(str(sid))


def _statement(statement: Mapping[str, Any], path: Path) -> Iterator[Wrong]:
    for key in ("Principal", "NotPrincipal"):
        if key in statement:
            yield (
                (*path, key),
                f"{key} has no place in a permission set's policy; the holder is the principal.",
            )
    known = (*_STATEMENT, "Principal", "NotPrincipal")
    yield from _unknown_keys(statement, path, known)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield (
            (*path, "Effect"),
            f'the Effect is "Allow" or "Deny", not {_shown(statement.get("Effect"))}.',
        )
    sid = statement.get("Sid", "")
    if not (isinstance(sid, str) and re.fullmatch(r"[A-Za-z0-9]*", sid)):
        yield (*path, "Sid"), f"a Sid has letters and digits only, not {_shown(sid)}."
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        given = [key for key in (one, other) if key in statement]
        if len(given) != 1:
            yield path, f"a statement has exactly one of {one} and {other}."
        for key in given:
            yield from _entries(statement[key], (*path, key), action=one == "Action")
    yield from _condition(statement.get("Condition", {}), (*path, "Condition"))


def _entries(value: Any, path: Path, *, action: bool) -> Iterator[Wrong]:
    items = [(path, value)] if isinstance(value, str) else None
    if isinstance(value, list) and value:
        items = [((*path, index), item) for index, item in enumerate(value)]
    if items is None:
        yield path, f"{path[-1]} is a text or a list of texts, not {_kind(value)}."
        return
    for here, item in items:
        if not isinstance(item, str):
            yield here, f"a text is needed here, not {_kind(item)}."
        elif action and not _ACTION.fullmatch(item):
            yield (
                here,
                f'"{item}" is not an action: write service:Action, as s3:GetObject or s3:Get*.',
            )
        elif not action and not _is_resource(item):
            yield here, f'"{item}" is not a resource: write an ARN (arn:aws:s3:::name/*) or "*".'


def _is_resource(item: str) -> bool:
    return item == "*" or (item.startswith("arn:") and (item.count(":") >= 5 or item.endswith("*")))


def _condition(condition: Any, path: Path) -> Iterator[Wrong]:
    if not isinstance(condition, Mapping):
        yield path, f"a Condition is a mapping of operators, not {_kind(condition)}."
        return
    for operator, tests in condition.items():
        here = (*path, operator)
        match = _OPERATOR.fullmatch(operator)
        if not match or match[1] not in _OPERATORS:
            hint = suggestion(operator, _OPERATORS, intro="Some")
            yield here, f'"{operator}" is not a condition operator.{hint}'
        if not isinstance(tests, Mapping) or not tests:
            yield here, f"{operator} needs a mapping of condition keys to values."
            continue
        for key, value in tests.items():
            values = value if isinstance(value, list) else [value]
            if not values or not all(isinstance(item, str | bool | int) for item in values):
                yield (*here, key), "a condition value is a text in quotes, or a list of texts."


def _unknown_keys(
    mapping: Mapping[str, Any], path: Path, known: tuple[str, ...]
) -> Iterator[Wrong]:
    for key in mapping:
        if key not in known:
            yield (
                (*path, key),
                f'IAM policies have no "{key}" here.{suggestion(key, known, intro="Allowed")}',
            )


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [item for item in value if isinstance(item, str)]


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return f'"{value}"' if isinstance(value, str) else f"{value} without quotes"
