"""Random organizations and access files, odd on purpose."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from federation.core.domain import PERMISSION_SET_NAME
from federation.core.source import hidden_character

Data = dict[str, Any]
TODAY = date(2027, 1, 15)
STATES = ["ACTIVE"] * 6 + ["SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED"]
# Few names, so that equal ones and prefixes are frequent; some have misled other tools.
_ORDINARY = [
    "Prod",
    "prod",
    "Prod-1",
    "Prod.1",
    "Dev",
    "Workloads",
    "a",
    "b",
    "Zürich",
    "日本",
    "🚀",
]
_ODD = ["ROOT", "r-abcd", "ou-abcd-00000001", "123456789012", "on", " padded ", "e\u0301", "\u00e9"]
_WILD = ["a/b", "a//b", "/", "*", "?", "[D]ev", "{}", "$(x)", "'\"", "tab\tname", "evil\u202e"]
NAMES = st.sampled_from([*_ORDINARY, *_ODD, *_WILD])
_SOME_TAGS: list[dict[str, str]] = [
    {},
    {"env": "dev"},
    {"env": "prod"},
    {"Env": "dev"},
    {"env": "Dev", "team": "a b"},
    {"env": "dev", "team": "a b"},
    {"team": ""},
    {"env": "", "Env": "", "cost:center": "a b"},
]
TAGS = st.sampled_from(_SOME_TAGS)
GLOBS = ["*", "Prod*", "?", "[DP]*", "*-1", "[!P]*", "Prod?1", "nothing*", "[*]", "on"]
KEYS = ["team", "team.a", "teama", "te-am", "team@x", "a=b", "A+B", "0", "group", "user"]
SETS = ["ReadOnly", "Read.Only", "a=b", "group", "user", "0", "@", "-", "A", "a"]
legal_keys = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+=,-]{0,63}", fullmatch=True)
legal_set_names = st.from_regex(rf"{PERMISSION_SET_NAME.pattern}", fullmatch=True).filter(
    lambda name: len(name) <= PERMISSION_SET_NAME.longest
)


@st.composite
def organizations(draw: st.DrawFn) -> Data:
    """Up to 8 OUs in any shape and up to 10 accounts in any state."""
    parents = ["r-abcd"]
    units: list[Data] = []
    for number in range(draw(st.integers(0, 8))):
        # The last parents come up more often: deep trees.
        parent = draw(st.sampled_from([*parents, *parents[-2:]]))
        ident = f"ou-abcd-{number:08d}"
        units.append({"id": ident, "name": draw(NAMES), "parentId": parent})
        parents.append(ident)
    accounts = [
        {
            "id": f"{100000000000 + number * 7}",
            "name": draw(NAMES),
            "parentId": draw(st.sampled_from(parents)),
            "state": draw(st.sampled_from(STATES)),
            "tags": draw(TAGS),
        }
        for number in range(draw(st.integers(1, 10)))
    ]
    return {
        "managementAccountId": draw(st.sampled_from(accounts))["id"],
        "partition": draw(st.sampled_from(["aws", "aws-us-gov", "aws-cn"])),
        "roots": [{"id": "r-abcd", "name": "Root"}],
        "organizationalUnits": units,
        "accounts": accounts,
    }


def selectors(organization: Data) -> st.SearchStrategy[Data]:
    """Selectors of every kind, most of them about something that is there."""
    accounts, units = organization["accounts"], organization["organizationalUnits"]
    names = [account["name"] for account in accounts if _writable(account["name"])]
    paths = [path for path in (_path_of(unit, units) for unit in units) if _is_path(path)]
    values: dict[str, list[Any]] = {
        "ou": ["/", *paths, "Prod", "no/such"],
        "ouId": [*(unit["id"] for unit in units), "ou-abcd-99999999"],
        "account": [account["id"] for account in accounts],
        "accountName": [*names, "no such name"],
        "accountNameGlob": GLOBS,
        "tag": _SOME_TAGS[1:],
    }
    # Few large choices instead of many small ones: hypothesis pays by the choice.
    return st.one_of(
        *(
            st.sampled_from([{kind: value, **more} for value in some for more in _OPTIONS[kind]])
            for kind, some in values.items()
        )
    )


_PLAIN: list[Data] = [{}, {}, {}, {"optional": True}]
_CHILDREN: list[Data] = [{"children": False}, {"children": True, "optional": True}]
_OPTIONS: dict[str, list[Data]] = {
    "ou": [*_PLAIN, *_CHILDREN],
    "ouId": [*_PLAIN, *_CHILDREN],
    "account": _PLAIN,
    "accountName": _PLAIN,
    "accountNameGlob": _PLAIN,
    "tag": _PLAIN,
}


_SOME_SETS = [SETS[:1], SETS[1:2], SETS[2:4], SETS[:4], [SETS[3], SETS[0]]]


def _writable(name: str) -> bool:
    return hidden_character(name) is None and "\t" not in name


def _is_path(path: str) -> bool:
    return _writable(path) and all(path.split("/"))


def _path_of(unit: Data, units: list[Data]) -> str:
    by_id = {entry["id"]: entry for entry in units}
    names = [unit["name"]]
    while unit["parentId"] in by_id:
        unit = by_id[unit["parentId"]]
        names.insert(0, unit["name"])
    return "/".join(names)


@st.composite
def rules(draw: st.DrawFn, organization: Data) -> Data:
    """One rule, without an id."""
    choose = selectors(organization)
    rule: Data = {
        draw(st.sampled_from(["group", "group", "user"])): draw(st.sampled_from(KEYS[:4])),
        "permissionSets": draw(st.sampled_from(_SOME_SETS)),
        "targets": draw(st.lists(choose, min_size=1, max_size=3)),
    }
    if "user" in rule:
        rule["user"] = f"user-{rule['user']}"
    if draw(st.booleans()):
        rule["except"] = draw(st.lists(choose, min_size=1, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        rule["until"] = (TODAY + timedelta(days=draw(st.integers(-2, 20)))).isoformat()
    if draw(st.integers(0, 3)) == 0:
        rule["owner"] = "ada@example.com"
    if draw(st.integers(0, 3)) == 0:
        rule["protected"] = "acknowledged"
    return rule


@st.composite
def accesses(draw: st.DrawFn, organization: Data) -> Data:
    """An access file for an organization: up to 4 rules, sometimes with `never`."""
    access: Data = {
        "groups": {key: {"displayName": f"AWS {key}"} for key in KEYS[:4]},
        "users": {
            f"user-{key}": {"userPrincipalName": f"u{n}@example.com"}
            for n, key in enumerate(KEYS[:4])
        },
        "permissionSets": {name: {} for name in SETS[:4]},
        "rules": draw(st.lists(rules(organization), max_size=4)),
    }
    for number, rule in enumerate(access["rules"]):
        if draw(st.booleans()):
            rule["id"] = f"rule-{number}"
    if draw(st.integers(0, 2)) == 0:
        never = draw(st.lists(selectors(organization), min_size=1, max_size=2))
        access["guards"] = {"never": never}
    return access


@st.composite
def companies(draw: st.DrawFn) -> tuple[Data, Data]:
    """An access file and the organization it is for."""
    organization = draw(organizations())
    return draw(accesses(organization)), organization
