"""Cloud calls of an unchanged preview: they must not grow with accounts, groups or assignments."""

from __future__ import annotations

from collections import Counter
from typing import Final

from bench.federation import GROUPS, Federation, federation
from bench.figures import Figure
from entra_aws_sandbox.request_log import counts

_SETS: Final = 2
_MORE_ACCOUNTS: Final = 12


def measure(*, smallest: bool) -> list[Figure]:
    """Calls of an unchanged preview at two sizes, in all and by operation where they differ."""
    with federation() as made:
        small_assignments, small = _unchanged_preview(made, groups=1)
        figures = [_figure("calls of an unchanged preview", small_assignments, small)]
        if not smallest:
            made.add_accounts(_MORE_ACCOUNTS)
        large_assignments, large = _unchanged_preview(made, groups=len(GROUPS))
    figures.append(
        _figure("the same with more accounts, groups and assignments", large_assignments, large)
    )
    grown = {name: large[name] - small[name] for name in large | small}
    extra = ", ".join(f"{name} {number:+d}" for name, number in sorted(grown.items()) if number)
    figures.append(
        Figure(
            what="calls that the larger size adds",
            assignments=large_assignments,
            value=sum(number for number in grown.values() if number > 0),
            unit="calls",
            bound=0,
            note=extra,
        )
    )
    return figures


def _figure(what: str, assignments: int, calls: Counter[str]) -> Figure:
    return Figure(what=what, assignments=assignments, value=calls.total(), unit="calls")


def _unchanged_preview(made: Federation, *, groups: int) -> tuple[int, Counter[str]]:
    made.declare(permission_sets=_SETS, groups=groups)
    made.stack.up()
    before = counts(made.folder.requests)
    made.stack.preview("--expect-no-changes")
    after = counts(made.folder.requests)
    return len(made.aws.assignments()), after - before
