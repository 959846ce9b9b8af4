"""What AWS lacks of the stack's own permission sets although the state takes it for done. Pure.

An update brings a set from what the state has to what is declared: the provider writes what differs
between these two, and nothing else. So what the state has as declared and AWS does not is a repair;
everything else is the provider's own work. A policy that AWS has, and the state has not (its answer
was lost), can't be attached again: it is taken into the state.

What the provider writes is its own code: terraform-provider-aws `permission_set.go` (description,
session and relay state together whenever one of them differs; tags by key),
`permission_set_inline_policy.go` and `permissions_boundary_attachment.go` (a Put overwrites),
`managed_policy_attachment.go`, `customer_managed_policy_attachment.go` (refused when attached;
taking off what is not there succeeds).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from federation.access.declared import PermissionSet
from federation.access.organization import Organization
from federation.core.domain import duration_seconds, quoted
from federation.core.wording import count, plain, several
from federation.engine.repairs import Aspect, Difference, PermissionSetRepair
from federation.engine.set_content import (
    LiveSet,
    SetContent,
    StoredSet,
    declared_content,
    same_policy,
)

# AWS user guide, "Tagging": keys that begin so are AWS's own.
_RESERVED: Final = "aws:"
_POLICIES: Final = ("managedPolicy", "customerManagedPolicy")


@dataclass(frozen=True, kw_only=True)
class IgnoredTags:
    """Tags that the provider leaves alone (`aws:ignoreTags`), and those of AWS itself."""

    keys: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> IgnoredTags:
        """Those of the provider's configuration, the keys of `aws:` without namespace."""
        found = config.get("ignoreTags") or {}
        return cls(
            keys=frozenset(found.get("keys") or ()), prefixes=tuple(found.get("keyPrefixes") or ())
        )

    def __contains__(self, key: str) -> bool:
        """Whether a key is one of them."""
        return key in self.keys or key.startswith((_RESERVED, *self.prefixes))


NO_TAGS: Final = IgnoredTags()


@dataclass(frozen=True, kw_only=True)
class SetPlan:
    """What becomes of the permission sets.

    `models` are those to declare. `attached` are, by set, the ARN or path and name of the policies
    that AWS has and the state lacks. `arns` are the ARNs of the sets that AWS has.
    """

    models: Mapping[str, PermissionSet] = field(default_factory=dict)
    repairs: tuple[PermissionSetRepair, ...] = ()
    attached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    arns: Mapping[str, str] = field(default_factory=dict)

    def after(self, failed: Collection[object]) -> SetPlan:
        """The plan once all repairs were tried: a policy that was attached again is taken into the
        state, from which a refresh in the same update has dropped it.
        """
        attached = dict(self.attached)
        for repair in self.repairs:
            again = frozenset(
                one.name
                for one in repair.differences
                if one.aspect in _POLICIES and one.live is None and repair not in failed
            )
            attached[repair.permission_set] = attached.get(repair.permission_set, again) | again
        return replace(self, attached=attached)


def plan_sets(
    models: Mapping[str, PermissionSet],
    stored: Mapping[str, StoredSet],
    live: Mapping[str, LiveSet | None],
    organization: Organization,
    ignored: IgnoredTags = NO_TAGS,
) -> SetPlan:
    """Decide for the declared sets; `live` is by ARN, None for a set that AWS no longer has.

    Accounts that are not ACTIVE are left out: AWS changes nothing in them.
    """
    planned = dict(models)
    repairs, attached, arns = [], {}, {}
    for name in sorted(models):
        known = stored.get(name)
        if known is None or known.arn not in live:
            continue
        found = live[known.arn]
        if found is None:
            repairs.append(PermissionSetRepair(permission_set=name, arn=known.arn, missing=True))
            continue
        planned[name] = described(models[name], found)
        declared = declared_content(planned[name], organization.partition)
        differences = tuple(_differences(known.content, declared, found.content, ignored))
        accounts = tuple(sorted(one for one in found.outdated if _active(organization, one)))
        if differences or accounts:
            repairs.append(
                PermissionSetRepair(
                    permission_set=name, arn=known.arn, differences=differences, accounts=accounts
                )
            )
        arns[name] = known.arn
        attached[name] = _unrecorded(known.content, declared, found.content)
    return SetPlan(models=planned, repairs=tuple(repairs), attached=attached, arns=arns)


def described(model: PermissionSet, live: LiveSet) -> PermissionSet:
    """The set with a description where AWS has one.

    A description can't be taken away: UpdatePermissionSet takes none that is empty, and one that is
    left out is not known to end. The set's own name says as little, and is definite.
    """
    return (
        replace(model, description=model.name)
        if live.content.description and not model.description
        else model
    )


def _active(organization: Organization, account: str) -> bool:
    found = organization.by_id.get(account)
    return found is not None and found.active


def _unrecorded(stored: SetContent, declared: SetContent, live: SetContent) -> frozenset[str]:
    return frozenset(
        ((live.managed & declared.managed) - stored.managed)
        | ((live.customer & declared.customer) - stored.customer)
    )


def _differences(
    stored: SetContent, declared: SetContent, live: SetContent, ignored: IgnoredTags
) -> Iterator[Difference]:
    yield from _settings(stored, declared, live)
    yield from _policies("managedPolicy", stored.managed, declared.managed, live.managed)
    yield from _policies("customerManagedPolicy", stored.customer, declared.customer, live.customer)
    if same_policy(stored.inline, declared.inline) and not same_policy(
        live.inline, declared.inline
    ):
        yield Difference(aspect="inlinePolicy", live=live.inline, declared=declared.inline)
    if stored.boundary == declared.boundary != live.boundary:
        yield _text("permissionsBoundary", live.boundary, declared.boundary)
    for key in sorted(live.tags.keys() | declared.tags.keys()):
        wanted, has = declared.tags.get(key), live.tags.get(key)
        if key not in ignored and stored.tags.get(key) == wanted != has:
            yield Difference(aspect="tag", name=key, live=has, declared=wanted)


def _policies(
    aspect: Literal["managedPolicy", "customerManagedPolicy"],
    stored: frozenset[str],
    declared: frozenset[str],
    live: frozenset[str],
) -> Iterator[Difference]:
    for name in sorted(live ^ declared):
        # Else the provider attaches or detaches it.
        if (name in stored) == (name in declared):
            there = name in live
            yield Difference(
                aspect=aspect,
                name=name,
                live=name if there else None,
                declared=None if there else name,
            )


def _settings(stored: SetContent, declared: SetContent, live: SetContent) -> Iterator[Difference]:
    had = (stored.description, stored.session, stored.relay_state)
    if had != (declared.description, declared.session, declared.relay_state):
        return
    if live.description != declared.description:
        yield _text("description", live.description, declared.description)
    if duration_seconds(live.session) != duration_seconds(declared.session):
        yield _text("sessionDuration", live.session, declared.session)
    if live.relay_state != declared.relay_state:
        yield _text("relayState", live.relay_state, declared.relay_state)


def _text(aspect: Aspect, live: str, declared: str) -> Difference:
    return Difference(aspect=aspect, live=live or None, declared=declared or None)


def set_sentences(repair: PermissionSetRepair, organization: Organization) -> list[str]:
    """A sentence for each thing that AWS lacks of a permission set, accounts by name."""
    if repair.missing:
        return [missing_set(repair)]
    found = []
    if repair.accounts:
        found.append(
            f"{repair.permission_set} is still provisioned with an older version on "
            f"{_accounts(repair.accounts, organization)}"
        )
    if repair.differences:
        what = "; ".join(_named(one) for one in repair.differences)
        found.append(f"{repair.permission_set} is not in AWS as the last update left it: {what}")
    return found


def missing_set(repair: PermissionSetRepair) -> str:
    """What to do about a set that was deleted in AWS."""
    return (
        f"permission set {repair.permission_set} ({repair.arn}) no longer exists in AWS, and with "
        "it the access that it gave: pulumi up --refresh makes both anew"
    )


def failed_provisioning(reason: str, accounts: Collection[str], organization: Organization) -> str:
    """Why a repair has failed: AWS's reason, and where the role is still of an older version."""
    return (
        f"AWS could not provision it ({reason or 'no reason was given'}); its older version is "
        f"still in effect on {_accounts(accounts, organization)}"
    )


_SHOWN: Final = 10
_ASPECTS: Final = {
    "description": "description",
    "sessionDuration": "session duration",
    "relayState": "relay state",
    "tag": "tag",
    "managedPolicy": "AWS-managed policy",
    "customerManagedPolicy": "customer-managed policy",
    "inlinePolicy": "inline policy",
    "permissionsBoundary": "permissions boundary",
}


def _accounts(accounts: Collection[str], organization: Organization) -> str:
    names = sorted(
        str(organization.by_id[one]) if one in organization.by_id else one for one in accounts
    )
    return f"{count(len(names), 'account')}: {plain(several(names, shown=_SHOWN))}"


def _named(one: Difference) -> str:
    what = f"{_ASPECTS[one.aspect]} {quoted(one.name)}" if one.name else _ASPECTS[one.aspect]
    if one.live is None:
        return f"{what} is missing"
    return f"{what} is not declared" if one.declared is None else f"{what} differs"
