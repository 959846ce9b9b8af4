"""A terminal gets colour, a table and signs of work, a pipe plain text; names restyle nothing."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from ops.__main__ import main
from ops.terminal import show, show_table, working
from tests.federation.loading import COMPANY
from tests.ops.access import ACCESS

HOSTILE = "[red]x[/red] \x1b[2J\x1b[8m\u202egone"
SHOWN = r"[red]x[/red] \x1b[2J\x1b[8m\u202egone"


class Terminal(io.StringIO):
    """A stream that says that a person reads it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("COLORTERM", raising=False)
    return Terminal()


def test_a_terminal_shows_what_needs_a_person_in_colour(screen: Terminal) -> None:
    with redirect_stdout(screen):
        show("title\n✘ a problem\n  ✔ fine\n")
    title, problem, fine = screen.getvalue().splitlines()
    assert title == "title"
    assert problem == "\x1b[1;31m✘ a problem\x1b[0m"
    assert fine == "\x1b[32m  ✔ fine\x1b[0m"


@pytest.mark.parametrize("reason", ["pipe", "NO_COLOR", "dumb"])
def test_the_plain_text_is_the_same_to_the_byte(
    screen: Terminal, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    stream = io.StringIO() if reason == "pipe" else screen
    monkeypatch.setattr(sys, "stdout", stream)
    if reason == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    elif reason == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    text = "✘ [bold]a[/bold] problem\n✔ fine\n"
    show(text)
    assert stream.getvalue() == text
    assert not show_table(["a"], [["b"]])


def test_a_name_restyles_and_hides_nothing(screen: Terminal) -> None:
    with redirect_stdout(screen):
        show(f"+ {HOSTILE}\n")
    assert screen.getvalue() == f"\x1b[32m+ {SHOWN}\x1b[0m\n"
    with redirect_stdout(screen):
        assert show_table(["principal"], [[HOSTILE]])
    drawn = screen.getvalue().partition("\n")[2]
    assert SHOWN in drawn
    assert "\x1b[2J" not in drawn
    assert "\u202e" not in drawn


def test_a_long_line_is_not_cut(screen: Terminal) -> None:
    with redirect_stdout(screen):
        show("x" * 5000 + "\n")
    assert screen.getvalue() == "x" * 5000 + "\n"


def test_work_is_shown_on_the_terminal_of_standard_error_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, error = io.StringIO(), Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", error)
    with working(f"asking {HOSTILE}"):
        sys.stdout.write("the answer\n")
    assert out.getvalue() == "the answer\n"
    assert SHOWN in error.getvalue()
    assert "\x1b[2J" not in error.getvalue()


def test_work_says_nothing_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with working("asking"):
        pass
    assert capsys.readouterr() == ("", "")


def test_plan_draws_its_table_on_a_terminal(
    screen: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "access.yaml").write_text(ACCESS)
    monkeypatch.chdir(tmp_path)
    with redirect_stdout(screen):
        main(["plan", "--access", "access.yaml", "--organization", str(COMPANY)])
    drawn = screen.getvalue()
    assert "━━━" in drawn or "───" in drawn
    assert "AWS-Team" in drawn
    assert re.search(r"\n\d+ assignments on \d+ accounts\.\n$", drawn)


def test_the_start_up_pays_for_no_colour() -> None:
    program = (
        "import sys, contextlib\n"
        "from ops.__main__ import main\n"
        "with contextlib.suppress(SystemExit): main(['plan', '--help'])\n"
        "sys.exit('rich' in sys.modules or 'azure' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0
