"""What every operator's command owes a terminal: one sentence, whatever is typed or pressed."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from importlib import import_module

import pytest

from ops import INTERRUPTED, snapshot
from ops.__main__ import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_says_what_it_is_for(name: str) -> None:
    parser = ArgumentParser()
    import_module(COMMANDS[name][0]).add_arguments(parser)
    assert not [action.dest for action in parser._actions if not action.help]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_teaches(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    shown = capsys.readouterr().out
    (example,) = re.findall(r"\nexample:\n  python -m ops (.*)\n", shown)
    command, *words = shlex.split(example)
    assert command == name
    parser = ArgumentParser()
    import_module(COMMANDS[name][0]).add_arguments(parser)
    parser.parse_args(words)
    codes = re.findall(r"^  (\d)  \S", shown.partition("\nexit codes:\n")[2], re.MULTILINE)
    assert codes[0] == "0"
    assert codes[-1] == "2"


def test_ctrl_c_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshot, "run", interrupted)
    assert main(["snapshot"]) == INTERRUPTED
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_locale_without_a_sign_still_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(_: Namespace) -> int:
        sys.stdout.write("✔ done\n")
        return 0

    bytes_ = io.BytesIO()
    monkeypatch.setattr(snapshot, "run", shown)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_, encoding="ascii"))
    assert main(["snapshot"]) == 0
    sys.stdout.flush()
    assert bytes_.getvalue() == b"? done\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plan", "--today", "tomorrow"], "'tomorrow' is no date such as 2027-03-31"),
        (["diff", "--today", "24.11.2026"], "'24.11.2026' is no date such as 2027-03-31"),
        (["sync", "--minutes", "-1"], "'-1' is no number over 0"),
        (["sync", "--minutes", "soon"], "'soon' is no number over 0"),
        (["sync", "--minutes", "nan"], "'nan' is no number over 0"),
    ],
)
def test_a_value_that_cannot_be_meant(arguments: list[str], sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.rstrip().endswith(sentence)
