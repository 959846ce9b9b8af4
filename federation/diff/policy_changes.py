"""What two versions of an inline policy allow and deny, one more or less than the other.

Statements are compared by meaning: order, Sids and the grouping of actions and resources make no
difference (IAM user guide, "Policy evaluation logic": statements add up, a Deny wins).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from federation.core.wording import Code, Sentence, listed, several

# An inline policy has at most 32,768 characters; what would come to more pairs than this is
# compared as a whole.
_MOST_PAIRS: Final = 20_000
# With more wildcards than that, what they cover counts as a change all the same.
_MOST_WIDE: Final = 200
_SHOWN: Final = 12
_STATED: Final = {"Allow": "allows ", "Deny": "denies "}
_ADDED: Final = {"Allow": "now also allows ", "Deny": "now denies "}
_REMOVED: Final = {"Allow": "no longer allows ", "Deny": "no longer denies "}
_NOW: Final = {"Allow": "now allows ", "Deny": "now denies "}


class Permission(NamedTuple):
    """One action on one resource; `Not…` kinds hold their whole list, joined by blanks."""

    effect: str
    resource_kind: str
    resource: str
    condition: str
    action_kind: str
    action: str


class PolicyChange(NamedTuple):
    """`wider` is True where the holder can do more: an Allow added, or a Deny taken away."""

    wider: bool
    sentence: Sentence


def policy_changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[PolicyChange]:
    """Every difference in meaning, wider ones first; empty for the same policy in other words."""
    old, new = _permissions(before), _permissions(after)
    tied, freed = _tied(old, new), _tied(new, old)
    named = {*tied, *freed, *map(_bare, tied), *map(_bare, freed)}
    more = [new[key] for key in _beyond(new, old) if key not in named]
    less = [old[key] for key in _beyond(old, new) if key not in named]
    changes = [
        *_changes(more, _ADDED, wider="Allow"),
        *_changes(less, _REMOVED, wider="Deny"),
        *_changes([new[key] for key in tied], _NOW, wider="Deny", link=" only if "),
        *_changes([old[key] for key in freed], _NOW, wider="Allow", link=" even without "),
    ]
    changes += _version(before, after)
    return sorted(changes, key=lambda change: (not change.wider, change.sentence))


def _version(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Iterable[PolicyChange]:
    """Another Version reads `${…}` differently: as a variable, or letter by letter.

    Source: IAM user guide, "IAM JSON policy elements: Version".
    """
    if not before or not after or "${" not in json.dumps([before, after]):
        return
    old, new = (str(policy.get("Version")) for policy in (before, after))
    if old != new:
        sentence = ("reads ${…} by Version ", Code(new), " instead of ", Code(old))
        yield PolicyChange(True, sentence)


def statements(policy: Mapping[str, Any]) -> list[PolicyChange]:
    """What a new policy says, a sentence each: `allows s3:GetObject on *`."""
    return _changes(_permissions(policy).values(), _STATED, wider="Allow")


def _changes(
    permissions: Iterable[Permission], verbs: Mapping[str, str], *, wider: str, link: str = " if "
) -> list[PolicyChange]:
    return [
        PolicyChange(effect == wider, sentence)
        for effect, sentence in _grouped(permissions, verbs, link)
    ]


def _bare(one: Permission) -> Permission:
    return one._replace(condition="")


def _tied(old: Iterable[Permission], new: Mapping[Permission, Permission]) -> list[Permission]:
    """Permissions of `new` under a condition that `old` had without one."""
    before = frozenset(old)
    freely = {_bare(one): one for one in new if one.condition and _bare(one) in before}
    # What a wider permission gives without the condition is not tied to it.
    uncovered = set(_beyond(freely, new))
    return [one for one in new if one.condition and one not in before and _bare(one) in uncovered]


def _beyond(
    these: Mapping[Permission, Permission], others: Mapping[Permission, Permission]
) -> list[Permission]:
    """Those permissions that no other one covers."""
    wide = [one for one in others if "*" in one.action or one.resource.endswith("*")]
    if len(wide) > _MOST_WIDE:
        wide = []
    return [
        one
        for one in these.keys() - others.keys()
        if not any(_covers(other, one) for other in wide)
    ]


def _covers(wide: Permission, one: Permission) -> bool:
    if (wide.effect, wide.condition) not in ((one.effect, ""), (one.effect, one.condition)):
        return False
    kinds = {wide.action_kind, one.action_kind, wide.resource_kind, one.resource_kind}
    # What is compared as a whole, joined by blanks, is no pattern.
    if kinds != {"Action", "Resource"} or " " in one.action + one.resource:
        return False
    return _covers_action(wide.action, one.action) and _covers_resource(wide.resource, one.resource)


def _covers_action(pattern: str, action: str) -> bool:
    """Whatever a pattern's `?` matches is one character, never the wildcard of a wider action."""
    parts = (re.escape(part).replace(r"\?", "[^*]") for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), action) is not None


def _covers_resource(pattern: str, resource: str) -> bool:
    """A `*` at the end of an ARN's last part reaches everything below it; no other one is weighed.

    Source: IAM user guide, "IAM JSON policy elements: Resource".
    """
    if pattern in ("*", resource):
        return True
    prefix = pattern.removesuffix("*")
    literal = not {"*", "?"} & set(prefix)
    return pattern != prefix and literal and prefix.count(":") >= 5 and resource.startswith(prefix)


def _permissions(policy: Mapping[str, Any] | None) -> dict[Permission, Permission]:
    """Permissions as written, by what they compare as: actions ignore upper and lower case."""
    found: dict[Permission, Permission] = {}
    listed_statements = (policy or {}).get("Statement", ())
    if isinstance(listed_statements, Mapping):
        listed_statements = (listed_statements,)
    for statement in listed_statements:
        for one in _of_statement(statement):
            found[one._replace(action=one.action.casefold())] = one
    return found


def _of_statement(statement: Mapping[str, Any]) -> Iterable[Permission]:
    action_kind, actions = _either(statement, "Action", "NotAction")
    resource_kind, resources = _either(statement, "Resource", "NotResource")
    if len(actions) * len(resources) > _MOST_PAIRS:
        actions, resources = [" ".join(sorted(actions))], [" ".join(sorted(resources))]
    condition = statement.get("Condition")
    shown = json.dumps(condition, sort_keys=True, separators=(", ", ": ")) if condition else ""
    effect = str(statement.get("Effect", ""))
    return [
        Permission(effect, resource_kind, resource, shown, action_kind, action)
        for resource in resources
        for action in actions
    ]


def _either(
    statement: Mapping[str, Any], one: Literal["Action", "Resource"], other: str
) -> tuple[str, list[str]]:
    if other in statement:
        return other, [" ".join(sorted(_texts(statement[other])))]
    return one, _texts(statement.get(one, ()))


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _grouped(
    permissions: Iterable[Permission], verbs: Mapping[str, str], link: str = " if "
) -> list[tuple[str, Sentence]]:
    """One sentence for all actions on the same resources under the same condition."""
    by_resource: dict[Permission, list[str]] = defaultdict(list)
    for one in sorted(set(permissions)):
        by_resource[one._replace(action="")].append(one.action)
    by_actions: dict[tuple[Permission, tuple[str, ...]], list[str]] = defaultdict(list)
    for one, actions in by_resource.items():
        by_actions[one._replace(resource=""), tuple(actions)].append(one.resource)
    return [
        (one.effect, _sentence(one, verbs[one.effect], actions, resources, link))
        for (one, actions), resources in by_actions.items()
        if one.effect in verbs
    ]


def _sentence(
    one: Permission, verb: str, actions: Iterable[str], resources: Iterable[str], link: str
) -> Sentence:
    condition = (link, Code(one.condition)) if one.condition else ()
    return (
        verb,
        *_things(actions, but=one.action_kind == "NotAction"),
        " on ",
        *_things(resources, but=one.resource_kind == "NotResource"),
        *condition,
    )


def _things(values: Iterable[str], *, but: bool) -> Sentence:
    if but:
        return (
            "everything but ",
            *listed(Code(word) for value in values for word in value.split()),
        )
    return several((Code(value) for value in values), shown=_SHOWN)
