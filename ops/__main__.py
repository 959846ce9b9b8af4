"""`python -m ops COMMAND`: what an operator does beside `pulumi`.

One module a command, imported only when it runs.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from io import TextIOWrapper
from typing import Final

from federation.core.errors import InvalidInput
from ops import INTERRUPTED

# Command: its module (with `HELP`, `add_arguments` and `run`), and what it does in one line.
COMMANDS: Final = {
    "plan": ("ops.plan", "resolve access files offline and print the assignments"),
    "status": ("ops.status", "how the federation is doing, and what a person has to do"),
    "sync": ("ops.sync", "provision people and groups now, not in 40 minutes"),
    "handoff": ("ops.handoff", "the console steps, each with a check that it was done"),
    "doctor": ("ops.doctor", "what would keep an update from working, before it hangs"),
    "up": ("ops.up", "pulumi up, revocations first"),
    "recover": ("ops.recover", "put a stack in order after a killed update"),
    "new-environment": ("ops.new_environment", "write the files of one more environment"),
    "diff": ("ops.diff", "what the next update changes, in terms of access"),
    "adopt": ("ops.adopt", "write the files of an environment from what exists"),
    "import-file": ("ops.import_file", "write what exists already for pulumi import"),
    "snapshot": ("ops.snapshot", "write the organization file that plan reads"),
}
# Exit codes of every command, beside that of an interruption.
FINE, FINDINGS, UNUSABLE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0 when all is fine, 1 on findings, 2 on input that can't be used."""
    # A locale that lacks a sign must not end a command.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        return _run(arguments)
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        sys.stderr.close()
        return FINE
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: list[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    parser = ArgumentParser(
        prog="python -m ops", description=__doc__.splitlines()[0].partition(": ")[2]
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    modules = {}
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, formatter_class=RawDescriptionHelpFormatter
        )
        if words[:1] == [name]:
            modules[name] = import_module(module)
            command.description = modules[name].HELP
            modules[name].add_arguments(command)
    chosen = parser.parse_args(words)
    return int(modules[chosen.command].run(chosen))


if __name__ == "__main__":
    sys.exit(main())
