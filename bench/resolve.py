"""How long `ops plan` takes for a large company, and `resolve()` in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.company import Size, organization, write
from bench.figures import Figure
from federation.access.access import load_access
from federation.access.organization import Organization
from federation.access.targets import resolve

_REPOSITORY: Final = Path(__file__).resolve().parent.parent
_SIZES: Final = (
    Size(accounts=100, rules=50, groups=40),
    Size(accounts=500, rules=250),
    Size(accounts=750, rules=500),
    Size(accounts=1000, rules=500),
)
_PROCESS_SECONDS: Final = 0.5
_RESOLVE_SECONDS: Final = 0.15
_MEGABYTES: Final = 200
# Times an assignment may cost at the largest size what it costs at a middle one, when growth is
# linear.
_GROWTH: Final = 1.5
_TODAY: Final = date(2027, 1, 1)


def measure(*, smallest: bool) -> list[Figure]:
    """Figures for each size; bounds hold at the largest. Times are the best of several runs."""
    figures: list[Figure] = []
    costs: list[float] = []
    sizes, repeats = (_SIZES[:1], 1) if smallest else (_SIZES, 7)
    for size in sizes:
        full = size is _SIZES[-1]
        with TemporaryDirectory() as folder:
            access_file, organization_file = write(Path(folder), size)
            access = load_access([access_file], root=Path(folder))
            seconds, computing, megabytes = _process(access_file, organization_file, repeats)
        tree = Organization.from_dict(organization(size))
        resolving, assignments = [], 0
        for _ in range(repeats):
            start = time.perf_counter()
            assignments = len(resolve(access, tree, today=_TODAY).explained)
            resolving.append(time.perf_counter() - start)
        costs.append(min(resolving) / assignments)
        spread = f"median {median(seconds):.3f} s of {repeats}; {computing:.3f} s of computing"
        figures += [
            Figure(
                what=f"whole process, {size.accounts} accounts x {size.rules} rules",
                assignments=assignments,
                value=min(seconds),
                unit="s",
                bound=_PROCESS_SECONDS if full else None,
                note=spread,
            ),
            Figure(
                what="resolve()",
                assignments=assignments,
                value=min(resolving),
                unit="s",
                bound=_RESOLVE_SECONDS if full else None,
                note=f"median {median(resolving):.3f} s; {1e6 * costs[-1]:.2f} us an assignment",
            ),
            Figure(
                what="peak memory",
                assignments=assignments,
                value=megabytes,
                unit="MB",
                bound=_MEGABYTES if full else None,
            ),
        ]
    if not smallest:
        growth = costs[-1] / costs[1]
        what = "cost of an assignment, largest : second size"
        assignments = figures[-1].assignments
        figures.append(
            Figure(what=what, assignments=assignments, value=growth, unit="ratio", bound=_GROWTH)
        )
    return figures


def _process(access: Path, organization: Path, repeats: int) -> tuple[list[float], float, float]:
    """Wall seconds of whole `ops plan` processes, their least CPU seconds, peak memory in MB."""
    command = [sys.executable, "-m", "ops", "plan", "--format", "json"]
    command += ["--access", str(access), "--organization", str(organization)]
    command += ["--today", _TODAY.isoformat()]
    seconds, computing, peak = [], [], 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        with subprocess.Popen(
            command, cwd=_REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        seconds.append(time.perf_counter() - start)
        computing.append(usage.ru_utime + usage.ru_stime)
        if child.returncode not in {0, 1}:
            raise RuntimeError(f"{json.dumps(command)} ended with {child.returncode}")
        peak = max(peak, usage.ru_maxrss / 1024)
    return seconds, min(computing), peak
