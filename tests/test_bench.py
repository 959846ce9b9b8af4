"""The bench runs at its smallest size. Times are not judged here; numbers of calls are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import calls, preview, resolve
from bench.company import Size, access, organization, write
from bench.figures import Figure, table
from federation.access.access import load_access


def test_the_resolve_bench_runs_at_its_smallest_size() -> None:
    figures = resolve.measure(smallest=True)
    assert [figure.what for figure in figures] == [
        "whole process, 100 accounts x 50 rules",
        "resolve()",
        "peak memory",
    ]
    assert {figure.assignments for figure in figures} == {794}
    assert all(figure.value > 0 and figure.bound is None for figure in figures)


def test_the_company_is_the_same_every_time_and_as_large_as_it_says(tmp_path: Path) -> None:
    full = Size()
    assert access(full) == access(full)
    made = organization(full)
    assert made == organization(full)
    assert (len(made["accounts"]), len(made["organizationalUnits"])) == (1000, 88)
    files = write(tmp_path, full)
    assert len(load_access([files[0]], root=tmp_path).rules) == 500
    assert json.loads(files[1].read_text()) == made


@pytest.mark.parametrize(("value", "within"), [(0.4, True), (0.5, True), (0.6, False)])
def test_figures_know_their_bound(value: float, within: bool) -> None:
    figure = Figure(what="process", assignments=1000, value=value, unit="s", bound=0.5)
    assert figure.within is within
    text = table("a title", [figure])
    assert ("OVER THE BOUND" in text) is not within
    assert f"{value:.3f} s" in text
    assert f"{value / 0.5:.0%}" in text


@pytest.mark.engine
@pytest.mark.exhaustive
def test_calls_of_an_unchanged_preview_do_not_grow() -> None:
    small, large, added = calls.measure(smallest=True)
    assert small.assignments < large.assignments
    assert (added.value, added.note) == (0, "")
    assert small.value == large.value > 0


@pytest.mark.engine
@pytest.mark.exhaustive
def test_the_preview_bench_runs_at_its_smallest_size() -> None:
    bare, program = preview.measure(smallest=True)
    assert bare.assignments == program.assignments == 100
    assert program.bound == pytest.approx(1.15 * bare.value + 1)
