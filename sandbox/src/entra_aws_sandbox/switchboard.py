"""What people switch on to see how a client bears it: faults, limits, odd moods of Entra."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from entra_aws_sandbox.control import post
from entra_aws_sandbox.faults import GRAPH, KINDS, SERVICES
from entra_aws_sandbox.folder import Running, SandboxError


class Switchboard:
    """Faults and switches of both clouds. Every method raises SandboxError with a sentence."""

    def __init__(self, running: Running) -> None:
        self._aws = f"{running.awsUrl}/_sandbox/"
        self._entra = f"{running.entraUrl}/_sandbox/"

    def shown(self) -> dict[str, Any]:
        """Everything that is switched on: faults of AWS and of Graph, switches of Entra."""
        return {
            "aws": post(f"{self._aws}state")["faults"],
            "graph": post(f"{self._entra}faults")["faults"],
            "entra": post(f"{self._entra}switches"),
        }

    def add(self, fault: dict[str, Any]) -> None:
        """Switch on one more fault: of Graph if its service is ``graph``, else of AWS and SCIM."""
        if fault.get("service") == GRAPH:
            post(f"{self._entra}faults", {"faults": [*self.shown()["graph"], fault]})
        else:
            post(f"{self._aws}faults", {"faults": [*self.shown()["aws"], fault]})

    def clear(self) -> None:
        """No faults and no limits in either cloud; Entra's switches stay as they are."""
        post(f"{self._aws}faults", {"faults": []})
        post(f"{self._entra}faults", {"faults": []})
        post(f"{self._aws}timing")

    def time(self, limits: dict[str, Any]) -> None:
        """How slow and how narrow Identity Center is."""
        post(f"{self._aws}timing", limits)

    def switch(self, name: str, value: str) -> None:
        """Set one switch of Entra; the value is JSON (true, false, a number)."""
        try:
            meant = json.loads(value)
        except ValueError as error:
            raise SandboxError(f'"{value}" is not true, false or a number.') from error
        post(f"{self._entra}switches", {name: meant})


Act = Callable[[Switchboard, argparse.Namespace], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The ways to call ``entra-aws-sandbox faults``; ``act`` is what was asked for."""
    parser.set_defaults(act=lambda *_: None)
    _explain_kinds(parser)
    ways = parser.add_subparsers(metavar="WAY")

    def way(name: str, act: Act, help_: str) -> argparse.ArgumentParser:
        sub = ways.add_parser(name, help=help_, description=help_)
        sub.set_defaults(act=act)
        return sub

    add = way("add", _add, "let calls of AWS, its SCIM endpoint or Graph fail")
    _explain_kinds(add)
    add.add_argument("kind", choices=KINDS, help="see below")
    add.add_argument("--service", choices=SERVICES, help="default: every one of AWS, SCIM included")
    add.add_argument(
        "--operation",
        help='CreateAccountAssignment, or of graph "POST /groups" or "GET *" (default: any)',
    )
    add.add_argument(
        "--times", type=int, default=1, help="how often (default: 1); 0: until cleared"
    )
    add.add_argument("--seconds", type=float, default=0.0, help="how long a delay takes")
    timing = way("timing", _time, "make Identity Center slow or narrow; what is left out is off")
    timing.add_argument(
        "--delay-seconds", type=float, default=0.0, help="how long a request stays IN_PROGRESS"
    )
    timing.add_argument(
        "--propagation-seconds",
        type=float,
        default=0.0,
        help="between two writes to a permission set",
    )
    timing.add_argument("--max-outstanding", type=int, help="assignment requests at once")
    timing.add_argument("--calls-per-second", type=int, help="above it, calls are throttled")
    switch = way("entra", _switch, "set a switch of Entra: entra replication_seconds 5")
    switch.add_argument("name", metavar="SWITCH", help="entra-aws-sandbox faults shows them")
    switch.add_argument("value", metavar="VALUE", help="true, false or a number")
    way("clear", lambda board, _: board.clear(), "no faults and no limits any more")


def _explain_kinds(parser: argparse.ArgumentParser) -> None:
    kinds = "\n".join(
        f"  {name:<10}{kind.does.replace('`', '')}"
        + (f" ({', '.join(kind.operations)})" if kind.operations else "")
        for name, kind in KINDS.items()
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"kinds of faults (docs/sandbox.md says more):\n{kinds}"


def _add(board: Switchboard, asked: argparse.Namespace) -> None:
    wanted = {"service": asked.service, "operation": asked.operation}
    board.add(
        {
            "kind": asked.kind,
            "times": asked.times or None,
            "seconds": asked.seconds,
            **{name: value for name, value in wanted.items() if value},
        }
    )


def _time(board: Switchboard, asked: argparse.Namespace) -> None:
    limits = {
        "maxOutstanding": asked.max_outstanding,
        "callsPerSecond": asked.calls_per_second,
    }
    board.time(
        {
            "delaySeconds": asked.delay_seconds,
            "propagationSeconds": asked.propagation_seconds,
            **{name: value for name, value in limits.items() if value is not None},
        }
    )


def _switch(board: Switchboard, asked: argparse.Namespace) -> None:
    board.switch(asked.name, asked.value)
