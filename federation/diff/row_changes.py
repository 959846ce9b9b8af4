"""Which rows an update makes, ends and moves, from the engine's own steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from federation.access.rows import PrincipalKey, Row
from federation.core.urn import ASSIGNMENT
from federation.engine.preview import Diagnostic, Preview, State, Step, is_known

# As components/account_assignments.py words it.
_HELD: Final = re.compile(
    r'\d+ rows? of (?:group|user) "(?:[^"\\]|\\.)*" held: (?P<reason>.*)'
    r" \[(?P<rows>[^\[\]]*)\]\s*",
    re.DOTALL,
)

RowWhat = Literal["gained", "lost", "adopted", "moved", "again", "renamed", "leftover"]


@dataclass(frozen=True, order=True, kw_only=True)
class RowChange:
    """One row that changes.

    gained and lost are new and ended access. `adopted` rows exist in AWS already and come under the
    stack's management. `moved` rows go to another principal object (re-created in Entra), `again`
    rows are made anew for the same one, `renamed` ones only change their key. A `leftover` is the
    old half of an earlier interrupted replacement. `late` rows wait for their principal to arrive
    in this update; `gap` says that a row made anew is missing for a moment.
    """

    row: Row
    what: RowWhat
    late: bool = False
    gap: bool = False


@dataclass(frozen=True, order=True, kw_only=True)
class Hold:
    """Declared rows of one principal that can't exist yet, as the preview warns."""

    principal: PrincipalKey
    reason: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows before and after the update, and what changes between."""

    before: frozenset[Row]
    after: frozenset[Row]
    changes: tuple[RowChange, ...]


def row_changes(preview: Preview) -> Rows:
    """Every row among the steps; with unchanged steps among them, every row there is."""
    before: set[Row] = set()
    after: set[Row] = set()
    changes: list[RowChange] = []
    steps = [step for step in preview.steps if step.type == ASSIGNMENT]
    kept = {step.urn for step in steps if step.after is not None}
    for step in steps:
        old, new = _row(step.before), _row(step.after)
        if step.op == "delete" and step.urn in kept:
            changes += [RowChange(row=row, what="leftover") for row in [old] if row]
            continue
        before.update(row for row in [old] if row)
        after.update(row for row in [new] if row)
        changes += _change(step, old, new)
    return Rows(
        before=frozenset(before), after=frozenset(after), changes=tuple(sorted(set(changes)))
    )


def is_row(step: Step) -> bool:
    """Whether a step is about a row that this program named."""
    return step.type == ASSIGNMENT and _row(step.after or step.before) is not None


def _change(step: Step, old: Row | None, new: Row | None) -> Iterator[RowChange]:
    if step.op == "import" and new is not None:
        yield RowChange(row=new, what="adopted")
    elif old is None and new is not None:
        yield RowChange(row=new, what="gained", late=_late(step))
    elif new is None and old is not None:
        yield RowChange(row=old, what="lost")
    elif old is not None and new is not None:
        yield from _kept(step, old, new)


def _kept(step: Step, old: Row, new: Row) -> Iterator[RowChange]:
    if (old.permission_set, old.account) != (new.permission_set, new.account):
        yield RowChange(row=old, what="lost")
        yield RowChange(row=new, what="gained", late=_late(step))
    elif step.op == "replace":
        moved = "principalId" in step.reasons and _id(step.before) != _id(step.after)
        yield RowChange(row=new, what="moved" if moved else "again", late=_late(step), gap=step.gap)
    elif old != new:
        yield RowChange(row=new, what="renamed")


def _id(state: State | None) -> str:
    return str(state.inputs.get("principalId")) if state else ""


def _late(step: Step) -> bool:
    return step.after is not None and not is_known(step.after.inputs.get("principalId"))


def _row(state: State | None) -> Row | None:
    """The row of a state, None for one that another program named. The account is the engine's."""
    if state is None:
        return None
    try:
        row = Row.parse(state.name)
    except ValueError:
        return None
    return row._replace(account=str(state.inputs.get("targetId") or row.account))


def read_hold(diagnostic: Diagnostic) -> Hold | None:
    """The hold that a warning tells of, None for any other warning."""
    found = _HELD.fullmatch(diagnostic.message)
    rows = tuple(sorted(_named(found["rows"]))) if found else ()
    if found is None or not rows:
        return None
    return Hold(principal=rows[0].principal, reason=found["reason"], rows=rows)


def _named(text: str) -> Iterator[Row]:
    for name in text.split(", "):
        try:
            yield Row.parse(name)
        except ValueError:
            continue
