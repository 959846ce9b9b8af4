"""Whatever stands in a file, the answer is an `Access` or sentences, never another exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import example, given
from hypothesis import strategies as st

from federation.access.access import load_access
from federation.access.organization import Organization
from federation.access.written import access_file
from federation.core.errors import InvalidInput
from tests.federation.loading import COMPANY, load, load_text

Made = TypeVar("Made")
GOOD: dict[str, Any] = {
    "groups": {"team": {"displayName": "AWS-Team", "create": True, "owners": ["ada@example.com"]}},
    "users": {"ada": {"userPrincipalName": "ada@example.com"}},
    "permissionSets": {
        "Deploy": {
            "description": "Roll out",
            "sessionDuration": "PT8H",
            "managedPolicies": ["ReadOnlyAccess"],
            "customerManagedPolicies": [{"name": "deploy", "path": "/platform/"}],
            "inlinePolicy": {
                "Version": "2012-10-17",
                "Id": "one",
                "Statement": [
                    {
                        "Sid": "One",
                        "Effect": "Allow",
                        "Action": ["s3:Get*"],
                        "Resource": "*",
                        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
                    }
                ],
            },
            "permissionsBoundary": {"customerManagedPolicy": {"name": "boundary"}},
            "relayState": "https://example.com/",
            "tags": {"owner": "platform"},
        }
    },
    "rules": [
        {
            "id": "team-dev",
            "owner": "ada@example.com",
            "group": "team",
            "permissionSets": ["Deploy"],
            "targets": [{"ou": "Workloads", "children": False}, {"tag": {"env": "dev"}}],
            "except": [{"account": "123456789012", "optional": True}],
            "until": "2027-03-31",
            "protected": "acknowledged",
        }
    ],
    "guards": {
        "breakGlass": ["team"],
        "protectedAccounts": [{"ouId": "ou-abcd-11111111"}],
        "adminPermissionSets": ["Deploy"],
        "never": [{"accountNameGlob": "x*"}],
        "maxRemovals": 20,
        "separationOfDuties": [["Deploy", "Deploy2"]],
        "requireOwner": "error",
        "scopes": {},
        "severity": {"never": "warn"},
    },
    "quotas": {"groups": 10},
    "moved": {"old": "team"},
}
_odd = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.dates(),
        st.text(max_size=5),
        st.sampled_from(
            ["team", "Deploy", "ada", "/", "*", "2012-10-17", "Version", "[key]", "<<"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["ou", "Statement", "name", "Sid", "a"]), inner, max_size=2
        ),
    ),
    max_leaves=4,
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = list(node) if isinstance(node, dict) else range(len(node))
    found: list[tuple[Any, ...]] = []
    for step in steps:
        found.append((*path, step))
        if isinstance(node[step], dict | list):
            found += _places(node[step], (*path, step))
    return found


PLACES = _places(GOOD)
COMPANY_DATA: dict[str, Any] = json.loads(COMPANY.read_bytes())
COMPANY_PLACES = _places(COMPANY_DATA)


def _put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(data)
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return changed


def _made_or_refused(make: Callable[[], Made]) -> Made | None:
    """What was made, or None after a refusal that names at least one problem."""
    try:
        return make()
    except InvalidInput as error:
        refused = error
    assert refused.problems
    assert str(refused).endswith("nothing was changed.")
    return None


def _load_or_refuse(data: Any) -> None:
    access = _made_or_refused(lambda: load(data))
    if access is not None:
        assert all(entry.inline_policy_json != "" for entry in access.permission_sets.values())
        assert load_text(access_file(access)) == access


@example(place=("moved",), value={"ou": ""})
@given(st.sampled_from(PLACES), _odd)
def test_any_value_in_any_place(place: tuple[Any, ...], value: Any) -> None:
    _load_or_refuse(_put(GOOD, place, value))


@given(st.sampled_from(PLACES), st.text(max_size=4), _odd)
def test_any_key_in_any_place(place: tuple[Any, ...], key: str, value: Any) -> None:
    parent: Any = GOOD
    for step in place[:-1]:
        parent = parent[step]
    if isinstance(parent, dict):
        _load_or_refuse(_put(GOOD, (*place[:-1], key), value))


@given(st.data())
def test_any_bytes_in_any_place(data: st.DataObject) -> None:
    content = (
        json.dumps(GOOD, indent=1).replace('"', "" if data.draw(st.booleans()) else '"').encode()
    )
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 20))
    content = content[:at] + data.draw(st.binary(max_size=6)) + content[at + cut :]
    with TemporaryDirectory() as folder:
        (Path(folder) / "access.yaml").write_bytes(content)
        _made_or_refused(lambda: load_access(["access.yaml"], root=Path(folder)))


@given(st.sampled_from(COMPANY_PLACES), _odd)
def test_any_value_in_an_organization_file(place: tuple[Any, ...], value: Any) -> None:
    if isinstance(value, date):
        return
    broken = _put(COMPANY_DATA, place, value)
    organization = _made_or_refused(lambda: Organization.from_dict(broken))
    if organization is not None:
        assert Organization.from_dict(organization.to_dict()).to_dict() == organization.to_dict()
