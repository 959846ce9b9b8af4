"""The access diff for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.labels import Identity
from federation.core.wording import plain
from federation.diff.changes import AccessChange, AccessDiff
from federation.diff.set_changes import SetChange
from federation.diff.trust_change import TrustChange
from federation.engine.unmanaged import AppGrant, Grant, for_machines


def as_json(diff: AccessDiff) -> str:
    """The diff as JSON; lists are in the order of the text, `assignments` are sorted."""
    return json.dumps(as_dict(diff), indent=2, ensure_ascii=False) + "\n"


def as_dict(diff: AccessDiff) -> dict[str, Any]:
    """Plain data; keys never change their meaning."""
    return {
        "stack": diff.stack,
        "failed": bool(diff.errors),
        "changed": diff.changed,
        "onlyGains": only_gains(diff),
        "phase": {"before": _text(diff.phase_before), "after": _text(diff.phase_after)},
        "counts": {
            "gained": diff.count("gained"),
            "lost": diff.count("lost"),
            "moved": diff.count("moved"),
            "adopted": diff.count("adopted"),
            "madeAnew": diff.count("again"),
        },
        "errors": list(diff.errors),
        "access": [_access(diff, one) for one in diff.access],
        "permissionSets": [_set(diff, one) for one in diff.sets],
        "trust": [_trust(diff, one) for one in diff.trust],
        "guards": [
            {
                "loosened": one.loosened,
                "text": plain(one.sentence),
                "accounts": [_account(diff, ident) for ident in one.accounts],
            }
            for one in diff.guards
        ],
        "rulesAndSettings": [
            {
                "loosened": one.weakens,
                "principal": _principal(diff, one.principal) if one.principal else None,
                "text": plain(one.sentence),
                "accounts": [_account(diff, ident) for ident in one.accounts],
            }
            for one in diff.record
        ],
        "accounts": [
            {"id": one.account, "before": one.before or None, "after": one.after}
            for one in diff.accounts
        ],
        "holds": [
            {
                "principal": _principal(diff, hold.principal),
                "reason": hold.reason,
                "assignments": _names(hold.assignments),
            }
            for hold in diff.holds
        ],
        "warnings": list(diff.warnings),
        "unmanaged": {
            "fails": diff.unmanaged.fails,
            "grants": [_grant(diff, one) for one in diff.unmanaged.grants],
        },
        "expiries": [
            {"what": one.what, "on": one.on.isoformat(), "daysLeft": one.days_left(diff.today)}
            for one in diff.expiries
        ],
        "notes": [*diff.notes, *diff.context.notes],
        "desiredState": _fingerprint(diff),
        "assignments": None if diff.assignments is None else _names(diff.assignments),
    }


def _fingerprint(diff: AccessDiff) -> dict[str, Any] | None:
    """Hash, parts and principals; the record is in the differences."""
    found = {key: value for key, value in diff.desired_state.items() if key != "record"}
    return found or None


def only_gains(diff: AccessDiff) -> bool:
    """Whether every change is an assignment that an unchanged rule gives, as for a new account."""
    return (
        bool(diff.access)
        and not diff.errors
        and not diff.sets
        and not diff.trust
        and not diff.guards
        and not diff.record
        and all(one.what == "gained" and not one.admin for one in diff.access)
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _names(assignments: Iterable[Assignment]) -> list[str]:
    return [assignment.logical_name for assignment in assignments]


def _principal(diff: AccessDiff, key: PrincipalKey) -> dict[str, Any]:
    known = diff.context.principals.get(key, Identity())
    found: dict[str, Any] = {
        "type": key.type,
        "key": key.key,
        "name": known.name or None,
        "objectId": known.object_id or None,
        "label": diff.context.labels[key],
    }
    if key in diff.context.people:
        found["people"] = diff.context.people[key]
    return found


def _access(diff: AccessDiff, change: AccessChange) -> dict[str, Any]:
    return {
        "change": change.what,
        "principal": _principal(diff, change.principal),
        "permissionSet": change.permission_set,
        "admin": change.admin,
        "late": change.late,
        "ended": change.ended.isoformat() if change.ended else None,
        "accounts": [_account(diff, ident) for ident in change.accounts],
    }


def _account(diff: AccessDiff, ident: str) -> dict[str, Any]:
    label = diff.context.accounts.get(ident)
    if label is None:
        return {"id": ident}
    return {"id": ident, "name": label.name, "ou": label.unit, "protected": label.protected}


def _set(diff: AccessDiff, change: SetChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "change": change.what,
        "insteadOf": change.instead_of or None,
        "direction": change.direction,
        "admin": {"before": change.admin_before, "after": change.admin_after},
        "madeAnew": change.replaced,
        "repaired": change.repaired,
        "missing": change.missing,
        "outdatedOn": [_account(diff, ident) for ident in change.outdated],
        "differences": [
            {"direction": one.direction, "text": plain(one.sentence)} for one in change.aspects
        ],
        "heldBy": _names(diff.holders.get(change.name, ())),
    }


def _grant(diff: AccessDiff, grant: Grant) -> dict[str, Any]:
    found = for_machines(grant)
    if isinstance(grant, AppGrant):
        return found
    return {**found, "account": _account(diff, grant.account)}


def _trust(diff: AccessDiff, change: TrustChange) -> dict[str, Any]:
    return {
        "effect": change.effect,
        "principal": _principal(diff, change.principal) if change.principal else None,
        "text": plain(change.sentence),
        "people": [diff.context.persons.get(one, one) for one in change.persons],
        "objectIds": list(change.persons),
    }
