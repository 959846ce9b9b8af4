"""`python -m bench resolve|preview|calls [--smallest] [--json]`: measure against the bounds.

Exit code 0 when everything is within its bound, 1 when not, 2 when it can't be measured here.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from importlib import import_module
from typing import Final

from bench.figures import Figure, Unmeasurable, table

BENCHES: Final = {
    "resolve": "start, load, validate, resolve and print, for the whole process",
    "preview": "pulumi preview against a bare program that registers the same assignments",
    "calls": "cloud calls of an unchanged preview",
}


def main() -> int:
    """Run one bench and print its figures."""
    parser = ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("bench", choices=BENCHES, help="what to measure")
    parser.add_argument("--smallest", action="store_true", help="only the smallest size, once")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    arguments = parser.parse_args()
    try:
        measured: list[Figure] = import_module(f"bench.{arguments.bench}").measure(
            smallest=arguments.smallest
        )
    except Unmeasurable as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps([figure.as_dict() for figure in measured], indent=2))
    else:
        print(table(BENCHES[arguments.bench], measured))
    return 0 if all(figure.within for figure in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
