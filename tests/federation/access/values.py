"""A small access file, and the day and account of the tests of this room."""

from __future__ import annotations

from datetime import date
from typing import Any

TODAY = date(2027, 1, 15)
MANAGEMENT = "111122223333"


def access_file(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "groups": {"team": {"displayName": "AWS-Team"}},
        "permissionSets": {"ReadOnly": {"managedPolicies": ["ReadOnlyAccess"]}},
        "rules": [{"group": "team", "permissionSets": ["ReadOnly"], **rule} for rule in rules],
        **more,
    }
