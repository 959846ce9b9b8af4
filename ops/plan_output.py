"""Assignments as a table, JSON, CSV, or explained."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Final

from federation.access.assignments import ExplainedAssignment, PrincipalKey, Reason
from federation.access.declared import Access
from federation.access.labels import Identity, Labels
from federation.access.organization import Organization
from federation.access.targets import Exclusion, Resolution
from federation.core.errors import InvalidInput, Problem, printable, suggestion

HEADER: Final = ("principal", "type", "permission set", "account", "name", "rules")
_CSV_HEADER = (
    *("principal", "principalType", "name", "objectId"),
    *("permissionSet", "account", "reasons"),
)
# Who is declared: nothing is looked up in Entra here.
Declared = Mapping[PrincipalKey, Identity]


class _Reasons(dict[tuple[Reason, ...], str]):
    """The rest of a JSON assignment after its account, made once for all assignments with the same
    reasons.
    """

    def __missing__(self, reasons: tuple[Reason, ...]) -> str:
        text = json.dumps([reason._asdict() for reason in reasons])
        self[reasons] = rest = f'", "reasons": {text}}}'
        return rest


def in_reading_order(assignments: Iterable[ExplainedAssignment]) -> list[ExplainedAssignment]:
    """Sorted by principal, permission set, account; a key is of one type only."""
    # They come sorted by permission set and account: a stable sort keeps that within a principal.
    return sorted(assignments, key=lambda assignment: assignment[0][1][1])


def as_json(resolution: Resolution, principals: Declared) -> str:
    """A list of assignments, one a line. `principal` is the key, `name` and `objectId` are as
    declared.
    """
    rests = _Reasons()
    lines: list[str] = []
    ordered = in_reading_order(resolution.explained)
    for (permission_set, (kind, key)), assignments in groupby(
        ordered, lambda assignment: assignment[0][:2]
    ):
        who = principals[PrincipalKey(kind, key)]
        begin = (
            f'  {{"principal": {json.dumps(key)}, "principalType": "{kind}", '
            f'"name": {json.dumps(who.name or None)}, '
            f'"objectId": {json.dumps(who.object_id or None)}, '
            f'"permissionSet": {json.dumps(permission_set)}, "account": "'
        )
        lines += [begin + account + rests[reasons] for (_, _, account), reasons in assignments]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def as_csv(resolution: Resolution, principals: Declared) -> str:
    """One line an assignment; reasons are joined with `; `."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_HEADER)
    for (permission_set, (kind, key), account), reasons in in_reading_order(resolution.explained):
        because = "; ".join(f"{r.file}:{r.line} {r.rule} ({r.selector})" for r in reasons)
        who = principals[PrincipalKey(kind, key)]
        writer.writerow((key, kind, who.name, who.object_id, permission_set, account, because))
    return out.getvalue()


def cells(
    resolution: Resolution, organization: Organization, called: Labels
) -> list[tuple[str, ...]]:
    """The cells of the table, a tuple each assignment, under HEADER."""
    names = {ident: printable(account.name) for ident, account in organization.by_id.items()}
    lines: list[tuple[str, ...]] = []
    for (permission_set, (kind, key), account), reasons in in_reading_order(resolution.explained):
        rules = ", ".join(dict.fromkeys(reason.rule for reason in reasons))
        who = called[PrincipalKey(kind, key)]
        lines.append((who, kind.lower(), permission_set, account, names[account], rules))
    return lines


def total(resolution: Resolution) -> str:
    """The number of assignments and accounts."""
    accounts = len({assignment.assignment.account for assignment in resolution.explained})
    return f"{len(resolution.explained)} assignments on {accounts} accounts."


def table(resolution: Resolution, organization: Organization, called: Labels) -> str:
    """Aligned columns, and the number of assignments and accounts below."""
    lines = [HEADER, *cells(resolution, organization, called)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    template = "  ".join(f"{{:<{width}}}" for width in widths[:-1]) + "  {}"
    return "\n".join([*(template.format(*line) for line in lines), "", total(resolution)]) + "\n"


def about(
    subject: str,
    access: Access,
    organization: Organization,
    resolution: Resolution,
    called: Labels,
) -> tuple[Resolution, str]:
    """The part of a resolution that concerns an account (id or name) or a principal (key or name).

    Returns it with a heading. Raises InvalidInput if the subject is neither.
    """
    account = organization.by_id.get(subject)
    named = (account,) if account else organization.by_name.get(subject, ())
    if named:
        ids = {account.id for account in named}
        heading = ", ".join(f"{printable(str(account))}, {account.state}" for account in named)
        return _part(resolution, lambda _, ident: ident in ids), heading
    key = _principal(subject, access)
    if key is None:
        names = [*access.groups, *access.users, *organization.by_name]
        text = f'"{subject}" is no account, group or user.{suggestion(subject, names)}'
        raise InvalidInput([Problem(path="--why", message=text)])
    return _part(resolution, lambda principal, _: principal == key), called.spoken(key)


def explanation(
    resolution: Resolution, heading: str, organization: Organization, called: Labels
) -> str:
    """Every assignment with the rules and selectors that give it, and what takes others away."""
    lines = [heading, ""]
    for (permission_set, principal, account), reasons in in_reading_order(resolution.explained):
        name = printable(str(organization.by_id[account]))
        lines.append(f"  {called.spoken(principal)}  {permission_set}  {name}")
        lines += [f"      + {_place(r.file, r.line)}  {r.rule}: {r.selector}" for r in reasons]
    if not resolution.explained:
        lines.append("  no assignments")
    if resolution.excluded:
        lines += ["", "  taken away:"]
    for exclusion in resolution.excluded:
        lines += _taken(exclusion, organization, called)
    return printable("\n".join(lines)) + "\n"


def _taken(exclusion: Exclusion, organization: Organization, called: Labels) -> list[str]:
    rule, place = exclusion.rule, exclusion.location
    name = organization.by_id[exclusion.account]
    by = f"{_BY.get(exclusion.cause, '')}{exclusion.by}"
    return [
        f"  {called.spoken(rule.principal)}  {', '.join(rule.permission_sets)}  {name}",
        f"      - {_place(place.file, place.line)}  {rule.label}: {by}",
    ]


_BY: Final = {"except": "except ", "never": "guards.never "}


def _part(resolution: Resolution, wanted: Callable[[PrincipalKey, str], bool]) -> Resolution:
    return Resolution(
        explained=tuple(
            a for a in resolution.explained if wanted(a.assignment.principal, a.assignment.account)
        ),
        excluded=tuple(e for e in resolution.excluded if wanted(e.rule.principal, e.account)),
    )


def _principal(subject: str, access: Access) -> PrincipalKey | None:
    for group in access.groups.values():
        if subject in {group.key, group.display_name, group.object_id}:
            return group.principal
    for user in access.users.values():
        if subject in {user.key, user.user_principal_name}:
            return user.principal
    return None


def _place(file: str, line: int) -> str:
    return f"{file}:{line}"
