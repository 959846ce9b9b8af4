"""Every file of `files/` is refused with exactly the sentences of `expected.txt`.

`expected.txt` is written as the program prints its errors. A policy file's errors belong to the
access file of the corpus that names it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from federation.access.access import load_access
from federation.core.errors import InvalidInput
from ops.__main__ import main

HERE = Path(__file__).parent
FILES = HERE / "files"
CASES = sorted(path.name for path in FILES.glob("*.yaml"))
# Which access file names the policy file with the error.
POLICY_OF = {
    "policies/action.json": "policy-file-action.yaml",
    "policies/duplicate.json": "policy-file-duplicate.yaml",
    "policies/not-json.json": "policy-file-not-json.yaml",
}


def _expected() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for block in re.split(r"\n(?=\S)", (HERE / "expected.txt").read_text(encoding="utf-8").strip()):
        file = re.split(r"[:\s]", block)[0]
        found[POLICY_OF.get(file, file)].append(block)
    return found


EXPECTED = _expected()


@pytest.mark.parametrize("name", CASES)
def test_every_bad_file_gets_its_sentences(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_access([name], root=FILES)
    assert [str(problem) for problem in refused.value.problems] == EXPECTED[name]


def test_the_corpus_is_complete() -> None:
    assert len(CASES) >= 60
    assert set(EXPECTED) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_plan_ends_with_2_and_sentences(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FILES)
    code = main(["plan", "--access", name, "--organization", "../../federation/organization.json"])
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    count = len(EXPECTED[name])
    last = f"{count} error{'' if count == 1 else 's'}, nothing was changed."
    assert said.err.splitlines() == [*"\n".join(EXPECTED[name]).splitlines(), last]


def test_all_files_together_give_all_errors_and_no_traceback() -> None:
    done = _plan(["*.yaml"])
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "nothing was changed." in done.stderr
    assert [name for name in CASES if _file(name) not in done.stderr] == []


def _file(case: str) -> str:
    return next((policy for policy, name in POLICY_OF.items() if name == case), case)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.yaml"], "nowhere.yaml\n  there is no such access file."),
        (["no-*-such.yaml"], "no-*-such.yaml\n  there is no such access file."),
        (["policies"], "policies\n  this is a folder; name a file or a glob."),
    ],
)
def test_files_that_are_not_there(arguments: list[str], sentence: str) -> None:
    done = _plan(arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def _plan(access: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "ops",
        "plan",
        "--organization",
        "../../federation/organization.json",
    ]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    return subprocess.run(
        [*command, "--access", *access],
        cwd=FILES,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
