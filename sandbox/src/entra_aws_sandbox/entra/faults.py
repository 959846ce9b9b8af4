"""Faults of Graph: calls that are refused, slow or unanswered."""

from __future__ import annotations

import time

from entra_aws_sandbox import faults
from entra_aws_sandbox.entra.errors import GraphError
from entra_aws_sandbox.faults import GRAPH, KINDS, REFUSALS

_RETRY_AFTER = {"Retry-After": "1"}


class Faults(faults.Faults):
    """The faults that are switched on in Graph."""

    def __init__(self) -> None:
        super().__init__((GRAPH,))

    def gate(self, operation: str) -> None:
        """Hit a call, before it is carried out, with what is meant for it. Raises GraphError."""
        fault = self.take(GRAPH, operation, "delay")
        if fault is not None:
            time.sleep(fault.seconds)
        fault = self.take(GRAPH, operation, *REFUSALS)
        if fault is not None:
            answer = KINDS[fault.kind].answers[GRAPH]
            headers = _RETRY_AFTER if answer.status == 429 else None
            raise GraphError(answer.status, answer.code, answer.message, headers)

    def loses(self, operation: str) -> bool:
        """Whether the answer of a call that was carried out gets lost."""
        return self.take(GRAPH, operation, "lost") is not None
