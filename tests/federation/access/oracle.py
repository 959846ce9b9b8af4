"""Who gets what, by brute force: written from the rules of the access file, not from the program.

Works on plain dictionaries (the access file, the organization file) and asks every selector about
every account. Shares no code with `federation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

Data = dict[str, Any]
# permission set, "group" or "user", key, account -> {(rule, kind of selector)}
Assignments = dict[tuple[str, str, str, str], set[tuple[str, str]]]
KINDS = ("ou", "ouId", "account", "accountName", "accountNameGlob", "tag")


def assignments(access: Data, organization: Data, today: date) -> Assignments:
    """Every assignment with the rules and kinds of selectors that give it."""
    found: Assignments = {}
    never = access.get("guards", {}).get("never", [])
    for number, rule in enumerate(access.get("rules", [])):
        if "until" in rule and today > date.fromisoformat(str(rule["until"])):
            continue
        for account in organization["accounts"]:
            if account["state"] != "ACTIVE":
                continue
            if any(matches(s, account, organization) for s in [*rule.get("except", []), *never]):
                continue
            for selector in rule["targets"]:
                if matches(selector, account, organization) and _may_target(
                    selector, account, organization
                ):
                    for permission_set in rule["permissionSets"]:
                        kind = "group" if "group" in rule else "user"
                        assignment = (permission_set, kind, rule[kind], account["id"])
                        name = rule.get("id", f"rules[{number}]")
                        found.setdefault(assignment, set()).add((name, kind_of(selector)))
    return found


def kind_of(selector: Data) -> str:
    """The key that makes the selector."""
    return next(kind for kind in KINDS if kind in selector)


def matches(selector: Data, account: Data, organization: Data) -> bool:
    """Whether a selector means an account, whatever its state."""
    kind = kind_of(selector)
    wanted = selector[kind]
    if names_nothing(selector, organization):
        return False
    if kind in {"account", "accountName"}:
        return bool(account[{"account": "id", "accountName": "name"}[kind]] == wanted)
    if kind == "accountNameGlob":
        return fnmatchcase(account["name"], wanted)
    if kind == "tag":
        return all(account["tags"].get(key) == value for key, value in wanted.items())
    return _is_in(account, selector, organization)


def _is_in(account: Data, selector: Data, organization: Data) -> bool:
    kind = kind_of(selector)
    wanted = selector[kind]
    above = [unit["id"] for unit in _units_above(account, organization)]
    nested = selector.get("children", True)
    if kind == "ou" and wanted == "/":
        return nested or not above
    unit = wanted if kind == "ouId" else _units_at(wanted, organization)[0]
    return unit in above if nested else above[:1] == [unit]


def names_nothing(selector: Data, organization: Data) -> bool:
    """Whether a selector is an error: what it names does not exist, or is not one thing."""
    kind = kind_of(selector)
    wanted = selector[kind]
    accounts = organization["accounts"]
    if kind == "account":
        return all(account["id"] != wanted for account in accounts)
    if kind == "accountName":
        return sum(account["name"] == wanted for account in accounts) != 1
    if kind == "accountNameGlob":
        return not any(fnmatchcase(account["name"], wanted) for account in accounts)
    if kind == "tag":
        return not all(any(key in account["tags"] for account in accounts) for key in wanted)
    if kind == "ouId":
        return all(unit["id"] != wanted for unit in organization["organizationalUnits"])
    return wanted != "/" and len(_units_at(wanted, organization)) != 1


def names_several(selector: Data, organization: Data) -> bool:
    """Whether a selector means one thing and several bear its name."""
    kind = kind_of(selector)
    wanted = selector[kind]
    if kind == "accountName":
        return sum(account["name"] == wanted for account in organization["accounts"]) > 1
    return kind == "ou" and wanted != "/" and len(_units_at(wanted, organization)) > 1


def has_no_account(selector: Data, organization: Data) -> bool:
    """Whether a selector means no account at all."""
    return not any(matches(selector, a, organization) for a in organization["accounts"])


def _may_target(selector: Data, account: Data, organization: Data) -> bool:
    named = kind_of(selector) in {"account", "accountName"}
    return named or account["id"] != organization["managementAccountId"]


def _units_above(entry: Data, organization: Data) -> list[Data]:
    """The OUs that an account or OU is in, innermost first."""
    above: list[Data] = []
    parent = entry["parentId"]
    while True:
        unit = next((u for u in organization["organizationalUnits"] if u["id"] == parent), None)
        if unit is None:
            return above
        above.append(unit)
        parent = unit["parentId"]


def _units_at(path: str, organization: Data) -> list[str]:
    """Ids of the OUs whose names from the root are exactly the parts of the path."""

    def found() -> Iterator[str]:
        for unit in organization["organizationalUnits"]:
            chain = [unit, *_units_above(unit, organization)]
            if [part["name"] for part in reversed(chain)] == path.split("/"):
                yield unit["id"]

    return list(found())
