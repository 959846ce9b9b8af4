"""Who comes into the groups that the stack makes, and who leaves them: steps and repairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from federation.access.assignments import PrincipalKey
from federation.core.wording import count
from federation.diff.owner_changes import decides
from federation.diff.trust_change import Effect, TrustChange
from federation.engine.preview import Preview, Step
from federation.engine.repairs import Action, GroupRepair

KIND: Final = "GroupMember"
_SENTENCES: Final[Mapping[str, tuple[Effect, str]]] = {
    "create": ("more", "gets {}"),
    "delete": ("less", "loses {}"),
    "import": ("changes", "keeps {}, from now on in the state"),
}
_REPAIRS: Final[Mapping[Action, tuple[Effect, str]]] = {
    "add": ("more", "gets {} declared here that Entra lacks"),
    "remove": ("less", "loses {} that nobody declares"),
}


def group_of(step: Step) -> PrincipalKey | None:
    """The group of a member's step: `group/<key>/<object id>`; None for any other name."""
    group, _, member = step.name.rpartition("/")
    key = PrincipalKey.parse(group)
    return key if key and member and "/" not in key.key else None


def object_id(step: Step) -> str:
    """The Entra object id of the member."""
    state = step.after or step.before
    return str(state.inputs.get("memberObjectId") or "") if state else ""


def is_told(step: Step, preview: Preview) -> bool:
    """Whether `member_changes` tells a step, or what becomes of its group does."""
    key = group_of(step)
    if step.kind != KIND or key is None:
        return False
    return step.op in _SENTENCES or _with_group(step, key, preview)


def _with_group(step: Step, key: PrincipalKey, preview: Preview) -> bool:
    """Whether the whole group is made, deleted or replaced, and its members with it."""
    return any(
        group.name == key.logical_name and group.op == step.op for group in preview.of_kind("Group")
    )


def members_of_new(group: Step, preview: Preview) -> tuple[str, ...]:
    """The Entra object ids of those whom a group is made with, sorted."""
    made = (step for step in preview.of_kind(KIND) if step.op == "create")
    return tuple(
        sorted(
            object_id(step)
            for step in made
            if (key := group_of(step)) and key.logical_name == group.name
        )
    )


def member_changes(preview: Preview) -> Iterator[TrustChange]:
    """A change for all members that a group gets, loses, or keeps from now on in the state, and
    one for all that are repaired.
    """
    steps: dict[tuple[PrincipalKey, str], list[str]] = defaultdict(list)
    for step in preview.of_kind(KIND):
        key = group_of(step)
        if key and step.op in _SENTENCES and not _with_group(step, key, preview):
            steps[key, step.op].append(object_id(step))
    for (key, op), persons in steps.items():
        effect, words = _SENTENCES[op]
        yield _change(key, effect, words, "member", persons)
    yield from _repairs(preview)


def _repairs(preview: Preview) -> Iterator[TrustChange]:
    together: dict[tuple[PrincipalKey, Action, str], list[str]] = defaultdict(list)
    for one in preview.repairs:
        if isinstance(one, GroupRepair):
            word = one.relation.removesuffix("s")
            together[PrincipalKey("GROUP", one.group), one.action, word].append(one.object_id)
    for (key, action, word), persons in together.items():
        effect, words = _REPAIRS[action]
        if (word, action) == ("owner", "add"):
            effect, words = "opens", words + decides(len(persons))
        yield _change(key, effect, words, word, persons)


def _change(
    key: PrincipalKey, effect: Effect, words: str, word: str, persons: Sequence[str]
) -> TrustChange:
    return TrustChange(
        effect=effect,
        sentence=(words.format(count(len(persons), word)),),
        principal=key,
        persons=tuple(sorted(persons)),
        members=word == "member" and effect != "changes",
    )
