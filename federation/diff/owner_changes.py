"""Who comes to own the application or a group that the stack makes.

An owner needs no update of the stack: of a group they decide who is in it, of an application or its
service principal who may sign in, and where sign-ins go (Entra, "Overview of enterprise application
ownership").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.access.assignments import PrincipalKey
from federation.core.wording import Name, Sentence, count
from federation.diff.trust_change import Effect, TrustChange
from federation.engine.preview import Step, is_known

_APPLICATIONS: Final = {
    "Application": "the application",
    "ApplicationOwner": "the application",
    "ServicePrincipal": "the application's service principal",
}
KINDS: Final = ("Group", *_APPLICATIONS)
_LATER: Final = "somebody who is known only in the update"
_LETS_IN: Final = ", who can let anybody sign in"


def owner_changes(step: Step) -> Iterator[TrustChange]:
    """The owners that a step about a group or an application brings and takes away."""
    before, after = (_owners(side.inputs if side else {}) for side in (step.before, step.after))
    yield from _change(step, "opens", "gets", after - before)
    # What is deleted is told as such.
    if step.after is not None or step.kind == "ApplicationOwner":
        yield from _change(step, "less", "loses", before - after)


def owner_ids(step: Step) -> frozenset[str]:
    """The Entra object ids of all owners before and after a step about one of `KINDS`, as far as
    they are known.
    """
    sides = (_owners(side.inputs) for side in (step.before, step.after) if side)
    return frozenset().union(*sides) - {_LATER}


def _change(
    step: Step, effect: Effect, verb: str, persons: frozenset[str]
) -> Iterator[TrustChange]:
    if not persons:
        return
    words = f"{verb} {count(len(persons), 'owner')}"
    if effect == "opens":
        words += _LETS_IN if step.kind in _APPLICATIONS else decides(len(persons))
    principal = PrincipalKey.parse(step.name) if step.kind == "Group" else None
    yield TrustChange(
        effect=effect,
        sentence=(words,) if principal else (*_subject(step), f" {words}"),
        principal=principal,
        persons=tuple(sorted(persons)),
    )


def decides(owners: int) -> str:
    """What new owners of a group may do, after their number."""
    return f", who {'decides' if owners == 1 else 'decide'} who is in it"


def _subject(step: Step) -> Sentence:
    if step.kind in _APPLICATIONS:
        return (_APPLICATIONS[step.kind],)
    return ("the group ", Name(step.name))


def _owners(inputs: Mapping[str, Any]) -> frozenset[str]:
    """Entra object ids; one that a preview does not know yet is somebody all the same."""
    owners = inputs.get("owners") or inputs.get("ownerObjectId") or ()
    found = [owners] if isinstance(owners, str) else owners
    return frozenset(str(one) if is_known(one) else _LATER for one in found)
