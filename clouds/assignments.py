"""The deep look: who has the stack's permission sets, account by account.

AWS lists assignments for one permission set and account at a time, so this is a call for each
pair, and more where it has several pages. All of sso-admin answers 20 calls a second, for everybody
(AWS user guide, "Quotas"): the look takes half of them, so that nobody else is kept waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from clouds.aws import CONCURRENCY, Aws, AwsError
from federation.engine.unmanaged import Holder, Pair

RATE: Final = 10.0
_GONE: Final = "ResourceNotFoundException"

Holders = tuple[Holder, ...]
# Told how many pairs of how many are done.
Progress = Callable[[int, int], None]


class Memory(Protocol):
    """What an earlier look, which was cut short, has seen already."""

    def recall(self) -> Mapping[Pair, Holders]:
        """Who was seen, by pair; what is too old is left out."""

    def keep(self, pair: Pair, holders: Holders) -> None:
        """Remember one answer."""

    def finish(self) -> None:
        """Forget everything: the look is complete."""


@dataclass
class Pace:
    """Lets calls begin at most `rate` times a second, whatever thread they are made in."""

    rate: float = RATE
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def wait(self) -> None:
        """Return when the next call may begin."""
        with self._lock:
            now = self.clock()
            begin = max(now, self._next)
            self._next = begin + 1 / self.rate
        if begin > now:
            self.sleep(begin - now)


def read_assignments(
    aws: Aws, instance_arn: str, arns: Mapping[str, str]
) -> Callable[[Pair, Pace], Holders]:
    """What asks AWS about one pair; `arns` are those of the permission sets by name.

    It raises AwsError. A set that is gone from AWS has no holders.
    """
    client = aws.client("sso-admin")

    def ask(pair: Pair, pace: Pace) -> Holders:
        named = {
            "InstanceArn": instance_arn,
            "PermissionSetArn": arns[pair.permission_set],
            "AccountId": pair.account,
        }
        found: list[Holder] = []
        token: dict[str, str] | None = {}
        while token is not None:
            pace.wait()
            call = partial(client.list_account_assignments, **named, **token)
            try:
                page: Mapping[str, Any] = aws.ask(call)
            except AwsError as error:
                if error.code == _GONE:
                    return ()
                raise
            found += [Holder(one["PrincipalType"], one["PrincipalId"]) for one in _listed(page)]
            following = page.get("NextToken")
            token = {"NextToken": following} if following else None
        return tuple(sorted(set(found)))

    return ask


def _listed(page: Mapping[str, Any]) -> Any:
    return page.get("AccountAssignments") or ()


def look_deep(
    pairs: Collection[Pair],
    ask: Callable[[Pair, Pace], Holders],
    *,
    memory: Memory | None = None,
    progress: Progress | None = None,
    pace: Pace | None = None,
) -> dict[Pair, Holders]:
    """Who has each permission set in each account.

    A look that was cut short goes on where it stopped: `memory` is asked first, told of each
    answer, and emptied at the end. `progress` is told after every answer. Raises AwsError at the
    first refusal; what was answered until then is kept.
    """
    known = memory.recall() if memory else {}
    found = {pair: known[pair] for pair in pairs if pair in known}
    paced = pace or Pace()
    stop = threading.Event()

    def unless_stopped(pair: Pair) -> Holders | None:
        return None if stop.is_set() else ask(pair, paced)

    refusals: list[BaseException] = []
    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="sso-admin") as pool:
        asked = {pool.submit(unless_stopped, pair): pair for pair in pairs if pair not in found}
        try:
            for one in as_completed(asked):
                refused = one.exception()
                if refused is not None:
                    refusals.append(refused)
                    stop.set()
                    continue
                holders = one.result()
                if holders is None:
                    continue
                found[asked[one]] = holders
                if memory:
                    memory.keep(asked[one], holders)
                if progress:
                    progress(len(found), len(pairs))
        finally:
            # Also for whoever presses Ctrl-C.
            stop.set()
    if refusals:
        raise refusals[0]
    if memory:
        memory.finish()
    return found
