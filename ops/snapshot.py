"""`python -m ops snapshot`: write the organization file, so that `plan` works without AWS."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError

from clouds.aws import AwsError, read_organization
from ops.terminal import working

HELP: Final = """\
Write the organization (accounts, units, tags) as a file, so that `plan` works without AWS.

Sorted, so that two snapshots compare line by line. It only reads.

example:
  python -m ops snapshot --output organization.json

exit codes:
  0  written
  2  AWS refuses, or the file can't be written
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--output", metavar="FILE", help="default: standard output")
    parser.add_argument("--region", help="AWS region (default: the environment's)")
    parser.add_argument("--profile", help="profile of the AWS configuration files")


def run(arguments: Namespace) -> int:
    """Write the organization with account tags, sorted, so that snapshots compare line by line."""
    try:
        with working("listing the organization"):
            organization = read_organization(region=arguments.region, profile=arguments.profile)
    except (AwsError, BotoCoreError) as error:
        print(f"{str(error).rstrip('.')}.", file=sys.stderr)
        return 2
    text = json.dumps(organization.to_dict(), indent=2, ensure_ascii=False) + "\n"
    if arguments.output:
        try:
            Path(arguments.output).write_text(text, encoding="utf-8")
        except OSError as error:
            print(f"{arguments.output} can't be written: {error.strerror}.", file=sys.stderr)
            return 2
    else:
        sys.stdout.write(text)
    return 0
