"""The Pulumi CLI in one folder: how it is run, and what its failures mean for a person."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops import INTERRUPTED

REPOSITORY: Final = Path(__file__).resolve().parent.parent
_ENVIRONMENT: Final = {"PULUMI_SKIP_UPDATE_CHECK": "true"}


class StackError(RuntimeError):
    """The stack can't be read or changed through the CLI; the message is one sentence."""


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The Pulumi CLI in one folder, on one stack (None: the selected one)."""

    directory: Path = Path()
    stack: str | None = None

    def run(
        self, *arguments: str, stdin: str = "", seconds: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Any command; its exit code is the caller's. Raises StackError when it can't run."""
        try:
            return subprocess.run(
                self._command(arguments),
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
                input=stdin,
                env={**os.environ, **_ENVIRONMENT},
            )
        except OSError as error:
            raise StackError(f"the Pulumi CLI can't be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise StackError(f"pulumi {arguments[0]} did not end within {seconds:.0f} s") from None

    def follow(self, *arguments: str, environment: Mapping[str, str] | None = None) -> int:
        """A command that changes the stack, its output passed on as it comes; its exit code.

        One failing resource does not keep the others from being changed. After Ctrl-C it waits
        until Pulumi has ended in order, then returns INTERRUPTED. Raises StackError when it can't
        run.
        """
        interrupts: list[int] = []
        # The terminal sends Ctrl-C to Pulumi as well; killed, it could write down nothing more.
        before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
        try:
            ended = subprocess.call(
                self._command(arguments),
                stdin=subprocess.DEVNULL,
                env={
                    **os.environ,
                    **_ENVIRONMENT,
                    "PULUMI_CONTINUE_ON_ERROR": "true",
                    **(environment or {}),
                },
            )
        except OSError as error:
            raise StackError(f"the Pulumi CLI can't be run: {error.strerror}") from None
        finally:
            signal.signal(signal.SIGINT, before)
        return INTERRUPTED if interrupts else ended

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [
            *(_executable(), "-C", str(self.directory.resolve()), *arguments),
            *(("--stack", self.stack) if self.stack else ()),
            *("--non-interactive", "--color", "never"),
        ]

    def checked(self, *arguments: str, stdin: str = "", seconds: float = 600) -> str:
        """The standard output of a command that must succeed. Raises StackError."""
        done = self.run(*arguments, stdin=stdin, seconds=seconds)
        if done.returncode:
            raise StackError(explain(done.stderr or done.stdout))
        return done.stdout


def _executable() -> str:
    own = REPOSITORY / ".tools" / "pulumi" / "bin" / "pulumi"
    found = shutil.which("pulumi") or (str(own) if own.exists() else None)
    if found is None:
        raise StackError("the Pulumi CLI is not on PATH: run script/setup, or install it")
    return found


# What the CLI says, and what a person does about it.
_EXPLANATIONS: Final = {
    "no stack selected": "no stack is selected: name one with --stack, or run pulumi stack select",
    "no Pulumi.yaml project file found": "there is no Pulumi.yaml here or above: name its folder "
    "with -C",
    "error: chdir ": "what -C names is no folder",
    "PULUMI_ACCESS_TOKEN must be set": "Pulumi does not know where the state is: "
    "run pulumi login, or set PULUMI_BACKEND_URL (docs/backends.md)",
    "incorrect passphrase": "the passphrase is wrong: correct PULUMI_CONFIG_PASSPHRASE or "
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "passphrase must be set": "the stack's secrets need a passphrase: set PULUMI_CONFIG_PASSPHRASE "
    "or PULUMI_CONFIG_PASSPHRASE_FILE",
    "no stack named": "there is no such stack: pulumi stack ls shows those that exist",
}


def explain(output: str) -> str:
    """One sentence for what the CLI printed when it failed."""
    for fragment, sentence in _EXPLANATIONS.items():
        if fragment in output:
            return sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
    return f"pulumi: {reason.removeprefix('error:').strip() or 'no reason was given'}"
