"""The command line of an operator's command: its arguments, and its refusals in one sentence."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import date
from functools import wraps
from math import inf
from pathlib import Path
from typing import Final

from ops.cli import REPOSITORY, StackError

UNUSABLE: Final = 2


def day(text: str) -> date:
    """A date in the command line. Raises ArgumentTypeError with a sentence."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date such as 2027-03-31") from None


def positive(text: str) -> float:
    """A number over 0 in the command line. Raises ArgumentTypeError with a sentence."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < inf:
        raise ArgumentTypeError(f"{text!r} is no number over 0")
    return number


def add_stack_arguments(parser: ArgumentParser) -> None:
    """`-C DIR` and `--stack NAME`, as the Pulumi CLI has them."""
    parser.add_argument(
        "-C",
        "--cwd",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder of Pulumi.yaml (default: the current one)",
    )
    parser.add_argument(
        "-s", "--stack", metavar="NAME", help="the stack (default: the selected one)"
    )


def add_checkout_argument(parser: ArgumentParser) -> None:
    """`-C DIR`, for commands that write an environment's files."""
    parser.add_argument(
        "-C",
        "--cwd",
        type=Path,
        default=REPOSITORY,
        metavar="DIR",
        help="the repository to write to (default: this one)",
    )


def refusals() -> tuple[type[Exception], ...]:
    """The errors that mean: nothing can be said about this stack now."""
    # Imported here: boto3 takes a third of a second that `--help` should not pay.
    from clouds.aws import AwsError  # noqa: PLC0415
    from clouds.entra import EntraError  # noqa: PLC0415
    from clouds.scim import ScimError  # noqa: PLC0415
    from federation.identity.instance import UnusableInstanceError  # noqa: PLC0415

    return StackError, AwsError, EntraError, ScimError, UnusableInstanceError


def command(run: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """A command whose refusals are printed as one sentence and end in exit code 2."""

    @wraps(run)
    def wrapped(arguments: Namespace) -> int:
        try:
            return run(arguments)
        except refusals() as error:
            print(f"error: {error}", file=sys.stderr)
            return UNUSABLE

    return wrapped
