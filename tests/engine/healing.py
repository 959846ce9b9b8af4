"""Updates under faults, repeated as a person does, until the clouds are as declared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from entra_aws_sandbox.pulumi import Run
from tests.engine.federation import Federation
from tests.engine.operator import ops

# Each fault ends at most one update; several end one together.
_UPDATES = 12


@dataclass
class Healing:
    """What came of updates under faults: how many there were, and the kinds taken in by recover."""

    federation: Federation
    updates: int = 0
    taken_in: set[str] = field(default_factory=set)

    def run(self) -> Run:
        """Plain `up`s, and `ops recover` where it is named, until one succeeds without faults.

        The last one is returned: a failed one where nothing heals. Faults that no update met any
        more are still there.
        """
        while True:
            before = waiting(self.federation)
            run = self._update()
            unmet = waiting(self.federation) == before
            if (unmet and not run.exit_code) or self.updates == _UPDATES:
                return run

    def _update(self) -> Run:
        self.updates += 1
        run = self.federation.stack.up(check=False)
        assert "Traceback" not in run.output, run.output
        assert "integrity failure" not in run.output, run.output
        if "python -m ops recover" in run.errors:
            done = ops(self.federation, "recover", "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
            self.taken_in |= set(
                re.findall(r"(?:taken in|read back|gone already): (\w+)", done.stdout)
            )
        return run


def waiting(federation: Federation) -> list[dict[str, Any]]:
    """The faults that have not come yet."""
    sandbox = federation.sandbox
    shown = sandbox.control_aws("state")["faults"] + sandbox.control_entra("faults")["faults"]
    return [one for one in shown if one["times"]]
