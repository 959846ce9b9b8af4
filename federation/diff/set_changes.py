"""What an update changes inside permission sets: policies, boundary, session, and the rest."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from federation.access.administration import Level, administration
from federation.core.domain import duration_seconds, managed_policy_path
from federation.core.urn import Urn
from federation.core.wording import Code, Name, Sentence, listed
from federation.diff.policy_changes import policy_changes, statements
from federation.engine.preview import Preview, State, Step
from federation.engine.repairs import PermissionSetRepair

Direction = Literal["wider", "narrower", "neutral"]
# AWS SDK model sso-admin, CreatePermissionSet: sessions last one hour unless said otherwise.
_DEFAULT_SESSION: Final = "PT1H"
_SET: Final = "PermissionSet"
_MANAGED: Final = "ManagedPolicyAttachment"
_CUSTOMER: Final = "CustomerManagedPolicyAttachment"
_INLINE: Final = "PermissionSetInlinePolicy"
_BOUNDARY: Final = "PermissionsBoundaryAttachment"
KINDS: Final = frozenset({_SET, _MANAGED, _CUSTOMER, _INLINE, _BOUNDARY})


@dataclass(frozen=True, kw_only=True)
class Content:
    """A permission set as the engine knows it; `managed` and `customer` as path/name."""

    managed: frozenset[str] = frozenset()
    customer: frozenset[str] = frozenset()
    inline: Mapping[str, Any] | None = None
    boundary: str = ""
    session: str = _DEFAULT_SESSION
    relay_state: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def admin(self) -> bool:
        """Whether its policies let the holder gain every permission of the account."""
        found = administration(managed=self.managed, inline=self.inline)
        return found.level() is Level.ADMIN


@dataclass(frozen=True, order=True, kw_only=True)
class Aspect:
    """One difference; `sentence` goes after the set's name: `session 12 h instead of 8 h`.

    `longer_session` is the one that counts more for a set for administration: what somebody has
    taken over with a session lasts as long.
    """

    direction: Direction
    sentence: Sentence
    longer_session: bool = False


@dataclass(frozen=True, kw_only=True)
class SetChange:
    """A permission set that is new, removed or changed inside.

    `replaced` is True when AWS has to make it anew (its roles are made anew with it). A renamed
    set is a new one with everything that the removed set `instead_of` held.

    `repaired` says that AWS has the set otherwise than the last update left it, `missing` that it
    has it no more. `outdated` are the ids of the accounts where an older version is in effect.
    """

    name: str
    what: Literal["new", "removed", "changed", "renamed"]
    aspects: tuple[Aspect, ...]
    admin_before: bool = False
    admin_after: bool = False
    replaced: bool = False
    instead_of: str = ""
    repaired: bool = False
    missing: bool = False
    outdated: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the set itself changes, not only where it is provisioned."""
        return bool(self.aspects) or self.what != "changed" or self.replaced

    @property
    def direction(self) -> Direction:
        """Wider if anything in it is, narrower if nothing is wider and something is narrower."""
        directions = {aspect.direction for aspect in self.aspects}
        if "wider" in directions:
            return "wider"
        return "narrower" if "narrower" in directions else "neutral"


@dataclass(frozen=True, kw_only=True)
class Sets:
    """All that a preview shows of permission sets, by name, before and after."""

    before: Mapping[str, Content]
    after: Mapping[str, Content]
    changes: tuple[SetChange, ...]


def set_changes(preview: Preview) -> Sets:
    """Compare every permission set that the steps are about."""
    parts: dict[str, list[Step]] = defaultdict(list)
    for step in preview.of_kind(*KINDS):
        if "aws:ssoadmin" in step.type:
            parts[_owner(step)].append(step)
    before = {name: _content(step.before for step in steps) for name, steps in parts.items()}
    after = {name: _content(step.after for step in steps) for name, steps in parts.items()}
    repairs = {
        one.permission_set: one for one in preview.repairs if isinstance(one, PermissionSetRepair)
    }
    for name, repair in repairs.items():
        # What the update finds in AWS, and makes of it.
        before[name] = _repaired(before.get(name, Content()), repair, "live")
        after[name] = _repaired(after.get(name, Content()), repair, "declared")
    found = [
        _change(name, parts[name], before[name], after[name], repairs.get(name))
        for name in sorted(before)
    ]
    changes = [change for change in found if change is not None]
    return Sets(
        before={n: c for n, c in before.items() if _exists(parts[n], "before")},
        after={n: c for n, c in after.items() if _exists(parts[n], "after")},
        changes=tuple(_renamed(changes, before, after)),
    )


def _renamed(
    changes: list[SetChange], before: Mapping[str, Content], after: Mapping[str, Content]
) -> Iterator[SetChange]:
    """The changes, each new set that is a removed one under another name said as one of them."""
    removed = [change.name for change in changes if change.what == "removed"]
    new = [change.name for change in changes if change.what == "new"]
    pairs: dict[str, str] = {}
    for name in new:
        same = [old for old in removed if before[old] == after[name]]
        # Two sets with the same content are not one another's successor for certain.
        if len(same) == 1 and [after[other] for other in new].count(after[name]) == 1:
            pairs[name] = same[0]
    for change in changes:
        if change.name in pairs:
            yield replace(change, what="renamed", instead_of=pairs[change.name])
        elif change.name not in pairs.values():
            yield change


def _owner(step: Step) -> str:
    """The set that a resource belongs to: no permission set's name holds a slash."""
    return step.name.partition("/")[0]


def _exists(steps: Iterable[Step], side: Literal["before", "after"]) -> bool:
    # Without --show-sames an unchanged set is not among the steps, only what changes in it.
    own = [step for step in steps if step.kind == _SET]
    return all(getattr(step, side) is not None for step in own)


def _change(
    name: str,
    steps: list[Step],
    before: Content,
    after: Content,
    repair: PermissionSetRepair | None,
) -> SetChange | None:
    changed = any(step.changes for step in steps)
    if not changed and repair is None:
        return None
    own = next((step for step in steps if step.kind == _SET), None)
    replaced = own is not None and own.op == "replace"
    if own is not None and own.before is None:
        return SetChange(
            name=name, what="new", aspects=tuple(_described(after)), admin_after=after.admin
        )
    if own is not None and own.after is None:
        return SetChange(name=name, what="removed", aspects=(), admin_before=before.admin)
    ranks = {"wider": 0, "narrower": 1, "neutral": 2}
    aspects = tuple(sorted(_differences(before, after), key=lambda one: ranks[one.direction]))
    if not aspects and not replaced and changed:
        aspects = (Aspect(direction="neutral", sentence=("written anew, same meaning",)),)
    return SetChange(
        name=name,
        what="changed",
        aspects=aspects,
        admin_before=before.admin,
        admin_after=after.admin,
        replaced=replaced,
        repaired=repair is not None and bool(repair.differences),
        missing=repair is not None and repair.missing,
        outdated=repair.accounts if repair else (),
    )


def _content(states: Iterable[State | None]) -> Content:
    managed: set[str] = set()
    customer: set[str] = set()
    values: dict[str, Any] = {}
    for state in states:
        if state is None:
            continue
        inputs = state.inputs
        kind = Urn.parse(state.urn).kind
        if kind == _MANAGED:
            managed.add(managed_policy_path(str(inputs["managedPolicyArn"])))
        elif kind == _CUSTOMER:
            customer.add(_path(inputs["customerManagedPolicyReference"]))
        elif kind == _INLINE:
            values["inline"] = _document(inputs["inlinePolicy"])
        elif kind == _BOUNDARY:
            values["boundary"] = _boundary(inputs["permissionsBoundary"])
        elif kind == _SET:
            values |= {
                "session": inputs.get("sessionDuration") or _DEFAULT_SESSION,
                "relay_state": inputs.get("relayState") or "",
                "description": inputs.get("description") or "",
                "tags": inputs.get("tags") or {},
            }
    return Content(managed=frozenset(managed), customer=frozenset(customer), **values)


def _repaired(
    content: Content, repair: PermissionSetRepair, side: Literal["live", "declared"]
) -> Content:
    """The content with what a repair says of one side of its differences."""
    for one in repair.differences:
        value: str | None = getattr(one, side)
        if one.aspect == "managedPolicy":
            path = frozenset({managed_policy_path(one.name)})
            kept = content.managed - path
            content = replace(content, managed=kept if value is None else kept | path)
        elif one.aspect == "customerManagedPolicy":
            kept = content.customer - {one.name}
            content = replace(content, customer=kept if value is None else kept | {one.name})
        elif one.aspect == "tag":
            others = {key: text for key, text in content.tags.items() if key != one.name}
            tags = others if value is None else others | {one.name: value}
            content = replace(content, tags=tags)
        elif one.aspect == "inlinePolicy":
            content = replace(content, inline=None if value is None else _document(value))
        elif one.aspect == "permissionsBoundary":
            boundary = value or ""
            if boundary.startswith("arn:"):
                boundary = managed_policy_path(boundary)
            content = replace(content, boundary=boundary)
        elif one.aspect == "sessionDuration":
            content = replace(content, session=value or _DEFAULT_SESSION)
        elif one.aspect == "relayState":
            content = replace(content, relay_state=value or "")
        else:
            content = replace(content, description=value or "")
    return content


def _path(reference: Mapping[str, Any]) -> str:
    path = reference.get("path") or "/"
    return f"{path}{reference['name']}"


def _boundary(value: Mapping[str, Any]) -> str:
    reference = value.get("customerManagedPolicyReference")
    return _path(reference) if reference else managed_policy_path(str(value["managedPolicyArn"]))


def _document(text: Any) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return document if isinstance(document, Mapping) else {}


def _described(content: Content) -> Iterator[Aspect]:
    """What a new set holds."""
    for policy in sorted(content.managed):
        yield Aspect(direction="wider", sentence=("AWS-managed policy ", Code(policy)))
    for policy in sorted(content.customer):
        yield Aspect(direction="wider", sentence=("customer-managed policy ", Code(policy)))
    if content.inline is not None:
        for change in statements(content.inline):
            direction: Direction = "wider" if change.wider else "narrower"
            yield Aspect(direction=direction, sentence=("inline policy ", *change.sentence))
    if content.boundary:
        yield Aspect(
            direction="narrower", sentence=("permissions boundary ", Code(content.boundary))
        )
    yield Aspect(direction="neutral", sentence=("sessions of ", spoken_session(content.session)))


def _differences(before: Content, after: Content) -> Iterator[Aspect]:
    yield from _boundary_difference(before.boundary, after.boundary)
    yield from _policies("AWS-managed policy ", before.managed, after.managed)
    yield from _policies("customer-managed policy ", before.customer, after.customer)
    for change in policy_changes(before.inline, after.inline):
        yield Aspect(
            direction="wider" if change.wider else "narrower",
            sentence=("inline policy ", *change.sentence),
        )
    yield from _session(before.session, after.session)
    yield from _text("relay state", before.relay_state, after.relay_state)
    yield from _text("description", before.description, after.description)
    yield from _tags(before.tags, after.tags)


def _boundary_difference(before: str, after: str) -> Iterator[Aspect]:
    if before == after:
        return
    if not after:
        sentence: Sentence = ("permissions boundary ", Code(before), " dropped")
        yield Aspect(direction="wider", sentence=sentence)
    elif not before:
        sentence = ("permissions boundary ", Code(after), " added")
        yield Aspect(direction="narrower", sentence=sentence)
    else:
        # The old one goes first (components/permission_set.py).
        between = ", and for a moment none"
        sentence = ("permissions boundary ", Code(after), " instead of ", Code(before), between)
        # What two policies allow is not known here: it deserves a look as much as a wider one.
        yield Aspect(direction="wider", sentence=sentence)


def _policies(what: str, before: frozenset[str], after: frozenset[str]) -> Iterator[Aspect]:
    for policy in sorted(after - before):
        yield Aspect(direction="wider", sentence=(what, Code(policy), " attached"))
    for policy in sorted(before - after):
        yield Aspect(direction="narrower", sentence=(what, Code(policy), " detached"))


def _session(before: str, after: str) -> Iterator[Aspect]:
    old, new = duration_seconds(before) or 0, duration_seconds(after) or 0
    if old != new:
        yield Aspect(
            direction="wider" if new > old else "narrower",
            sentence=(
                "longer sessions: " if new > old else "shorter sessions: ",
                f"{spoken_session(after)} instead of {spoken_session(before)}",
            ),
            longer_session=new > old,
        )


def spoken_session(duration: str) -> str:
    """`1 h 30 min` for PT1H30M."""
    minutes = (duration_seconds(duration) or 0) // 60
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest)) or duration


def _text(what: str, before: str, after: str) -> Iterator[Aspect]:
    if before == after:
        return
    if not after:
        sentence: Sentence = (f"{what} removed: ", Code(before))
    elif not before:
        sentence = (f"{what} added: ", Code(after))
    else:
        sentence = (f"{what} ", Code(after), " instead of ", Code(before))
    yield Aspect(direction="neutral", sentence=sentence)


def _tags(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Aspect]:
    changed = [
        *(Name(f"{key}={after[key]}") for key in sorted(after) if before.get(key) != after[key]),
        *(Name(f"{key} removed") for key in sorted(before) if key not in after),
    ]
    if changed:
        yield Aspect(direction="neutral", sentence=("tags: ", *listed(changed)))
