"""Lines about everything else: the phase, guards, accounts, sign-in and the trust, holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from federation.access.assignments import PrincipalKey
from federation.core.wording import Name, Sentence, Strong, Words, listed, several
from federation.diff.changes import AccessDiff
from federation.diff.rendering.accounts import named, on_accounts
from federation.diff.rendering.line import Line, Mark, who
from federation.diff.trust_change import TrustChange
from federation.identity.holds import Hold

_SHOWN_PERSONS: Final = 8


def situation_lines(diff: AccessDiff) -> Iterator[Line]:
    """What explains the rest: the phase, the guards, accounts that are new or elsewhere."""
    yield from _phase(diff)
    yield from _guards(diff)
    yield from _record(diff)
    yield from _accounts(diff)


def other_lines(diff: AccessDiff) -> Iterator[Line]:
    """Sign-in and the trust, holds, warnings."""
    yield from _trust(diff)
    for hold in diff.holds:
        yield _hold(diff, hold)
    yield from warning_lines(diff)


def _phase(diff: AccessDiff) -> Iterator[Line]:
    before, after = diff.phase_before, diff.phase_after
    if before is after or after is None:
        return
    if before is None:
        sentence = f"the first update of this stack, up to phase {after}"
        yield Line(mark="other", sentence=(sentence,))
    elif after.step < before.step:
        sentence = f"the stack goes back from phase {before} to phase {after}"
        yield Line(mark="danger", sentence=(sentence,))
    else:
        yield Line(mark="other", sentence=(f"the stack goes on from phase {before} to {after}",))


def _guards(diff: AccessDiff) -> Iterator[Line]:
    for change in diff.guards:
        yield Line(
            mark="danger" if change.loosened else "other",
            sentence=(
                f"guard {'loosened' if change.loosened else 'tightened'}: ",
                *change.sentence,
                *(named(diff.context, change.accounts) if change.accounts else ()),
            ),
        )


def _record(diff: AccessDiff) -> Iterator[Line]:
    for change in diff.record:
        subject = (who(diff, change.principal), " ") if change.principal else ()
        places = on_accounts(diff.context, change.accounts) if change.accounts else ()
        mark: Mark = "danger" if change.weakens else "other"
        yield Line(mark=mark, sentence=(*subject, *change.sentence, *places))


def _accounts(diff: AccessDiff) -> Iterator[Line]:
    """A line for each new or renamed account, and one for all that went the same way."""
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for change in diff.accounts:
        (old, _, before), (new, _, after) = (
            path.rpartition("/") for path in (change.before, change.after)
        )
        if not change.before:
            yield Line(mark="other", sentence=("the account ", Name(change.after), " is new"))
        elif before == after:
            together[old, new].append(after)
        else:
            moved = ("the account ", Name(change.before), " is now ", Name(change.after))
            yield Line(mark="other", sentence=moved)
    for (old, new), names in together.items():
        units = (Name(new) if new else "the root", " instead of ", Name(old) if old else "the root")
        subject = several((Name(one) for one in names), shown=_SHOWN_PERSONS)
        verb = "accounts are" if len(names) > 1 else "account is"
        yield Line(mark="other", sentence=(f"the {verb} now in ", *units, ": ", *subject))


_EFFECTS: Final[dict[str, Mark]] = {
    "opens": "danger",
    "interrupts": "interrupt",
    "more": "gain",
    "less": "loss",
    "changes": "other",
}


def _trust(diff: AccessDiff) -> Iterator[Line]:
    """One line for all principals of whom the same is said."""
    together: dict[tuple[str, Sentence], list[TrustChange]] = defaultdict(list)
    for change in diff.trust:
        if change.principal is not None and not change.persons:
            together[change.effect, change.sentence].append(change)
        else:
            yield Line(mark=_trust_mark(diff, change), sentence=tuple(_told(diff, change)))
    for (effect, sentence), changes in together.items():
        names = [who(diff, one.principal) for one in changes if one.principal]
        subject = several(names, shown=_SHOWN_PERSONS)
        yield Line(mark=_EFFECTS[effect], sentence=(*subject, " ", *_plural(sentence, len(names))))


def _trust_mark(diff: AccessDiff, change: TrustChange) -> Mark:
    """A new member of a group that administers protected accounts is as much as the assignments."""
    if change.members and change.effect == "more" and change.principal is not None:
        for assignment in diff.assignments_of(change.principal):
            if assignment.permission_set in diff.admins and diff.context.protected(
                assignment.account
            ):
                return "danger"
    return _EFFECTS[change.effect]


def _plural(sentence: Sentence, number: int) -> Sentence:
    if number == 1 or not sentence[0].startswith("is "):
        return sentence
    return (f"are {sentence[0].removeprefix('is ')}", *sentence[1:])


def _told(diff: AccessDiff, change: TrustChange) -> Iterator[str]:
    if change.principal is not None:
        yield who(diff, change.principal)
        yield " "
    yield from change.sentence
    if change.persons:
        names = [Name(diff.context.persons.get(one, one)) for one in change.persons]
        yield ": "
        yield from several(names, shown=_SHOWN_PERSONS)
    if change.members and change.principal is not None:
        yield from _with_access(diff, change.principal)


def _with_access(diff: AccessDiff, principal: PrincipalKey) -> Iterator[str]:
    """What members of a group get or lose with it."""
    sets: dict[str, list[str]] = defaultdict(list)
    for assignment in diff.assignments_of(principal):
        sets[assignment.permission_set].append(assignment.account)
    for index, (name, accounts) in enumerate(sorted(sets.items())):
        yield ", and with it " if index == 0 else "; "
        yield Strong(name) if name in diff.admins else Name(name)
        yield from on_accounts(diff.context, tuple(accounts))


def _hold(diff: AccessDiff, hold: Hold) -> Line:
    sets = sorted({assignment.permission_set for assignment in hold.assignments})
    accounts = tuple(sorted({assignment.account for assignment in hold.assignments}))
    access = (*listed(Name(one) for one in sets), *on_accounts(diff.context, accounts))
    sentence = (who(diff, hold.principal), " does not get ", *access, " yet: ", Words(hold.reason))
    return Line(mark="hold", sentence=sentence)


def warning_lines(diff: AccessDiff) -> Iterator[Line]:
    """What the preview warns of."""
    for warning in diff.warnings:
        yield Line(mark="warning", sentence=(Words(warning),))
