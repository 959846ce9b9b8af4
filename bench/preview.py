"""`pulumi preview` of this program against a bare program that registers the same assignments.

Both run on the real engine with the sandbox's providers, which answer at once in a preview. The
program comes from phase access with its groups arrived; the assignments are all new.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

import yaml

from bench.federation import Federation, checked, federation
from bench.figures import Figure
from demo.checkout import REPOSITORY
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.pulumi import PulumiStack

# (permission sets, groups) in 25 member accounts: 100, 1,000 and 3,000 assignments.
_SIZES: Final = ((1, 4), (5, 8), (15, 8))
_ACCOUNTS: Final = 25
_REPEATS: Final = 3
_RATIO, _CONSTANT = 1.15, 1.0


def measure(*, smallest: bool) -> list[Figure]:
    """Wall seconds of both, the program's with its bound. Runs alternate; the best counts."""
    figures: list[Figure] = []
    with federation() as made:
        made.add_accounts(_ACCOUNTS - _member_accounts(made))
        bare = _bare_stack(made)
        for permission_sets, groups in _SIZES[: 1 if smallest else None]:
            made.declare(permission_sets=permission_sets, groups=groups)
            assignments = _assignments(made)
            Path(bare.environment["BENCH_ASSIGNMENTS"]).write_text(json.dumps(assignments))
            figures += _compare(made, bare, len(assignments), repeats=1 if smallest else _REPEATS)
    return figures


def _compare(
    made: Federation, bare: PulumiStack, assignments: int, *, repeats: int
) -> list[Figure]:
    program_seconds, bare_seconds = [], []
    for _ in range(repeats):
        bare_seconds.append(checked(bare.run("preview")).seconds)
        program_seconds.append(made.preview().seconds)
    least, bare_least = min(program_seconds), min(bare_seconds)
    return [
        Figure(
            what="preview of the bare program",
            assignments=assignments,
            value=bare_least,
            unit="s",
            note=f"median {median(bare_seconds):.1f} s of {repeats}",
        ),
        Figure(
            what="preview of this program",
            assignments=assignments,
            value=least,
            unit="s",
            bound=_RATIO * bare_least + _CONSTANT,
            note=f"median {median(program_seconds):.1f} s; {least / bare_least:.2f} x bare",
        ),
    ]


def _member_accounts(made: Federation) -> int:
    """ACTIVE accounts besides the management account: the targets of `{ou: /}`."""
    found: list[dict[str, str]] = json.loads(_ops(made, "snapshot"))["accounts"]
    return sum(account["state"] == "ACTIVE" for account in found) - 1


def _assignments(made: Federation) -> list[tuple[str, str, str]]:
    snapshot = made.access_file.parent / "organization.json"
    snapshot.write_text(_ops(made, "snapshot"), encoding="utf-8")
    arguments = ("--access", str(made.access_file), "--organization", str(snapshot))
    assignments = json.loads(_ops(made, "plan", *arguments, "--format", "json"))
    return [
        (assignment["permissionSet"], assignment["principal"], assignment["account"])
        for assignment in assignments
    ]


def _ops(made: Federation, *arguments: str) -> str:
    command = [sys.executable, "-m", "ops", *arguments]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=made.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SandboxError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _bare_stack(made: Federation) -> PulumiStack:
    project = made.access_file.parent.parent / "bare"
    project.mkdir()
    wanted = yaml.safe_load((made.access_file.parent / "Pulumi.yaml").read_text())
    wanted = {"name": "bare", "runtime": wanted["runtime"]}
    wanted["main"] = str(REPOSITORY / "bench" / "bare")
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(wanted))
    environment = {**made.environment, "BENCH_ASSIGNMENTS": str(project / "assignments.json")}
    stack = PulumiStack(project, environment, stack="bare")
    stack.select()
    return stack
