"""Microsoft Entra ID, emulated at the HTTP level: login, Graph, SAML, provisioning over SCIM."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from entra_aws_sandbox.entra.app import App
from entra_aws_sandbox.entra.login import TokenIssuer
from entra_aws_sandbox.entra.seed import read_seed, seeded_tenant
from entra_aws_sandbox.entra.synchronization.engine import Engine
from entra_aws_sandbox.memory import Frozen, freeze, thaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from entra_aws_sandbox.clock import Clock
    from entra_aws_sandbox.entra.tenant import Tenant

__all__ = ["Entra"]


class Entra:
    """One tenant. `wsgi` may be served by any number of listeners and threads."""

    def __init__(self, *, clock: Clock, base_url: str, client_id: str, client_secret: str) -> None:
        """Seed the tenant and start its provisioning thread.

        Args:
            clock: the sandbox's watch.
            base_url: address of login and Graph as clients reach them, without trailing slash.
            client_id: appId of the deployment's application.
            client_secret: its only valid secret.
        """
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._seed = read_seed()
        self._issuer = TokenIssuer()
        self._changing = threading.Lock()
        self.tenant_id: str = self._seed["tenant"]["id"]
        self._begin(self._seeded())

    def _seeded(self) -> Tenant:
        return seeded_tenant(
            self._seed,
            clock=self._clock,
            base_url=self._base_url,
            client_id=self._client_id,
            client_secret=self._client_secret,
        )

    def _begin(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._engine = Engine(tenant)
        self._app = App(tenant, self._engine, self._issuer, self._client_id)

    def wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        return self._app(environ, start_response)

    def reset(self) -> None:
        """Back to the seed; tokens issued before stay valid."""
        with self._changing:
            self._engine.close()
            self._begin(self._seeded())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing changes and nothing is pushed while the block runs."""
        with self._changing, ExitStack() as held:
            tenant = self._tenant
            with tenant.lock:
                jobs = list(tenant.jobs.values())
            # Whoever pushes takes the job first and the tenant second.
            for job in jobs:
                held.enter_context(job.running)
            held.enter_context(tenant.lock)
            yield

    def freeze(self) -> Frozen:
        """A copy of the tenant's state; call it while `paused`."""
        return freeze(self._tenant, keep=[self._clock])

    def pause(self) -> None:
        """Push no more; `restore` or `reset` begins anew."""
        with self._changing:
            self._engine.close()

    def restore(self, frozen: Frozen) -> None:
        """Put a frozen state back; people are signed out, tokens issued before stay valid."""
        with self._changing:
            self._engine.close()
            self._begin(thaw(frozen))

    def close(self) -> None:
        """Stop the provisioning thread."""
        with self._changing:
            self._engine.close()
