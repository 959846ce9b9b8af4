"""Faults that people and tests switch on: what there is, and which of them a call meets.

`KINDS` is the one declaration. The gates of both clouds, what their control surfaces take,
`entra-aws-sandbox faults --help` and the table in the documentation follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

AWS = ("sso-admin", "identitystore", "organizations", "sts", "iam", "scim")
GRAPH = "graph"
SERVICES = (*AWS, GRAPH)
"""What a fault can be at: AWS's APIs, its SCIM endpoint, and Graph."""
MAX_DELAY_SECONDS = 60.0


@dataclass(frozen=True)
class Refusal:
    """An error answer: HTTP status, code and message."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a kind of fault does to a call, and at which services and operations (none: at all).

    A kind that refuses calls has its answer for each service. `takes` are parameters of its own.
    """

    does: str
    services: tuple[str, ...] = SERVICES
    operations: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    answers: Mapping[str, Refusal] = field(default_factory=dict)


def _answers(aws: Refusal, organizations: str, graph: Refusal) -> dict[str, Refusal]:
    """The answers of every service; Organizations has names of its own for its errors."""
    own = replace(aws, code=organizations)
    return {**dict.fromkeys(AWS, aws), "organizations": own, GRAPH: graph}


KINDS = {
    "throttle": Kind(
        does="400 `ThrottlingException` (Organizations: `TooManyRequestsException`); SCIM and "
        "Graph 429, Graph with `Retry-After`",
        answers=_answers(
            Refusal(400, "ThrottlingException", "Rate exceeded"),
            "TooManyRequestsException",
            Refusal(
                429,
                "TooManyRequests",
                "Too many requests. Retry after the time given in the Retry-After header.",
            ),
        ),
    ),
    "error": Kind(
        does="500 `InternalServerException` (Organizations: `ServiceException`), Graph 503",
        answers=_answers(
            Refusal(500, "InternalServerException", "An internal error occurred."),
            "ServiceException",
            Refusal(
                503,
                "ServiceUnavailable",
                "The service is temporarily unavailable. Please retry.",
            ),
        ),
    ),
    "conflict": Kind(
        does="`ConflictException` (Organizations: `ConcurrentModificationException`), Graph 409 "
        "`Directory_ConcurrencyViolation`; only where an operation can meet one",
        answers=_answers(
            Refusal(400, "ConflictException", "The resource is being changed by another request."),
            "ConcurrentModificationException",
            Refusal(
                409,
                "Directory_ConcurrencyViolation",
                "Error due to concurrent requests being made to the tenant. Please wait briefly "
                "and retry.",
            ),
        ),
    ),
    "lost": Kind(
        does="the call is carried out, and the connection closed without an answer",
    ),
    "delay": Kind(
        does=f"the answer takes `--seconds` longer, {MAX_DELAY_SECONDS:g} at most",
        takes=("seconds",),
    ),
    "failed": Kind(
        does="the call is answered, and what it started ends `FAILED`",
        services=("sso-admin",),
        operations=(
            "CreateAccountAssignment",
            "DeleteAccountAssignment",
            "ProvisionPermissionSet",
        ),
    ),
}
REFUSALS = tuple(name for name, kind in KINDS.items() if kind.answers)


@dataclass
class Fault:
    """One fault: which calls it hits, and how often (`times`; None: until it is cleared).

    `service` None is every one of the cloud, `operation` a pattern: `CreateGroup`, `List*`, or of
    Graph `POST /groups`. The first `spared` of these calls go well.
    """

    kind: str
    service: str | None = None
    operation: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    spared: int = 0

    def hits(self, service: str, operation: str) -> bool:
        """Whether a call is one of those meant, and the fault is not used up."""
        return (
            self.times != 0
            and self.service in (None, service)
            and fnmatchcase(operation, self.operation)
        )


class Faults:
    """The faults that are switched on in one cloud, which has these services."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = tuple(services)
        self._faults: list[Fault] = []
        self._lock = Lock()

    def replace(self, entries: Any) -> None:
        """Switch on these and no others. Raises ValueError for entries that are none."""
        if not isinstance(entries, list):
            raise ValueError("faults must be a list of objects.")  # noqa: TRY004
        faults = [self._read(entry) for entry in entries]
        with self._lock:
            self._faults = faults

    def shown(self) -> list[dict[str, Any]]:
        """What is switched on."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def possible(self, kind: str, service: str, operation: str) -> bool:  # noqa: ARG002
        """Whether an operation can meet a kind of fault."""
        return True

    def take(self, service: str, operation: str, *kinds: str) -> Fault | None:
        """The fault of these kinds that a call meets; it is used up by one."""
        with self._lock:
            for fault in self._faults:
                if (
                    fault.kind in kinds
                    and fault.hits(service, operation)
                    and self.possible(fault.kind, service, operation)
                ):
                    if fault.spared > 0:
                        fault.spared -= 1
                        continue
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def _read(self, entry: Any) -> Fault:
        kinds = [name for name, kind in KINDS.items() if set(kind.services) & set(self._services)]
        names = [each.name for each in fields(Fault)]
        if not isinstance(entry, dict) or entry.keys() - set(names) or not _is_in(entry, kinds):
            raise ValueError(
                f"A fault has a kind ({', '.join(kinds)}) and may have "
                f"{', '.join(names[1:-1])} and {names[-1]}."
            )
        given = {name: value for name, value in entry.items() if value is not None}
        fault = Fault(**given)
        fault.times = entry.get("times", fault.times)
        _check_values(fault)
        if fault.seconds and "seconds" not in KINDS[fault.kind].takes:
            raise ValueError(f"{_a(fault.kind)} fault takes no seconds.")
        self._check_place(fault)
        return fault

    def _check_place(self, fault: Fault) -> None:
        kind = KINDS[fault.kind]
        services = [each for each in self._services if each in kind.services]
        if fault.service is not None and fault.service not in services:
            raise ValueError(f"{_a(fault.kind)} fault can be at {', '.join(services)}.")
        if kind.operations and not any(
            fnmatchcase(one, fault.operation) for one in kind.operations
        ):
            raise ValueError(f"{_a(fault.kind)} fault hits {', '.join(kind.operations)}.")
        exact = fault.service and not set(fault.operation) & set("*?[")
        if exact and not self.possible(fault.kind, str(fault.service), fault.operation):
            raise ValueError(f"AWS never answers {fault.operation} with {_a(fault.kind).lower()}.")


def _a(kind: str) -> str:
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}"


def _is_in(entry: dict[str, Any], kinds: list[str]) -> bool:
    return isinstance(entry.get("kind"), str) and entry["kind"] in kinds


def _check_values(fault: Fault) -> None:
    if not isinstance(fault.operation, str):
        raise ValueError(  # noqa: TRY004
            "The operation of a fault is a pattern such as CreateGroup, POST /groups or GET *."
        )
    if fault.times is not None and not _is_count(fault.times):
        raise ValueError("times is a number, or null for a fault that lasts until it is cleared.")
    if not _is_count(fault.spared):
        raise ValueError("spared is a number of calls.")
    if not isinstance(fault.seconds, int | float) or not 0 <= fault.seconds <= MAX_DELAY_SECONDS:
        raise ValueError(f"A delay has from 0 to {MAX_DELAY_SECONDS:g} seconds.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def table() -> str:
    """The kinds as a table in Markdown, as the documentation has it."""
    lines = ["| kind | what happens | at |", "|---|---|---|"]
    for name, kind in KINDS.items():
        at = ", ".join(f"`{one}`" for one in kind.operations) or "every service"
        lines.append(f"| `{name}` | {kind.does} | {at} |")
    return "\n".join(lines)
