"""Step 12: from Entra objects to the principals that SCIM made of them in Identity Center."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pulumi

from federation.access.assignments import PrincipalKey
from federation.identity.principals import Arrivals


@dataclass(frozen=True, kw_only=True)
class SyncedPrincipalsArgs:
    """`expected` principals may arrive within this update; `wait` blocks until they have, bounded.

    `wait` takes the provisioning job's path and the Entra object ids by key, and never raises.
    """

    job_path: pulumi.Output[str]
    object_ids: Mapping[PrincipalKey, pulumi.Output[str]]
    expected: Collection[PrincipalKey]
    wait: Callable[[str, Mapping[PrincipalKey, str]], Arrivals]


class SyncedPrincipals(pulumi.ComponentResource):
    """The principals that had not arrived when the update began.

    **Pulumi type:** `federation:aws:SyncedPrincipals`. Makes no resources: SCIM owns the
    principals.

    `arrivals` is known at once when nobody is expected, after the wait in `up`, unknown in a
    preview.
    """

    arrivals: pulumi.Output[Arrivals]

    def __init__(
        self, name: str, args: SyncedPrincipalsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:aws:SyncedPrincipals", name, None, opts)
        if not args.expected:
            self.arrivals = pulumi.Output.from_input(Arrivals())
        elif pulumi.runtime.is_dry_run():
            self.arrivals = unknown()
        else:
            self.arrivals = self._wait(args)
        self.register_outputs({})

    def _wait(self, args: SyncedPrincipalsArgs) -> pulumi.Output[Arrivals]:
        keys = sorted(args.expected)
        # An executor of its own: the SDK's pool is full of registrations, a poll would starve in
        # it.
        executor = ThreadPoolExecutor(1, thread_name_prefix="arrivals")

        async def wait(values: list[str]) -> Arrivals:
            job_path, *ids = values
            found = dict(zip(keys, ids, strict=True))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(executor, args.wait, job_path, found)

        return pulumi.Output.all(args.job_path, *(args.object_ids[key] for key in keys)).apply(wait)


def unknown() -> pulumi.Output[Any]:
    """An output without a value yet, as a preview has it."""
    loop = asyncio.get_running_loop()
    value: asyncio.Future[Any] = loop.create_future()
    known: asyncio.Future[bool] = loop.create_future()
    value.set_result(None)
    known.set_result(False)
    return pulumi.Output(set(), value, known)
