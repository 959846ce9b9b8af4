"""A made-up company of any size: organization and access file, the same for the same numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

MANAGEMENT: Final = "100000000000"
_ROOT: Final = "r-abcd"
_ENVIRONMENTS: Final = ("dev", "test", "prod", "sandbox")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a company is; the defaults come to about 70,000 assignments."""

    accounts: int = 1000
    rules: int = 500
    groups: int = 120
    permission_sets: int = 40


def organization(size: Size) -> dict[str, Any]:
    """88 OUs four deep (4 x (1 + 3 x (1 + 3 x (1 + 1)))), accounts spread over them, with tags."""
    units: list[dict[str, str]] = []

    def add(name: str, parent: str) -> str:
        ident = f"ou-abcd-{len(units):08d}"
        units.append({"id": ident, "name": name, "parentId": parent})
        return ident

    for division in range(4):
        top = add(f"Division{division}", _ROOT)
        for region in range(3):
            middle = add(f"Region{region}", top)
            for product in range(3):
                low = add(f"Product{product}", middle)
                add("Live", low)
    random = Random(4)  # noqa: S311 - reproducible, not secret
    accounts = [
        {
            "id": str(100000000000 + number),
            "name": "management"
            if number == 0
            else f"team-{number % 50}-{_stage(number)}-{number}",
            "parentId": _ROOT if number == 0 else random.choice(units)["id"],
            "state": "SUSPENDED" if number % 97 == 96 else "ACTIVE",
            "tags": {"env": _stage(number), "team": f"team-{number % 50}"},
        }
        for number in range(size.accounts)
    ]
    return {
        "managementAccountId": MANAGEMENT,
        "partition": "aws",
        "roots": [{"id": _ROOT, "name": "Root"}],
        "organizationalUnits": units,
        "accounts": accounts,
    }


def _stage(number: int) -> str:
    return _ENVIRONMENTS[number % len(_ENVIRONMENTS)]


def access(size: Size) -> str:
    """An access file with selectors of every kind."""
    lines = ["groups:"]
    lines += [f"  group-{n}: {{displayName: AWS-Group-{n}}}" for n in range(size.groups)]
    lines.append("permissionSets:")
    for number in range(size.permission_sets):
        lines += [
            f"  Set{number}:",
            f"    description: Permission set number {number}",
            "    sessionDuration: PT8H",
            "    managedPolicies: [ReadOnlyAccess]",
        ]
    lines.append("rules:")
    for number in range(size.rules):
        # Rules of one group name other sets, so that few assignments are given twice.
        first = number + 2 * (number // size.groups)
        sets = ", ".join(
            f"Set{(first + more) % size.permission_sets}" for more in range(1 + (number % 4 == 0))
        )
        lines += [
            f"  - id: rule-{number}",
            f"    owner: owner-{number % 30}@example.com",
            f"    group: group-{number % size.groups}",
            f"    permissionSets: [{sets}]",
            f"    targets: [{', '.join(_targets(number, size))}]",
            f'    except: [{{account: "{100000000001 + number % (size.accounts - 1)}"}}]',
        ]
    return "\n".join(lines) + "\n"


def _targets(number: int, size: Size) -> list[str]:
    division, region = number % 4, number % 3
    by_kind = (
        [f"{{ou: Division{division}}}"],
        [f"{{ou: Division{division}/Region{region}}}"],
        [f'{{accountNameGlob: "team-{number % 50}-*"}}', "{tag: {env: dev, team: team-4}}"],
        [f"{{tag: {{env: {_stage(number)}}}}}"],
        [
            f'{{account: "{100000000001 + (number * 13 + n) % (size.accounts - 1)}"}}'
            for n in range(3)
        ],
    )
    return by_kind[number % len(by_kind)]


def write(folder: Path, size: Size) -> tuple[Path, Path]:
    """Write the access file and the organization file; returns their paths."""
    files = folder / "access.yaml", folder / "organization.json"
    files[0].write_text(access(size))
    files[1].write_text(json.dumps(organization(size)))
    return files
